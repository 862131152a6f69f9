"""Everything one may set to tag words, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section
from anaphora.config.network import Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.search_space import Choice, Range, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import TOP


class Data(Section):
    """What is read."""

    format: Literal["auto", "columns", "conllu", "json"] = option(
        "auto", "how files are read: a word per line, CoNLL-U, or JSON objects; auto: as they look"
    )
    token: str | None = option(
        None, "column of the words: a number from 1 (-1: the last), or a name; not set: the first"
    )
    tag: str | None = option(None, "column of the tags: a number, or a name as in XPOS; not set: the last, or UPOS")
    scheme: Literal["auto", "none", "iob1", "iob2", "iobes", "bilou"] = option(
        "auto", "how tags mean spans of words; none: they do not; auto: found out"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, description="most words with a vector of their own; not set: all that occur twice or more"
    )
    lower: bool = option(True, "whether words are looked up in small letters; their letters keep it")
    longest: int = Field(
        default=256, ge=2, le=2**20, description="words of a sentence in training; a longer one is cut into pieces"
    )
    valid: float | str = option(0.1, "held-out part: files, with commas between them, or a share of the sentences")
    encoding: str = option("utf-8", "how the files' bytes are characters")


class Network(Section):
    """What is trained: vectors of words and of their letters, recurrent layers over the sentence, a chain of tags."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "kind of recurrent layer")
    embedding: Width = option(100, "width of a word's vector")
    letters: Literal["recurrent", "convolution", "none"] = option(
        "recurrent", "how a word's letters are read: both ways, by windows, or not"
    )
    letter_embedding: Width = option(32, "width of a letter's vector")
    letter_hidden: Width = option(64, "units per direction that read letters; windows have twice as many")
    hidden: Width = option(160, "units per layer and direction over the words (H)")
    layers: Layers = option(1, "recurrent layers, one on top of the other")
    crf: bool = option(True, "whether tags are judged together, by a chain, rather than one by one")
    internal: Literal["iobes", "iob2"] = option(
        "iobes", "the scheme in which spans are learned; tags are written as the data have them"
    )
    rare: float = Field(
        default=0.25, ge=0, description="a word that occurs n times is read as unknown in training with rare/(rare + n)"
    )
    word_dropout: Share = option(0.1, "share of words that are read as unknown in training whatever they are")
    embedding_dropout: Share = option(0.5, "share of entries dropped of what a word and its letters say")
    dropout: Share = option(0.3, "share of entries between layers that is dropped")
    recurrent_dropout: Share = option(0.0, "share of a layer's units that its own next step does not see, per row")
    output_dropout: Share = option(0.5, "share of entries dropped before the tags")


class Training(config.Training):
    """How it is trained: on batches of sentences of about one length."""

    batch: Rows | None = option(None, "sentences read at once; not set: 500 words' worth, 8 to 64")
    batch_steps: int = Field(
        default=8192, ge=1, le=2**30, description="most words read at once: of long sentences fewer make a batch"
    )
    epochs: float | None = Field(
        default=None, gt=0, description="most passes over the data; not set: fewer the more data there are"
    )
    average: float = config.averaged(0.2)
    evaluation_rows: Count = option(2_000, "most sentences per look, spread over the held-out part; the score uses all")


class TagConfig(Config):
    """Everything one may set to tag words."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=50, letter_embedding=16, letter_hidden=24, hidden=64),
    "medium": network_preset(),
    "large": network_preset(embedding=200, letter_hidden=100, hidden=256, layers=2),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(5e-4, 1e-2, log=True),
    "model.hidden": Range(64, 256, step=32),
    "model.embedding_dropout": Range(0.1, 0.6),
    "model.output_dropout": Range(0.0, 0.7),
    "model.letters": Choice(("recurrent", "convolution")),
}
HELP = """Train a network that gives every word of a sentence its tag, and leave one file.

Part of the sentences is held out, unless --valid says otherwise; the report sets the network beside each word's most
frequent tag. Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far."""
FORM = Option("form", str, "auto", "FORM", "What a line is: auto, lines, columns, conllu or json.", "--format")
TASK = Task(
    "tag",
    "A tag for every word of a sentence, or spans of words: names, parts of speech.",
    config=TagConfig,
    presets=PRESETS,
    default_preset="medium",
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help=(
        "Files with a word and its tag per line and blank lines between sentences, CoNLL-U, or JSONL (tokens, tags)."
    ),
    described="a model that was trained to tag",
    run_options=(TOP, FORM),
)
