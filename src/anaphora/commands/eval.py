"""``anaphora eval``: how good a model is on data, in the measures of its task; no torch."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import UsageError

if TYPE_CHECKING:
    from anaphora.runtime import Model

_FLOOR = "The training text: counts what a text's score is compared with on it. May be given more than once."
_PIECES = "Score in at most so many pieces side by side, each with a warm start; 1 reads the text in one go."
_MOST = "Score at most so many units of a text, evenly spread over it."
_BEAM = "For a translator: decode with a beam of N instead of greedily."
_PENALTY = "For a translator's beam: rank by Σ ln p / length^A."
_COVERAGE = "For a translator's beam: how much it costs to leave a part of the source unlooked at."


def make() -> Any:
    """Return the command."""
    return parser.command(evaluate, "eval")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    texts: Annotated[
        list[str], typer.Argument(metavar="DATA...", help="Text files, or data as for training.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="How the files' bytes are characters.")] = "utf-8",
    floor_from: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=_FLOOR, show_default=False)] = None,
    pieces: Annotated[int, typer.Option(metavar="N", min=1, help=_PIECES)] = 64,
    most: Annotated[int, typer.Option(metavar="N", min=1, help=_MOST)] = 2_000_000,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help=_BEAM)] = 1,
    length_penalty: Annotated[float, typer.Option(metavar="A", min=0, help=_PENALTY)] = 1.0,
    coverage: Annotated[float, typer.Option(metavar="B", min=0, help=_COVERAGE)] = 0.0,
) -> None:
    """Score a model on data, in the measures of its task.

    A language model is scored by nats and bits per unit and perplexity; several files are one text, and '-' is standard
    input. Beside it stands the score of an n-gram model, floor_nats, where it is known: on the very text that was held
    out in training, or with --floor-from. Needs no torch.
    """
    from anaphora.runtime import load
    from anaphora.tasks import registry

    opened = load(model)
    task = opened.config["task"]
    if task not in registry.TASKS or task == "language":
        _text(opened, texts, as_json, encoding, floor_from, pieces, most)
        return
    if floor_from and task != "fill":
        raise UsageError(f"--floor-from counts n-grams of a text; this model was trained to {task}.")
    scored = registry.task(task)
    how: dict[str, Any] = {"beam": beam, "length_penalty": length_penalty, "coverage": coverage}
    if task == "translate":
        found = scored.evaluate(opened, texts, encoding, scored.How(**how))
    elif beam > 1:
        raise UsageError(f"--beam decodes text; this model was trained to {task}.")
    elif task == "fill":
        found = scored.evaluate(opened, texts, encoding, floor_from)
    else:
        found = scored.evaluate(opened, texts, encoding)
    print(json.dumps(_finite(found.as_json()), ensure_ascii=False) if as_json else "\n".join(found.lines()))


def _text(
    opened: Model,
    texts: list[str],
    as_json: bool,
    encoding: str,
    floor_from: list[str] | None,
    pieces: int,
    most: int,
) -> None:
    from anaphora.data.files.text import open_texts
    from anaphora.tasks.language.scoring import evaluate as scored
    from anaphora.tasks.language.settings import PLURAL
    from anaphora.tasks.language.writing import Writer

    writer = Writer(opened)
    training_text = open_texts(floor_from, encoding) if floor_from else None
    score = scored(writer, open_texts(texts, encoding), training_text, pieces, most)
    if as_json:
        print(json.dumps(_finite(dataclasses.asdict(score)), ensure_ascii=False, allow_nan=False))
        return
    unknown = f", {score.unknown_units:,} of them unknown to the model" if score.unknown_units else ""
    part = "" if score.units == score.text_units else f" of {score.text_units:,}, evenly spread,"
    print(f"{score.units:,}{part} {PLURAL[score.unit]} scored{unknown}; per {score.unit}:")
    print(
        f"  network  {score.nats_per_unit:.4f} nats  {score.bits_per_unit:.4f} bits  perplexity {score.perplexity:,.2f}"
    )
    if score.floor_nats is None:
        print(f"  n-gram   not known: {score.floor_note}")
    else:
        print(f"  n-gram   {score.floor_nats:.4f} nats  ({score.floor_note})")
        if score.nats_per_unit > score.floor_nats:
            print("The network loses to the n-gram model on this text.")


def _finite(value: Any) -> Any:
    """The same for JSON, which has no number that is not finite: null."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
