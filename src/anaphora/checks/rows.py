"""Rules for rows of any kind: how long, how often, finite, labelled, and possible under CTC.

Rows are numbered from 0 here; what a person is told is where they stand, which `at(number)` says.

A path of connectionist temporal classification emits a target u of U symbols in T steps, one symbol or a blank a step.
Equal neighbours need a blank between them, or they would be read as one, so that

    T ≥ U + |{i : u_i = u_{i+1}}|

is what a row needs (Graves et al., ICML 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.checks.findings import Finding
from anaphora.data.location import Row

At = Callable[[int], Row]

_KEPT = 1000  # rows of one finding
_LONG = 8.0  # times the length that 95 of 100 rows keep within: a row that decides what a batch takes
_LONG_ROWS = 20  # rows from which that means something


def check_lengths(lengths: ArrayLike, at: At, where: str, unit: str) -> list[Finding]:
    """How long rows are; rows without anything in them, and rows that are far longer than the others.

    `unit` is the plural of what is counted.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    if not sizes.size:
        return []
    middle, usual, most = (int(size) for size in np.quantile(sizes, (0.5, 0.95, 1.0), method="inverted_cdf"))
    longest = int(sizes.argmax())
    figures = {"rows": sizes.size, "sum": int(sizes.sum()), "median": middle, "p95": usual, "longest": most}
    message = (
        f"{sizes.size:,} rows, {int(sizes.sum()):,} {unit}: half of them have up to {middle:,}, 95 of 100 up to"
        f" {usual:,}, the longest {most:,}."
    )
    found = [Finding("lengths", "info", where, (at(longest),), message, "", figures=figures)]
    empty = np.flatnonzero(sizes == 0)
    if empty.size:
        message = f"{_rows(empty.size)} no {unit}; a row without steps teaches nothing."
        found.append(_finding("empty-row", "warning", where, empty, at, message, "Fill or remove what is empty."))
    limit = _LONG * max(usual, 1)
    long = np.flatnonzero(sizes > limit)
    if long.size and sizes.size >= _LONG_ROWS:
        message = (
            f"{_rows(long.size)} more than {int(limit):,} {unit}, {_LONG:.0f} times what 95 of 100 rows have: a batch"
            " with such a row takes the memory and the time."
        )
        found.append(_finding("long-row", "warning", where, long, at, message, "Cut or remove such rows."))
    return found


def check_finite(rows: Iterable[ArrayLike], columns: Sequence[str], at: At, filling: str = "") -> list[Finding]:
    """Numbers that are none, by column; a row is (C,) or, a series, (T, C). `filling` says what fills them."""
    wrong: dict[str, list[int]] = {column: [] for column in columns}
    steps: dict[str, str] = dict.fromkeys(columns, "")
    kinds: dict[str, set[str]] = {column: set() for column in columns}
    for number, row in enumerate(rows):
        values = np.asarray(row, dtype=np.float64).reshape(-1, len(columns))
        if np.isfinite(values).all():
            continue
        for column, name in enumerate(columns):
            some = values[:, column]
            if np.isfinite(some).all():
                continue
            if not wrong[name] and len(some) > 1:
                steps[name] = f", first at step {int(np.argmin(np.isfinite(some))) + 1:,} of {len(some):,}"
            wrong[name].append(number)
            kinds[name] |= {"NaN" if np.isnan(value) else "infinite" for value in some[~np.isfinite(some)]}
    return [
        _finding(
            "not-finite",
            "error",
            f"column '{name}'",
            numbers,
            at,
            f"{_rows(len(numbers))} a value that is {' or '.join(sorted(kinds[name]))}{steps[name]}.",
            f"Fill the values{filling} or remove the rows: one of them makes every weight NaN.",
        )
        for name, numbers in wrong.items()
        if numbers
    ]


