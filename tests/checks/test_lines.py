"""Lines of a text in pieces, against `str.split` and counting by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from anaphora.checks import lines as line_checks
from anaphora.checks.lines import Lines, Piece, check_lines
from anaphora.data.location import Row


def blocks(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def lines(text: str, file: str = "a", line: int = 1, size: int = 9) -> Lines:
    return Lines([Piece(file, line, blocks(text, size))])


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
    assert finding.rows == (Row("a", 41),)


@pytest.mark.parametrize("ended", ["", "\n"])
def test_a_file_that_lies_in_both_parts_keeps_its_line_numbers(ended: str) -> None:
    head = "\n".join(map(long, range(4))) + ended
    train = lines(head)
    assert train.ends_in == (5 if ended else 4)
    rest = lines(("\n" if not ended else "") + "\n".join([long(9), long(2), long(8)]), line=train.ends_in)
    (finding,) = check_lines(train, rest)
    assert (finding.code, finding.rows) == ("duplicate-across", (Row("a", 6),))
    assert "line 3 of a" in finding.message


def test_files_have_lines_of_their_own() -> None:
    train = Lines([Piece("a", 1, [f"{long(1)}\n{long(2)}\n"]), Piece("b", 1, [f"{long(3)}\n{long(1)}\n{long(3)}"])])
    (finding,) = check_lines(train, lines(""))
    assert (finding.code, finding.rows, finding.count) == ("duplicate", (Row("b", 2), Row("b", 3)), 2)


def test_short_lines_and_rules_may_repeat() -> None:
    text = "\n".join(["-" * 60, "short line", "=-" * 50, "+-----" * 9 + "+"] * 20)
    assert check_lines(lines(text), lines(text)) == []


def test_a_repeated_line_in_a_hundred_is_no_finding() -> None:
    text = "\n".join(map(long, [*range(100), 5]))
    assert check_lines(lines(text), lines("")) == []


def test_a_line_too_long_to_hold_keeps_the_numbers_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_checks, "_UNBROKEN", 50)
    found = lines(f"{'ab' * 500}\n{long(1)}\n{long(2)}", size=20)
    assert [found.row(place) for place in found.places.tolist()][-2:] == [Row("a", 2), Row("a", 3)]


def test_no_more_long_lines_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_checks, "KEPT", 3)
    found = lines("\n".join(map(long, range(50))), size=100)
    assert (found.count, found.hashes.size <= 6) == (50, True)
