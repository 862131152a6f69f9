"""Everything one may set to classify sequences, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, ConfigSection, Preset, Requirement
from anaphora.config.network import Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.normal_form import Form, normal_form
from anaphora.config.search_space import SearchChoice, SearchRange, Space
from anaphora.config.units import Units
from anaphora.tasks.base.declaration import Task
from anaphora.tasks.base.run_options import TOP


class Data(ConfigSection):
    """The data: which columns are read, and how a row becomes a sequence."""

    text: str | None = option(None, "text column, or several as a,b; not set: found by its name")
    label: str | None = option(None, "label column; not set: found by its name")
    columns: str | None = option(
        None, "number columns of a series, one per channel, as a,b; not set: all number columns, if there is no text"
    )
    id: str | None = option(None, "column that names the series of a line, where each line is one step")
    wide: bool = option(False, "read each line as a whole series of one channel, one column per step")
    time: str | None = option(None, "column that orders the steps of a series; not set: the order of the lines")
    separator: str | None = option(
        None, "separator between the labels of a row with several labels; not needed where labels are lists"
    )
    header: bool = option(True, "the first line of a CSV file names the columns; otherwise they are named 1, 2, …")
    units: Units | None = option(
        None, "unit of tokenization; not set: words, or characters if rows have fewer than 3 words on average"
    )
    vocabulary: int | None = option(
        None, "vocabulary size, at most; not set: all characters, 20,000 words, 4,000 subwords, 256 bytes", ge=3
    )
    lower: bool = option(True, "lowercase the text")
    normalize: Form = normal_form("texts and labels")
    max_length: int = option(2000, "maximum length of a row, in steps; the rest of the row is cut off", ge=1, le=2**24)
    missing: Literal["refuse", "mean"] = option(
        "refuse", "treatment of missing numbers (NaN): refuse them with an error, or replace them by the channel's mean"
    )
    valid: float | str = option(0.1, "held-out part: a file, or a share of the rows of each label")
    test: float | str | None = option(
        None, "test part, which nothing looks at before the final score: a file, or a share of the rows of each label"
    )
    encoding: str = option("utf-8", "text encoding of the files")


class Network(ConfigSection):
    """The network: embedding (of text), recurrent layers, pooling, output."""

    cell: Literal["lstm", "gru", "rnn"] = option("gru", "type of the recurrent layers")
    embedding: Width = option(128, "embedding size (I)")
    hidden: Width | None = option(
        None, "hidden size: units per layer and direction (H); not set: 96, for characters 192"
    )
    layers: Layers = option(1, "number of recurrent layers")
    bidirectional: bool = option(True, "read the sequence in both directions")
    pooling: Literal["last", "max", "mean", "attention"] = option(
        "max", "pooling over the steps: last hidden state of each direction, maximum, mean, or attention"
    )
    attention: Width = option(64, "size of the attention query, for attention pooling")
    unk_dropout: Share | None = option(
        None, "probability that a symbol is replaced by the unknown symbol in training; not set: 0.1 for words, else 0"
    )
    embedding_dropout: Share | None = option(None, "dropout on the embeddings; not set: 0.5, for characters 0.1")
    dropout: Share = option(0.3, "dropout between the recurrent layers")
    linear: Literal["on", "off"] = option(
        "on", "linear model of n-grams (of a series: of statistics) whose scores are added to those of the network"
    )
    output_dropout: Share = option(0.5, "dropout on the pooled vector")


class Training(config.Training):
    """The training: batches of rows of similar length."""

    batch: Rows | None = option(None, "batch size in rows (B); not set: 16 to 128, about 1,000 steps per batch")
    batch_steps: int = option(
        16_384, "maximum number of steps per batch; a batch of long rows has fewer rows", ge=1, le=2**30
    )
    epochs: float | None = config.EPOCHS
    class_weights: Literal["none", "root", "balanced"] = option(
        "none",
        "class weights in the loss: none, square root of the inverse label frequency, or inverse label frequency",
    )
    average: float = config.averaged(0.2)
    evaluation_rows: Count = option(
        10_000, "maximum number of held-out rows per validation; the final score uses all of them"
    )


class ClassifyConfig(Config):
    """Everything one may set to classify sequences."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)
    earlier: ClassVar[dict[str, dict[str, Any]]] = {"model": {"linear": "off"}}
    requirements: ClassVar[tuple[Requirement, ...]] = (
        config.DROPOUT,
        config.PATIENCE,
        Requirement(("model.attention",), "model.pooling", values=("attention",)),
        config.no_effect(("data.vocabulary", "model.unk_dropout"), "data.units", "byte", always=(0,)),
    )


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=64, hidden=32),
    "medium": network_preset(),
    "large": network_preset(embedding=256, hidden=192, layers=2),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": SearchRange(5e-4, 2e-2, log=True),
    "model.hidden": SearchRange(32, 256, step=32),
    "model.output_dropout": SearchRange(0.0, 0.7),
    "model.pooling": SearchChoice(("last", "max", "mean", "attention")),
}
HELP = """Train a network that assigns labels to sequences, and write one model file.

A tenth of the rows of each label is held out, unless --valid says otherwise. The report compares the network with a
logistic regression."""
RUN = (TOP,)
TASK = Task(
    "classify",
    "Labels for texts or series: a sequence in, one label or several out.",
    config=ClassifyConfig,
    presets=PRESETS,
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help=(
        "A table (CSV, TSV, JSONL, Parquet), a folder with a sub-folder or a text file per label, or those text files."
    ),
    described="a model that was trained to classify",
    str_is_path=True,
    run_options=RUN,
)
