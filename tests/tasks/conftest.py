"""The program, called by the tests of the tasks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from program import Run, call
from warm import Warm


@pytest.fixture
def program(warm: Warm) -> Run:
    """Call the program in a folder: ``program(folder, "eval", "m.anaphora", "-", stdin="text")``."""

    def called(
        folder: Path, *words: str, stdin: str | bytes = b"", python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        return call(warm, folder, words, stdin, python)

    return called
