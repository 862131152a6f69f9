"""Files that are named twice, under one name or under two."""

from __future__ import annotations

import os
from collections.abc import Sequence

from anaphora.checks.findings import Finding


def same_files(train: Sequence[str], held_out: Sequence[str]) -> list[Finding]:
    """Return a finding on each file that was named before, for the training part or for the held-out part."""
    found: list[Finding] = []
    seen: dict[tuple[int, int], str] = {}
    for number, file in enumerate((*train, *held_out)):
        if not (os.path.isfile(file) or os.path.isdir(file)):
            continue
        facts = os.stat(file)
        before = seen.get((facts.st_dev, facts.st_ino))
        seen.setdefault((facts.st_dev, facts.st_ino), file)
        if before is None:
            continue
        if number >= len(train) and before in train:
            message = (
                f"The file is held out, but it is also in the training part as {before}: the score may reward text"
                " that the network has memorised."
            )
            found.append(Finding("same-file", "warning", file, (), message, "Hold out another text."))
        else:
            message = f"The file is named more than once, first as {before}, so its text is weighted more than once."
            found.append(Finding("same-file", "warning", file, (), message, "Name each file once."))
    return found
