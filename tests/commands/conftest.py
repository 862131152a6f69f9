"""Fixtures of the program's tests: call it, with this Python or with one that has no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from program import Run


@pytest.fixture
def run(tmp_path: Path, quiet_environment: dict[str, str]) -> Run:
    """Call the program in an empty folder: ``run("eval", "m.anaphora", "-", stdin="text")``."""

    environment = {**quiet_environment, "OMP_NUM_THREADS": "1"}  # tiny networks: torch's threads would only wait

    def call(
        *words: str, stdin: str | bytes = b"", python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        sent = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [python, "-m", "anaphora", *words],
            input=sent,
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(params=["this Python", "a Python without torch"])
def python(request: pytest.FixtureRequest) -> Path | str:
    return request.getfixturevalue("bare_python") if "without" in request.param else sys.executable
