"""A model file, opened in Python: what every task's model can do; each task's own class adds the rest.

    model.save(path)      the same model in a file        model.runtime      its blocks, for steps and sessions
    model.config          what was set to train it        model.card         what its file says of it

Where it was trained here, `model.report` says how that ended, and `model.run_dir` is the folder of its records.
Nothing of it needs torch.
"""

from __future__ import annotations

import math
import os
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.config import C, from_values
from anaphora.errors import IncompatibleBundle
from anaphora.runtime import Model


class Opened:
    """A trained model."""

    def __init__(self, model: Model) -> None:
        self.runtime = model
        self.report: Any = None
        self.run_dir: Path | None = None

    @property
    def task(self) -> str:
        """The task it was trained for."""
        return str(self.runtime.config["task"])

    @property
    def card(self) -> Mapping[str, Any]:
        """What its file says of it: date, data, scores, steps, versions; empty where it says nothing."""
        return dict(self.runtime.config.get("card", {}))

    def set_by(self, config: type[C]) -> C:
        """What was set to train it, as a config of this kind.

        Raises IncompatibleBundle if its file does not say.
        """
        values = self.runtime.config.get("training")
        if values is None:
            raise IncompatibleBundle("The model's file does not say what was set to train it.")
        return from_values(config, values)

    @property
    def parameters(self) -> int:
        """How many numbers were trained."""
        return sum(math.prod(shape) for shape in spec.tensors(self.runtime.spec).values())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model's file; the same model gives the same bytes.

        Raises UsageError if it cannot be written there.
        """
        bundle.write(path, self.runtime.tensors, self.runtime.config)

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes."""
        return bundle.to_bytes(self.runtime.tensors, self.runtime.config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.parameters:,} parameters>"


def live_with(holder: object, folder: Path) -> None:
    """Remove a folder when the object that holds it is gone, or the program ends; not in a process that was forked."""
    weakref.finalize(holder, _remove, folder, os.getpid())


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
