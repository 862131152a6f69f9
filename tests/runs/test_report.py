"""What every task's report and model file say of a training."""

from __future__ import annotations

import math
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from anaphora import bundle
from anaphora.runs.content import Result
from anaphora.runs.report import Judgement, Report, TrainedWeights, figures, report
from anaphora.runs.save import card, write

TREE = {
    "kind": "stack",
    "name": "model",
    "blocks": [{"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5}],
}


def judged(value: float | None = None) -> Judgement:
    """What a task says of a score."""
    return Judgement((Result("nats", "word", value, 2.0, "counts"),), (), ("so it is.",), {"nats": value})


def trained(sampled: float = 1.25) -> TrainedWeights:
    began = time.monotonic() - 61
    return TrainedWeights(
        TREE, {"embedding.weight": np.ones((11, 5), np.float32)}, sampled, 30, "raw", 40, "minutes", began
    )


def ending(folder: Path, output: Path, value: float | None = 1.5) -> Report:
    return report(trained(), value, None, judged(value), "word", folder, output)


def test_a_report_says_what_was_trained_and_where_it_lies(tmp_path: Path) -> None:
    lines = ending(tmp_path / "m.run", tmp_path / "m.anaphora").lines()
    assert lines == [
        "55 parameters, 40 steps (best model at step 30), 1:01",
        "note: so it is.",
        f"model    {tmp_path / 'm.anaphora'}",
        f"records  {tmp_path / 'm.run'}",
    ]


@pytest.mark.parametrize(
    ("sampled", "said"),
    [
        (1.25, "Stopped before the final score was computed. Best validation loss so far: 1.2500 nats per word."),
        (math.inf, "Stopped before the first validation."),
    ],
)
def test_without_a_score_a_report_says_what_is_known(sampled: float, said: str) -> None:
    found = report(trained(sampled), None, 2.0, judged(), "word", Path("m.run"), Path("m"))
    assert found.notes == ("so it is.", f"{said} `anaphora eval` computes the score.")
    assert found.verdict is None


@pytest.mark.parametrize(("value", "verdict"), [(1.5, "better"), (2.0, "level"), (2.5, "worse"), (math.nan, "worse")])
def test_the_first_result_gives_the_verdict(value: float, verdict: str) -> None:
    found = ending(Path("m.run"), Path("m"), value)
    assert found.verdict == verdict


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


def test_figures_of_a_score_and_of_no_score() -> None:
    score = SimpleNamespace(accuracy=0.75, both=SimpleNamespace(accuracy=0.5))
    assert figures(score, "both.accuracy", "accuracy") == (0.5, 0.75)
    assert figures(None, "both.accuracy", "accuracy") == (None, None)
