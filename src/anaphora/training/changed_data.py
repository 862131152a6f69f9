"""A run continues on the data that it began with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anaphora.data.parts import held_out_files, test_files
from anaphora.errors import DataError
from anaphora.training.task import TrainingTask


def check_data(work: TrainingTask[Any], facts: Mapping[str, Any], folder: Path) -> None:
    """Raise DataError if the data of a run have changed."""
    if facts["data_sha256"] != work.sha256:
        raise DataError(
            f"The data of {folder} have changed since the run began (SHA-256 {work.sha256[:12]}…, expected"
            f" {facts['data_sha256'][:12]}…), so the run cannot continue.{_files_in_words(work, facts)} Restore the old"
            " data, or train again."
        )


def _files_in_words(work: TrainingTask[Any], facts: Mapping[str, Any]) -> str:
    """Return a sentence on the files of each part that the run reads; empty for data in memory."""
    parts = {
        "": facts.get("data") or (),
        " (--valid)": held_out_files(work.config),
        " (--test)": test_files(work.config),
    }
    named = [f"'{file}'{option}" for option, files in parts.items() for file in files]
    return f" The run reads {', '.join(named)}." if facts.get("data") else ""
