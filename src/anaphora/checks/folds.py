"""Checks of the folds of a cross-validation of labelled rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from anaphora.checks.findings import Finding
from anaphora.data.examples import Indices
from anaphora.formatting import counted

_SHOWN = 5  # labels


def check_folds(labels: Sequence[str], of: Indices, count: int) -> list[Finding]:
    """Return a warning about folds that lack labels, for the label of each row and its fold (n,) of `count` folds."""
    rows, smallest = Counter(labels), int(np.bincount(of, minlength=count).min())
    few = sorted((number, label) for label, number in rows.items() if number < count)
    told = []
    if smallest < len(rows):
        told.append(f"The smallest fold has {counted(smallest, 'row')}, and the data have {len(rows):,} labels.")
    if few:
        names = ", ".join(f"{label!r} ({number:,})" for number, label in few[:_SHOWN])
        more = f" and {len(few) - _SHOWN:,} more" if len(few) > _SHOWN else ""
        have = "label has" if len(few) == 1 else "labels have"
        told.append(
            f"{len(few):,} {have} fewer rows than the {count:,} folds, so some folds lack"
            f" {'it' if len(few) == 1 else 'them'}: {names}{more}."
        )
    lone = sum(number == 1 for number, _ in few)
    if lone:
        have = "label has" if lone == 1 else "labels have"
        told.append(f"{lone:,} {have} one row, which is predicted wrong when its fold is the test.")
    if not told:
        return []
    remedy = "Use fewer folds, or add rows with these labels."
    return [Finding("small-fold", "warning", "the folds", (), " ".join(told), remedy)]
