"""``anaphora demo classify``: verdicts of short reviews that a small grammar makes; the whole way in a minute.

reviews → train → score beside a logistic regression on words and pairs of words → reviews never seen
"""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.train import import_torch_side
from anaphora.report.observers import beside
from anaphora.report.terminal import show
from anaphora.training.distributed import launch

REVIEWS = 4_000
SETTINGS = [
    "--valid", "0.25", "--epochs", "6", "--evaluations", "6", "--batch", "32", "--learning-rate", "0.01",
    "--unknown", "0", "--embedding-dropout", "0", "--output-dropout", "0.1",
]  # fmt: skip
OTHERS = (
    "the soup was good , but the bill was not all that fair",
    "although the bill was not all that fair , the soup was good",
    "the film was not bad",
)


def make() -> Any:
    """Return the command."""
    return parser.command(demo, "classify")


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
    ] = "demo-classify.anaphora",
    minutes: Annotated[float, typer.Option(metavar="X", min=0.1, help="Most time to train and score.")] = 1.0,
) -> None:
    """Train a small classifier on made-up reviews whose verdict hangs on the order of their words.

    No downloads. Leaves the model, the reviews it was trained on, and a folder with the records of the run.
    """
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.files import atomic
    from anaphora.runs.folder import check_output
    from anaphora.tasks import registry
    from anaphora.tasks.classify.classifier import Classifier
    from anaphora.tasks.classify.grammar import reviews
    from anaphora.tasks.classify.settings import PRESETS, ClassifyConfig

    check_output(Path(output))
    run = import_torch_side("anaphora demo classify")
    data = Path(output).with_suffix(".jsonl")
    rows = [json.dumps({"text": text, "label": verdict}) + "\n" for text, verdict in reviews(REVIEWS)]
    atomic.write(data, ["".join(rows).encode()])
    config = resolve(ClassifyConfig, PRESETS, preset="small", options=[*SETTINGS, "--minutes", str(minutes)])
    print(f"Data: {REVIEWS:,} reviews of a small grammar in {data}; a quarter is held out.\n", flush=True)
    with show("rows") as watch:
        work = registry.model("classify").Work(config, registry.task("classify").read(config, [str(data)]))
        report = run.train(work, output, data=[str(data)], watch=watch, beside=beside(work), started=started)
    print("\n".join(report.lines()))
    print("\nWhat it says of others; the first two hold the same words:\n")
    for text, guess in zip(OTHERS, Classifier.open(report.model).predict(OTHERS), strict=True):
        print(f"  {guess.labels[0]:<9} {guess.probabilities[0]:.3f}  {text}")
    model, name = shlex.quote(str(report.model)), shlex.quote(str(data))
    print("\nTry next:")
    for line in (
        f"echo 'the plot was weak , even if the ending was great' | anaphora run {model}",
        f"anaphora eval {model} {name}",
        "anaphora train classify YOUR_DATA.csv --minutes 10",
    ):
        print(f"  {line}")
