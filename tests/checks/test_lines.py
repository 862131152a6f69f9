"""Lines of a text in pieces, against `str.split` and counting by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from anaphora.checks import lines as line_checks
from anaphora.checks.corpus import check
from anaphora.checks.examples import HELD_OUT, TEST, TRAIN
from anaphora.checks.lines import FilePiece, TextLines, check_lines
from anaphora.data.location import Location
from anaphora.data.text.corpus import read_corpus


def blocks(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def lines(text: str, file: str = "a", line: int = 1, size: int = 9) -> TextLines:
    return TextLines([FilePiece(file, line, blocks(text, size))])


def long(number: int) -> str:
    return f"this is line number {number:03} of a long, long text"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lengths_are_those_of_split(size: int, rng: np.random.Generator) -> None:
    words = ["x" * int(length) for length in rng.integers(0, 30, 101)]
    words[40] = "y" * 77
    finding = lines("\n".join([*words, ""]), size=size).lengths("a")
    lengths = sorted(map(len, words))
    assert finding.figures == {
        "rows": 101,
        "empty": words.count(""),
        "median": lengths[50],
        "p95": lengths[95],
        "longest": 77,
    }
    assert finding.rows == (Location("a", 41),)


@pytest.mark.parametrize("ended", ["", "\n"])
def test_a_file_that_lies_in_both_parts_keeps_its_line_numbers(ended: str) -> None:
    head = "\n".join(map(long, range(4))) + ended
    train = lines(head)
    assert train.ends_in == (5 if ended else 4)
    rest = lines(("\n" if not ended else "") + "\n".join([long(9), long(2), long(8)]), line=train.ends_in)
    (finding,) = check_lines({TRAIN: train, HELD_OUT: rest})
    assert (finding.code, finding.rows) == ("duplicate-across", (Location("a", 6),))
    assert "line 3 of a" in finding.message


def test_files_have_lines_of_their_own() -> None:
    train = TextLines(
        [FilePiece("a", 1, [f"{long(1)}\n{long(2)}\n"]), FilePiece("b", 1, [f"{long(3)}\n{long(1)}\n{long(3)}"])]
    )
    (finding,) = check_lines({TRAIN: train, HELD_OUT: lines("")})
    assert (finding.code, finding.rows, finding.count) == ("duplicate", (Location("b", 2), Location("b", 3)), 2)


def test_short_lines_and_rules_may_repeat() -> None:
    text = "\n".join(["-" * 60, "short line", "=-" * 50, "+-----" * 9 + "+"] * 20)
    assert check_lines({TRAIN: lines(text), HELD_OUT: lines(text)}) == []


def test_a_repeated_line_in_a_hundred_is_no_finding() -> None:
    text = "\n".join(map(long, [*range(100), 5]))
    assert check_lines({TRAIN: lines(text), HELD_OUT: lines("")}) == []


def test_a_line_too_long_to_hold_keeps_the_numbers_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_checks, "_UNBROKEN", 50)
    found = lines(f"{'ab' * 500}\n{long(1)}\n{long(2)}", size=20)
    assert [found.row(place) for place in found.places.tolist()][-2:] == [Location("a", 2), Location("a", 3)]


def test_no_more_long_lines_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_checks, "KEPT", 3)
    found = lines("\n".join(map(long, range(50))), size=100)
    assert (found.count, found.hashes.size <= 6) == (50, True)


def test_a_line_of_the_test_part_has_the_number_of_its_file(tmp_path: Path) -> None:
    """One file in three parts; and one in two of them, with a held-out file between."""
    first = [long(number) for number in range(60)]
    first[44], first[57] = first[3], first[7]
    a, v = tmp_path / "a.txt", tmp_path / "v.txt"
    a.write_text("".join(f"{line}\n" for line in first))
    v.write_text(f"{long(99)}\n{first[7]}\n")
    for valid, rows in ((0.3, {HELD_OUT: Location(str(a), 45), TEST: Location(str(a), 58)}),
                        (str(v), {HELD_OUT: Location(str(v), 2), TEST: Location(str(a), 58)})):  # fmt: skip
        config = SimpleNamespace(data=SimpleNamespace(normalize="none"))
        found = check(config, read_corpus([a], valid, "utf-8", 0.1))
        across = {each.where: each for each in found if each.code == "duplicate-across"}
        assert {where: each.rows for where, each in across.items()} == {where: (row,) for where, row in rows.items()}
        assert re.match(r"1 of \d+ long lines \(\d+\.\d%\) are also", across[TEST].message)
