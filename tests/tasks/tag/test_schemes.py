"""Spans count as spans in any scheme and notation: a model scores the same, and writes what its data wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from anaphora.data.files.conll import Sentences, read_sentences
from anaphora.metrics.notation import USUAL, Marking, Notation
from anaphora.metrics.spans import SCHEMES, spans, tags_of
from anaphora.tasks.tag.checks import check
from anaphora.tasks.tag.data import from_memory, read
from anaphora.tasks.tag.encoding import Reader, encode
from anaphora.tasks.tag.grammar import columns, sentences
from anaphora.tasks.tag.predict import Tagger
from tagged import config, random_tagger, write

OTHER = Notation(":", suffix=True, lower=True, outside="_")


def rewritten(tags: tuple[str, ...] | list[str], marking: Marking) -> list[str]:
    return [marking.written(tag) for tag in tags_of(spans(tags), len(tags), marking.scheme)]


@pytest.fixture(scope="module")
def held_out(folder: Path, tagger: Tagger) -> Sentences:
    return read_sentences(str(folder / "valid.conll"), tagger.config.data)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("notation", [USUAL, OTHER, Notation("_")], ids=["usual", "other", "underscore"])
def test_the_scheme_of_a_file_is_its_own(scheme: str, notation: Notation, tagger: Tagger, held_out: Sentences) -> None:
    wanted = tagger.judged(held_out)
    assert wanted.f1 is not None
    assert wanted.f1 > 0.5
    marking = Marking(scheme, notation)
    other = replace(held_out, tags=tuple(tuple(rewritten(row, marking)) for row in held_out.tags))
    assert tagger.judged(other) == wanted


def test_what_training_never_had_is_named_as_the_file_names_it(tagger: Tagger, held_out: Sentences) -> None:
    strange = replace(held_out, tags=(("U-ZZZ", *["O"] * (len(held_out.tags[0]) - 1)), *held_out.tags[1:]))
    as_bilou = replace(strange, tags=tuple(tuple(rewritten(row, Marking("bilou"))) for row in strange.tags))
    score = tagger.judged(as_bilou)
    assert score.unseen == ("U-ZZZ",)
    assert tagger.judged(replace(held_out, tags=strange.tags)).unseen == ("U-ZZZ",)
    assert any("always predicted wrong: U-ZZZ" in line for line in score.lines())


def test_an_odd_tag_is_counted_and_costs_no_span(tagger: Tagger, held_out: Sentences) -> None:
    before = tagger.judged(held_out)
    outside = next((row, tags.index("O")) for row, tags in enumerate(held_out.tags) if "O" in tags)
    tags = [list(row) for row in held_out.tags]
    tags[outside[0]][outside[1]] = "PERSON?"
    score = tagger.judged(replace(held_out, tags=tuple(map(tuple, tags))))
    assert (score.f1, score.spans, score.accuracy) == (before.f1, before.spans, before.accuracy)
    assert score.notes == ("1 word with a tag that marks no span, read as outside: PERSON?",)


def test_sentences_longer_than_those_of_training_are_counted(tagger: Tagger, held_out: Sentences) -> None:
    tokens, tags, lines = ((rows[0] * 60, *rows[1:]) for rows in (held_out.tokens, held_out.tags, held_out.lines))
    long = replace(held_out, tokens=tokens, tags=tags, lines=lines)
    assert len(long.tokens[0]) > 256
    assert tagger.judged(long).notes == ("1 sentence of more than 256 words: training splits such a sentence",)


def test_a_model_writes_the_notation_of_its_data() -> None:
    rows = [(words, rewritten(tags, Marking("bmewo", OTHER))) for words, tags in sentences(60, seed=2)]
    settings = config()
    encoded = encode(settings, from_memory(settings, rows))
    reader = encoded.reader
    assert (reader.scheme, reader.notation) == ("bmewo", OTHER)
    assert reader.tags_of([reader.tags.index(tag) for tag in ("S-PER", "O", "B-DATE", "I-DATE", "E-DATE")]) == (
        "PER:w", "_", "DATE:b", "DATE:m", "DATE:e")  # fmt: skip
    again = Reader.restore(reader.settings(), reader.tensors())
    assert (again.marking, again.normalize) == (reader.marking, "none")
    assert set(reader.settings()["notation"]) == {"separator", "suffix", "lower", "outside"}
    assert "notation" not in encode(settings, from_memory(settings, sentences(60))).reader.settings()


def test_training_and_held_out_files_may_differ_in_scheme(tmp_path: Path) -> None:
    train = write(tmp_path / "a.conll", columns(sentences(40)))
    same = write(tmp_path / "b.conll", columns(sentences(30, seed=1)))
    other = write(tmp_path / "c.conll", columns(
        [(words, rewritten(tags, Marking("bilou", OTHER))) for words, tags in sentences(30, seed=1)]))  # fmt: skip
    wanted, found = (read(config("--valid", name), [train]) for name in (same, other))
    assert found.held_out.tags == wanted.held_out.tags
    assert found.sha256 == wanted.sha256
    assert check(config(), found)[0].code != "scheme-error"


def test_several_training_files_may_differ_in_notation(tmp_path: Path) -> None:
    valid = write(tmp_path / "v.conll", columns(sentences(9, seed=3)))
    first, second = sentences(30), sentences(30, seed=1)
    same = [write(tmp_path / "a.conll", columns(first)), write(tmp_path / "b.conll", columns(second))]
    other = write(
        tmp_path / "c.conll", columns([(words, rewritten(tags, Marking("bilou", OTHER))) for words, tags in second])
    )
    wanted, found = (read(config("--valid", valid), [same[0], name]) for name in (same[1], other))
    assert (found.train.tags, found.marking, found.odd) == (wanted.train.tags, wanted.marking, ())
    named = read(config("--valid", other, "--scheme", "iob2"), same[:1])  # a named scheme is that of the training
    assert named.held_out.tags == read(config("--valid", same[1]), same[:1]).held_out.tags
    plain = read(config("--valid", valid, "--scheme", "none"), [same[0], other])  # every tag stands for itself
    assert plain.train.tags[-1] == tuple(rewritten(second[-1][1], Marking("bilou", OTHER)))


def test_one_odd_tag_is_a_finding_with_its_line(tmp_path: Path) -> None:
    text = columns(sentences(60)) + "Ann\tPER\nruns\tO\n\n"
    line = len(text.splitlines()) - 2
    corpus = read(config("--valid", write(tmp_path / "v.conll", columns(sentences(9, seed=3)))),
                  [write(tmp_path / "a.conll", text)])  # fmt: skip
    assert corpus.scheme == "iob2"
    (found,) = [each for each in check(config(), corpus) if each.code == "odd-tag"]
    assert [row.line for row in found.rows] == [line]
    assert "'PER' (1 word)" in found.message
    assert corpus.train.tags[-1] == ("O", "O")


def test_words_and_tags_are_read_in_a_normal_form() -> None:
    typed = [(["Cafe\u0301", "ist", "zu"], ["B-LOC\u0301", "O", "O"]), (["Caf\u00e9", "auf"], ["B-LOC\u0301", "O"])] * 9
    as_typed, as_nfc = (from_memory(config("--normalize", form), typed) for form in ("none", "nfc"))
    codes = [(each.code, each.count) for each in check(config(), as_typed) if each.code == "spelling"]
    assert codes == [("spelling", 1)]
    assert [each for each in check(config("--normalize", "nfc"), as_nfc) if each.code == "spelling"] == []
    assert {word for row in as_nfc.train.tokens for word in row} == {"Caf\u00e9", "ist", "zu", "auf"}
    reader = encode(config("--normalize", "nfc"), as_nfc).reader
    one, other = (reader.unlabelled([[word]]).words.steps.tolist() for word in ("Cafe\u0301", "Caf\u00e9"))
    assert one == other != [0]
    assert Reader.restore(reader.settings(), reader.tensors()).normalize == "nfc"


def test_a_tagger_of_another_notation_scores_its_own_data() -> None:
    tagger = random_tagger("--scheme", "iob1")
    words = [words for words, _ in sentences(20, 5)]
    score = tagger.evaluate(list(zip(words, map(list, tagger.predict(words)), strict=True)))
    assert (score.accuracy, score.exact) == (1.0, 1.0)
