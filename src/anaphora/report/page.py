"""The page of a run: results and baselines, the curves, the task's own sections, notes, settings, the machine.

One file that holds everything it shows; it runs no script and uses no network, and a browser reloads it during the
run. It is a function of the run's folder and the sections: any run can be drawn again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anaphora.files import outputs, sealed
from anaphora.files.outputs import Output
from anaphora.formatting import as_text, capitalised, counted, duration_text, short_count
from anaphora.report import document as html
from anaphora.report.curves import Chart, CurveLine, draw, ends, points
from anaphora.runs import folder as run_folder
from anaphora.runs import record
from anaphora.runs.content import ReportSection, Result, from_json
from anaphora.runs.record import Run
from anaphora.runs.verdict import WORDS
from anaphora.runs.verdict import ends as ends_of

NAME = run_folder.PAGE
_WIDE, _NARROW, _SMALL = (984, 380), (330, 260), (316, 170)
_RELOAD_SECONDS = 30
_ALWAYS_OPEN = 12  # validations; a longer table is folded
_COLOURS = ("other", "third", "fourth", "fifth", "seen", "unseen", "baseline")
_WORSE = (" is worse than ", " loses to ")  # in a note; the latter in records of earlier versions
_KINDS = {"better": "good", "level": "", "worse": "bad"}  # of the pill of a verdict
_GOOD, _BAD = ("finished", "early"), ("diverged", "unwritable", "exhausted")


def write(folder: Path, sections: Sequence[ReportSection] | None = None, *, force: bool = False) -> Path:
    """Draw a run's page into its folder, and return its path; without `sections`, those of the run's own report.

    Raises UsageError if there is no run, if the file cannot be written, or if somebody has changed it and `force` is
    not set; MissingExtra without matplotlib.
    """
    run = record.read(folder)
    outputs.check([Output("--html", folder / NAME, sealed.PAGE._replace(replaced=False))], force=force)
    sealed.write(folder / NAME, render(run, sections, now=time.time()))
    return folder / NAME


def render(run: Run, sections: Sequence[ReportSection] | None = None, *, now: float) -> str:
    """Return the page of a run, as HTML; `now` is in seconds since 1970."""
    status = run.status(now)
    own = from_json(run.finish.get("sections", ())) if sections is None else sections
    name = run.folder.resolve().name
    validations = run.of("evaluation")
    body = [
        _header(run, name, status),
        f'<div class="tiles">{html.tiles(_figures(run, status))}</div>',
        _loss(run),
        f'<div class="small">{"".join(_small_charts(run))}</div>',
        html.section("Notes", html.notes(_notes(run)), ""),
        *(html.section(each.title, "".join(map(html.part, each.parts))) for each in own),
        html.section(counted(len(validations), "validation"), _validations(run)) if validations else "",
        html.section("Settings", html.groups(run.config)),
        html.section("Data and machine", html.groups(_environment(run))),
        f"<footer>Drawn from {html.code('metrics.jsonl')}, {html.code('config.toml')} and {html.code('run.json')}. Draw"
        f" the page again with: {html.code(f'anaphora runs show {name} --html')}</footer>",
    ]
    return html.document(f"{name}: {run.task}", body, _RELOAD_SECONDS if status == "running?" else None)


def _header(run: Run, name: str, status: str) -> str:
    kind = "good" if status in _GOOD else "bad" if status in _BAD else ""
    pills = [(status.rstrip("?"), kind)]
    judged = run.results if run.test is None else run.test.results
    if judged and judged[0].verdict is not None:
        pills.append((f"{WORDS[judged[0].verdict]} {judged[0].beat}", _KINDS[judged[0].verdict]))
    begun = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started))
    return html.header(name, f"{run.task}, begun {begun}", pills)


def _figures(run: Run, status: str) -> list[tuple[str, str, str, str]]:
    """Return the large figures: each result and its baseline, or the best validation so far; then steps and time."""
    found: list[tuple[str, str, str, str]] = []
    best = run.best
    if best is not None and all(result.value is None for result in run.results):
        found.append(("best validation so far", f"{best['loss']:.4f}", run.in_nats.called, "unseen"))
    for number, result in enumerate(run.results):
        beside = result.baseline is not None
        if result.value is not None:
            below = _beside(result) if number and beside else _apart(result)
            found.append(
                ("held-out part", f"{result.value:.4f}", f"{result.called}{below}{_interval(result)}", "unseen")
            )
        if beside and (number == 0 or result.value is None):
            found.append((result.beat, f"{result.baseline:.4f}", result.called, "baseline"))
    if run.test is not None:
        result = run.test.results[0]
        below = f"{result.called}{_beside(result)}{_interval(result)}"
        below += f"; on {run.test.examples()}" if run.test.known else ""
        found.append(("test part", f"{result.value:.4f}", below, "unseen"))
    total = run.total_steps
    of = f"of {total:,}" if total is not None else "total not known yet"
    kept = "" if best is None else f"; the best at step {best['step']:,}"
    found.append(("steps", f"{run.steps:,}", f"{of}{kept}", ""))
    found.append(("time", duration_text(run.seconds), _time_left(run) if status == "running?" else _size(run), ""))
    return found


def _beside(result: Result) -> str:
    return "" if result.baseline is None else f"; {result.beat} {result.baseline:.4f}"


def _interval(result: Result) -> str:
    return "" if result.interval is None else f"; 95 % interval {ends_of(result.interval)}"


def _time_left(run: Run) -> str:
    """Return the remaining time in words; a speed that is not measured yet gives none."""
    steps = run.of("step")
    left = steps[-1]["seconds_left"] if steps and run.total_steps is not None else None
    return "measuring the time left" if left is None else f"about {duration_text(left)} left"


def _size(run: Run) -> str:
    return f"{short_count(run.finish['parameters'])} parameters" if run.finish.get("parameters") else ""


def _apart(result: Result) -> str:
    if not result.value or not result.baseline:
        return ""
    if not result.per:
        scale = 100 if max(result.value, result.baseline) <= 1 else 1  # of a share, or of what is in percent already
        return f", {scale * (result.value - result.baseline):+.1f} points".replace("-", "−")
    return f", {abs(result.value / result.baseline - 1):.1%} {'less' if result.value < result.baseline else 'more'}"


def _loss(run: Run) -> str:
    result = run.in_nats
    lines = [
        CurveLine("training part", "seen", points(run.of("step"), "loss"), "smoothed"),
        CurveLine("held-out part", "unseen", points(run.of("evaluation"), "loss"), "marked", result.value),
    ]
    if result.baseline is not None:
        lines.append(CurveLine(result.beat, "baseline", [(0, result.baseline)], "level"))
    if not any(line.points for line in lines[:2]):
        return ""
    chart = Chart("Loss", lines, named=True)
    wide, narrow = draw(chart, *_WIDE), draw(replace(chart, named=False), *_NARROW)
    pictures = html.wide_and_narrow(wide, narrow, ends(chart))
    return html.figure(pictures, f"Loss, {result.called}; lower is better")


def _small_charts(run: Run) -> list[str]:
    steps = run.of("step")
    most = run.config.get("training", {}).get("clip", 0)
    norm = [CurveLine("norm", "other", points(steps, "gradient_norm"))]
    if most and norm[0].points:
        norm.append(CurveLine("clip", "baseline", [(0, most)], "level"))
    charts: list[tuple[str, Chart, list[tuple[str, str]]]] = [
        ("Learning rate", Chart("rate", [CurveLine("rate", "seen", points(steps, "learning_rate"))]), []),
        (
            "Gradient norm",
            Chart("norm", norm, log=True),
            [("baseline", f"clipped above {as_text(most)}")] if most else [],
        ),
        (
            "Share of clipped steps",
            Chart("clipped", [CurveLine("c", "other", points(steps, "clip_rate"))], share=True),
            [],
        ),
        (
            "Update ratio, ‖Δw‖/‖w‖",
            Chart("u", [CurveLine("u", "other", points(steps, "update_ratio"))], log=True),
            [],
        ),
        ("Units per second", Chart("pace", [CurveLine("pace", "seen", points(steps, "units_per_second"))]), []),
        *_probes(run),
    ]
    return [
        html.figure([draw(chart, *_SMALL)], title, colours)
        for title, chart, colours in charts
        if any(len(line.points) > 1 for line in chart.lines)
    ]


def _probes(run: Run) -> list[tuple[str, Chart, list[tuple[str, str]]]]:
    """Return the values of each probe at each validation, a picture per probe."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for each in run.of("evaluation"):
        for probe, values in each.get("probes", {}).items():
            for key, value in values.items():
                if value is not None:
                    found.setdefault(probe, {}).setdefault(key, []).append((each["step"], value))
    charts = []
    for probe, curves in found.items():
        coloured = list(zip(_COLOURS, curves.items(), strict=False))
        lines = [CurveLine(key, colour, values) for colour, (key, values) in coloured]
        charts.append((probe, Chart(probe, lines), [(colour, key) for colour, (key, _) in coloured]))
    return charts


