"""Everything one may set to tag words, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, Preset, Section, Values
from anaphora.config.search_space import Choice, Range, Space

HELD_OUT = 0.1


class Data(Section):
    """What is read."""

    format: Literal["auto", "columns", "conllu", "json"] = Field(
        default="auto", description="how files are read: a word per line, CoNLL-U, or JSON objects; auto: as they look"
    )
    token: str | None = Field(
        default=None, description="column of the words: a number from 1 (-1: the last), or a name; not set: the first"
    )
    tag: str | None = Field(
        default=None, description="column of the tags: a number, or a name as in XPOS; not set: the last, or UPOS"
    )
    scheme: Literal["auto", "none", "iob1", "iob2", "iobes", "bilou"] = Field(
        default="auto", description="how tags mean spans of words; none: they do not; auto: found out"
    )
    vocabulary: int | None = Field(
        default=None, ge=3, description="most words with a vector of their own; not set: all that occur twice or more"
    )
    lower: bool = Field(default=True, description="whether words are looked up in small letters; their letters keep it")
    longest: int = Field(
        default=256, ge=2, le=2**20, description="words of a sentence in training; a longer one is cut into pieces"
    )
    valid: float | str = Field(
        default=HELD_OUT, description="held-out part: files, with commas between them, or a share of the sentences"
    )
    encoding: str = Field(default="utf-8", description="how the files' bytes are characters")


class Network(Section):
    """What is trained: vectors of words and of their letters, recurrent layers over the sentence, a chain of tags."""

    cell: Literal["lstm", "gru", "rnn"] = Field(default="lstm", description="kind of recurrent layer")
    embedding: int = Field(default=100, ge=1, le=2**16, description="width of a word's vector")
    letters: Literal["recurrent", "convolution", "none"] = Field(
        default="recurrent", description="how a word's letters are read: both ways, by windows, or not"
    )
    letter_embedding: int = Field(default=32, ge=1, le=2**16, description="width of a letter's vector")
    letter_hidden: int = Field(
        default=64, ge=1, le=2**16, description="units per direction that read letters; windows have twice as many"
    )
    hidden: int = Field(default=160, ge=1, le=2**16, description="units per layer and direction over the words (H)")
    layers: int = Field(default=1, ge=1, le=64, description="recurrent layers, one on top of the other")
    crf: bool = Field(default=True, description="whether tags are judged together, by a chain, rather than one by one")
    internal: Literal["iobes", "iob2"] = Field(
        default="iobes", description="the scheme in which spans are learned; tags are written as the data have them"
    )
    rare: float = Field(
        default=0.25, ge=0, description="a word that occurs n times is read as unknown in training with rare/(rare + n)"
    )
    word_dropout: float = Field(
        default=0.1, ge=0, lt=1, description="share of words that are read as unknown in training whatever they are"
    )
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of entries dropped of what a word and its letters say"
    )
    dropout: float = Field(default=0.3, ge=0, lt=1, description="share of entries between layers that is dropped")
    recurrent_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of a layer's units that its own next step does not see, per row"
    )
    output_dropout: float = Field(default=0.5, ge=0, lt=1, description="share of entries dropped before the tags")


class Training(config.Training):
    """How it is trained: on batches of sentences of about one length."""

    batch: int | None = Field(
        default=None, ge=1, le=2**20, description="sentences read at once; not set: 500 words' worth, 8 to 64"
    )
    batch_steps: int = Field(
        default=8192, ge=1, le=2**30, description="most words read at once: of long sentences fewer make a batch"
    )
    epochs: float | None = Field(
        default=None, gt=0, description="most passes over the data; not set: fewer the more data there are"
    )
    average: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="share of the run over which weights are also averaged, the better of both kept; 0: none",
    )
    evaluation_rows: int = Field(
        default=2_000, ge=1, description="most sentences per look, spread over the held-out part; the score uses all"
    )


class TagConfig(Config):
    """Everything one may set to tag words."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)


def _preset(**network: Any) -> Preset:
    def preset(wished: Values) -> Mapping[str, Mapping[str, Any]]:
        return {"model": network}

    return preset


CONFIG = TagConfig
PRESETS: dict[str, Preset] = {
    "small": _preset(embedding=50, letter_embedding=16, letter_hidden=24, hidden=64),
    "medium": _preset(),
    "large": _preset(embedding=200, letter_hidden=100, hidden=256, layers=2),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": Range(5e-4, 1e-2, log=True),
    "model.hidden": Range(64, 256, step=32),
    "model.embedding_dropout": Range(0.1, 0.6),
    "model.output_dropout": Range(0.0, 0.7),
    "model.letters": Choice(("recurrent", "convolution")),
}
USUAL = "medium"
HELP = """Train a network that gives every word of a sentence its tag, and leave one file.

Part of the sentences is held out, unless --valid says otherwise; the report sets the network beside each word's most
frequent tag. Options win over --config, which wins over --preset. Ctrl-C keeps the best model so far."""
METAVAR = "DATA..."
DATA = "Files with a word and its tag per line and blank lines between sentences, CoNLL-U, or JSONL (tokens, tags)."
