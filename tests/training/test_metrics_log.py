"""The log of a run: whole lines, plans before they take effect, nothing that JSON has no word for."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from anaphora.training.metrics_log import MetricsLog
from anaphora.training.observer import Observer, Observers, Step
from small_loop import Clock, Seen, timed


def test_the_metrics_log_holds_it_all_and_plans_before_they_take_effect(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]

    planned_first: list[bool] = []

    class Peek(Observer):
        def step(self, step: Step) -> None:
            plans = [line["total_steps"] for line in lines() if line["event"] == "plan"]
            planned_first.append(step.total_steps in plans)

    clock = Clock(slow=lambda step: 0.5 if step < 200 else 0.8)
    seen = Seen()
    run, _ = timed(tmp_path, clock, seconds=300, observer=Observers([log, seen, Peek()]))
    outcome = run.run()
    log.note("all's well")
    log.finish(replace(outcome, best=None))
    written = lines()
    assert all(planned_first)
    assert [line["total_steps"] for line in written if line["event"] == "plan"] == [p.total_steps for p in seen.plans]
    assert [line["loss"] for line in written if line["event"] == "evaluation"] == [look.loss for look in seen.looks]
    losses = {line["step"]: line["loss"] for line in written if line["event"] == "step"}
    assert losses == {step.step: step.loss for step in seen.steps if step.marked}
    assert len(losses) == 350
    assert written[-2] == {"event": "note", "text": "all's well"}
    assert written[-1]["stopped"] == "finished"


def test_numbers_that_are_none_are_written_as_null(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    log.step(Step(1, 10**6, math.nan, 1e-3, math.inf, 1.0, math.nan, False, 8, 0.5, math.nan, 3.0))
    log.close()
    line = json.loads((tmp_path / "metrics.jsonl").read_text(encoding="utf-8"))
    assert (line["loss"], line["gradient_norm"], line["units_per_second"], line["seconds_left"]) == (
        None,
        None,
        None,
        3,
    )
