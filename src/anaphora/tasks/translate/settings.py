"""Everything one may set to turn texts into other texts, and the presets; no NumPy here, so that help is quick."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field

from anaphora import config
from anaphora.config import Config, ConfigSection, Preset, Requirement
from anaphora.config.network import RECURRENT_DROPOUT, Count, Layers, Share, Width, network_preset, option
from anaphora.config.normal_form import Form, normal_form
from anaphora.config.search_space import SearchRange, Space
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.run_options import DRAWING, ONE_CHOICE

ATTENTION_ENDINGS = (".html", ".svg")
Units = Literal["subword", "char", "byte"]
Tokenizer = Literal["13a", "intl", "zh", "char", "none", "ja-mecab", "ko-mecab"]
TOKENIZERS: tuple[str, ...] = get_args(Tokenizer)


class Data(ConfigSection):
    """The data: columns of a table, and how both sides are tokenized."""

    source: str | None = option(None, "column of the source text, in a table; not set: found by its name")
    target: str | None = option(None, "column of the target text, in a table; not set: found by its name")
    header: bool = option(True, "the first line of a table names the columns; otherwise they are named 1, 2, …")
    units: Units | None = option(None, "unit of tokenization; not set: subwords, or characters if the texts are short")
    vocabulary: int | None = option(
        None, "vocabulary size per side, at most; not set: all characters, up to 4,000 subwords", ge=3
    )
    shared: bool = option(False, "one vocabulary for both sides, learned from both")
    lower: bool = option(False, "lowercase the text on both sides, before training and scoring")
    normalize: Form = normal_form("the text on both sides")
    max_length: int = option(
        400,
        "maximum length of either side, in units, its end symbol included; longer pairs are left out of training",
        ge=1,
        le=2**20,
    )
    valid: float | str = option(0.05, "held-out part: a table, two files separated by a comma, or a share of the pairs")
    test: float | str | None = option(
        None, "test part, which nothing looks at before the final score: a table, two files, or a share of the pairs"
    )
    encoding: str = option("utf-8", "text encoding of the files")
    bleu_tokenize: Tokenizer | None = option(
        None,
        "tokenizer of BLEU, by sacrebleu's name; not set: zh or char for targets written without blanks, else 13a",
    )


class Network(ConfigSection):
    """The network: an encoder, attention, and a decoder of two layers with the attention between them."""

    cell: Literal["lstm", "gru"] = option("gru", "type of the recurrent layers")
    embedding: Width = option(192, "embedding size, on both sides")
    hidden: Width = option(192, "hidden size: units per layer and direction (H)")
    layers: Layers = option(1, "number of encoder layers")
    attention: Literal["general", "additive"] = option(
        "general", "attention score function: general (Luong et al. 2015) or additive (Bahdanau et al. 2015)"
    )
    attention_size: Width = option(128, "size of the additive attention")
    tied: bool = option(True, "weight tying: the decoder's output layer reuses its embedding")
    embedding_dropout: Share = option(0.2, "dropout on the embeddings")
    unk_dropout: Share = option(
        0.0, "probability that a symbol of either side is replaced by the unknown symbol in training"
    )
    dropout: Share = option(0.2, "dropout between the recurrent layers")
    recurrent_dropout: Share = RECURRENT_DROPOUT
    output_dropout: Share = option(0.3, "dropout before the output layer")


class Training(config.Training):
    """The training: batches of pairs of similar length."""

    batch_steps: int = option(2048, "maximum number of units per batch, of both sides together", ge=1, le=2**30)
    smoothing: Share = option(0.1, "label smoothing: share of the target probability spread evenly over the vocabulary")
    scheduled_sampling: float = option(
        0.0,
        "share of decoder inputs that are the model's own predictions, at the end of a linear rise from 0",
        ge=0,
        le=1,
    )
    weight_decay: float = config.decayed(0.02)
    average: float = config.averaged(0.1)
    evaluation_rows: Count = option(2_000, "maximum number of held-out pairs per validation, which computes the loss")
    scored_rows: Count = option(5_000, "maximum number of held-out pairs that are translated for the final score")


class TranslateConfig(Config):
    """Everything one may set to turn texts into other texts."""

    data: Data = Field(default_factory=Data)
    model: Network = Field(default_factory=Network)
    training: Training = Field(default_factory=Training)
    requirements: ClassVar[tuple[Requirement, ...]] = (
        config.PATIENCE,
        Requirement(("model.attention_size",), "model.attention", values=("additive",)),
        config.no_effect(("data.vocabulary", "data.shared", "model.unk_dropout"), "data.units", "byte", always=(0,)),
    )


PRESETS: dict[str, Preset] = {
    "small": network_preset(embedding=64, hidden=96, embedding_dropout=0.1, dropout=0.1, output_dropout=0.1),
    "medium": network_preset(embedding=192, hidden=192),
    "large": network_preset(
        embedding=512, hidden=512, layers=2, embedding_dropout=0.3, dropout=0.3, output_dropout=0.4
    ),
}
SEARCH: dict[str, Space] = {
    "training.learning_rate": SearchRange(5e-4, 5e-3, log=True),
    "model.hidden": SearchRange(128, 512, step=64),
    "model.output_dropout": SearchRange(0.0, 0.6),
    "model.embedding_dropout": SearchRange(0.0, 0.5),
}
HELP = """Train a network that maps a text to another text, such as a translation, and write one model file.

