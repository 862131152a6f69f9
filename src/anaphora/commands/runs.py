"""``anaphora runs``: the runs under a folder, one of them in words and as a page, several beside each other."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import UsageError, closest

if TYPE_CHECKING:
    from anaphora.runs.record import Run

COMMANDS = {
    "list": ("anaphora.commands.runs:make_list", "What `anaphora runs FOLDER...` does: list the runs under folders."),
    "show": ("anaphora.commands.runs:make_show", "One run: how it went, and with --html its page drawn again."),
    "compare": (
        "anaphora.commands.runs:make_compare",
        "Runs beside each other: results, differing settings, curves.",
    ),
}
_HELP = (
    "List the runs under folders (without one: the current folder), each with its best look at the held-out part and "
    "the baseline beside it."
)


def make() -> Any:
    """Return the group."""
    return parser.group(COMMANDS, "runs", _HELP, usual="list")


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
    folders: Annotated[list[str] | None, typer.Argument(metavar="[FOLDER...]", help="Where to look.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per run, a line each.")] = False,
) -> None:
    """List the runs in and under folders, the oldest first.

    `running?` is a run that has written to its records lately, `stopped` one that went silent without an end.
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
        print(f"note: {error}", file=sys.stderr)


def show_run(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's folder.")],
    page: Annotated[bool, typer.Option("--html", help="Draw its report.html again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Say how a run went, from its folder alone."""
    from anaphora.runs import record

    opened = record.read(run)
    facts = _facts(opened, time.time())
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join(_in_words(opened, facts)))
    if page:
        from anaphora.report import page as report

        print(f"page      {report.write(Path(run))}", file=sys.stderr if as_json else sys.stdout)


def compare_runs(
    folders: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="The runs' folders.")],
    page: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page of it.")] = None,
    picture: Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Write the curves as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Set runs beside each other: what came out, and the settings in which they differ."""
    from anaphora.files import atomic
    from anaphora.formatting import columns, said
    from anaphora.runs import record

    if len(folders) < 2:
        raise UsageError("Comparing takes at least two runs. `anaphora runs` lists what there is.")
    opened, now = [record.read(folder) for folder in folders], time.time()
    different = record.differences(opened)
    if as_json:
        settings = dict(different)
        print(json.dumps({"runs": [_facts(run, now) for run in opened], "settings": settings}, ensure_ascii=False))
    else:
        from anaphora.report.compare import names, results

        head, right = ["", *names(opened)], range(1, len(opened) + 1)
        rows = [[what, *values] for what, values in results(opened, now)]
        split = [""] * len(head)
        told = [[name, *map(said, values)] for name, values in different] or [["no setting differs", *split[1:]]]
        print("\n".join(columns(head, [*rows, split, *told], right)))
    if page or picture:
        from anaphora.report import compare

        for place, made in ((page, compare.page), (picture, lambda these, _: compare.picture(these))):
            if place:
                atomic.write(place, [made(opened, now).encode()])
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
        "best_look": None if best is None else best["loss"],
        "best_step": None if best is None else best["step"],
        "results": [asdict(result) for result in run.results],
    }


def _table(facts: Sequence[dict[str, Any]]) -> list[str]:
    from anaphora.formatting import clock, columns

    head = ["run", "task", "status", "started", "time", "steps", "best look", "held out", "baseline", "in"]
    rows = []
    for each in facts:
        result = each["results"][0] if each["results"] else {"name": "", "value": None, "baseline": None}
        total = each["total_steps"]
        going = total is not None and total != each["steps"]
        rows.append(
            [
                each["run"], each["task"], each["status"], each["started"][:16].replace("T", " "),
                clock(each["seconds"]), f"{each['steps']:,}{f'/{total:,}' if going else ''}",
                *(_number(number) for number in (each["best_look"], result["value"], result["baseline"])),
                result["name"],
            ]
        )  # fmt: skip
    return columns(head, rows, right=range(4, 9))


def _in_words(run: Run, facts: dict[str, Any]) -> list[str]:
    from anaphora.formatting import clock
    from anaphora.report.terminal_chart import chart

    looks = [(look["step"], look["loss"]) for look in run.of("evaluation") if look["loss"] is not None]
    lines = [f"{facts['run']}: {facts['task']}, {facts['status']} after {facts['steps']:,} steps, {clock(run.seconds)}"]
    if len(looks) > 1:
        nats = run.in_nats
        beside = f"; dots: {nats.beat}" if nats.baseline is not None else ""
        lines += ["", f"Held-out loss, {nats.called}{beside}", *chart(looks, nats.baseline), ""]
    if run.best is not None:
        lines.append(f"best look {run.best['loss']:.4f} nats after step {run.best['step']:,}")
    for result in run.results:
        beside = "" if result.baseline is None else f"; {result.beat} {result.baseline:.4f}"
        lines.append(f"held out  {_number(result.value)} {result.called}{beside}")
    lines += [f"note: {line['text']}" for line in run.of("note")]
    return lines + [f"note: {text}" for text in run.finish.get("notes", ())]


def _number(value: float | str | None) -> str:
    return "–" if value is None else f"{value:.4f}"