def check_labels(train: Sequence[Hashable], held_out: Sequence[Hashable], held_out_at: At) -> list[Finding]:
    """One label for all rows, and labels that only held-out rows have."""
    known = set(train)
    found = []
    if len(known) == 1:
        message = f"All {len(train):,} rows to train on have the label {next(iter(known))!r}."
        remedy = "Bring rows with other labels, or name another column of labels."
        found.append(Finding("single-class", "error", "the training part", (), message, remedy, len(train)))
    strange: dict[Hashable, list[int]] = {}
    for number, label in enumerate(held_out):
        if label not in known:
            strange.setdefault(label, []).append(number)
    for label, numbers in strange.items():
        message = f"The label {label!r} stands in {len(numbers):,} held-out rows and in none to train on."
        remedy = "Move some of these rows to the training part, or remove them."
        found.append(_finding("unseen-label", "error", "the held-out part", numbers, held_out_at, message, remedy))
    return found


def check_duplicates(
    train: Iterable[Hashable], held_out: Iterable[Hashable], train_at: At, held_out_at: At
) -> list[Finding]:
    """Rows that stand more than once: in one part, and in both. A row's key is equal for equal rows."""
    first: dict[Hashable, int] = {}
    found = []
    again = [number for number, key in enumerate(train) if first.setdefault(key, number) != number]
    if again:
        message = f"{_rows(len(again))} what an earlier row has: they count more than others."
        remedy = "Remove them, unless their weight is meant."
        found.append(_finding("duplicate", "warning", "the training part", again, train_at, message, remedy))
    across: list[tuple[int, int]] = []
    own: set[Hashable] = set()
    within: list[int] = []
    for number, key in enumerate(held_out):
        if key in first:
            across.append((number, first[key]))
        elif key in own:
            within.append(number)
        own.add(key)
    if within:
        message = f"{_rows(len(within))} what an earlier row has: they count more than others."
        remedy = "Remove them, unless their weight is meant."
        found.append(_finding("duplicate", "warning", "the held-out part", within, held_out_at, message, remedy))
    if across:
        numbers = [number for number, _ in across]
        one, other = held_out_at(numbers[0]), train_at(across[0][1])
        message = (
            f"{_rows(len(across))} what a training row has (line {one.line:,} of {one.file} is line {other.line:,} of"
            f" {other.file}): the score is partly memory."
        )
        remedy = "Remove them from one of the parts."
        found.append(
            _finding("duplicate-across", "warning", "the held-out part", numbers, held_out_at, message, remedy)
        )
    return found


def ctc_infeasible(input_lengths: ArrayLike, targets: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    """The rows whose target no path can emit: fewer steps than symbols and blanks between equal neighbours.

    >>> ctc_infeasible([3, 3, 2, 0], ["ab", "aab", "aa", ""]).tolist()
    [1, 2]
    """
    steps = np.asarray(input_lengths, dtype=np.int64)
    if steps.shape != (len(targets),):
        raise ValueError(f"expected a length for each of {len(targets)} targets, got shape {steps.shape}")
    return np.flatnonzero(steps < np.array([_ctc_steps(target) for target in targets], dtype=np.int64))


def check_ctc(input_lengths: ArrayLike, targets: Sequence[Sequence[Any]], at: At, where: str) -> list[Finding]:
    """Rows whose target is longer than a CTC network can emit; lengths are those that leave the network."""
    wrong = ctc_infeasible(input_lengths, targets)
    if not wrong.size:
        return []
    one = int(wrong[0])
    message = (
        f"{_rows(wrong.size)} too few steps for its target: {at(one).file} line {at(one).line:,} has"
        f" {int(np.asarray(input_lengths)[one]):,} and needs {_ctc_steps(targets[one]):,}. Its loss is infinite."
    )
    return [_finding("ctc-infeasible", "error", where, wrong, at, message, "Remove the row, or keep more steps.")]


def _ctc_steps(target: Sequence[Any]) -> int:
    return len(target) + sum(bool(one == other) for one, other in pairwise(target))


def _finding(code: str, severity: Any, where: str, numbers: Any, at: At, message: str, remedy: str) -> Finding:
    rows = tuple(at(int(number)) for number in numbers[:_KEPT])
    return Finding(code, severity, where, rows, message, remedy, len(numbers))


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
