"""A comparison of runs: results, loss curves, and the settings that differ."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from anaphora.errors import UsageError
from anaphora.formatting import as_text, duration_text
from anaphora.report import document as html
from anaphora.report.curves import Chart, CurveLine, alone, draw, ends, points
from anaphora.runs import record
from anaphora.runs.cross_validation import Spread
from anaphora.runs.record import Run

_COLOURS = ("unseen", "seen", "baseline", "other", "third", "fourth", "fifth")


def names(compared: Sequence[Run]) -> list[str]:
    """Return a name for each run: the end of its path, as long as needed to distinguish the runs."""
    parts = [run.folder.resolve().parts for run in compared]
    return [
        next(
            os.path.join(*own[-length:])
            for length in range(1, len(own) + 1)
            if length == len(own) or sum(other[-length:] == own[-length:] for other in parts) == 1
        )
        for own in parts
    ]


def results(compared: Sequence[Run], now: float) -> list[tuple[str, list[str]]]:
    """Return results as (name, value of each run), without results that no run has."""
    rows: list[tuple[str, list[Any]]] = [
        ("task", [run.task for run in compared]),
        ("status", [run.status(now) for run in compared]),
        ("steps", [run.steps for run in compared]),
        ("time", [duration_text(run.seconds) for run in compared]),
        ("best validation loss, nats", [None if run.best is None else _four(run.best["loss"]) for run in compared]),
        ("step of the best validation", [None if run.best is None else run.best["step"] for run in compared]),
    ]
    found = [{result.called: result for result in run.results} for run in compared]
    for name in dict.fromkeys(name for each in found for name in each):
        rows.append((name, [_four(each[name].value) if name in each else None for each in found]))
        baselines = " / ".join(dict.fromkeys(each[name].beat for each in found if name in each))
        rows.append((f"  {baselines}", [_four(each[name].baseline) if name in each else None for each in found]))
    rows += _of_test(compared) + _of_folds(compared)
    rows.append(("parameters", [run.finish.get("parameters") for run in compared]))
    return [
        (what, [as_text(value) for value in values])
        for what, values in rows
        if any(each is not None for each in values)
    ]


def _of_test(compared: Sequence[Run]) -> list[tuple[str, list[Any]]]:
    """Return the figures of the test parts that decide, each with its baseline."""
    found = [None if run.test is None else run.test.results[0] for run in compared]
    rows: list[tuple[str, list[Any]]] = []
    for name in dict.fromkeys(each.called for each in found if each is not None):
        same = [each if each is not None and each.called == name else None for each in found]
        rows.append((f"test: {name}", [None if each is None else _four(each.value) for each in same]))
        beaten = " / ".join(dict.fromkeys(each.beat for each in same if each is not None))
        rows.append((f"  {beaten}", [None if each is None else _four(each.baseline) for each in same]))
    return rows


def _of_folds(compared: Sequence[Run]) -> list[tuple[str, list[Any]]]:
    """Return the figures of the folds that decide, each with its baseline: mean ± standard deviation."""
    found = [run.folds for run in compared]
    rows: list[tuple[str, list[Any]]] = []
    for name in dict.fromkeys(each.deciding.called for each in found if each is not None):
        same = [each if each is not None and each.deciding.called == name else None for each in found]
        rows.append((f"folds: {name}", [None if each is None else str(each.values(name)) for each in same]))
        beaten = " / ".join(dict.fromkeys(each.deciding.beat for each in same if each is not None))
        rows.append((f"  {beaten}", [None if each is None else _said(each.baselines(name)) for each in same]))
    return rows


def _said(spread: Spread | None) -> str | None:
    return None if spread is None else str(spread)


def _unit(compared: Sequence[Run]) -> str:
    units = {run.in_nats.called for run in compared}
    return units.pop() if len(units) == 1 else "nats"


def chart(compared: Sequence[Run], up: str) -> Chart:
    """Return a chart of the validation losses, a line per run; `up` labels the vertical axis."""
    lines = [
        CurveLine(name, colour, points(run.of("evaluation"), "loss"), "marked")
        for name, colour, run in zip(names(compared), _COLOURS, compared, strict=False)
    ]
    return Chart("Validation loss", lines, up=up, named=True)


def page(compared: Sequence[Run], now: float) -> str:
    """Return the page that compares runs. Raises UsageError for more runs than there are colours."""
    _few(compared)
    called = names(compared)
    different = record.differences(compared)
    drawn = chart(compared, "")
    wide, narrow = draw(drawn, 984, 400), draw(replace(drawn, named=False), 330, 260)
    pictures = html.wide_and_narrow(wide, narrow, ends(drawn))

    def table(rows: Sequence[tuple[str, list[Any]]]) -> str:
        return html.table(("", *called), [(what, *map(as_text, values)) for what, values in rows])

    body = [
        html.header(" · ".join(called), f"{len(compared)} runs compared"),
        html.figure(pictures, f"Validation loss, {_unit(compared)}; lower is better"),
        html.section("Results", table(results(compared, now))),
        html.section("Settings that differ", table(different) if different else "<p>The settings are equal.</p>"),
    ]
    return html.document(" · ".join(called), body)


def picture(compared: Sequence[Run]) -> str:
    """Return the curves alone, as an SVG file. Raises UsageError as `page` does."""
    _few(compared)
    return alone(chart(compared, _unit(compared)), 984, 400)


def _few(compared: Sequence[Run]) -> None:
    if len(compared) > len(_COLOURS):
        raise UsageError(f"A picture shows at most {len(_COLOURS)} runs, and {len(compared)} were named. Name fewer.")


def _four(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"
