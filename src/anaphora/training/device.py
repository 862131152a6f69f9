"""The device of a training, and its description."""

from __future__ import annotations

from typing import Any

import torch

from anaphora.errors import UsageError
from anaphora.runs import machine


def pick(wanted: str, precision: str) -> torch.device:
    """Return the device of a config.

    Raises UsageError if the device is missing, or cannot compute in the requested precision.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    chosen = ("cuda" if available["cuda"] else "cpu") if wanted == "auto" else wanted
    if not available[chosen]:
        found = [name for name, there in available.items() if there]
        built = " (built without CUDA)" if wanted == "cuda" and not torch.backends.cuda.is_built() else ""
        raise UsageError(
            f"--device {wanted}: torch {torch.__version__}{built} finds no such device on this machine. It finds:"
            f" {', '.join(found)}. Use --device {found[-1]}."
        )
    if precision == "bfloat16" and chosen == "cpu":
        raise UsageError("--precision bfloat16 needs a GPU; the kernels for processors compute in float32.")
    return torch.device(chosen)


def describe(device: torch.device) -> dict[str, Any]:
    """Return facts of the machine, with those of torch."""
    return {
        **machine.describe(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }
