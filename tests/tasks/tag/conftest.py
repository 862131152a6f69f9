"""One tagger of made-up names for all tests of this folder, trained on 800 sentences in some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.tasks.tag.data import read
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.training import TRAINING
from anaphora.training import run
from tagged import LEARNED, config, write_grammar


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names")


@pytest.fixture(scope="package")
def report(folder: Path) -> Report:
    """How the training ended; train.conll and valid.conll stand in the same folder."""
    files = [write_grammar(folder / "train.conll", 800)]
    settings = config("--valid", write_grammar(folder / "valid.conll", 200, seed=1), tiny=LEARNED)
    return run.train(TRAINING(settings, read(settings, files)), folder / "names.anaphora", data=files)


@pytest.fixture(scope="package")
def tagger(report: Report) -> Tagger:
    return Tagger(load(report.model))
