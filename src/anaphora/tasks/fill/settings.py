"""Everything one may set to fill gaps, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section, Values
from anaphora.config.search_space import Choice, Range, Space

HELD_OUT = 0.1
SCORED = 50_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread
GAP = "___"
TOP = 5


class Data(Section):
    """What is read."""

    vocabulary: int | None = Field(
        default=None,
        ge=4,
        description="most words and marks that are known; not set: 10,000, of those that occur twice",
    )
    lower: bool = Field(default=True, description="whether a word is the same in capital letters and in small ones")
    valid: float | str = Field(default=HELD_OUT, description="held-out part: a file, or the share of the text's end")
    encoding: str = Field(default="utf-8", description="how the files' bytes are characters")


class Network(Section):
    """What is trained: one embedding, a recurrent stack that reads forwards and one that reads backwards."""

    cell: Literal["lstm", "gru", "rnn"] = Field(default="lstm", description="kind of recurrent layer")
    embedding: int = Field(default=128, ge=1, le=2**16, description="width of a word's vector, read and written with")
    hidden: int = Field(default=256, ge=1, le=2**16, description="units per layer and direction (H)")
    layers: int = Field(default=1, ge=1, le=64, description="recurrent layers of each direction")
    unknown: float = Field(
        default=0.05, ge=0, lt=1, description="share of the words around a gap that are read as unknown in training"
    )
    embedding_dropout: float = Field(default=0.3, ge=0, lt=1, description="share of embedded entries that is dropped")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="share of entries between layers that is dropped")
    output_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of what both directions leave beside a gap that is dropped"
    )


class Training(config.Training):
    """How it is trained: on windows of T words and marks, B at once; every word of a window is a gap."""

    batch: int = Field(default=16, ge=1, le=2**20, description="windows read at once (B)")
    steps: int = Field(default=64, ge=2, le=2**20, description="words and marks per window (T)")
    learning_rate: float = Field(default=4e-3, gt=0, le=10, description="AdamW's rate at its height, after the warm-up")
    average: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="share of the run over which weights are also averaged, the better of both kept; 0: none",
    )
    evaluation_units: int = Field(
        default=10_000, ge=1, description="most words and marks per look; the last score uses up to 50,000"
    )


class FillConfig(Config):
    """Everything one may set to fill gaps."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


def _preset(**network: Any) -> Preset:
    def preset(wished: Values) -> Mapping[str, Mapping[str, Any]]:
        return {"model": network}

    return preset


CONFIG = FillConfig
PRESETS: dict[str, Preset] = {
    "small": _preset(embedding=96, hidden=128),
    "medium": _preset(embedding=128, hidden=256),
    "large": _preset(embedding=384, hidden=768),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(1e-3, 1e-2, log=True),
    "model.hidden": Range(128, 768, step=64),
    "model.output_dropout": Range(0.2, 0.7),
    "model.embedding_dropout": Range(0.0, 0.6),
    "training.batch": Choice((8, 16, 32, 64)),
}
USUAL = "medium"
METAVAR = "TEXT..."
DATA = "Text files, folders of them, or '-' for standard input."
HELP = """Train a network that fills gaps: which word is missing, judged from both sides, and leave one file.

Every word of the text is a gap to learn from. The last tenth of the text is held out, unless --valid says otherwise;
the report sets the prediction from both sides beside the one from the past alone, and beside counts of neighbours.
Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far.
"""
