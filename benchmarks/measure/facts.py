"""What computes here: the processor, its threads, the versions. Names no machine and no person."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path

import torch

import anaphora
from anaphora import kernels


def version(package: str) -> str:
    """The installed version, or that there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """The processor's own name."""
    try:
        names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def header(*packages: str) -> str:
    """One line for the top of a table: us, torch, and the packages that also take part."""
    ours = f"anaphora {anaphora.__version__} ({kernels.arch()}, {kernels.get_threads()} threads)"
    theirs = f"torch {torch.__version__} ({torch.get_num_threads()} threads)"
    return ", ".join([ours, theirs, *(f"{package} {version(package)}" for package in packages)])
