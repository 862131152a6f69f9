"""Everything one may set to fill gaps, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, ConfigSection, Preset, Requirement
from anaphora.config.network import Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.normal_form import Form, normal_form
from anaphora.config.search_space import SearchChoice, SearchRange, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import BASELINE_TEXT, TOP

SCORED = 50_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread
GAP = "___"
WORDS = 5  # of a gap's prediction


class Data(ConfigSection):
    """The data: how the text becomes words."""

    vocabulary: Annotated[int, Field(ge=4)] | None = option(
        None,
        "vocabulary size in words and punctuation marks, at most; not set: 10,000, of those that occur at least twice",
    )
    lower: bool = option(True, "lowercase the text")
    normalize: Form = normal_form("the text")
    valid: float | str = option(0.1, "held-out part: a file, or a share of the text, taken from its end")
    test: float | str | None = option(
        None, "test part, which nothing looks at before the final score: a file, or a share of the text, its very end"
    )
    encoding: str = option("utf-8", "text encoding of the files")


class Network(ConfigSection):
    """The network: one embedding, a forward recurrent stack and a backward one."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "type of the recurrent layers")
    embedding: Width = option(128, "embedding size; input and output share the embedding")
    hidden: Width = option(256, "hidden size: units per layer and direction (H)")
    layers: Layers = option(1, "number of recurrent layers per direction")
    unk_dropout: Share = option(
        0.05, "probability that a word around a gap is replaced by the unknown word in training"
    )
    embedding_dropout: Share = option(0.3, "dropout on the embeddings")
    dropout: Share = option(0.3, "dropout between the recurrent layers")
    output_dropout: Share = option(0.5, "dropout on the concatenated hidden states on both sides of a gap")


class Training(config.Training):
    """The training: B windows of T words at once; every word of a window is a gap."""

    batch: Rows = option(16, "batch size in windows (B)")
    bptt: int = option(64, "window length in words: steps of backpropagation through time (T)", ge=2, le=2**20)
    learning_rate: float = option(4e-3, "peak learning rate of AdamW, after the warm-up", gt=0, le=10)
    average: float = config.averaged(0.2)
    evaluation_units: Count = option(
        10_000, "maximum number of words per validation; the final score uses up to 50,000"
    )


class FillConfig(Config):
    """Everything one may set to fill gaps."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)
    requirements: ClassVar[tuple[Requirement, ...]] = (config.DROPOUT, config.PATIENCE)


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=96, hidden=128),
    "medium": network_preset(embedding=128, hidden=256),
    "large": network_preset(embedding=384, hidden=768),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": SearchRange(1e-3, 1e-2, log=True),
    "model.hidden": SearchRange(128, 768, step=64),
    "model.output_dropout": SearchRange(0.2, 0.7),
    "model.embedding_dropout": SearchRange(0.0, 0.6),
    "training.batch": SearchChoice((8, 16, 32, 64)),
}
HELP = """Train a network that predicts a missing word from its left and right context, and write one model file.

Every word of the text serves as a gap in training. The last tenth of the text is held out, unless --valid says
otherwise. The report compares the network with its own left-to-right prediction, and with counts of neighbouring
words."""
RUN = (
    TOP,
    Option("mask_token", str, GAP, "MARK", "Text that marks a gap; the default also matches more underscores."),
    Option("left_to_right", bool, False, "", "Also show the left-to-right prediction."),
)
TASK = Task(
    "fill",
    "The word that is missing in a text, judged from both sides.",
    config=FillConfig,
    presets=PRESETS,
    search_space=SEARCH,
    help=HELP,
    metavar="TEXT...",
    data_help="Text files, folders of them, or '-' for standard input.",
    described="a model that was trained to fill",
    run_options=RUN,
    eval_options=(BASELINE_TEXT,),
)
