"""The weights of a run on disk: whole or not at all.

A checkpoint is one safetensors file whose metadata holds, under `anaphora`, a JSON object with the facts that belong
to the weights, so the two can never disagree. It is written by `anaphora.atomic`: whatever fails on the way, the
checkpoint that was there stays whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anaphora import atomic
from anaphora.errors import CorruptBundle

Tensors = Mapping[str, NDArray[Any]]


def write(path: Path, tensors: Tensors, facts: Mapping[str, Any]) -> None:
    """Write weights and the facts that belong to them, atomically.

    Raises UsageError if the disk is full or the place cannot be written.
    """
    metadata = {"anaphora": json.dumps(facts, sort_keys=True, allow_nan=False)}
    atomic.write(path, [save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, metadata)])


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read weights and facts back.

    Raises CorruptBundle if the file is not one that `write` made.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["anaphora"])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptBundle(f"{path} is not a whole checkpoint: {error}. Delete it and train again.") from error