Each line of the two files is one pair. A share of the pairs is held out, unless --valid says otherwise. The report
compares BLEU, chrF and the share of exact outputs with those of a copy of the source. Targets of one word are judged
by the share of exact outputs, and targets of two or three words by chrF."""
DECODING = (
    Option("beam", int, 1, "N", "Beam size; 1 is greedy decoding.", least=1),
    Option(
        "length_penalty",
        float,
        1.0,
        "A",
        "Length normalisation: hypotheses are ranked by Σ ln p / length^A; 0 favours short ones.",
        least=0,
    ),
    Option(
        "coverage",
        float,
        0.0,
        "B",
        "Coverage penalty: weight of the penalty for source symbols with little attention.",
        least=0,
    ),
)
RUN = (
    *DECODING,
    Option("no_repeat", int, 0, "N", "Block repeated n-grams of N symbols; 0: no block.", "--no-repeat-ngram", least=0),
    Option("best", int, 1, "N", "Show the N best hypotheses of the beam with their rank scores.", "--n-best", least=1),
    Option("sample", bool, False, "", "Sample the output, with --temperature, --top-k, --top-p and --seed."),
    *DRAWING,
    Option(
        "attention",
        str,
        None,
        "FILE",
        "Draw the attention weights: a page (.html), or the first text only (.svg).",
        drawn=ATTENTION_ENDINGS,
    ),
)
EVAL = (
    *DECODING,
    Option(
        "bleu_tokenize",
        str,
        None,
        "NAME",
        f"Tokenizer of BLEU, by sacrebleu's name: {', '.join(TOKENIZERS)}; not set: that of the training.",
    ),
)
REQUIREMENTS = (
    Requirement(("temperature", "top_k", "top_p", "seed"), "sample"),
    Requirement(("length_penalty", "coverage", "no_repeat", "best"), "sample", forbidden=True),
    Requirement(("length_penalty", "coverage"), "beam", least=2),
    *ONE_CHOICE,
)
TASK = Task(
    "translate",
    "A text in, another text out: an encoder, attention and a decoder.",
    config=TranslateConfig,
    presets=PRESETS,
    search_space=SEARCH,
    help=HELP,
    metavar="DATA...",
    data_help="Two parallel files, source then target, line by line; or a table (TSV, CSV, JSONL, Parquet) with two"
    " columns.",
    described="a model that was trained to translate",
    str_is_path=True,
    run_options=RUN,
    eval_options=EVAL,
    requirements=REQUIREMENTS,
)
