"""Pairs of texts: how files and tables become them, and what is said where they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anaphora.data.files.pairs import read_pairs
from anaphora.data.files.parallel import parting
from anaphora.errors import DataError, UsageError

DE = ["Ein Mann schläft.", "Zwei Hunde laufen.", "", "Ein Kind."]
EN = ["A man sleeps.", "Two dogs run.", "Nothing.", "A child."]


def write(folder: Path, name: str, lines: list[str]) -> str:
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(folder / name)


def test_two_files_line_by_line(tmp_path: Path) -> None:
    files = write(tmp_path, "a.de", DE), write(tmp_path, "a.en", EN)
    pairs = read_pairs(files)
    assert pairs.sources == tuple(DE)
    assert pairs.targets == tuple(EN)
    assert pairs.place(1) == (files[0], 2)
    assert pairs.at(1) == f"'{files[0]}' and '{files[1]}', line 2"
    some = pairs.take(np.array([3, 0]))
    assert (some.sources, some.place(0).line) == ((DE[3], DE[0]), 4)


def test_four_files_are_two_and_two(tmp_path: Path) -> None:
    first = write(tmp_path, "a.de", DE), write(tmp_path, "a.en", EN)
    second = write(tmp_path, "b.de", ["Ja."]), write(tmp_path, "b.en", ["Yes."])
    pairs = read_pairs([*first, *second])
    assert pairs.targets == (*EN, "Yes.")
    assert pairs.place(4) == (second[0], 1)


def test_tables_by_the_names_of_their_columns(tmp_path: Path) -> None:
    rows = [f"{target}\t{source}\tx" for source, target in zip(DE, EN, strict=True)]
    table = write(tmp_path, "a.tsv", ["tgt\tsrc\tnote", *rows])
    assert read_pairs([table]).sources == tuple(DE)
    assert read_pairs([table], source="note", target="src").sources == ("x",) * 4
    lines = [json.dumps({"de": source, "en": target}) for source, target in zip(DE, EN, strict=True)]
    objects = read_pairs([write(tmp_path, "a.jsonl", lines)])
    assert (objects.sources, objects.targets) == (tuple(DE), tuple(EN))
    assert objects.place(2).line == 3


def test_columns_without_names(tmp_path: Path) -> None:
    rows = [f"{source}\t{target}" for source, target in zip(DE, EN, strict=True)]
    for name in ("a.tsv", "a.txt"):  # of a text file with tabs, no line is taken for names
        pairs = read_pairs([write(tmp_path, name, rows)], header=False)
        assert pairs.targets == tuple(EN)
    assert read_pairs([str(tmp_path / "a.txt")]).sources == tuple(DE)


def test_beside_a_column_that_is_named_the_other_is_the_only_one_left(tmp_path: Path) -> None:
    rows = [f"{source}\t{target}\t{at}" for at, (source, target) in enumerate(zip(DE, EN, strict=True))]
    table = write(tmp_path, "a.tsv", ["de\ten\tline", *rows])
    for named in ({"target": "en"}, {"source": "de"}):
        pairs = read_pairs([table], **named)
        assert (pairs.sources, pairs.targets) == (tuple(DE), tuple(EN))
    pairs = read_pairs([table], source="en")
    assert (pairs.sources, pairs.targets) == (tuple(EN), tuple(DE))
    with pytest.raises(UsageError, match="--target has no effect on data of this layout"):
        read_pairs([write(tmp_path, "a.de", DE), write(tmp_path, "a.en", EN)], target="en")
    three = write(tmp_path, "b.tsv", ["de\ten\tnote", *(f"{source}\t{source}\tx y" for source in DE)])
    with pytest.raises(DataError, match="are not clear"):
        read_pairs([three], target="en")


def test_what_is_not_clear_is_asked(tmp_path: Path) -> None:
    rows = [f"{source}\t{target}" for source, target in zip(DE, EN, strict=True)]
    with pytest.raises(DataError, match=r"columns are not clear.*--no-header"):
        read_pairs([write(tmp_path, "a.tsv", rows)])
    for options, said in (
        ({"header": False, "source": "3"}, r"has no column '3'"),
        ({"source": "source", "target": "source"}, r"'source' of .*b\.tsv' is both --source and --target: name two"),
        ({"source": "a"}, r"are not clear; the columns are a, b, c\. Name the other one with --target"),
    ):
        rows_of_b = ["a\tb\tc", "x\ty\tz"] if "a" in options.values() else ["source\ttarget", *rows]
        with pytest.raises(DataError, match=said):
            read_pairs([write(tmp_path, "b.tsv", rows_of_b)], **options)
    with pytest.raises(DataError) as told:
        read_pairs([write(tmp_path, "b.tsv", ["a\tb\tc", "x\ty\tz"])], header=False)
    assert "--no-header" not in str(told.value)
    with pytest.raises(DataError, match=r"no column 'sorce'.*Did you mean 'source'"):
        read_pairs([write(tmp_path, "b.tsv", ["source\ttarget", *rows])], source="sorce")
    with pytest.raises(UsageError, match="was named alone"):
        read_pairs([write(tmp_path, "a.de", DE)])
    with pytest.raises(UsageError, match="3 files were named"):
        read_pairs([str(tmp_path / "a.de")] * 3)
    with pytest.raises(DataError, match=r"line 2: 'target' is '7' .int.; expected a text"):
        read_pairs([write(tmp_path, "c.jsonl", ['{"source": "a", "target": "b"}', '{"source": "a", "target": 7}'])])


@pytest.mark.parametrize("gone", [0, 7, 49, 98])
def test_files_of_unlike_length_say_where_they_part(tmp_path: Path, gone: int) -> None:
    rng = np.random.default_rng(gone)
    sources = ["x" * int(n) for n in rng.integers(5, 200, size=100)]
    targets = ["y" * round(1.2 * len(source)) for source in sources]
    del targets[gone]
    assert parting(sources, targets) == gone + 1
    assert parting(targets, sources) == gone + 1
    with pytest.raises(DataError, match=rf"has 100 lines and .* has 99.*stop matching at line {gone + 1}:"):
        read_pairs([write(tmp_path, "a.de", sources), write(tmp_path, "a.en", targets)])


def test_files_that_part_at_their_end() -> None:
    assert parting(["aa", "bb", "cc"], ["aa", "bb"]) in (1, 2, 3)
    assert parting(["a" * 9, "bb", "c" * 30], ["a" * 9, "bb"]) == 3
