"""Fixtures of the program's tests: call it, with this Python or with one that has no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from program import Run
from warm import Warm


@pytest.fixture
def run(tmp_path: Path, warm: Warm) -> Run:
    """Call the program in an empty folder: ``run("eval", "m.anaphora", "-", stdin="text")``."""

    def call(
        *words: str, stdin: str | bytes = b"", python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        sent = stdin.encode() if isinstance(stdin, str) else stdin
        if python == sys.executable:
            return warm(list(words), tmp_path, sent)
        done = subprocess.run(
            [python, "-m", "anaphora", *words],
            input=sent,
            capture_output=True,
            cwd=tmp_path,
            env=warm.environment,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(params=["this Python", "a Python without torch"])
def python(request: pytest.FixtureRequest) -> Path | str:
    return request.getfixturevalue("bare_python") if "without" in request.param else sys.executable
