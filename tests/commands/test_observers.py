"""Training leaves a page and, where it is wanted, TensorBoard's files; both go on with a run that goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import anaphora
from anaphora.errors import DataWarning, UsageError
from anaphora.files import sealed
from anaphora.runs import folder as run_folder
from anaphora.runs import record
from anaphora.training.observer import Observer
from program import TEXT, TINY, Run


def test_a_page_of_what_was_trained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", "m.anaphora", *TINY, "--max-steps", "30", "--tensorboard")
    assert done.returncode == 0, done.stderr
    opened = record.read(tmp_path / "m.run")
    result = opened.in_nats
    page = (tmp_path / "m.run" / "report.html").read_text(encoding="utf-8")
    figures = (f"<b>{result.value:.4f}</b>", f"<b>{result.baseline:.4f}</b>")
    for shown in (*figures, "Generated text", "Passages with the highest loss"):
        assert shown in page
    before = run_folder.facts(tmp_path / "m.run")["results"]  # what is to be beaten was known before the first step
    unknown = {"value": None, "interval": None, "difference": None, "units": None, "unit": ""}
    assert before == [{**opened.finish["results"][0], **unknown}]
    (tmp_path / "m.run" / "report.html").unlink()
    assert run("runs", "show", "m.run", "--html").returncode == 0
    assert (tmp_path / "m.run" / "report.html").read_text(encoding="utf-8") == page

    events = EventAccumulator(str(tmp_path / "m.run" / "tensorboard")).Reload()
    logged = {line["step"]: line["loss"] for line in opened.of("step")}
    written = {event.step: event.value for event in events.Scalars("loss/train")}
    assert written.keys() == logged.keys()
    assert all(abs(written[step] - loss) < 1e-6 for step, loss in logged.items())
    assert [event.step for event in events.Scalars("loss/validation")] == [
        look["step"] for look in opened.of("evaluation")
    ]


def test_a_page_that_cannot_be_written_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, text: str) -> None:
        raise UsageError(f"{path} cannot be written.")

    class Notes(Observer):
        def note(self, text: str) -> None:
            notes.append(text)

    notes: list[str] = []
    monkeypatch.setattr(sealed, "write", refuse)
    few = {"hidden": 12, "layers": 1, "batch": 4, "bptt": 16, "evaluations": 2, "max_steps": 4}
    with pytest.warns(DataWarning):
        anaphora.train("language", TEXT, output=tmp_path / "m.anaphora", progress=Notes(), **few)
    page = tmp_path / "m.run" / "report.html"
    assert f"The page {page} could not be drawn; the run continues. {page} cannot be written." in notes
    assert json.loads((tmp_path / "m.run" / "metrics.jsonl").read_text().splitlines()[-1])["event"] == "finish"
