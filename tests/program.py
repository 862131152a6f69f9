"""The program in a process of its own, and small models for it to read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.data.text.build import build
from anaphora.data.text.vocabulary import Vocabulary
from small_models import random_tensors
from warm import Warm

Run = Callable[..., subprocess.CompletedProcess[str]]

TEXT = "The cat sat on the mat, and the dog sat on the log.\nThe end of it was that the cat and the dog sat.\n" * 40
TINY = ["--hidden", "12", "--layers", "1", "--embedding", "6", "--batch", "4", "--bptt", "16", "--evaluations", "2"]


def call(
    warm: Warm, folder: Path, words: tuple[str, ...], stdin: str | bytes, python: Path | str
) -> subprocess.CompletedProcess[str]:
    """Call the program in a folder: with this Python in a fork, with another one in a process of its own."""
    sent = stdin.encode() if isinstance(stdin, str) else stdin
    if python == sys.executable:
        return warm(list(words), folder, sent)
    done = subprocess.run(
        [python, "-m", "anaphora", *words],
        input=sent,
        capture_output=True,
        cwd=folder,
        env=warm.environment,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def write_model(
    path: Path, kind: str = "char", text: str = TEXT, seed: int = 5
) -> tuple[Vocabulary, dict[str, object]]:
    """A model with random weights and a real vocabulary, made without torch."""
    vocabulary = build(kind, text)
    tree = spec.check(
        {
            "kind": "stack",
            "name": "model",
            "blocks": [
                {"kind": "embedding", "name": "embedding", "vocabulary": vocabulary.size, "size": 6},
                {"kind": "lstm", "name": "recurrent", "input_size": 6, "hidden_size": 10},
                {"kind": "linear", "name": "output", "input_size": 10, "output_size": vocabulary.size},
            ],
        }
    )
    config: dict[str, object] = {"version": 1, "task": "language", "model": tree, "units": {"kind": kind}}
    bundle.write(path, {**random_tensors(tree, seed), **vocabulary.tensors()}, config)
    return vocabulary, config


def failed(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The exit code, a message that begins with the program's name and has these words, and no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "anaphora: " in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
