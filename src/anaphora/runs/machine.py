"""What a figure was made on: the facts that the bits of a run depend on, and what else one wants to know of a machine.

A run repeats itself to the bit on one instruction set, with one number of threads and the same versions: sums then
have one order.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from anaphora import kernels
from anaphora.version import __version__

_NAMES = {
    "instruction_set": "instruction set",
    "threads": "number of threads",
    "ranks": "number of ranks",
    "anaphora": "version of anaphora",
    "torch": "version of torch",
    "device": "device",
}


def describe() -> dict[str, Any]:
    """The machine as the kernels see it."""
    return {
        "instruction_set": kernels.arch(),
        "anaphora": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }


def threads() -> int:
    """How many threads the kernels compute with: the processors this process may use, or fewer if torch has fewer."""
    return kernels.get_threads()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A sentence on what is other than it was and changes bits; empty if nothing is.

    >>> differences({"threads": 2, "torch": "2.13"}, {"threads": 1, "torch": "2.13"})
    'Since this run was begun, the number of threads was 2 and is 1.'
    """
    changed = [
        f"the {words} was {before.get(name)} and is {now.get(name)}"
        for name, words in _NAMES.items()
        if before.get(name) != now.get(name)
    ]
    return f"Since this run was begun, {'; '.join(changed)}." if changed else ""
