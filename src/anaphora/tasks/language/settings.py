"""Everything one may set for a language model, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section, Values
from anaphora.config.network import Count, Layers, Rows, Share, Width, option
from anaphora.config.search_space import Choice, Range, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import DRAWING, FLOOR_FROM

Units = Literal["char", "byte", "word", "subword"]


HELD_OUT = 0.1
SCORED = 2_000_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread
PLURAL = {"char": "characters", "byte": "bytes", "word": "words", "subword": "subwords"}


class Data(Section):
    """What is read."""

    units: Units = option("char", "what the text is cut into")
    vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols; not set: all characters, 10,000 words, 4,000 subwords, 256 bytes"
    )
    valid: float | str = option(HELD_OUT, "held-out part: a file, or the share of the text's end")
    encoding: str = option("utf-8", "how the files' bytes are characters")


class Network(Section):
    """What is trained: embedding, recurrent layers, output."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "kind of recurrent layer")
    embedding: Width = option(64, "width of a symbol's vector")
    hidden: Width = option(768, "units per layer (H)")
    layers: Layers = option(1, "recurrent layers, one on top of the other")
    tied: bool = option(False, "the output reuses the embedding's weights, behind a linear layer if H differs")
    embedding_dropout: Share = option(0.15, "share of embedded entries that is dropped")
    dropout: Share = option(0.4, "share of entries between layers that is dropped")
    output_dropout: Share = option(0.4, "share of the last layer that is dropped")


class Training(config.Training):
    """How it is trained: on windows of T steps, B rows side by side."""

    batch: Rows = option(32, "rows read at once (B)")
    steps: Rows = option(64, "steps per window: how far back a gradient reaches (T)")
    evaluation_units: Count = option(
        20_000, "most units per look, spread over the held-out part; the last score uses up to 2,000,000"
    )


class LanguageConfig(Config):
    """Everything one may set for a language model."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


def _preset(hidden: int, layers: int, dropout: float, embedding: int, **training: Any) -> Preset:
    """Characters and bytes have few symbols and an output of their own; words and subwords share one table, H wide."""

    def preset(wished: Values) -> Mapping[str, Mapping[str, Any]]:
        small = wished.get("data", {}).get("units", "char") in ("char", "byte")
        network = {
            "embedding": embedding if small else min(wished.get("model", {}).get("hidden", hidden), 512),
            "hidden": hidden,
            "layers": layers,
            "tied": not small,
            "dropout": dropout,
            "output_dropout": dropout,
            "embedding_dropout": round(0.375 * dropout, 3) if small else dropout,
        }
        return {"model": network, "training": training}

    return preset


PRESETS: dict[str, Preset] = {
    "small": _preset(hidden=256, layers=1, dropout=0.0, embedding=32, learning_rate=5e-3),
    "medium": _preset(hidden=768, layers=1, dropout=0.4, embedding=64, learning_rate=3e-3),
    "large": _preset(hidden=1024, layers=2, dropout=0.5, embedding=128, learning_rate=2e-3),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(1e-3, 3e-2, log=True),
    "model.hidden": Range(128, 1024, step=64),
    "model.output_dropout": Range(0.0, 0.6),
    "training.batch": Choice((8, 16, 32, 64)),
}
HELP = """Train a language model on text and leave one file.

The last tenth of the text is held out, unless --valid says otherwise; the report sets the network beside an n-gram
model of the same units. Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far.
"""
RUN = (
    Option(
        "prompt", str, "", "TEXT",
        "Text to go on from. '-': every line of standard input is a prompt, and what is written ends at the line's"
        " end.",
    ),
    Option("length", int, 400, "N", "Most units to write.", least=0),
    Option(
        "following", int, 0, "K", "Write nothing; show the K likeliest next units, and next words.", "--next", least=0
    ),
    *DRAWING,
)  # fmt: skip
EVAL = (
    FLOOR_FROM,
    Option(
        "pieces", int, 64, "N",
        "Score in at most so many pieces side by side, each with a warm start; 1 reads the text in one go.", least=1,
    ),
    Option("most", int, SCORED, "N", "Score at most so many units of a text, evenly spread over it.", least=1),
)  # fmt: skip
TASK = Task(
    "language",
    "A language model: text in, the next character or word out.",
    config=LanguageConfig,
    presets=PRESETS,
    default_preset="medium",
    search_space=SEARCH,
    help=HELP,
    metavar="TEXT...",
    data_help="Text files; '-' is standard input.",
    described="a language model, which goes on with a --prompt",
    run_options=RUN,
    eval_options=EVAL,
    takes_inputs=False,
    answers_json=False,
)
