"""Everything one may set to classify sequences, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section
from anaphora.config.network import Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.search_space import Choice, Range, Space
from anaphora.tasks.base.declaration import Task
from anaphora.tasks.base.run_options import TOP

Units = Literal["char", "byte", "word", "subword"]

HELD_OUT = 0.1
PLURAL = {"char": "characters", "byte": "bytes", "word": "words", "subword": "subwords", "step": "steps"}


class Data(Section):
    """What is read."""

    text: str | None = option(None, "column of the text, or several as a,b; not set: found by its name")
    label: str | None = option(None, "column of the label; not set: found by its name")
    columns: str | None = option(
        None, "columns of a series' channels, as a,b, instead of a text; not set: all of numbers"
    )
    id: str | None = option(None, "column that says which series a line belongs to, where each line is one step")
    wide: bool = option(False, "whether a line is a whole series of one channel, a column per step")
    time: str | None = option(None, "column that orders the steps of a series; else as they stand")
    separator: str | None = option(None, "stands between the labels of a row that may have several; lists need none")
    header: bool = option(True, "whether a CSV's first line names its columns; else 1, 2, …")
    units: Units | None = option(
        None, "what a text is cut into; not set: words, or characters where rows are a word or two"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols; not set: all characters, 20,000 words, 4,000 subwords, 256 bytes"
    )
    lower: bool = option(True, "whether capital letters are read as small ones")
    longest: int = Field(default=2000, ge=1, le=2**24, description="steps of a row that are read; the rest is left out")
    missing: Literal["refuse", "mean"] = option(
        "refuse", "a number that is missing (NaN) is an error, or stands for its channel's mean"
    )
    valid: float | str = option(HELD_OUT, "held-out part: a file, or the share of each label's rows")
    encoding: str = option("utf-8", "how the files' bytes are characters")


class Network(Section):
    """What is trained: embedding (of text), recurrent layers, pooling, output."""

    cell: Literal["lstm", "gru", "rnn"] = option("gru", "kind of recurrent layer")
    embedding: Width = option(128, "width of a symbol's vector")
    hidden: Width | None = option(None, "units per layer and direction (H); not set: 96, of characters 192")
    layers: Layers = option(1, "recurrent layers, one on top of the other")
    bidirectional: bool = option(True, "whether a second set of units reads from the end")
    pooling: Literal["last", "max", "mean", "attention"] = option(
        "max", "what of the steps decides: the last of each direction, the largest, the mean, …"
    )
    attention: Width = option(64, "width of the query of pooling by attention")
    unknown: Share | None = option(None, "share of symbols read as unknown in training; not set: 0.1 of words")
    embedding_dropout: Share | None = option(None, "share of embedded entries dropped; not set: 0.5, of characters 0.1")
    dropout: Share = option(0.3, "share of entries between layers that is dropped")
    output_dropout: Share = option(0.5, "share of the pooled entries that is dropped")


class Training(config.Training):
    """How it is trained: on batches of rows of about one length."""

    batch: Rows | None = option(None, "rows read at once (B); not set: 16 to 128, about 1,000 steps")
    batch_steps: int = Field(
        default=16_384, ge=1, le=2**30, description="most steps read at once: of long rows fewer make a batch"
    )
    epochs: float | None = Field(
        default=None, gt=0, description="most passes over the data; not set: fewer the more data there are"
    )
    class_weights: Literal["none", "root", "balanced"] = option(
        "none", "rare labels weigh more: not, by the root of how rare they are, or by all of it"
    )
    average: float = config.averaged(0.2)
    evaluation_rows: Count = option(
        10_000, "most rows per look, spread over the held-out part; the last score uses all"
    )


class ClassifyConfig(Config):
    """Everything one may set to classify sequences."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=64, hidden=32),
    "medium": network_preset(),
    "large": network_preset(embedding=256, hidden=192, layers=2),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(5e-4, 2e-2, log=True),
    "model.hidden": Range(32, 256, step=32),
    "model.output_dropout": Range(0.0, 0.7),
    "model.pooling": Choice(("last", "max", "mean", "attention")),
}
HELP = """Train a network that gives sequences their labels and leave one file.

A tenth of each label's rows is held out, unless --valid says otherwise; the report sets the network beside a logistic
regression. Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far."""
RUN = (TOP,)
TASK = Task(
    "classify",
    "Labels for texts or series: a sequence in, one label or several out.",
    config=ClassifyConfig,
    presets=PRESETS,
    default_preset="medium",
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help=(
        "A table (CSV, TSV, JSONL, Parquet), a folder with a sub-folder or a text file per label, or those text files."
    ),
    described="a model that was trained to classify",
    run_options=RUN,
)
