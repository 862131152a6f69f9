"""The owner of the model at a run's output: the run itself, nobody (an older model), or another run.

equal to the copy in the run folder                                 the run's own
of the run's config and data                                        the run's own, cut off between its two files
older than the run                                                  the run was begun to replace it
any other                                                           of another run
"""

from __future__ import annotations

import datetime
import filecmp
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anaphora import bundle
from anaphora.errors import AnaphoraError


def is_own(model: Path, copy: Path, config: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether a model is that of the run with this copy, which may be missing, this config and these facts."""
    return (copy.exists() and filecmp.cmp(model, copy, False)) or is_trained_with(model, config, facts)


def is_trained_with(model: Path, config: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether a model was trained with this config on the data of these facts of a run."""
    try:
        found = bundle.read(model).config
        written = tomllib.loads(config.read_text(encoding="utf-8"))
    except (AnaphoraError, OSError, ValueError):
        return False
    training = {
        section: {key: value for key, value in values.items() if value is not None}
        for section, values in found.get("training", {}).items()
    }
    return training == written and found.get("card", {}).get("data_sha256") == facts.get("data_sha256")


def is_newer(model: Path, config: Path, started: str) -> bool:
    """Return whether a model was written after a run began, whose config was written first; `started` is its time in
    whole seconds, and bounds the time of a config that was copied.
    """
    latest = datetime.datetime.fromisoformat(started).timestamp() + 1
    return os.path.getmtime(model) > min(os.path.getmtime(config), latest)
