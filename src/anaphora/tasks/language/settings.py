"""Everything one may set for a language model, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, ConfigSection, Preset, Requirement, Values
from anaphora.config.network import Count, Layers, Rows, Share, Width, option
from anaphora.config.normal_form import Form, normal_form
from anaphora.config.search_space import SearchChoice, SearchRange, Space
from anaphora.config.units import Units
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import BASELINE_TEXT, DRAWING, ONE_CHOICE

SCORED = 2_000_000  # units: of a longer held-out part, or text that is evaluated, so many are scored, evenly spread


class Data(ConfigSection):
    """The data: how the text is tokenized and split."""

    units: Units = option("char", "unit of tokenization")
    vocabulary: int | None = option(
        None, "vocabulary size, at most; not set: all characters, 10,000 words, 4,000 subwords, 256 bytes", ge=3
    )
    normalize: Form = normal_form("the text")
    valid: float | str = option(0.1, "held-out part: a file, or a share of the text, taken from its end")
    test: float | str | None = option(
        None, "test part, which nothing looks at before the final score: a file, or a share of the text, its very end"
    )
    encoding: str = option("utf-8", "text encoding of the files")


class Network(ConfigSection):
    """The network: embedding, recurrent layers, output."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "type of the recurrent layers")
    embedding: Width = option(64, "embedding size (I)")
    hidden: Width = option(768, "hidden size: units per layer (H)")
    layers: Layers = option(1, "number of recurrent layers")
    tied: bool = option(
        False, "weight tying: the output layer reuses the embedding, after a projection if I differs from H"
    )
    embedding_dropout: Share = option(0.15, "dropout on the embeddings")
    dropout: Share = option(0.4, "dropout between the recurrent layers")
    output_dropout: Share = option(0.4, "dropout on the last recurrent layer's output")


class Training(config.Training):
    """The training: B rows side by side, in windows of T steps."""

    batch: Rows = option(32, "batch size in rows (B)")
    bptt: Rows = option(64, "window length in steps of truncated backpropagation through time (T)")
    evaluation_units: Count = option(
        20_000, "maximum number of units per validation, evenly spaced; the final score uses up to 2,000,000"
    )


class LanguageConfig(Config):
    """Everything one may set for a language model."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)
    requirements: ClassVar[tuple[Requirement, ...]] = (
        config.DROPOUT,
        config.PATIENCE,
        config.no_effect(("data.vocabulary",), "data.units", "byte"),
    )


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
    "training.learning_rate": SearchRange(1e-3, 3e-2, log=True),
    "model.hidden": SearchRange(128, 1024, step=64),
    "model.output_dropout": SearchRange(0.0, 0.6),
    "training.batch": SearchChoice((8, 16, 32, 64)),
}
HELP = """Train a language model on text and write one model file.

The last tenth of the text is held out, unless --valid says otherwise. The report compares the network with an n-gram
model of the same units."""
RUN = (
    Option(
        "prompt",
        str,
        "",
        "TEXT",
        "Text to continue. '-' reads one prompt per line from standard input; each continuation ends with its line.",
    ),
    Option("length", int, 400, "N", "Maximum number of units to generate.", least=0),
    Option(
        "following", int, 0, "K", "Generate nothing; show the K most probable next units and words.", "--next", least=1
    ),
    *DRAWING,
)
EVAL = (
    BASELINE_TEXT,
    Option("max_units", int, SCORED, "N", "Maximum number of units to score, evenly spread over the text.", least=2),
)
REQUIREMENTS = (
    Requirement(("length", "temperature", "top_k", "top_p", "seed"), "following", forbidden=True),
    *ONE_CHOICE,
)
TASK = Task(
    "language",
    "A language model: text in, the next character or word out.",
    config=LanguageConfig,
    presets=PRESETS,
    search_space=SEARCH,
    help=HELP,
    metavar="TEXT...",
    data_help="Text files; '-' is standard input.",
    described="a language model",
    run_options=RUN,
    eval_options=EVAL,
    requirements=REQUIREMENTS,
    takes_inputs=False,
    answers_json=False,
)
