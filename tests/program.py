"""The program in a process of its own, and small models for it to read."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.data.text.build import build
from anaphora.data.text.vocabulary import Vocabulary
from small_models import random_tensors

Run = Callable[..., subprocess.CompletedProcess[str]]

TEXT = "The cat sat on the mat, and the dog sat on the log.\nThe end of it was that the cat and the dog sat.\n" * 40
TINY = ["--hidden", "12", "--layers", "1", "--embedding", "6", "--batch", "4", "--bptt", "16", "--evaluations", "2"]


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
