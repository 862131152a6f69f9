"""The record of a checkpoint: its tensors by kind, and the facts beside them without times.

model/…  optimiser/i/…  average/i  best/…  carry/i  random
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from frozen import digest, normal

_PASSING = {"seconds", "evaluation_seconds", "logged"}  # times, and the length of a log that holds times


def described(path: Path, here: Path) -> list[str]:
    """Lines for one checkpoint."""
    kinds: dict[str, list[str]] = {}
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
        for name in sorted(file.keys()):
            kind = name.partition("/")[0] if "/" in name or name == "random" else "weights"
            kinds.setdefault(kind, []).append(f"{name} {digest.of_array(file.get_tensor(name))}")
    facts = json.loads(metadata["anaphora"])
    told: dict[str, Any] = {name: _all(lines) for name, lines in kinds.items()}
    told |= {"metadata": sorted(metadata)}
    told["facts"] = {name: normal.value(fact, here, name) for name, fact in facts.items() if name not in _PASSING}
    return normal.lay_out({f"checkpoints/{path.name}": told}, wide=400)


def _all(lines: list[str]) -> str:
    seen = hashlib.sha256("\n".join(lines).encode()).hexdigest()[: digest.DIGITS]
    return f"{seen} {len(lines)} tensors"
