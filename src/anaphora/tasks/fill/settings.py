"""Everything one may set to fill gaps, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section
from anaphora.config.network import Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.search_space import Choice, Range, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import FLOOR_FROM, TOP

HELD_OUT = 0.1
SCORED = 50_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread
GAP = "___"
WORDS = 5  # of a gap's prediction


class Data(Section):
    """What is read."""

    vocabulary: Annotated[int, Field(ge=4)] | None = option(
        None, "most words and marks that are known; not set: 10,000, of those that occur twice"
    )
    lower: bool = option(True, "whether a word is the same in capital letters and in small ones")
    valid: float | str = option(HELD_OUT, "held-out part: a file, or the share of the text's end")
    encoding: str = option("utf-8", "how the files' bytes are characters")


class Network(Section):
    """What is trained: one embedding, a recurrent stack that reads forwards and one that reads backwards."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "kind of recurrent layer")
    embedding: Width = option(128, "width of a word's vector, read and written with")
    hidden: Width = option(256, "units per layer and direction (H)")
    layers: Layers = option(1, "recurrent layers of each direction")
    unknown: Share = option(0.05, "share of the words around a gap that are read as unknown in training")
    embedding_dropout: Share = option(0.3, "share of embedded entries that is dropped")
    dropout: Share = option(0.3, "share of entries between layers that is dropped")
    output_dropout: Share = option(0.5, "share of what both directions leave beside a gap that is dropped")


class Training(config.Training):
    """How it is trained: on windows of T words and marks, B at once; every word of a window is a gap."""

    batch: Rows = option(16, "windows read at once (B)")
    steps: int = Field(default=64, ge=2, le=2**20, description="words and marks per window (T)")
    learning_rate: float = Field(default=4e-3, gt=0, le=10, description="AdamW's rate at its height, after the warm-up")
    average: float = config.averaged(0.2)
    evaluation_units: Count = option(10_000, "most words and marks per look; the last score uses up to 50,000")


class FillConfig(Config):
    """Everything one may set to fill gaps."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=96, hidden=128),
    "medium": network_preset(embedding=128, hidden=256),
    "large": network_preset(embedding=384, hidden=768),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(1e-3, 1e-2, log=True),
    "model.hidden": Range(128, 768, step=64),
    "model.output_dropout": Range(0.2, 0.7),
    "model.embedding_dropout": Range(0.0, 0.6),
    "training.batch": Choice((8, 16, 32, 64)),
}
HELP = """Train a network that fills gaps: which word is missing, judged from both sides, and leave one file.

Every word of the text is a gap to learn from. The last tenth of the text is held out, unless --valid says otherwise;
the report sets the prediction from both sides beside the one from the past alone, and beside counts of neighbours.
Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far.
"""
RUN = (
    TOP,
    Option("gap", str, GAP, "MARK", "What stands where a word is missing, else ___ or longer."),
    Option("one_sided", bool, False, "", "Show beside what the past alone would say."),
)
TASK = Task(
    "fill",
    "The word that is missing in a text, judged from both sides.",
    config=FillConfig,
    presets=PRESETS,
    default_preset="medium",
    search_space=SEARCH,
    help=HELP,
    metavar="TEXT...",
    data_help="Text files, folders of them, or '-' for standard input.",
    described="a model that was trained to fill",
    run_options=RUN,
    eval_options=(FLOOR_FROM,),
)
