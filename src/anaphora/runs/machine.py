"""The machine of a run: the facts that determine the bits of its results, and general facts.

A run repeats to the bit with one instruction set, one number of threads and the same versions, because sums then have
one order.
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
    """Return the facts about the machine."""
    return {
        "instruction_set": kernels.arch(),
        "anaphora": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }


def threads() -> int:
    """Return the number of threads of the kernels: the processors of this process, or fewer if torch uses fewer."""
    return kernels.get_threads()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return a sentence on the changed facts that change bits; empty if there are none.

    >>> differences({"threads": 2, "torch": "2.13"}, {"threads": 1, "torch": "2.13"})
    'Since the run began, the number of threads was 2 and is 1.'
    """
    changed = [
        f"the {words} was {before.get(name)} and is {now.get(name)}"
        for name, words in _NAMES.items()
        if before.get(name) != now.get(name)
    ]
    return f"Since the run began, {'; '.join(changed)}." if changed else ""
