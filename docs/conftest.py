"""The examples of these pages run in a folder of their own, which holds the files that they name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labelled import sentences, write_csv

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in tests/conftest.py


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the folder, and go there."""
    texts, labels = sentences(400)
    write_csv(tmp_path / "reviews.csv", {"text": texts, "label": labels})
    novel = "It was the best of times, it was the worst of times.\n" * 120
    (tmp_path / "novel.txt").write_text(novel, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
