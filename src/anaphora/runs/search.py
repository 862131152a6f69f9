"""The folder of a hyperparameter search: its files, and whether a folder is one.

tune.run/                   study.jsonl  best.toml  trials/0007/  job-2.txt
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anaphora.errors import DataError, UsageError
from anaphora.files import sealed
from anaphora.files.outputs import Kind

STUDY, BEST, TRIALS = "study.jsonl", "best.toml", "trials"


def is_search(folder: Path) -> bool:
    """Return whether a folder is that of a search, also of one that has only begun; raises OSError."""
    study = folder / STUDY
    if study.exists():
        with study.open("rb") as file:
            first = file.readline()
        try:
            return not first or (first.endswith(b"\n") and "op_code" in json.loads(first))
        except (ValueError, TypeError):
            return False
    return not any(any(place.iterdir()) if place.name == TRIALS else True for place in folder.iterdir())


def write_best(folder: Path, config: str) -> None:
    """Write the best config; raises UsageError if somebody has changed the file, or if it cannot be written."""
    path = folder / BEST
    if path.exists() and sealed.unchanged(path) is False:
        raise UsageError(
            f"'{path}' was changed after the search wrote it, and the search would replace it. Move it elsewhere; then"
            " the same command continues the search."
        )
    sealed.write(path, config)


@contextmanager
def undone_if_refused(folder: Path) -> Iterator[None]:
    """Remove a new search again if an error ends this `with` block before a trial has trained."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    new = not (folder / STUDY).exists()
    try:
        yield
    except (DataError, UsageError):
        if new and not any(b'"evaluation"' in log.read_bytes() for log in (folder / TRIALS).glob("*/metrics.jsonl")):
            shutil.rmtree(folder / TRIALS, ignore_errors=True)
            for file in (STUDY, *(path.name for path in folder.glob("job-*.txt"))):
                (folder / file).unlink(missing_ok=True)
            for place in missing:
                with contextlib.suppress(OSError):
                    place.rmdir()
        raise


KIND = Kind("the folder of a search", is_search, folder=True)
