"""Files of the test part that training reads, too: their score would be a score of known rows."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from anaphora.errors import UsageError


def refuse_shared(data: Sequence[str | os.PathLike[str]], held_out: Sequence[str], test: Sequence[str]) -> None:
    """Raise UsageError if a file of the test part is a file of the training part or of the held-out part, lies in a
    folder of theirs, or has the same bytes as one of their files; and if it is named twice.
    """
    files = [found for path in test for found in _files(Path(path))]
    for number, file in enumerate(files):
        if any(os.path.samefile(file, other) for other in files[:number]):
            raise UsageError(f"'{file}' (--test) is named twice, so its rows would count twice. Name each file once.")
        for part, option, paths in (("training", "", data), ("held-out", " (--valid)", held_out)):
            for other in (found for path in paths for found in _files(Path(path))):
                same = os.path.samefile(file, other)
                if same or _equal(file, other):
                    how = "is" if same else "has the same bytes as"
                    raise UsageError(
                        f"'{file}' (--test) {how} '{other}'{option}, which belongs to the {part} part: a test part has"
                        " rows that training never uses. Name another file, or hold out a share: --test 0.1."
                    )


def _files(path: Path) -> Iterator[Path]:
    """Yield a file, or every file of a folder."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (file for file in sorted(path.rglob("*")) if file.is_file())


def _equal(file: Path, other: Path) -> bool:
    size = file.stat().st_size
    return size > 0 and size == other.stat().st_size and filecmp.cmp(file, other, shallow=False)
