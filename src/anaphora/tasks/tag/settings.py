"""Everything one may set to tag words, and the presets; nothing here imports NumPy, so that help is quick."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from anaphora import config
from anaphora.config import Config, ConfigSection, Preset, Requirement
from anaphora.config.network import RECURRENT_DROPOUT, Count, Layers, Rows, Share, Width, network_preset, option
from anaphora.config.normal_form import Form, normal_form
from anaphora.config.search_space import SearchChoice, SearchRange, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import TOP


class Data(ConfigSection):
    """The data: file format, columns and tagging scheme."""

    format: Literal[
        "auto", "columns", "conllu", "conll2009", "conll2012", "json", "rows", "offsets", "slashes", "sides", "parallel"
    ] = option("auto", "file format, as docs/formats.md lists them under Tags; auto: detected")
    token: str | None = option(
        None, "column of the words: a number from 1 (-1 is the last), or a name; not set: the first column"
    )
    tag: str | None = option(
        None, "column of the tags: a number, or a name such as XPOS; not set: the last column, or UPOS in CoNLL-U"
    )
    scheme: Literal["auto", "none", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "ioe1", "ioe2"] = option(
        "auto", "tagging scheme of spans; none: one independent tag per word; auto: detected"
    )
    normalize: Form = normal_form("words and tags")
    vocabulary: int | None = option(
        None, "vocabulary size in words, at most; not set: all words that occur at least twice", ge=3
    )
    lower: bool = option(True, "lowercase the words; the characters of a word keep their case")
    max_length: int = option(
        256, "maximum length of a training sentence, in words; longer ones are split", ge=2, le=2**20
    )
    valid: float | str = option(0.1, "held-out part: files, separated by commas, or a share of the sentences")
    test: float | str | None = option(
        None, "test part, which nothing looks at before the final score: files, or a share of the sentences"
    )
    encoding: str = option("utf-8", "text encoding of the files")


class Network(ConfigSection):
    """The network: word and character embeddings, recurrent layers over the sentence, a CRF."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "type of the recurrent layers")
    embedding: Width = option(100, "word embedding size")
    characters: Literal["recurrent", "convolution", "none"] = option(
        "recurrent", "character encoder of a word: bidirectional recurrent layer, convolution, or none"
    )
    character_embedding: Width = option(32, "character embedding size")
    character_hidden: Width = option(
        64, "hidden size of the character encoder, per direction; a convolution has twice as many filters"
    )
    hidden: Width = option(160, "hidden size: units per layer and direction over the words (H)")
    layers: Layers = option(1, "number of recurrent layers")
    bidirectional: bool = option(
        True, "read the sentence in both directions; otherwise a tag depends only on its word and the words before it"
    )
    crf: bool = option(True, "linear-chain CRF over the tags; otherwise each tag is predicted independently")
    internal: Literal["iobes", "iob2"] = option(
        "iobes", "tagging scheme that the network learns; tags are written in the scheme of the data"
    )
    unk_rate: float = option(
        0.25,
        "a word that occurs n times is replaced by the unknown word with probability unk_rate/(n + unk_rate)",
        ge=0,
    )
    word_dropout: Share = option(0.1, "probability that any word is replaced by the unknown word in training")
    embedding_dropout: Share = option(0.5, "dropout on the word embeddings and character features")
    dropout: Share = option(0.3, "dropout between the recurrent layers")
    recurrent_dropout: Share = RECURRENT_DROPOUT
    output_dropout: Share = option(0.5, "dropout on the last recurrent layer's output")


class Training(config.Training):
    """The training: batches of sentences of similar length."""

    batch: Rows | None = option(None, "batch size in sentences; not set: 8 to 64, about 500 words per batch")
    batch_steps: int = option(
        8192, "maximum number of words per batch; a batch of long sentences has fewer sentences", ge=1, le=2**30
    )
    epochs: float | None = config.EPOCHS
    average: float = config.averaged(0.2)
    evaluation_rows: Count = option(
        2_000, "maximum number of held-out sentences per validation; the final score uses all of them"
    )


class TagConfig(Config):
    """Everything one may set to tag words."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)
    requirements: ClassVar[tuple[Requirement, ...]] = (
        config.DROPOUT,
        config.PATIENCE,
        config.no_effect(("model.character_embedding", "model.character_hidden"), "model.characters", "none"),
        config.no_effect(("model.internal",), "data.scheme", "none"),
    )


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=50, character_embedding=16, character_hidden=24, hidden=64),
    "medium": network_preset(),
    "large": network_preset(embedding=200, character_hidden=100, hidden=256, layers=2),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": SearchRange(5e-4, 1e-2, log=True),
    "model.hidden": SearchRange(64, 256, step=32),
    "model.embedding_dropout": SearchRange(0.1, 0.6),
    "model.output_dropout": SearchRange(0.0, 0.7),
    "model.characters": SearchChoice(("recurrent", "convolution")),
}
HELP = """Train a network that assigns a tag to every word of a sentence, and write one model file.

A share of the sentences is held out, unless --valid says otherwise. The report compares the network with the most
frequent tag of each word."""
FORM = Option("form", str, "auto", "FORM", "Input format: auto, lines, or a format of training files.", "--format")
TASK = Task(
    "tag",
    "A tag for every word of a sentence, or spans of words: names, parts of speech.",
    config=TagConfig,
    presets=PRESETS,
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help=(
        "Files with a word and its tag per line and blank lines between sentences, CoNLL-U, JSONL (tokens, tags), or"
        " another layout of docs/formats.md."
    ),
    described="a model that was trained to tag",
    str_is_path=True,
    idle=lambda corpus: {"model.internal": "tags that mark no spans"} if corpus.scheme == "none" else {},
    run_options=(TOP, FORM),
)
