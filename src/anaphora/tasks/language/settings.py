"""Everything one may set for a language model, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section, Values
from anaphora.config.search_space import Choice, Range, Space

Units = Literal["char", "byte", "word", "subword"]


HELD_OUT = 0.1
SCORED = 2_000_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread
PLURAL = {"char": "characters", "byte": "bytes", "word": "words", "subword": "subwords"}


class Data(Section):
    """What is read."""

    units: Units = Field(default="char", description="what the text is cut into")
    vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols; not set: all characters, 10,000 words, 4,000 subwords, 256 bytes"
    )
    valid: float | str = Field(default=HELD_OUT, description="held-out part: a file, or the share of the text's end")
    encoding: str = Field(default="utf-8", description="how the files' bytes are characters")


class Network(Section):
    """What is trained: embedding, recurrent layers, output."""

    cell: Literal["lstm", "gru", "rnn"] = Field(default="lstm", description="kind of recurrent layer")
    embedding: int = Field(default=64, ge=1, le=2**16, description="width of a symbol's vector")
    hidden: int = Field(default=768, ge=1, le=2**16, description="units per layer (H)")
    layers: int = Field(default=1, ge=1, le=64, description="recurrent layers, one on top of the other")
    tied: bool = Field(
        default=False,
        description="the output reuses the embedding's weights, behind a linear layer if H differs",
    )
    embedding_dropout: float = Field(default=0.15, ge=0, lt=1, description="share of embedded entries that is dropped")
    dropout: float = Field(default=0.4, ge=0, lt=1, description="share of entries between layers that is dropped")
    output_dropout: float = Field(default=0.4, ge=0, lt=1, description="share of the last layer that is dropped")


class Training(config.Training):
    """How it is trained: on windows of T steps, B rows side by side."""

    batch: int = Field(default=32, ge=1, le=2**20, description="rows read at once (B)")
    steps: int = Field(default=64, ge=1, le=2**20, description="steps per window: how far back a gradient reaches (T)")
    evaluation_units: int = Field(
        default=20_000,
        ge=1,
        description="most units per look, spread over the held-out part; the last score uses up to 2,000,000",
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
USUAL = "medium"
CONFIG = LanguageConfig
METAVAR = "TEXT..."
DATA = "Text files; '-' is standard input."
HELP = """Train a language model on text and leave one file.

The last tenth of the text is held out, unless --valid says otherwise; the report sets the network beside an n-gram
model of the same units. Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far.
"""
