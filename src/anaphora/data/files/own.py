"""Files that anaphora wrote into a folder of data, which are no data: models, runs and searches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from anaphora.errors import DataError

_MODEL = ".anaphora"
_FOLDERS = {"the folder of a run": ("run.json", "config.toml"), "the folder of a search": ("study.jsonl", "trials")}


def refuse_own(folder: Path, files: Iterable[Path]) -> None:
    """Raise DataError if one of these files of a folder is a model, or lies in the folder of a run or a search."""
    inside: set[Path] = set()
    for path in files:
        if path.suffix == _MODEL:
            raise _refusal(path, "a model", folder)
        inside.update(parent for parent in path.parents if folder in parent.parents)
    for place in sorted(inside):
        for what, names in _FOLDERS.items():
            if all((place / name).exists() for name in names):
                raise _refusal(place, what, folder)


def _refusal(place: Path, what: str, folder: Path) -> DataError:
    return DataError(
        f"'{place}' is {what} that anaphora wrote, and would be read as data of '{folder}'. Move it out of this folder;"
        " name a place outside of it with -o."
    )
