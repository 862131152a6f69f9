"""``anaphora runs``: list the runs under a folder, show one run, compare several."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.options import check_force, say
from anaphora.errors import UsageError, closest
from anaphora.formatting import message_ended

if TYPE_CHECKING:
    from anaphora.runs.record import Run

COMMANDS = {
    "list": ("anaphora.commands.runs:make_list", "List the runs under folders; same as `anaphora runs FOLDER...`."),
    "show": ("anaphora.commands.runs:make_show", "Show one run; --html writes its report page again."),
    "compare": (
        "anaphora.commands.runs:make_compare",
        "Compare runs: results, config differences, loss curves.",
    ),
}
_FORCE = "Replace an existing file of another kind, but never an input."
_HELP = (
    "List the runs under folders (by default the current folder), each with its best validation loss, its held-out "
    "score and the baseline's score."
)
_BEST = "best validation loss"
_LEAVING = ("time", "steps", "started", _BEST, "task"), ("baseline", "status", "metric", "held out")
"""Columns of the list in the order in which they leave a terminal that is too narrow, before and after the run's name
is shortened.
"""
_CHART, _SCALE = 60, 9  # characters of the loss curve and of its scale
_NO_RESULT: dict[str, Any] = {"name": "", "value": None, "baseline": None}


def make() -> Any:
    """Return the group."""
    return parser.group(COMMANDS, "runs", _HELP, usual="list", usual_takes_words=True)


def make_list() -> Any:
    """Return ``runs list``."""
    return parser.command(list_runs, "list")


def make_show() -> Any:
    """Return ``runs show``."""
    return parser.command(show_run, "show")


def make_compare() -> Any:
    """Return ``runs compare``."""
    return parser.command(compare_runs, "compare")


def list_runs(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDER...]", help="Folders to search for runs.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per run, one per line.")] = False,
) -> None:
    """List the runs in and under folders, the oldest first.

    The status `running?` means that the log was written lately; `stopped` means that the log has no end.
    """
    from anaphora.runs import record

    now = time.time()
    for folder in folders or []:
        meant = None if Path(folder).exists() else closest(folder, COMMANDS)
        if meant:
            raise UsageError(f"There is no folder '{folder}'. Did you mean `anaphora runs {meant}`?")
    found, damaged = record.find(folders or ["."])
    facts = [_facts(run, now) for run in found]
    if as_json:
        for each in facts:
            print(json.dumps(each, ensure_ascii=False))
    elif found:
        print("\n".join(_table(facts)))
    else:
        print(f"No run under {', '.join(folders or ['.'])}: `anaphora train` makes one beside its model.")
    for error in damaged:
        print(f"note: {message_ended(str(error))}", file=sys.stderr)


def show_run(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder.")],
    page: Annotated[bool, typer.Option("--html", help="Write its report.html again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Annotated[bool, typer.Option("--force", help=_FORCE)] = False,
) -> None:
    """Show the results of a run, from its folder alone."""
    from anaphora.runs import record

    check_force(force, {"--html": "" if page else None})
    opened = record.read(run)
    facts = _facts(opened, time.time())
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join(_in_words(opened, facts)))
    if page:
        from anaphora.report import page as report

        print(f"page      {report.write(Path(run), force=force)}", file=sys.stderr if as_json else sys.stdout)


def compare_runs(
    folders: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Run folders.")],
    page: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write the comparison as a page.")] = None,
    picture: Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Write the loss curves (SVG).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Annotated[bool, typer.Option("--force", help=_FORCE)] = False,
) -> None:
    """Compare runs: results, and the fields in which their configs differ."""
    from anaphora.files import outputs, sealed
    from anaphora.formatting import as_text
    from anaphora.runs import record

    if len(folders) < 2:
        raise UsageError("compare needs at least two runs. `anaphora runs` lists the runs of this folder.")
    check_force(force, {"--html": page, "--svg": picture})
    named = (("--html", page, sealed.PAGE), ("--svg", picture, sealed.PICTURE))
    places = [outputs.Output(flag, place, kind) for flag, place, kind in named if place is not None]
    replaced = outputs.check(places, folders, force=force)
    opened, now = [record.read(folder) for folder in folders], time.time()
    say(replaced)
    different = record.differences(opened)
    if as_json:
        settings = dict(different)
        print(json.dumps({"runs": [_facts(run, now) for run in opened], "settings": settings}, ensure_ascii=False))
    else:
        from anaphora.report.compare import names, results
        from anaphora.report.narrow_table import in_blocks, terminal_width

        head = ["", *names(opened)]
        rows = [[what, *values] for what, values in results(opened, now)]
        split = [""] * len(head)
        unequal = [[name, *map(as_text, values)] for name, values in different] or [
            ["all fields are equal", *split[1:]]
        ]
        print("\n".join(in_blocks(head, [*rows, split, *unequal], terminal_width())))
    if places:
        from anaphora.report import compare

        for place, made in ((page, compare.page), (picture, lambda these, _: compare.picture(these))):
            if place is not None:
                sealed.write(place, made(opened, now))
                print(place, file=sys.stderr if as_json else sys.stdout)


def _facts(run: Run, now: float) -> dict[str, Any]:
    best = run.best
    return {
        "run": str(run.folder),
        "task": run.task,
        "status": run.status(now),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started)),
        "steps": run.steps,
        "total_steps": run.total_steps,
        "seconds": run.seconds,
        "best_validation_loss": None if best is None else best["loss"],
        "best_step": None if best is None else best["step"],
        "results": [{**asdict(result), "verdict": result.verdict} for result in run.results],
        "test": None if run.test is None else run.test.card(),
        "folds": None if run.folds is None else run.folds.card(),
    }


def _table(facts: Sequence[dict[str, Any]]) -> list[str]:
    from anaphora.formatting import duration_text
    from anaphora.report.narrow_table import Column, fitted, terminal_width

    first = [each["results"][0] if each["results"] else _NO_RESULT for each in facts]

    def column(name: str, cells: Iterable[str], right: bool = False, short: str = "") -> Column:
        return Column(name, tuple(cells), right, short)

    table = [
        column("run", (each["run"] for each in facts)),
        column("task", (each["task"] for each in facts)),
        column("status", (each["status"] for each in facts)),
        column("started", (each["started"][:16].replace("T", " ") for each in facts)),
        column("time", (duration_text(each["seconds"]) for each in facts), right=True),
        column("steps", map(_steps, facts), right=True),
        column(_BEST, (_number(each["best_validation_loss"]) for each in facts), right=True, short="best loss"),
        column("held out", (_number(result["value"]) for result in first), right=True),
        column("baseline", (_number(result["baseline"]) for result in first), right=True),
        column("metric", (result["name"] for result in first)),
    ]
    return fitted(table, terminal_width(), *_LEAVING, "A wider terminal shows them, and --json.")


def _steps(each: Mapping[str, Any]) -> str:
    total = each["total_steps"]
    going = total is not None and total != each["steps"]
    return f"{each['steps']:,}{f'/{total:,}' if going else ''}"


def _in_words(run: Run, facts: dict[str, Any]) -> list[str]:
    from anaphora.formatting import counted, duration_text
    from anaphora.report.terminal_chart import chart
    from anaphora.runs.verdict import ends

    validations = [(each["step"], each["loss"]) for each in run.of("evaluation") if each["loss"] is not None]
    lines = [
        f"{facts['run']}: {facts['task']}, {facts['status']} after {counted(facts['steps'], 'step')},"
        f" {duration_text(run.seconds)}"
    ]
    if run.taken is not None:
        lines.append(f"data      {run.taken.where}: {run.taken.message()}")
    if len(validations) > 1:
        nats = run.in_nats
        beside = f"; dots: {nats.beat}" if nats.baseline is not None else ""
        lines += ["", f"Validation loss, {nats.called}{beside}", *chart(validations, nats.baseline, _chart_width()), ""]
    if run.best is not None:
        lines.append(f"best validation loss {run.best['loss']:.4f} nats, after step {run.best['step']:,}")
    for result in run.results:
        interval = "" if result.interval is None else f", 95 % interval {ends(result.interval)}"
        beside = "" if result.baseline is None else f"; {result.beat} {result.baseline:.4f}"
        lines.append(f"held out  {_number(result.value)} {result.called}{interval}{beside}")
    lines += [each.line() for each in (run.test, run.folds) if each is not None]
    lines += [f"note: {line['text']}" for line in run.of("note")]
    return lines + [f"note: {text}" for text in run.finish.get("notes", ())]


def _chart_width() -> int:
    """Return the characters of the loss curve, beside its scale."""
    from anaphora.report.narrow_table import terminal_width

    width = terminal_width()
    return _CHART if width is None else max(1, min(_CHART, width - _SCALE))


def _number(value: float | str | None) -> str:
    return "–" if value is None else f"{value:.4f}"
