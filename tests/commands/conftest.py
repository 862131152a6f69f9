"""Fixtures of the program's tests: call it, with this Python or with one that has no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from program import Run, call
from warm import Warm


@pytest.fixture
def run(tmp_path: Path, warm: Warm) -> Run:
    """Call the program in an empty folder: ``run("eval", "m.anaphora", "-", stdin="text")``."""

    def called(
        *words: str, stdin: str | bytes = b"", python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        return call(warm, tmp_path, words, stdin, python)

    return called


@pytest.fixture(params=["this Python", "a Python without torch"])
def python(request: pytest.FixtureRequest) -> Path | str:
    return request.getfixturevalue("bare_python") if "without" in request.param else sys.executable
