"""``anaphora eval``: how surprising a text is to a model, beside an n-gram model where one is known; no torch."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Annotated, Any

import typer

from anaphora.commands import parser

_FLOOR = "The training text: counts the n-gram model to compare with on it. May be given more than once."
_PIECES = "Score in at most so many pieces side by side, each with a warm start; 1 reads the text in one go."


def make() -> Any:
    """Return the command."""
    return parser.command(evaluate, "eval")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="Text files; '-' is standard input.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="How the files' bytes are characters.")] = "utf-8",
    floor_from: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=_FLOOR, show_default=False)] = None,
    pieces: Annotated[int, typer.Option(metavar="N", min=1, help=_PIECES)] = 64,
) -> None:
    """Score a text: nats and bits per unit, and perplexity. Several files are scored as one text.

    Beside it stands the score of an n-gram model, floor_nats, where it is known: on the very text that was held out in
    training, or with --floor-from. Needs no torch.
    """
    from anaphora.data.text import read_texts
    from anaphora.tasks.language.scoring import evaluate as scored
    from anaphora.tasks.language.settings import PLURAL
    from anaphora.tasks.language.writing import Writer

    writer = Writer.open(model)
    text = "".join(read_texts(texts, encoding))
    training_text = "".join(read_texts(floor_from, encoding)) if floor_from else None
    score = scored(writer, text, training_text, pieces)
    if as_json:
        facts = {name: _plain(value) for name, value in dataclasses.asdict(score).items()}
        print(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        return
    unknown = f", {score.unknown_units:,} of them unknown to the model" if score.unknown_units else ""
    print(f"{score.units:,} {PLURAL[score.unit]} scored{unknown}; per {score.unit}:")
    print(
        f"  network  {score.nats_per_unit:.4f} nats  {score.bits_per_unit:.4f} bits  perplexity {score.perplexity:,.2f}"
    )
    if score.floor_nats is None:
        print(f"  n-gram   not known: {score.floor_note}")
    else:
        print(f"  n-gram   {score.floor_nats:.4f} nats  ({score.floor_note})")
        if score.nats_per_unit > score.floor_nats:
            print("The network loses to the n-gram model on this text.")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
