"""A file that a user names as a model: folders and other kinds of files are refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runs.folder import MODEL

_HEADER_AT = 8  # bytes; the length of the header stands before it
_ZIP = b"PK"  # the reader of model files names the program that wrote it


def check_model_file(path: str | os.PathLike[str]) -> None:
    """Check that a path can be a model file. A missing or damaged file is left to the reader of model files.

    Raises DataError for a folder, IncompatibleBundle for a file of another kind.
    """
    place = Path(path)
    remedy = f"Name a model file that `anaphora train` wrote, such as {MODEL}."
    if place.is_dir():
        of_run = f" The model of this run is '{place / MODEL}'." if (place / MODEL).exists() else f" {remedy}"
        raise DataError(f"'{place}' is a folder, not a model file.{of_run}")
    if not place.is_file():
        return
    try:
        with place.open("rb") as file:
            begin = file.read(_HEADER_AT + 1)
    except OSError:
        return
    if len(begin) > _HEADER_AT and not begin.endswith(b"{") and not begin.startswith(_ZIP):
        raise IncompatibleBundle(f"'{place}' is not a model file. {remedy}")