def _notes(run: Run) -> list[tuple[str, str]]:
    found = [(f"The loss was not finite at step {line['step']:,}.", "bad") for line in _broken(run)]
    found += [(line["text"], "") for line in run.of("note")]
    found += [(text, "bad" if any(words in text for words in _WORSE) else "") for text in run.finish.get("notes", ())]
    return list(dict.fromkeys((capitalised(text), kind) for text, kind in found))


def _broken(run: Run) -> list[Mapping[str, Any]]:
    return [line for line in run.of("step") if line["loss"] is None or line["gradient_norm"] is None]


def _validations(run: Run) -> str:
    validations = run.of("evaluation")
    best = run.best
    rows = [
        (each["step"], each["train_loss"], each["loss"], each["weights"], duration_text(each["seconds"]))
        for each in validations
    ]
    marked = None if best is None else validations.index(best)
    made = html.table(("step", "training part", "held-out part", "weights", "time"), rows, marked)
    return html.folded("all validations", made, opened=len(rows) <= _ALWAYS_OPEN)


def _environment(run: Run) -> dict[str, dict[str, Any]]:
    """Return names and digests of the data, and facts of the machine."""
    facts = run.facts
    data = {
        "files": [Path(path).name for path in facts.get("data", ())] or None,
        "read as": None if run.taken is None else run.taken.message(),
        "SHA-256": facts["data_sha256"][:16] + "…" if facts.get("data_sha256") else None,
        "model": Path(facts["output"]).name if facts.get("output") else None,
    }
    machine = {key.replace("_", " "): value for key, value in facts.get("machine", {}).items()}
    results = {
        key.replace("_", " "): value
        for key, value in run.finish.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return {
        "Report": results,
        "Data": {key: value for key, value in data.items() if value is not None},
        "Machine": machine,
    }
