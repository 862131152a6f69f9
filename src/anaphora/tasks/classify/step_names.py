"""Findings on the names of columns that are read as steps, a column per step: their order, and columns beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from anaphora.checks.findings import Finding
from anaphora.formatting import counted
from anaphora.tasks.classify import times

_NUMBERED = re.compile(r"(\D*|.*\D)(\d+(?:\.\d+)?)")
_FEWEST = 3  # numbered names that show that the columns are numbered
_SHOWN = 5  # columns beside them
_TYPED = 12  # names in a remedy


def of_step_names(names: Sequence[str]) -> Iterator[Finding]:
    """Yield findings on the columns that were found to be steps, in the order in which they are read.

    >>> [finding.where for finding in of_step_names(["age", "t0", "t10", "t2"])]
    ["column 'age'", "column 't2'"]
    """
    places = _places(names)
    in_order = sorted(places, key=places.__getitem__)
    others = [name for name in names if name not in places] if places else []
    if others:
        shown = ", ".join(map(repr, others[:_SHOWN])) + (" and more" if len(others) > _SHOWN else "")
        message = (
            f"{counted(len(others), 'column')} beside {in_order[0]!r} … {in_order[-1]!r}, which are numbered,"
            f" {'is a step' if len(others) == 1 else 'are steps'} of each series: {shown}."
        )
        remedy = f"If only the numbered columns are steps, name them: {_option(in_order)}."
        yield Finding("step-columns", "warning", f"column {others[0]!r}", (), message, remedy, len(others))
    for before, name in pairwise(places):
        if places[name] < places[before]:
            message = (
                f"The steps are read in the order of the columns, where {name!r} comes after {before!r}: this is not"
                " the order of their numbers."
            )
            remedy = f"If the numbers count the steps, name the columns in that order: {_option(in_order)}."
            yield Finding("step-columns", "warning", f"column {name!r}", (), message, remedy)
            return


def _places(names: Sequence[str]) -> dict[str, Any]:
    """Return the place of each column in time: the times that all names are, or the numbers at the end of most names;
    empty if the names say nothing.

    >>> _places(["9:00", "10:00"])["9:00"], _places(["x1", "x2", "x10", "age"]), _places(["a", "b1"])
    (Fraction(32400, 1), {'x1': 1.0, 'x2': 2.0, 'x10': 10.0}, {})
    """
    form, keys = times.read(names)
    if form is not None:
        return dict(zip(names, keys, strict=True))
    groups: dict[str, dict[str, float]] = {}
    for name in names:
        if parts := _NUMBERED.fullmatch(name.strip()):
            groups.setdefault(parts[1], {})[name] = float(parts[2])
    largest = max(groups.values(), key=len, default={})
    return largest if len(largest) >= _FEWEST else {}


def _option(names: Sequence[str]) -> str:
    """Return the option that names columns, with the middle of many of them left out."""
    shown = names if len(names) <= _TYPED else [*names[:3], "…", names[-1]]
    typed = ",".join(shown)
    return f'--columns "{typed}"' if " " in typed else f"--columns {typed}"
