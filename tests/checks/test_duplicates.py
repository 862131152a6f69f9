"""Equal rows within a part, and in a scored part and an earlier one: their numbers, shares and lines."""

from __future__ import annotations

from itertools import chain

import numpy as np

from anaphora.checks.duplicates import FOLDS, PartKeys, check_duplicates, check_folds_apart
from anaphora.checks.examples import HELD_OUT, TEST, TRAIN
from anaphora.data.location import Location


def part(where: str, keys: object) -> PartKeys:
    return PartKeys(where, [*keys], lambda row: Location(f"{where[4:-5]}.csv", row + 2))  # type: ignore[misc]


def test_rows_that_stand_more_than_once() -> None:
    train = part(TRAIN, "abaca")
    within, also, across = check_duplicates([train, part(HELD_OUT, "dcdea")])
    assert (within.code, within.where) == ("duplicate", TRAIN)
    assert within.rows == (Location("training.csv", 4), Location("training.csv", 6))
    assert within.message.startswith("2 of 5 rows (40.0%) equal an earlier row of the same part, so they are weighted")
    assert (also.code, also.where, also.rows) == ("duplicate", HELD_OUT, (Location("held-out.csv", 4),))
    assert also.message.startswith("1 of 5 rows (20.0%) equals")
    assert (across.code, across.where) == ("duplicate-across", HELD_OUT)
    assert across.rows == (Location("held-out.csv", 3), Location("held-out.csv", 6))
    assert across.message.startswith(
        "2 of 5 rows (40.0%) equal a row of the training part (line 3 of held-out.csv equals line 5 of training.csv)"
    )
    assert check_duplicates([part(TRAIN, "abc"), part(HELD_OUT, "def"), part(TEST, "ghi")]) == []
    assert check_duplicates([part(TRAIN, [None, "a", None]), part(HELD_OUT, [None, None])]) == []


def test_a_test_row_of_either_earlier_part() -> None:
    (found,) = check_duplicates([part(TRAIN, "abc"), part(HELD_OUT, "de"), part(TEST, "xeyb")])
    assert (found.code, found.where, found.count) == ("duplicate-across", TEST, 2)
    assert found.rows == (Location("test.csv", 3), Location("test.csv", 5))
    assert "2 of 4 rows (50.0%) equal a row of the training part or the held-out part" in found.message
    assert "(line 3 of test.csv equals line 3 of held-out.csv)" in found.message


def test_random_rows_are_counted_as_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 60, size).tolist() for size in (40, 30, 20)]
    found = check_duplicates([*map(part, (TRAIN, HELD_OUT, TEST), rows)])
    counts = {(each.code, each.where): each.count for each in found}
    for order, where in enumerate((TRAIN, HELD_OUT, TEST)):
        before, own = [*chain(*rows[:order])], rows[order]
        assert counts.get(("duplicate-across", where), 0) == sum(row in before for row in own)
        assert counts.get(("duplicate", where), 0) == sum(
            row not in before and row in own[:at] for at, row in enumerate(own)
        )


def test_of_many_rows_the_first_thousand_are_kept_and_all_are_counted() -> None:
    (finding,) = check_duplicates([part(TRAIN, ["x"] * 5001)])
    assert (len(finding.rows), finding.count) == (1000, 5000)


def test_rows_of_several_folds_are_counted_as_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    keys, of = rng.integers(0, 80, 90).tolist(), rng.integers(0, 3, 90)
    (found,) = check_folds_apart(part(FOLDS, keys), of)
    twins = [row for row in range(90) if any(keys[row] == keys[at] and of[row] != of[at] for at in range(90))]
    assert 0 < len(twins) < 90
    assert (found.code, found.where, found.count) == ("duplicate-across", FOLDS, len(twins))
    assert [place.line - 2 for place in found.rows] == twins
    share = f"{len(twins)} of 90 rows ({len(twins) / 90:.1%})"
    assert found.message.startswith(f"{share} equal a row of another fold (line")
    assert check_folds_apart(part(FOLDS, "abac"), np.array([0, 1, 0, 2])) == []
    assert check_folds_apart(part(FOLDS, [None, None, "a"]), np.array([0, 1, 2])) == []
