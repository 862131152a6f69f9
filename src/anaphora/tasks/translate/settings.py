"""Everything one may set to turn texts into other texts, and the presets; no NumPy here, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section, Values
from anaphora.config.search_space import Range, Space

Units = Literal["subword", "char", "byte"]

HELD_OUT = 0.05
PLURAL = {"char": "characters", "byte": "bytes", "subword": "subwords"}


class Data(Section):
    """What is read."""

    source: str | None = Field(
        default=None, description="column of the text that is read, in a table; not set: found by its name"
    )
    target: str | None = Field(
        default=None, description="column of the text that is written; not set: found by its name"
    )
    header: bool = Field(default=True, description="whether a table's first line names its columns; else 1, 2, …")
    units: Units | None = Field(
        default=None, description="what texts are cut into; not set: subwords, or characters where texts are short"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols of each side; not set: all characters, up to 4,000 subwords"
    )
    shared: bool = Field(default=False, description="whether both sides are cut by one vocabulary, learned from both")
    lower: bool = Field(default=False, description="whether capital letters are read, written and judged as small ones")
    longest: int = Field(
        default=400, ge=1, le=2**20, description="most units of either side; longer pairs are left out of training"
    )
    valid: float | str = Field(
        default=HELD_OUT, description="held-out part: a table, two files with a comma between them, or a share of pairs"
    )
    encoding: str = Field(default="utf-8", description="how the files' bytes are characters")


class Network(Section):
    """What is trained: an encoder, attention, and a decoder of two layers with the attention between them."""

    cell: Literal["lstm", "gru"] = Field(default="gru", description="kind of recurrent layer")
    embedding: int = Field(default=192, ge=1, le=2**16, description="width of a symbol's vector, on both sides")
    hidden: int = Field(default=192, ge=1, le=2**16, description="units per layer and direction (H)")
    layers: int = Field(default=1, ge=1, le=64, description="layers of the encoder, one on top of the other")
    attention: Literal["general", "additive"] = Field(
        default="general", description="how a step of the decoder and one of the encoder are compared"
    )
    attention_size: int = Field(default=128, ge=1, le=2**16, description="width of an additive comparison")
    tied: bool = Field(default=True, description="whether the decoder writes with the embedding that it reads with")
    embedding_dropout: float = Field(default=0.2, ge=0, lt=1, description="share of embedded entries dropped")
    unknown: float = Field(
        default=0.0, ge=0, lt=1, description="share of symbols that are read as unknown in training, on both sides"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of entries dropped between layers")
    recurrent_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of a layer's units that its own next step does not see, per row"
    )
    output_dropout: float = Field(default=0.3, ge=0, lt=1, description="share of entries dropped before the output")


class Training(config.Training):
    """How it is trained: on batches of pairs of about one length."""

    batch_steps: int = Field(
        default=2048, ge=1, le=2**30, description="most units of both sides together that are read at once"
    )
    smoothing: float = Field(
        default=0.1, ge=0, lt=1, description="share of each target's probability that is spread over all symbols"
    )
    sampling: float = Field(
        default=0.0, ge=0, le=1, description="share of the decoder's inputs that are its own guesses, by the run's end"
    )
    weight_decay: float = Field(
        default=0.02, ge=0, le=10, description="AdamW's decay of matrices; biases, embeddings, norms: none"
    )
    average: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of the run over which weights are also averaged, the better of both kept; 0: none",
    )
    evaluation_rows: int = Field(
        default=2_000, ge=1, description="most pairs per look, spread over the held-out part, judged by loss"
    )
    scored_rows: int = Field(
        default=5_000, ge=1, description="most pairs that are decoded for the score at the end, spread likewise"
    )


class TranslateConfig(Config):
    """Everything one may set to turn texts into other texts."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


def _preset(**network: Any) -> Preset:
    def preset(wished: Values) -> Mapping[str, Mapping[str, Any]]:
        return {"model": network}

    return preset


CONFIG = TranslateConfig
PRESETS: dict[str, Preset] = {
    "small": _preset(embedding=64, hidden=96, embedding_dropout=0.1, dropout=0.1, output_dropout=0.1),
    "medium": _preset(embedding=192, hidden=192),
    "large": _preset(embedding=512, hidden=512, layers=2, embedding_dropout=0.3, dropout=0.3, output_dropout=0.4),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(5e-4, 5e-3, log=True),
    "model.hidden": Range(128, 512, step=64),
    "model.output_dropout": Range(0.0, 0.6),
    "model.embedding_dropout": Range(0.0, 0.5),
}
USUAL = "medium"
HELP = """Train a network that turns a text into another one, and leave one file.

One line is a pair's text. Part of the pairs is held out, unless --valid says otherwise; the report sets BLEU and chrF
of decoded text beside those of copying the source. Options win over --config, which wins over --preset. Ctrl-C keeps
the best model so far."""
METAVAR = "DATA..."
DATA = "Two parallel files, source then target, line by line; or a table (TSV, CSV, JSONL, Parquet) with two columns."
