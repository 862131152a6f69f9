"""The language task without torch: what one may set, how a text is split and encoded, what the network must beat.

    score = mean over units 1 … N−1 of the held-out text of  −log p(unit | all before it)      nats per unit
    bits = nats / log 2,    perplexity = exp(nats)

The floor is an interpolated Kneser-Ney model of the same units, counted on the same training part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anaphora import metrics
from anaphora.baselines import LARGEST, KneserNey, order_for
from anaphora.data.shards import Units
from anaphora.data.telling import told
from anaphora.data.text import Text, open_texts
from anaphora.data.vocabulary import Vocabulary
from anaphora.errors import DataError, UsageError
from anaphora.tasks.language import scoring, streams
from anaphora.tasks.language.preparing import prepare
from anaphora.tasks.language.settings import HELD_OUT, PLURAL, PRESETS, LanguageConfig

_COUNTED_PER_MINUTE = 5_000_000  # units of which n-grams are counted; a million takes 1 to 2 s
__all__ = [
    "HELD_OUT", "PLURAL", "PRESETS", "Corpus", "Encoded", "Floor", "LanguageConfig", "Report",
    "encode", "floor", "read", "split",
]  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """The text, split; `sha256` is that of the two parts as UTF-8, a zero byte between them."""

    train: Text
    held_out: Text
    sources: tuple[str, ...]
    sha256: str
    held_out_sha256: str


@dataclass(frozen=True)
class Encoded:
    """The two parts as symbols, in memory or on disk."""

    vocabulary: Vocabulary
    train: Units
    held_out: Units


@dataclass(frozen=True)
class Floor:
    """What an n-gram model of the same units scores on the held-out part; `note` says if it saw less than all."""

    nats: float
    order: int
    note: str | None


@dataclass(frozen=True)
class Report:
    """How a training ended. Scores are on the held-out part; they are None if the run was cut off before they were
    computed.
    """

    unit: str
    nats: float | None
    bits: float | None
    perplexity: float | None
    floor_nats: float
    loses: bool | None
    sampled_nats: float  # the best look during training, at a sample of the held-out part
    scored: int  # units
    parameters: int
    steps: int
    best_step: int
    seconds: float  # of the whole command
    stopped: str
    model: Path
    run_dir: Path
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """What a person reads at the end, the network beside the n-gram model."""
        minutes, seconds = divmod(round(self.seconds), 60)
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {minutes}:{seconds:02}"]
        if self.nats is not None:
            lines.append(f"held-out text, {self.scored:,} {PLURAL[self.unit]}, per {self.unit}:")
            for name, nats in (("network", self.nats), ("n-gram ", self.floor_nats)):
                bits, perplexity = metrics.bits(nats), metrics.perplexity(nats)
                lines.append(f"  {name}  {nats:.4f} nats  {bits:.4f} bits  perplexity {perplexity:,.2f}")
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


def read(config: LanguageConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read texts of any length, `-` being standard input, and set the held-out part aside.

    Raises DataError for what cannot be read, UsageError for a share that is none.
    """
    text = open_texts(list(paths), config.data.encoding)
    sources = tuple(str(path) for path in paths)
    if isinstance(config.data.valid, str):
        held_out = open_texts([config.data.valid], config.data.encoding)
        return _corpus(text, held_out, (*sources, config.data.valid))
    return split(config, text, *sources)


def split(config: LanguageConfig, text: str | Text, *sources: str) -> Corpus:
    """Set aside the end of a text.

    Raises UsageError if `valid` is not a share between 0 and 1.
    """
    share = config.data.valid
    if isinstance(share, str) or not 0 < share < 1:
        raise UsageError(f"--valid takes a file, or a share of the text between 0 and 1; it was given {share}.")
    text = Text.of(text) if isinstance(text, str) else text
    edge = round(len(text) * (1 - share))
    return _corpus(text[:edge], text[edge:], sources)


def encode(config: LanguageConfig, corpus: Corpus) -> Encoded:
    """Make the vocabulary of the training part alone, and turn both parts into symbols.

    Raises DataError if a part is too short to train on or to score.
    """
    unit = config.data.units
    need = config.training.batch * config.training.steps + 1
    if not len(corpus.train):
        raise DataError(f"The training part of {_named(corpus)} is empty; one batch needs {need:,} {PLURAL[unit]}.")
    vocabulary, train, held_out = prepare(corpus.train, corpus.held_out, corpus.sha256, unit, config.data.vocabulary)
    if len(train) < need:
        raise DataError(
            f"The training part of {_named(corpus)} has {len(train):,} {PLURAL[unit]}; one batch of"
            f" {config.training.batch} rows"
            f" by {config.training.steps} steps needs {need:,}. Bring more text, or {_smaller_batch(len(train))}."
        )
    if len(held_out) < 2:
        raise DataError(
            f"The held-out part of {_named(corpus)} has {len(held_out)} {PLURAL[unit]}; a score needs at least 2,"
            " and some"
            " thousands to mean much. Raise --valid, or name a file with it."
        )
    return Encoded(vocabulary, train, held_out)


def floor(config: LanguageConfig, encoded: Encoded) -> Floor:
    """Score the held-out part with an n-gram model of the training part, or of a sample of it where time is short."""
    order = order_for(config.data.units)
    minutes = config.training.minutes
    largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
    model = KneserNey(order, encoded.vocabulary.size).fit(encoded.train, largest)
    pieces = streams.cut(len(encoded.held_out))
    return Floor(float(scoring.floor_nats(model, encoded.held_out, pieces).mean()), order, model.note)


def scored(encoded: Encoded) -> tuple[int, str | None]:
    """How many units of the held-out part the final score is of, and what to know if they are not all."""
    every, units = len(encoded.held_out) - 1, streams.scored_in(streams.cut(len(encoded.held_out)))
    note = f"Both scores are of an evenly spread sample of {units:,} of the held-out part's {every:,} units."
    return units, note if units < every else None


def _corpus(train: Text, held_out: Text, sources: tuple[str, ...]) -> Corpus:
    whole, end = hashlib.sha256(), hashlib.sha256()
    for block in told(train.blocks(), len(train), "hashing the training part"):
        whole.update(block.encode())
    whole.update(b"\0")
    for block in told(held_out.blocks(), len(held_out), "hashing the held-out part"):
        whole.update(block.encode())
        end.update(block.encode())
    return Corpus(train, held_out, sources, whole.hexdigest(), end.hexdigest())


def _named(corpus: Corpus) -> str:
    names = ["standard input" if source == "-" else source for source in corpus.sources]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "the text"


def _smaller_batch(units: int) -> str:
    """Options under which a text of so many units makes a batch; words that say so if none does."""
    for batch, steps in ((16, 64), (8, 32), (4, 16), (1, 8)):
        if batch * steps + 1 <= units:
            return f"try --batch {batch} --steps {steps}"
    return "at least a few sentences: nothing can be learnt from this little"
