"""``anaphora demo``: the whole way in about a minute, on text that every Python brings along.

    text → train → score beside the n-gram model → sample → what comes next → picture

The text is CPython's own language reference as ``pydoc`` carries it: topics in an order that depends on their names
alone, each paragraph once (topics quote each other, and a held-out copy of a training paragraph would flatter
everyone).
"""

from __future__ import annotations

import hashlib
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.run import show_next, stream
from anaphora.commands.train import import_torch_side
from anaphora.formatting import clock
from anaphora.report.observers import beside
from anaphora.report.terminal import show
from anaphora.report.terminal_chart import chart
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.tasks.language.task import Report

SETTINGS = [
    "--cell", "lstm", "--hidden", "320", "--layers", "1", "--embedding", "32", "--learning-rate", "0.01",
    "--embedding-dropout", "0.1", "--output-dropout", "0.2", "--batch", "16", "--steps", "64", "--evaluations", "12",
    "--evaluation-units", "40000",
]  # fmt: skip
PROMPT = "The following "
SAMPLE = 320  # characters
SEED = 3


DEMOS = {
    "language": ("anaphora.commands.demo:language", "Text that comes with Python: what follows what."),
    "classify": ("anaphora.commands.demo_classify:make", "Reviews of a small grammar, whose verdict hangs on order."),
    "fill": ("anaphora.commands.demo_fill:make", "Gaps in the same text, filled from both sides and from one."),
    "tag": ("anaphora.commands.demo_tag:make", "Sentences of a small grammar: people, places and dates in them."),
    "translate": ("anaphora.commands.demo_translate:make", "Dates as people write them, turned into ISO 8601."),
}


def make() -> Any:
    """Return the group of all demos."""
    text = (
        "Train a small model in about a minute, and see what happens; without a name, on text that comes with Python."
    )
    return parser.group(DEMOS, "demo", text, usual="language")


def language() -> Any:
    """Return the command."""
    return parser.command(demo, "language")


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
    ] = "demo.anaphora",
    minutes: Annotated[float, typer.Option(metavar="X", min=0.1, help="Time to train and score.")] = 1.0,
) -> None:
    """Train a small language model on Python's own documentation, and look at what it learnt.

    No downloads. Leaves the model, and beside it a folder with the records and the picture of the run.
    """
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.runs.folder import check_output
    from anaphora.tasks import registry
    from anaphora.tasks.language.settings import PRESETS, LanguageConfig
    from anaphora.tasks.language.task import split

    check_output(Path(output))
    run = import_torch_side("anaphora demo")
    options = [*SETTINGS, "--minutes", str(minutes)]
    config = resolve(LanguageConfig, PRESETS, preset="small", options=options)
    text = documentation()
    print(
        f"Text: Python's own documentation (pydoc_data.topics), {len(text):,} characters; the last tenth is held out."
    )
    print(f"Training; with scoring and all it takes about {clock(60 * minutes)}.\n", flush=True)
    with show("characters") as watch:
        work = registry.model("language").Work(config, split(config, text, "pydoc_data.topics"))
        report = run.train(work, output, watch=watch, beside=beside(work), started=started)
    _show(report)


def documentation() -> str:
    """Return the text: every paragraph of every topic once, topics in the order of the SHA-256 of their names."""
    from pydoc_data.topics import topics

    seen: set[str] = set()
    kept = []
    for name in sorted(topics, key=lambda name: hashlib.sha256(name.encode()).digest()):
        for paragraph in topics[name].split("\n\n"):
            words = " ".join(paragraph.split())
            if words and words not in seen:
                seen.add(words)
                kept.append(paragraph.strip("\n"))
    return "\n\n".join(kept) + "\n"


def _show(report: Report) -> None:
    import numpy as np

    from anaphora.report.loss_plot import draw_curve, read_curve, save
    from anaphora.tasks.language.writing import Writer

    curve = read_curve(report.run_dir / "metrics.jsonl")
    print("\nHeld-out loss, nats per character, falling while it reads; dots: the n-gram model")
    print("\n".join(chart(curve.held_out, report.floor_nats)))
    print()
    print("\n".join(report.lines()))
    writer = Writer.open(report.model)
    prompt = writer.read(PROMPT)
    print(f"\nIt goes on from {PROMPT!r}:\n")
    stream(writer, prompt, SAMPLE, np.random.default_rng(SEED), temperature=0.6)
    print(f"\nWhat it expects after {PROMPT!r}:\n")
    show_next(writer, prompt, 5)

    facts = f"{report.parameters:,} parameters, {clock(report.seconds)} from start to score; lower is better"
    figure = draw_curve(curve, "An LSTM learns Python's documentation", facts)
    pictures = [report.run_dir / f"curve.{ending}" for ending in ("svg", "png")]
    for picture in pictures:
        save(figure, picture)
    model = shlex.quote(str(report.model))
    print(f"\npicture  {pictures[0]} and {pictures[1].name}\n\nTry next:")
    for line in (
        f'anaphora run {model} --prompt "If the object "',
        f'anaphora run {model} --prompt "def " --temperature 0.4 --seed 1',
        f'anaphora run {model} --prompt "a list of " --next 5',
        f"anaphora verify {model}",
        "anaphora train language YOUR_TEXT.txt --minutes 15",
    ):
        print(f"  {line}")
