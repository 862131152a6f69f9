"""The two commands that take no arguments."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from program import Run


def test_doctor(run: Run, python: Path | str) -> None:
    done = run("doctor", python=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("All tests passed.\n")
    for title in ("anaphora", "python", "instructions", "threads", "numpy"):
        assert re.search(rf"^{title} +\S", done.stdout, re.MULTILINE)
    if python == sys.executable:
        assert re.search(r"^cpu float32 +anaphora's kernels$", done.stdout, re.MULTILINE)
        assert re.search(
            r"^cpu float64 +torch's own operation for RNN, GRU and LSTM; variants, .* in plain torch$",
            done.stdout,
            re.MULTILINE,
        )
        assert re.search(r"learns the symbol 2 steps before: 2\.\d+ nats at first, 0\.\d+ after", done.stdout)
    else:
        assert re.search(r"^torch +not installed$", done.stdout, re.MULTILINE)


def test_demo(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("pydoc_data.topics", "n-gram", "next word", "next character", "anaphora run demo.anaphora", "⠀"):
        assert shown in done.stdout
    assert (tmp_path / "demo.run" / "curve.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "demo.run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "demo.anaphora: whole" in run("verify", "demo.anaphora").stdout
