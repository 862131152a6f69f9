"""One translator of dates for all tests of this folder, trained on 4,000 pairs in some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.runs.report import Report
from anaphora.tasks.translate.data import read
from anaphora.tasks.translate.dates import pairs
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.training import TRAINING
from anaphora.training import run
from translated import DATES, config, write_pairs


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dates")


@pytest.fixture(scope="package")
def report(folder: Path) -> Report:
    """How the training ended; the held-out pairs are the last of a longer list, in files of their own."""
    every = pairs(4200)
    files = write_pairs(folder, every[:4000], "train")
    valid = ",".join(write_pairs(folder, every[4000:], "valid"))
    settings = config("--valid", valid, tiny=DATES)
    return run.train(TRAINING(settings, read(settings, files)), folder / "dates.anaphora")


@pytest.fixture(scope="package")
def dates(report: Report) -> Translator:
    return Translator.open(report.model)
