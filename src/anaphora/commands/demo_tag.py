"""``anaphora demo tag``: names and dates found in sentences that a small grammar makes; the whole way in a minute.

sentences → train → score beside each word's most frequent tag → tags of sentences never seen
"""

from __future__ import annotations

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

SENTENCES = 2_000
SETTINGS = ["--valid", "0.2", "--epochs", "6", "--evaluations", "6", "--learning-rate", "0.01", "--batch", "16"]
SEED = 7  # of sentences that are only shown


def make() -> Any:
    """Return the command."""
    return parser.command(demo, "tag")


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
    ] = "demo-tag.anaphora",
    minutes: Annotated[float, typer.Option(metavar="X", min=0.1, help="Most time to train and score.")] = 1.0,
) -> None:
    """Train a small tagger on made-up sentences about people, places and dates, and look at what it finds in others.

    No downloads. Leaves the model, the sentences it was trained on, and a folder with the records of the run.
    """
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.files import atomic
    from anaphora.runs.folder import check_output
    from anaphora.tasks import registry
    from anaphora.tasks.tag.grammar import columns, sentences
    from anaphora.tasks.tag.settings import PRESETS, TagConfig
    from anaphora.tasks.tag.tagger import Tagger

    check_output(Path(output))
    run = import_torch_side("anaphora demo tag")
    data = Path(output).with_suffix(".conll")
    atomic.write(data, [columns(sentences(SENTENCES)).encode()])
    config = resolve(TagConfig, PRESETS, preset="small", options=[*SETTINGS, "--minutes", str(minutes)])
    print(f"Data: {SENTENCES:,} sentences of a small grammar in {data}; a fifth is held out.\n", flush=True)
    with show("words") as watch:
        work = registry.model("tag").Work(config, registry.task("tag").read(config, [str(data)]))
        report = run.train(work, output, data=[str(data)], watch=watch, beside=beside(work), started=started)
    print("\n".join(report.lines()))
    others = [words for words, _ in sentences(6, SEED)]
    print("\nWhat it finds in sentences never seen, with the probability that all of a sentence's tags are right:\n")
    for words, found in zip(others, Tagger.open(report.model).tag(others), strict=True):
        marked = [word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, found[0].tags, strict=True)]
        print(f"  {found[0].probability:.3f}  {' '.join(marked)}")
    model, name = shlex.quote(str(report.model)), shlex.quote(str(data))
    print("\nTry next:")
    for line in (
        f"echo 'Berta said that town was lovely .' | anaphora run {model} --top 2",
        f"anaphora eval {model} {name}",
        "anaphora train tag YOUR_DATA.conll --minutes 10",
    ):
        print(f"  {line}")
