"""What every task's report and model file say of a training."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest

from anaphora import bundle
from anaphora.runs.report import Ending, Trained, card, cut_off, ended, write

TREE = {
    "kind": "stack",
    "name": "model",
    "blocks": [{"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5}],
}


def trained(sampled: float = 1.25) -> Trained:
    began = time.monotonic() - 61
    return Trained(TREE, {"embedding.weight": np.ones((11, 5), np.float32)}, sampled, 30, "raw", 40, "minutes", began)


def ending(folder: Path, output: Path) -> Ending:
    return Ending(loses=None, notes=("so it is.",), results=(), sections=(), **ended(trained(), folder, output))


def test_a_report_says_what_was_trained_and_where_it_lies(tmp_path: Path) -> None:
    lines = ending(tmp_path / "m.run", tmp_path / "m.anaphora").lines()
    assert lines == [
        "55 parameters, 40 steps (the best after 30), 1:01",
        "note: so it is.",
        f"model    {tmp_path / 'm.anaphora'}",
        f"records  {tmp_path / 'm.run'}",
    ]


@pytest.mark.parametrize(
    ("sampled", "said"),
    [
        (1.25, "Cut off before the held-out part was scored; a look during training had 1.2500 nats per word."),
        (math.inf, "Cut off before the model was judged."),
    ],
)
def test_without_a_score_a_report_says_what_is_known(sampled: float, said: str) -> None:
    assert cut_off(trained(sampled), "word") == f"{said} `anaphora eval` scores it."


def test_a_card_names_files_without_their_folders_and_holds_the_task_s_own_facts(tmp_path: Path) -> None:
    found = card(["/home/me/a.txt", "b.txt"], "ab12", {"rows": 7}, trained(), ending(tmp_path, tmp_path / "m"))
    assert (found["sources"], found["data_sha256"], found["rows"]) == (["a.txt", "b.txt"], "ab12", 7)
    assert (found["parameters"], found["steps"], found["best_step"], found["weights"]) == (55, 40, 30, "raw")
    assert (found["versions"]["numpy"], found["stopped"]) == (np.__version__, "minutes")


def test_of_two_places_the_one_that_can_be_written_is(tmp_path: Path) -> None:
    settings = {"version": bundle.VERSION, "task": "language", "model": TREE}
    folder, lost = tmp_path / "m.run", tmp_path / "none" / "m.anaphora"
    folder.mkdir()
    failed = write(folder, lost, trained().tensors, settings)
    assert list(failed) == [lost]
    assert bundle.read(folder / "model.anaphora").tensors["embedding.weight"].tolist() == [[1.0] * 5] * 11
