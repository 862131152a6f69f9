"""The devices of a training by the names that people type, and the devices of this machine, without torch."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from anaphora.errors import did_you_mean

NAMES = ("cpu", "cuda", "mps")
_MEANT = {
    **dict.fromkeys(("gpu", "nvidia", "rocm", "hip", "amd", "radeon", "geforce"), "cuda"),
    **dict.fromkeys(("metal", "apple", "mac"), "mps"),
    **dict.fromkeys(("processor", "host", "none"), "cpu"),
}
_OTHERS = ("tpu", "xla", "xpu", "npu", "hpu", "ipu", "vulkan", "opencl", "directml", "dml")


def present(devices: Path = Path("/dev"), system: str = platform.system()) -> list[str]:
    """Return the devices of this machine, as far as its system names them; torch may not support all of them."""
    graphics = any(devices.glob("nvidia[0-9]*")) or (devices / "kfd").exists()
    return ["cpu", *(["cuda"] if graphics else []), *(["mps"] if system == "Darwin" else [])]


def advice(word: object) -> str:
    """Return the last sentences of a message about an unknown device, with a space before them.

    >>> advice("GPU").partition(" Devices")[0], advice("tpu").partition(" Devices")[0]
    (" Did you mean 'cuda'?", ' Training does not run on tpu.')
    """
    name, _, number = str(word).strip().lower().partition(":")
    meant = name if name in (*NAMES, "auto") else _MEANT.get(re.sub(r"[\d_ -]+$", "", name), "")
    here = f" Devices of this machine: {', '.join(present())}."
    if name in _OTHERS:
        return f" Training does not run on {name}.{here}"
    if not meant:
        return f"{did_you_mean(word, NAMES)}{here}"
    chosen = f" The variable CUDA_VISIBLE_DEVICES={number} chooses the GPU." if meant == "cuda" and number else ""
    return f" Did you mean '{meant}'?{chosen}{here}"
