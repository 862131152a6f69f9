"""Everything one may set to turn texts into other texts, and the presets; no NumPy here, so that help is quick."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section
from anaphora.config.network import Count, Layers, Share, Width, network_preset, option
from anaphora.config.search_space import Range, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import DRAWING

Units = Literal["subword", "char", "byte"]

HELD_OUT = 0.05
PLURAL = {"char": "characters", "byte": "bytes", "subword": "subwords"}


class Data(Section):
    """What is read."""

    source: str | None = option(None, "column of the text that is read, in a table; not set: found by its name")
    target: str | None = option(None, "column of the text that is written; not set: found by its name")
    header: bool = option(True, "whether a table's first line names its columns; else 1, 2, …")
    units: Units | None = option(
        None, "what texts are cut into; not set: subwords, or characters where texts are short"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols of each side; not set: all characters, up to 4,000 subwords"
    )
    shared: bool = option(False, "whether both sides are cut by one vocabulary, learned from both")
    lower: bool = option(False, "whether capital letters are read, written and judged as small ones")
    longest: int = Field(
        default=400, ge=1, le=2**20, description="most units of either side; longer pairs are left out of training"
    )
    valid: float | str = option(
        HELD_OUT, "held-out part: a table, two files with a comma between them, or a share of pairs"
    )
    encoding: str = option("utf-8", "how the files' bytes are characters")


class Network(Section):
    """What is trained: an encoder, attention, and a decoder of two layers with the attention between them."""

    cell: Literal["lstm", "gru"] = option("gru", "kind of recurrent layer")
    embedding: Width = option(192, "width of a symbol's vector, on both sides")
    hidden: Width = option(192, "units per layer and direction (H)")
    layers: Layers = option(1, "layers of the encoder, one on top of the other")
    attention: Literal["general", "additive"] = option(
        "general", "how a step of the decoder and one of the encoder are compared"
    )
    attention_size: Width = option(128, "width of an additive comparison")
    tied: bool = option(True, "whether the decoder writes with the embedding that it reads with")
    embedding_dropout: Share = option(0.2, "share of embedded entries dropped")
    unknown: Share = option(0.0, "share of symbols that are read as unknown in training, on both sides")
    dropout: Share = option(0.2, "share of entries dropped between layers")
    recurrent_dropout: Share = option(0.0, "share of a layer's units that its own next step does not see, per row")
    output_dropout: Share = option(0.3, "share of entries dropped before the output")


class Training(config.Training):
    """How it is trained: on batches of pairs of about one length."""

    batch_steps: int = Field(
        default=2048, ge=1, le=2**30, description="most units of both sides together that are read at once"
    )
    smoothing: Share = option(0.1, "share of each target's probability that is spread over all symbols")
    sampling: float = Field(
        default=0.0, ge=0, le=1, description="share of the decoder's inputs that are its own guesses, by the run's end"
    )
    weight_decay: float = Field(
        default=0.02, ge=0, le=10, description="AdamW's decay of matrices; biases, embeddings, norms: none"
    )
    average: float = config.averaged(0.1)
    evaluation_rows: Count = option(2_000, "most pairs per look, spread over the held-out part, judged by loss")
    scored_rows: Count = option(5_000, "most pairs that are decoded for the score at the end, spread likewise")


class TranslateConfig(Config):
    """Everything one may set to turn texts into other texts."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=64, hidden=96, embedding_dropout=0.1, dropout=0.1, output_dropout=0.1),
    "medium": network_preset(embedding=192, hidden=192),
    "large": network_preset(
        embedding=512, hidden=512, layers=2, embedding_dropout=0.3, dropout=0.3, output_dropout=0.4
    ),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(5e-4, 5e-3, log=True),
    "model.hidden": Range(128, 512, step=64),
    "model.output_dropout": Range(0.0, 0.6),
    "model.embedding_dropout": Range(0.0, 0.5),
}
HELP = """Train a network that turns a text into another one, and leave one file.

One line is a pair's text. Part of the pairs is held out, unless --valid says otherwise; the report sets BLEU and chrF
of decoded text beside those of copying the source. Options win over --config, which wins over --preset. Ctrl-C keeps
the best model so far."""
DECODING = (
    Option("beam", int, 1, "N", "Keep the N likeliest beginnings at every step; 1 takes the likeliest symbol.",
           least=1),
    Option("length_penalty", float, 1.0, "A", "Rank by Σ ln p / length^A; 0 by the sum, which favours short ones.",
           least=0),
    Option("coverage", float, 0.0, "B", "How much it costs to leave a part of the source unlooked at.", least=0),
)  # fmt: skip
RUN = (
    *DECODING,
    Option("no_repeat", int, 0, "N", "Write no N symbols in a row twice; 0: as often as it likes.",
           "--no-repeat-ngram", least=0),
    Option("best", int, 1, "N", "The N best of the beam, each with what it is ranked by.", "--n-best", least=1),
    Option("sample", bool, False, "", "Draw a translation by --temperature, --top-k, --top-p and --seed."),
    *DRAWING,
    Option("attention", str, None, "FILE", "Draw where it looked: a page of pictures (.html), or the first (.svg)."),
)  # fmt: skip
EVAL = DECODING
TASK = Task(
    "translate",
    "A text in, another text out: an encoder, attention and a decoder.",
    config=TranslateConfig,
    presets=PRESETS,
    default_preset="medium",
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help="Two parallel files, source then target, line by line; or a table (TSV, CSV, JSONL, Parquet) with two"
    " columns.",
    described="a model that was trained to translate",
    run_options=RUN,
    eval_options=EVAL,
)
