"""What is found in tagged sentences, in which lines; good ones have nothing wrong; a demo's data are what it says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from anaphora.checks import examine
from anaphora.checks.findings import Finding
from anaphora.data.location import Location
from anaphora.errors import DataError
from anaphora.tasks import registry
from anaphora.tasks.tag.data import read
from anaphora.tasks.tag.file_checks import check_files
from anaphora.tasks.tag.grammar import columns, sentences
from anaphora.tasks.tag.suggest import suggest
from tagged import config, write, write_grammar


def found(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, *options: str) -> list[Finding]:
    monkeypatch.chdir(folder)
    write(folder / "a.conll", text)
    return examine.whole(registry.task("tag"), config(*options, tiny="--batch 4"), ["a.conll"], lambda load: [])


def lines(findings: list[Finding], code: str) -> list[int]:
    return [row.line for each in findings if each.code == code for row in each.rows]


GOOD = columns(sentences(300))


def test_faults_are_found_in_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = GOOD + "Ann\tI-PER\nmet\tO\nBen\tB-PER\nLee\tI-PLACE\n\n"
    first = len(GOOD.splitlines()) + 1
    whole = found(tmp_path, monkeypatch, broken, "--valid", write_grammar(tmp_path / "v.conll", 200, 5))
    assert lines(whole, "scheme-error") == [first, first + 3]
    (fault,) = [each for each in whole if each.code == "scheme-error"]
    assert f"I-PER at the beginning of a sentence, line {first:,}" in fault.message
    assert not [each for each in whole if each.severity == "error"]
    ragged = found(tmp_path, monkeypatch, GOOD + "a\tO\tx\nb\nc\tO\n")
    assert lines(ragged, "ragged-columns") == [first, first + 1]


def test_one_tag_at_a_wrong_position_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = write_grammar(tmp_path / "v.conll", 200, 5)
    whole = found(tmp_path, monkeypatch, GOOD + "Ann\tI-PER\nmet\tO\n\n", "--valid", valid)
    (fault,) = [each for each in whole if each.code == "scheme-error"]
    assert fault.message.startswith("1 tag is invalid at its position in iob2, for example I-PER at the beginning")


def test_tags_that_only_the_held_out_part_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = write(tmp_path / "v.conll", columns(sentences(200, 5)) + "Mars\tB-STAR\nis\tO\nred\tO\nnow\tO\n")
    whole = found(tmp_path, monkeypatch, GOOD, "--valid", held_out)
    (strange,) = [each for each in whole if each.code == "unseen-tag"]
    assert strange.rows == (Location(held_out, len(columns(sentences(200, 5)).splitlines()) + 1),)
    assert "'B-STAR' has 1 word of the held-out part" in strange.message


def test_sentences_that_stand_twice_or_are_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = columns(sentences(1, 9))
    held_out = write(tmp_path / "v.conll", columns(sentences(200, 5)) + one)
    long = "".join(f"w{at}\tO\n" for at in range(40)) + "\n"
    whole = found(tmp_path, monkeypatch, GOOD + one + one + long, "--valid", held_out, "--max-length", "30")
    first = len(GOOD.splitlines()) + 1
    step = len(one.splitlines())
    assert lines(whole, "duplicate")[-1] == first + step
    assert lines(whole, "duplicate-across")[-1] == len(columns(sentences(200, 5)).splitlines()) + 1
    assert lines(whole, "long-row") == [first + 2 * step]


def test_one_tag_few_words_and_other_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [each.code for each in found(tmp_path, monkeypatch, "a b\n\nc b\n\nd b\n\n")]
    assert codes[:2] == ["taken", "single-class"]
    (single,) = [each for each in found(tmp_path, monkeypatch, "a b\n\nc b\n\nd b\n\n") if each.code == "single-class"]
    assert single.message == f"All {single.count} training words have the tag 'b'."
    other = write(tmp_path / "v.conll", "".join(f"zz{at}\tO\n{'' if at % 5 else chr(10)}" for at in range(50)))
    whole = found(tmp_path, monkeypatch, GOOD, "--valid", other)
    told = {each.code: each for each in whole}
    assert told.pop("one-label-scored").message.startswith("All 50 words of the held-out part have the tag 'O': ")
    assert set(told) == {"taken", "many-unknown", "few-held-out", "duplicate", "lengths", "vocabulary", "labels"}
    counts = Counter(re.sub(r"\d", "0", word.lower()) for words, _ in sentences(300) for word in words)
    once = sum(count == 1 for count in counts.values())
    assert told["vocabulary"].figures["train_unknown"] == pytest.approx(once / counts.total())
    assert told["vocabulary"].figures["held_out_unknown"] == 1.0


def test_good_sentences_have_nothing_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(dict.fromkeys((tuple(words), tuple(tags)) for words, tags in sentences(900)))
    text = columns([(list(words), list(tags)) for words, tags in rows])
    whole = found(tmp_path, monkeypatch, text, "--valid", "0.2")
    few = [each for each in whole if each.severity != "info"]
    assert [each.code for each in few] == ["few-held-out"], whole
    assert re.match(r"Only 1\d\d sentences are scored: a share of sentences without a mistake of 80%", few[0].message)
    figures = {each.code: each.figures for each in whole}
    assert figures["labels"]["scheme"] == "iob2"
    assert figures["vocabulary"]["held_out_unknown"] < 0.1


def test_a_config_is_suggested(tmp_path: Path) -> None:
    suggested = suggest([write_grammar(tmp_path / "a.conll", 30)])
    assert suggested.preset == "small"
    assert suggested.values == {"data": {"scheme": "iob2"}}
    plain = suggest([write(tmp_path / "b.conll", "a DET\nb NOUN\n\n" * 6000)])
    assert (plain.preset, plain.values) == ("medium", {"data": {"scheme": "none"}})


def test_tags_that_are_numbers_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(tmp_path, monkeypatch, "a 3\nb 0\n\nc 0\nd 3\n\n" * 4)
    assert [each.code for each in whole if each.code == "number-tags"] == ["number-tags"]
    assert "number-tags" not in {each.code for each in found(tmp_path, monkeypatch, GOOD)}


def test_a_file_without_blank_lines_and_a_text_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = write(tmp_path / "v.conll", GOOD)
    (told,) = [
        each for each in check_files(config("--valid", valid), [write(tmp_path / "a.txt", "a O\nb B-X\n" * 300)])
        if each.code == "no-blank-line"
    ]  # fmt: skip
    assert told.message.startswith("All 600 words are one sentence")
    text = write(tmp_path / "novel.txt", "It was a dark night .\nRain fell .\nNobody came .\n\nThe end , at last .\n")
    (malformed,) = check_files(config("--valid", valid), [text])
    assert malformed.code == "ragged-columns"
    assert "probably a text without tags" in malformed.message
    empty = write(tmp_path / "empty.txt", "Ann\tB-PER\nis\t\nhere\t\n\n" * 3)
    (malformed,) = check_files(config("--valid", valid), [empty])
    assert malformed.message == "6 lines are without a word or a tag; line 2: 'is' has no tag: a field is empty."
    assert malformed.remedy.startswith("Write a tag for every word")
    with pytest.raises(DataError, match="All 600 words are one sentence, because no blank line ends a sentence"):
        read(config(), [str(tmp_path / "a.txt")])
