"""``anaphora demo translate``: dates as people write them, turned into ISO 8601; the whole way in a minute.

pairs → train → decode what was held out → dates never seen, and where the network looked
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

PAIRS = 4_000
SETTINGS = [
    "--embedding", "32", "--hidden", "64", "--embedding-dropout", "0", "--dropout", "0", "--output-dropout", "0",
    "--learning-rate", "0.01", "--epochs", "8", "--evaluations", "8",
]  # fmt: skip
OTHERS = ("the twenty-ninth of February, 2000", "July 4, 1876", "9 Nov 1989", "Monday, 20.7.2099")


def make() -> Any:
    """Return the command."""
    return parser.command(demo, "translate")


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
    ] = "demo-translate.anaphora",
    minutes: Annotated[float, typer.Option(metavar="X", min=0.1, help="Most time to train and score.")] = 1.0,
) -> None:
    """Train a small network to write dates in one form, whatever form they came in, and look at where it looks.

    No downloads. Leaves the model, the pairs it was trained on, a page of pictures, and a folder with the records.
    """
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.files import atomic
    from anaphora.report.attention import Gallery
    from anaphora.runs.folder import check_output
    from anaphora.tasks import registry
    from anaphora.tasks.translate.dates import pairs
    from anaphora.tasks.translate.settings import PRESETS, TranslateConfig
    from anaphora.tasks.translate.translator import Translator

    check_output(Path(output))
    run = import_torch_side("anaphora demo translate")
    data, page = Path(output).with_suffix(".tsv"), Path(output).with_suffix(".html")
    atomic.write(data, ["".join(f"{line}\n" for line in ("source\ttarget", *map("\t".join, pairs(PAIRS)))).encode()])
    config = resolve(TranslateConfig, PRESETS, preset="small", options=[*SETTINGS, "--minutes", str(minutes)])
    print(f"Data: {PAIRS:,} dates in four forms, and as ISO 8601 has them, in {data}; one in twenty is held out.\n")
    with show("characters") as watch:
        work = registry.model("translate").Work(config, registry.task("translate").read(config, [str(data)]))
        report = run.train(work, output, data=[str(data)], watch=watch, beside=beside(work), started=started)
    print("\n".join(report.lines()))
    translator, gallery = Translator.open(report.model), Gallery(page)
    print("\nWhat it makes of others:\n")
    for source, (found,) in zip(OTHERS, translator.translate(OTHERS), strict=True):
        print(f"  {source:<36}  {found.text}")
        gallery.add(translator.attention(source, found.symbols))
    gallery.write()
    model, name = shlex.quote(str(report.model)), shlex.quote(str(data))
    print(f"\nwhere it looked  {page}\n\nTry next:")
    for line in (
        f"echo 'the first of May, 1886' | anaphora run {model} --beam 5 --n-best 3",
        f"anaphora eval {model} {name}",
        "anaphora train translate YOUR.de YOUR.en --minutes 60",
    ):
        print(f"  {line}")
