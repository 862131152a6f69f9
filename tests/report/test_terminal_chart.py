"""The curve in a terminal, read back dot by dot."""

from __future__ import annotations

from anaphora.report.terminal_chart import chart


def dots(lines: list[str]) -> set[tuple[int, int]]:
    """Column and row of every dot, rows from the top."""
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    found = set()
    for row, line in enumerate(lines):
        for column, character in enumerate(line.split("┤")[1]):
            bits = ord(character) - 0x2800
            found |= {(2 * column + x, 4 * row + y) for bit, (x, y) in enumerate(places) if bits >> bit & 1}
    return found


def test_a_straight_line_is_straight() -> None:
    lines = chart([(0, 2.0), (1, 0.0)], width=8, height=4)
    assert dots(lines) == {(k, k) for k in range(16)}
    assert [line.split()[0] for line in lines] == ["2.000", "1.333", "0.667", "0.000"]


def test_points_are_joined_and_the_level_is_dotted() -> None:
    found = dots(chart([(0, 1.0), (5, 1.0), (10, 3.0)], level=0.0, width=10, height=3))
    assert {column for column, _ in found} == set(range(20))
    assert {column for column, row in found if row == 11} == set(range(0, 20, 4))
    assert {row for column, row in found if column == 19} == {0}


def test_one_point_and_none() -> None:
    assert chart([]) == []
    assert dots(chart([(3, 1.5)], width=2, height=1)) == {(0, 0)}
