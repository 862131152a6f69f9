"""``anaphora demo fill``: gaps in Python's own documentation, filled from both sides and from the past alone.

text → train → score beside counts of neighbours → gaps of a text never seen
"""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.demo import documentation
from anaphora.commands.run import answer_lines
from anaphora.commands.train import import_torch_side
from anaphora.formatting import clock
from anaphora.report.observers import beside
from anaphora.report.terminal import show
from anaphora.training.distributed import launch

SETTINGS = [
    "--steps", "32", "--learning-rate", "0.008", "--evaluations", "6", "--evaluation-units", "4000",
    "--embedding", "96", "--hidden", "128", "--embedding-dropout", "0.2", "--output-dropout", "0.4",
]  # fmt: skip
GAPS = ("If the class has no such method, the ___ of the object is used instead.", "an ___ is raised when")


def make() -> Any:
    """Return the command."""
    return parser.command(demo, "fill")


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
    ] = "demo-fill.anaphora",
    minutes: Annotated[float, typer.Option(metavar="X", min=0.1, help="Time to train and score.")] = 1.0,
) -> None:
    """Train a small network to fill gaps in Python's own documentation, and see what the other side is worth.

    No downloads. Leaves the model, the text, and a folder with the records of the run.
    """
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.files import atomic
    from anaphora.runs.folder import check_output
    from anaphora.runtime import load
    from anaphora.tasks import registry
    from anaphora.tasks.fill.settings import PRESETS, FillConfig
    from anaphora.tasks.fill.task import Answers, read

    check_output(Path(output))
    run = import_torch_side("anaphora demo fill")
    data = Path(output).with_suffix(".txt")
    atomic.write(data, [documentation().encode()])
    config = resolve(FillConfig, PRESETS, preset="small", options=[*SETTINGS, "--minutes", str(minutes)])
    print(f"Text: Python's own documentation (pydoc_data.topics) in {data}; the last tenth is held out.")
    print(f"Training; with scoring and all it takes about {clock(60 * minutes)}.\n", flush=True)
    with show("gaps") as watch:
        work = registry.model("fill").Work(config, read(config, [str(data)]))
        report = run.train(work, output, data=[str(data)], watch=watch, beside=beside(work), started=started)
    print("\n".join(report.lines()))
    answers = Answers(load(report.model), False, one_sided=True)
    for gap in GAPS:
        print(f"\n{gap}\n")
        answer_lines(answers, [gap])
    model = shlex.quote(str(report.model))
    print("\nTry next:")
    for line in (
        f'anaphora run {model} "the ___ of a function" --one-sided',
        f"echo 'a ___ of the ___' | anaphora run {model} --top 3 --json",
        "anaphora train fill YOUR_TEXT.txt --minutes 10",
    ):
        print(f"  {line}")
