"""Checks of rows of any kind: lengths, finite numbers, labels, and feasibility under CTC.

Functions number rows from 0; `at(number)` returns the file and line for messages.

A path of connectionist temporal classification emits a target u of U symbols in T steps, one symbol or a blank a step.
Equal neighbours need a blank between them, because CTC merges equal neighbours, so a row needs

    T ≥ U + |{i : u_i = u_{i+1}}|

steps (Graves et al., ICML 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.checks.findings import Finding
from anaphora.data.location import Location
from anaphora.formatting import counted

At = Callable[[int], Location]

_KEPT = 1000  # rows of one finding
_LONG = 8.0  # times the 95th percentile of lengths: such a row determines the cost of a batch
_LONG_ROWS = 20  # least number of rows for this rule


def describe_lengths(lengths: ArrayLike, at: At, where: str, unit: str) -> list[Finding]:
    """Return a finding on the distribution of the lengths (N,) of rows; `unit` is the plural of the counted unit."""
    sizes = np.asarray(lengths, dtype=np.int64)
    if not sizes.size:
        return []
    middle, usual, most = _quantiles(sizes, 0.5, 0.95, 1.0)
    longest = int(sizes.argmax())
    figures = {"rows": sizes.size, "sum": int(sizes.sum()), "median": middle, "p95": usual, "longest": most}
    message = (
        f"{counted(sizes.size, 'row')} with {int(sizes.sum()):,} {unit}; {unit} per row: median {middle:,}, 95th"
        f" percentile {usual:,}, longest {most:,}."
    )
    return [Finding("lengths", "info", where, (at(longest),), message, "", figures=figures)]


def check_empty(lengths: ArrayLike, at: At, where: str, unit: str) -> list[Finding]:
    """Return a finding on empty rows among lengths (N,)."""
    empty = np.flatnonzero(np.asarray(lengths, dtype=np.int64) == 0)
    if not empty.size:
        return []
    message = f"{_rows(empty.size)} no {unit}; the network learns nothing from an empty row."
    return [_finding("empty-row", "warning", where, empty, at, message, "Fill or remove the empty rows.")]


def check_long(lengths: ArrayLike, at: At, where: str, unit: str) -> list[Finding]:
    """Return a finding on extremely long rows among lengths (N,)."""
    sizes = np.asarray(lengths, dtype=np.int64)
    if sizes.size < _LONG_ROWS:
        return []
    limit = _LONG * max(*_quantiles(sizes, 0.95), 1)
    long = np.flatnonzero(sizes > limit)
    if not long.size:
        return []
    message = (
        f"{_rows(long.size)} more than {int(limit):,} {unit}, {_LONG:.0f} times the 95th percentile:"
        " such a row determines the memory and the time of its batch."
    )
    return [_finding("long-row", "warning", where, long, at, message, "Shorten or remove these rows.")]


def check_finite(rows: Iterable[ArrayLike], columns: Sequence[str], at: At, filling: str = "") -> list[Finding]:
    """Return findings on NaN and infinite numbers, by column; a row has shape (C,) or, for a series, (T, C).

    `filling` names an option that fills missing numbers.
    """
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
            f"Fill the values{filling} or remove the rows: one such value makes every weight NaN.",
        )
        for name, numbers in wrong.items()
        if numbers
    ]


def check_labels(train: Sequence[Hashable], held_out: Sequence[Hashable], held_out_at: At) -> list[Finding]:
    """Return findings on labels: one label for all rows, and labels of held-out rows only."""
    known = set(train)
    found = []
    if len(known) == 1:
        message = f"All {len(train):,} training rows have the label {next(iter(known))!r}."
        remedy = "Add rows with other labels, or name another label column."
        found.append(Finding("single-class", "error", "the training part", (), message, remedy, len(train)))
    strange: dict[Hashable, list[int]] = {}
    for number, label in enumerate(held_out):
        if label not in known:
            strange.setdefault(label, []).append(number)
    for label, numbers in strange.items():
        message = f"The label {label!r} has {len(numbers):,} held-out rows and no training row."
        remedy = "Move some of these rows to the training part, or remove them."
        found.append(_finding("unseen-label", "error", "the held-out part", numbers, held_out_at, message, remedy))
    return found


def ctc_infeasible(input_lengths: ArrayLike, targets: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    """Return the indices of the rows whose target no CTC path can emit; `input_lengths` (N,), result (n,).

    Raises ValueError if the numbers of lengths and targets differ.

    >>> ctc_infeasible([3, 3, 2, 0], ["ab", "aab", "aa", ""]).tolist()
    [1, 2]
    """
    steps = np.asarray(input_lengths, dtype=np.int64)
    if steps.shape != (len(targets),):
        raise ValueError(f"expected a length for each of {len(targets)} targets, got shape {steps.shape}")
    return np.flatnonzero(steps < np.array([_ctc_steps(target) for target in targets], dtype=np.int64))


def check_ctc(input_lengths: ArrayLike, targets: Sequence[Sequence[Any]], at: At, where: str) -> list[Finding]:
    """Return a finding on the rows whose target is too long for CTC; `input_lengths` (N,) are the network's output
    lengths.
    """
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


def _quantiles(sizes: NDArray[np.int64], *shares: float) -> list[int]:
    """Return the lengths at these shares of the sorted lengths (N,)."""
    return [int(size) for size in np.quantile(sizes, shares, method="inverted_cdf")]


def _finding(code: str, severity: Any, where: str, numbers: Any, at: At, message: str, remedy: str) -> Finding:
    rows = tuple(at(int(number)) for number in numbers[:_KEPT])
    return Finding(code, severity, where, rows, message, remedy, len(numbers))


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
