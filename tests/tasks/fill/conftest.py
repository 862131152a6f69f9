"""One gap filler for all tests of this folder, trained on a few hundred sentences in some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.runs.report import Report
from anaphora.tasks.fill.data import read
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.training import TRAINING
from anaphora.training import run
from gapped import LEARNS, config, text, write


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gaps")


@pytest.fixture(scope="package")
def report(folder: Path) -> Report:
    """How the training ended; the held-out text is a file of its own."""
    write(folder / "valid.txt", text(140, seed=1))
    settings = config("--valid", str(folder / "valid.txt"), tiny=LEARNS)
    path = write(folder / "train.txt", text())
    return run.train(TRAINING(settings, read(settings, [path])), folder / "m.anaphora", run_dir=folder / "run")


@pytest.fixture(scope="package")
def filler(report: Report) -> GapFiller:
    return GapFiller.open(report.model)
