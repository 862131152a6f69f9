"""Sentences as numbers, the scheme that is learned, pieces of long ones, and what a bundle keeps of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anaphora.data.text.packed import pack, unpack
from anaphora.errors import CorruptBundle, DataError
from anaphora.tasks.tag.baseline import Baseline, fitted
from anaphora.tasks.tag.data import Corpus, read, read_all, tagged
from anaphora.tasks.tag.encoding import Reader, cut, encode, plain
from anaphora.tasks.tag.network import BATCH_DEFAULTS
from anaphora.tasks.tag.symbols import Symbols
from anaphora.training.defaults import with_defaults
from tagged import config, write

TEXT = """\
Ann B-P
Lee I-P
met O
Ann I-P
in O
York B-L
Minster I-L
Yard I-L

Ann B-P
met O
Cy-9 B-P
"""


def corpus(folder: Path, *options: str, text: str = TEXT, valid: str = TEXT) -> Corpus:
    paths = [write(folder / name, what) for name, what in (("a.conll", text), ("v.conll", valid))]
    return read(config("--valid", paths[1], *options), [paths[0]])


def test_words_letters_and_tags_have_numbers(tmp_path: Path) -> None:
    encoded = encode(config(), corpus(tmp_path))
    reader, part = encoded.reader, encoded.train
    assert reader.words.texts == ("ann", "met")
    assert part.words.steps.tolist() == [1, 0, 2, 1, 0, 0, 0, 0, 1, 2, 0]
    assert encoded.counts.tolist() == [6, 3, 2]
    assert reader.tags == ("O", "B-L", "I-L", "E-L", "S-L", "B-P", "I-P", "E-P", "S-P")
    names = [reader.tags[tag] for tag in part.tags]
    assert names[:8] == ["B-P", "E-P", "O", "S-P", "O", "B-L", "I-L", "E-L"]  # a lone I begins a span
    word = [reader.characters.texts[at - 1] if at else "?" for at in part.characters.row(part.forms[1])]
    assert "".join(word) == "?ee"
    assert len(part.characters.ends) == 8
    np.testing.assert_array_equal(part.characters.row(part.forms[0]), part.characters.row(part.forms[3]))
    assert reader.tags_of(part.tags[:8]) == ("B-P", "I-P", "O", "B-P", "O", "B-L", "I-L", "I-L")
    assert encode(config("--internal", "iob2"), corpus(tmp_path)).reader.tags == ("O", "B-L", "I-L", "B-P", "I-P")
    no, start, end = reader.impossible()
    assert no.sum() == 4 * 7 + 5 * 4  # after B and I only I and E of the type; after O, E and S no I and no E
    assert [tag for tag, never in zip(reader.tags, start, strict=True) if never] == ["I-L", "E-L", "I-P", "E-P"]
    assert [tag for tag, never in zip(reader.tags, end, strict=True) if never] == ["B-L", "I-L", "B-P", "I-P"]


def test_a_batch_has_the_letters_of_its_own_words(tmp_path: Path) -> None:
    part = encode(config(), corpus(tmp_path)).train
    some = part.take([1])
    assert len(some.characters.ends) == 3
    for at in range(3):
        np.testing.assert_array_equal(
            some.characters.row(int(some.forms[at])), part.characters.row(int(part.forms[8 + at]))
        )
    assert some.tags.tolist() == part.tags[8:].tolist()
    assert some.numbers.tolist() == [1]


def test_long_sentences_are_cut_into_pieces_that_are_well_made(tmp_path: Path) -> None:
    encoded = encode(config("--max-length", "6"), corpus(tmp_path))
    assert encoded.train.words.lengths.tolist() == [6, 2, 3]
    assert encoded.train.numbers.tolist() == [0, 0, 1]
    assert [encoded.reader.tags[tag] for tag in encoded.train.tags[5:8]] == ["S-L", "B-L", "E-L"]
    assert encoded.held_out.words.lengths.tolist() == [8, 3]


def test_tags_that_are_no_spans_stay_as_they_are(tmp_path: Path) -> None:
    text = "a DET\ndog NOUN\n\na DET\ncat NOUN\n"
    encoded = encode(config(), corpus(tmp_path, text=text, valid=text + "\nhum X\n"))
    assert encoded.reader.tags == ("DET", "NOUN")
    assert encoded.held_out.tags.tolist() == [0, 1, 0, 1, -1]
    assert not any(part.any() for part in encoded.reader.impossible())
    with pytest.raises(DataError, match=r"All 4 training words have the tag 'X'.*--tag"):
        encode(config(), corpus(tmp_path, text="a X\nb X\n\nc X\nd X\n"))


def test_a_bundle_gives_the_reader_and_the_baseline_back(tmp_path: Path) -> None:
    whole = corpus(tmp_path)
    reader = encode(config("--no-lower"), whole).reader
    again = Reader.restore(reader.settings(), reader.tensors())
    assert (again.words.texts, again.characters.texts, again.tags) == (
        reader.words.texts,
        reader.characters.texts,
        reader.tags,
    )
    assert (again.lower, again.scheme, again.internal) == (False, "iob2", "iobes")
    usual = fitted(whole.train)
    assert Baseline.restore(usual.tensors()) == usual
    with pytest.raises(CorruptBundle, match=r"'words\.text' is missing"):
        Reader.restore(reader.settings(), {})
    with pytest.raises(CorruptBundle, match="lacks 'lower'"):
        Reader.restore({}, reader.tensors())
    assert Symbols(unpack(pack(Symbols([]).texts, "x"), "x")).texts == ()


def test_the_baseline_by_hand(tmp_path: Path) -> None:
    usual = fitted(corpus(tmp_path).train)
    assert usual.usual == "O"  # O and B-P are three each, and in doubt the later name
    assert usual.predict(["Ann", "met", "Yard", "Zoe"]) == ("B-P", "O", "I-L", "O")


def test_words_as_they_are_looked_up_and_cut() -> None:
    assert (plain("A-12", True), plain("A-12", False)) == ("a-00", "A-00")
    assert cut("x" * 30 + "y" * 30) == "x" * 20 + "y" * 20


def test_less_of_more() -> None:
    lengths = [np.full(count, 16) for count in (300, 12_500, 200_000)]
    passes = [with_defaults(config("--max-steps", "none").training, each, BATCH_DEFAULTS) for each in lengths]
    assert [each.batch for each in passes] == [8, 8, 8]  # the tiny one is set
    assert [each.epochs for each in passes] == [38.1, 15.0, 7.5]


def test_a_frame_is_read_as_a_file_is(tmp_path: Path) -> None:
    rows = {"text": ["a b", "c"], "tokens": [["a", "b"], ["c"]], "tags": [["O", "B-P"], ["O"]]}
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(dict(zip(rows, row, strict=True))) + "\n" for row in zip(*rows.values(), strict=True)),
        encoding="utf-8",
    )
    (read, _), (made, _) = read_all(config().data, [str(tmp_path / "a.jsonl")]), tagged(config().data, rows)
    assert made.tokens == read.tokens == (("a", "b"), ("c",))
    assert made.tags == read.tags == (("O", "B-P"), ("O",))
    assert [made.at(row) for row in range(2)] == ["sentence 1", "sentence 2"]


def test_an_empty_tag_in_memory_is_refused_as_in_a_file() -> None:
    with pytest.raises(DataError, match=r"the data, sentence 2: the tag of word 2 is empty\."):
        tagged(config().data, [(["a"], ["O"]), (["b", "c"], ["O", ""])])


def test_texts_stand_for_lists_in_a_frame_and_not_in_two_lists() -> None:
    for rows in ((["Ann", "runs"], ["B-P", "O"]), (["Ann runs"], ["B-P O"])):
        with pytest.raises(DataError, match="expected a list of texts"):
            tagged(config().data, rows)
    frame = {"sentence_id": [1, 1, 2], "word": ["Ann", "runs", "Hi"], "tag": ["B-P", "O", "O"]}
    made, found = tagged(config().data, frame)
    assert (made.tokens, made.tags) == ((("Ann", "runs"), ("Hi",)), (("B-P", "O"), ("O",)))
    assert (found.layout, found.words, found.tags) == ("values in memory, a word per row", "word", "tag")
