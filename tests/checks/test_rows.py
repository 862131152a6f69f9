"""Rules for rows: against every CTC path there is, and against counting by hand."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from anaphora.checks.rows import (
    check_ctc,
    check_empty,
    check_finite,
    check_labels,
    check_long,
    ctc_infeasible,
    describe_lengths,
)
from anaphora.data.location import Location


def at(number: int) -> Location:
    return Location("rows.csv", number + 2)  # a line of names first


def held(number: int) -> Location:
    return Location("held.csv", number + 2)


def collapsed(path: tuple[str, ...]) -> str:
    """What a CTC path says: runs become one symbol, blanks go."""
    return "".join(symbol for symbol, _ in groupby(path) if symbol != "-")


@pytest.mark.parametrize("steps", range(5))
def test_what_ctc_cannot_emit_is_what_no_path_collapses_to(steps: int) -> None:
    possible = {collapsed(path) for path in product("ab-", repeat=steps)}
    targets = ["".join(word) for length in range(5) for word in product("ab", repeat=length)]
    found = ctc_infeasible([steps] * len(targets), targets).tolist()
    assert found == [number for number, target in enumerate(targets) if target not in possible]


def test_ctc_targets_may_be_arrays_and_the_row_is_told() -> None:
    targets = [np.array([1, 1, 2]), np.array([3, 4]), [5, 5]]
    (finding,) = check_ctc([3, 2, 3], targets, at, "the training part")
    assert (finding.code, finding.severity, finding.rows) == ("ctc-infeasible", "error", (Location("rows.csv", 2),))
    assert "rows.csv line 2 has 3 and needs 4" in finding.message
    assert check_ctc([4, 2, 3], targets, at, "the training part") == []
    with pytest.raises(ValueError, match=r"a length for each of 3 targets, got shape \(2,\)"):
        ctc_infeasible([1, 2], targets)


def test_lengths_are_quantiles_that_rows_have() -> None:
    sizes = [*range(1, 101)]
    (finding,) = describe_lengths(sizes, at, "x", "words")
    assert finding.figures == {"rows": 100, "sum": 5050, "median": 50, "p95": 95, "longest": 100}
    assert finding.rows == (Location("rows.csv", 101),)
    for check in (describe_lengths, check_empty, check_long):
        assert check([], at, "x", "words") == []


def test_empty_and_overlong_rows() -> None:
    sizes = [10] * 40 + [0] + [10] * 5 + [81, 80]
    (empty,), (long,) = check_empty(sizes, at, "x", "words"), check_long(sizes, at, "x", "words")
    assert (empty.code, empty.rows, empty.count) == ("empty-row", (Location("rows.csv", 42),), 1)
    assert (long.code, long.rows) == ("long-row", (Location("rows.csv", 48),))
    assert check_empty([1, 1, 500], at, "x", "words") == check_long([1, 1, 500], at, "x", "words") == []


def test_numbers_that_are_none_by_column_and_row() -> None:
    rows = [[1.0, 2.0], [np.nan, 2.0], [1.0, np.inf], [np.nan, -np.inf], [0.0, 0.0]]
    a, b = check_finite(rows, ["a", "b"], at)
    assert (a.code, a.where, a.rows) == ("not-finite", "column 'a'", (Location("rows.csv", 3), Location("rows.csv", 5)))
    assert (b.where, b.rows) == ("column 'b'", (Location("rows.csv", 4), Location("rows.csv", 5)))
    assert "2 rows have a value that is NaN." in a.message
    assert "2 rows have a value that is infinite." in b.message
    series = [np.zeros((3, 2)), np.array([[0, 0], [0, np.inf], [0, np.nan]])]
    (only,) = check_finite(series, ["a", "b"], at)
    assert (only.where, only.rows, only.message) == (
        "column 'b'",
        (Location("rows.csv", 3),),
        "1 row has a value that is NaN or infinite, first at step 2 of 3.",
    )
    (filled,) = check_finite(series, ["a", "b"], at, " (by 0)")
    assert filled.remedy.startswith("Fill the values (by 0) or remove the rows")


def test_labels() -> None:
    assert check_labels(["x", "y", "x"], ["y", "x"], held) == []
    (single,) = check_labels(["x", "x"], ["x"], held)
    assert (single.code, single.count) == ("single-class", 2)
    assert "'x'" in single.message
    one, other = check_labels(["x", "y"], ["z", "x", "w", "z"], held)
    assert (one.code, one.rows) == ("unseen-label", (Location("held.csv", 2), Location("held.csv", 5)))
    assert (other.code, other.rows) == ("unseen-label", (Location("held.csv", 4),))
    assert "label 'z' has 2 held-out rows" in one.message
