"""Rows as numbers: texts as symbols, series on one scale, labels as targets.

    x' = (x − mean) / sd        per channel, over all steps of the training part; a missing number is 0, its mean
    target                      the label's index, or for several labels a row of zeros and ones

Vocabulary, scale and labels come from the training part alone. A trained model needs the `Reader` to read other rows;
the bundle holds it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.config.units import PLURAL
from anaphora.data.batches import Ragged
from anaphora.data.text.build import build, restore
from anaphora.data.text.normal_form import Form, normal
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.data.text.words import split_words
from anaphora.errors import DataError, UsageError
from anaphora.formatting import counted
from anaphora.tasks.base.trained_model import needed
from anaphora.tasks.classify.data import Corpus
from anaphora.tasks.classify.inputs import LARGEST, Labels, Series, prepared
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.settings import ClassifyConfig, Data

WORDS = 20_000
_SHOWN = 5  # labels in a message
_WORDS_OF_A_NAME = 3.0  # rows with fewer words on average are cut into characters


class Scale(NamedTuple):
    """The scale that makes channels comparable: x' = (x − mean) / sd."""

    mean: NDArray[np.float64]  # (C,)
    sd: NDArray[np.float64]  # (C,), 1 for a channel that never changes

    def apply(self, steps: Series) -> NDArray[np.float32]:
        """Return steps (N, C) on the scale, with 0 for missing numbers."""
        return np.nan_to_num((steps - self.mean) / self.sd, nan=0.0, posinf=np.inf, neginf=-np.inf).astype(np.float32)

    @staticmethod
    def of(steps: Series) -> Scale:
        """Return the scale of the training part, `steps` (N, C); missing numbers do not count."""
        present = np.isfinite(steps) & (np.abs(steps) <= LARGEST)
        count = np.maximum(present.sum(axis=0), 1)
        mean = np.where(present, steps, 0.0).sum(axis=0) / count
        sd = np.sqrt((np.where(present, steps - mean, 0.0) ** 2).sum(axis=0) / count)
        return Scale(mean, np.where(sd > 0, sd, 1.0))


class Part(NamedTuple):
    """One encoded part: `steps` int32 symbols or float32 (N, C); `targets` (B,) int64, or (B, K) float32."""

    rows: Ragged
    targets: NDArray[Any]
    numbers: NDArray[np.int64]  # (B,) where the rows stand in the part as it was read

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(B,) steps."""
        return self.rows.lengths

    def take(self, rows: NDArray[np.int64]) -> Part:
        """Return the rows with numbers (n,)."""
        return Part(self.rows.take(rows), self.targets[rows], self.numbers[rows])


@dataclass(frozen=True)
class Reader:
    """The encoder of a row for the network."""

    kind: str  # char, byte, word or subword; step for series
    lower: bool
    longest: int
    missing: str
    vocabulary: Vocabulary | None
    scale: Scale | None
    normalize: Form = "none"

    @property
    def width(self) -> int:
        """The size of the vocabulary, or the numbers per step."""
        return self.channels if self.vocabulary is None else self.vocabulary.size

    @property
    def channels(self) -> int:
        """Numbers per step; 0 for text."""
        return 0 if self.scale is None else len(self.scale.mean)

    def whole_text(self, text: str) -> NDArray[np.int32]:
        """Return the symbols of a text, however long it is."""
        assert self.vocabulary is not None
        return self.vocabulary.encode(prepared(normal(text, self.normalize), self.kind, self.lower))

    def text(self, text: str) -> NDArray[np.int32]:
        """Return the symbols of a text, its end cut off."""
        return self.whole_text(text)[: self.longest]

    def linear_text(self, text: str) -> str:
        """Return the text that the linear part reads: the same units, their end cut off."""
        known = normal(text, self.normalize)
        known = known.lower() if self.lower else known
        first = self.first_units(known, self.longest) if may_be_longer(text, self.longest) else None
        return known if first is None else first

    def first_units(self, text: str, count: int) -> str | None:
        """Return the first units of a text in its normal form and case; None if it has no more of them."""
        assert self.vocabulary is not None
        known = prepared(text, self.kind, lower=False)
        if self.kind == "byte":
            raw = known.encode()
            return None if len(raw) <= count else raw[:count].decode(errors="ignore")
        units = self.vocabulary.units(known)
        return None if len(units) <= count else "".join(units[:count])

    def series(self, steps: Series, where: str) -> NDArray[np.float32]:
        """Return a series (T, C) on the scale.

        Raises DataError for another number of channels, for an infinite number, and for a missing number unless the
        mean replaces it.
        """
        assert self.scale is not None
        steps = steps if steps.size else np.zeros((0, self.channels))
        if steps.shape[1] != self.channels:
            raise DataError(
                f"{where}: a step has {counted(steps.shape[1], 'number')}; the network reads {self.channels}."
            )
        steps = steps[: self.longest]
        with np.errstate(over="ignore"):
            far = np.abs((steps - self.scale.mean) / self.scale.sd) > np.finfo(np.float32).max
        huge = np.isfinite(steps) & (far | (np.abs(steps) > LARGEST))
        if huge.any():
            t, channel = np.argwhere(huge)[0].tolist()
            raise DataError(
                f"{where}: number {channel + 1} of step {t + 1} is {steps[t, channel]}, which is too large"
                " to be read. Correct it, or remove the row."
            )
        bad = ~np.isfinite(steps) if self.missing == "refuse" else np.isinf(steps)
        if bad.any():
            t, channel = np.argwhere(bad)[0].tolist()
            remedy = "Fill it, remove the row" + (
                ", or train with --missing mean." if self.missing == "refuse" else "."
            )
            raise DataError(f"{where}: number {channel + 1} of step {t + 1} is {steps[t, channel]}. {remedy}")
        return self.scale.apply(steps)

    def rows(self, rows: Rows) -> Ragged:
        """Return all rows of a part."""
        if isinstance(rows.inputs, Ragged):
            series = [self.series(rows.inputs.row(row), rows.at(row)) for row in range(len(rows))]
            return Ragged.of(series, np.zeros((0, self.channels), np.float32))
        return Ragged.of([self.text(text) for text in rows.inputs], np.zeros(0, np.int32))

    def texts(self, rows: Rows) -> tuple[str, ...]:
        """Return the texts of a part for the linear part; none for series."""
        return () if isinstance(rows.inputs, Ragged) else tuple(map(self.linear_text, rows.inputs))

    def cut(self, rows: Rows) -> list[int]:
        """Return the numbers of the rows whose ends are cut off."""
        inputs = rows.inputs
        if isinstance(inputs, Ragged):
            cut: list[int] = np.flatnonzero(inputs.lengths > self.longest).tolist()
            return cut
        long = (row for row, text in enumerate(inputs) if may_be_longer(text, self.longest))
        return [row for row in long if len(self.whole_text(inputs[row])) > self.longest]

    def cut_in_words(self, count: int) -> str:
        """Return a sentence about the number of rows whose ends are cut off."""
        return f"In {counted(count, 'row')}, only the first {self.longest:,} {PLURAL[self.kind]} are read."

    def settings(self) -> dict[str, Any]:
        """The reader's settings in a bundle's config."""
        normalize = {} if self.normalize == "none" else {"normalize": self.normalize}
        return {"kind": self.kind, "lower": self.lower, "longest": self.longest, "missing": self.missing, **normalize}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The reader's tensors in a bundle."""
        if self.vocabulary is not None:
            return self.vocabulary.tensors()
        assert self.scale is not None
        return {"scale.mean": self.scale.mean, "scale.sd": self.scale.sd}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Reader:
        """Return the reader of a bundle with tensors such as the mean (C,); raises CorruptBundle if there is none."""
        use = "is needed to read a row"
        kind, lower, longest, missing = needed(settings, use, "kind", "lower", "longest", "missing")
        if kind == "step":
            scale = Scale(*needed(tensors, use, "scale.mean", "scale.sd"))
            return Reader(kind, lower, longest, missing, None, scale)
        normalize = settings.get("normalize", "none")
        return Reader(kind, lower, longest, missing, restore(kind, tensors), None, normalize)


@dataclass(frozen=True)
class Encoded:
    """All parts as numbers, and their reader."""

    reader: Reader
    labels: tuple[str, ...]
    multi: bool
    train: Part
    held_out: Part
    test: Part | None = None


def encode(config: ClassifyConfig, corpus: Corpus) -> Encoded:
    """Encode all parts.

    Raises DataError if there is only one label, if a label occurs only in the held-out part, or if no label of the test
    part occurs in the training part; UsageError for class weights of rows with several labels.
    """
    labels = tuple(sorted({label for row in corpus.train.labels for label in row}))
    multi = corpus.columns.multi
    if multi and config.training.class_weights != "none":
        raise UsageError(
            "--class-weights has no effect on rows with several labels, because each label has a loss of its own: leave"
            " the option out."
        )
    if len(labels) < (1 if multi else 2):
        raise DataError(
            f"All training rows have the same label, {labels[0] if labels else 'none'!r}, so there is"
            " nothing to learn. Add rows with at least one other label."
        )
    reader = reader_of(config.data, corpus.train)
    known = set(labels)
    for row, own in enumerate(corpus.held_out.labels):
        if set(own) - known:
            raise DataError(
                f"{corpus.held_out.at(row)}: no training row has the label"
                f" {next(iter(set(own) - known))!r}. Add such rows to the training part, or remove this row."
            )
    tested = () if corpus.test is None else corpus.test.labels
    if tested and not any(known.intersection(own) or not own for own in tested):
        raise DataError(
            f"No label of the {len(tested):,} rows of the test part occurs in the training part: the test part has"
            f" {_some({label for own in tested for label in own})}, the training part has {_some(known)}. Check the"
            " label column of both."
        )
    parts = [
        Part(reader.rows(rows), targets(rows.labels, labels, multi), np.arange(len(rows)))
        for rows in (corpus.train, corpus.held_out, corpus.test)
        if rows is not None
    ]
    return Encoded(reader, labels, multi, *parts)


def _some(labels: Collection[str]) -> str:
    """Return some labels in words."""
    shown = ", ".join(map(repr, sorted(labels)[:_SHOWN]))
    return shown if len(labels) <= _SHOWN else f"{shown} and {len(labels) - _SHOWN:,} more labels"


def reader_of(data: Data, train: Rows) -> Reader:
    """Return a reader with the vocabulary or scale of the training part."""
    if isinstance(train.inputs, Ragged):
        scale = Scale.of(train.inputs.steps)
        return Reader("step", data.lower, data.max_length, data.missing, vocabulary=None, scale=scale)
    kind = data.units or suggest_units(train.inputs)
    text = "\n".join(prepared(normal(text, data.normalize), kind, data.lower) for text in train.inputs)
    size = WORDS if kind == "word" and data.vocabulary is None else data.vocabulary
    vocabulary = build(kind, text, size)
    return Reader(kind, data.lower, data.max_length, data.missing, vocabulary, None, data.normalize)


def may_be_longer(text: str, longest: int) -> bool:
    """Return whether a text may have more than `longest` units of some kind, before it is divided into units."""
    return len(text) > longest if text.isascii() else 2 * len(text.encode()) > longest  # lower case may be longer


def suggest_units(texts: Sequence[str]) -> str:
    """Suggest words, or characters for rows of a word or two."""
    some = texts[:: max(1, len(texts) // 1000)]
    return "word" if sum(len(split_words(text)) for text in some) >= _WORDS_OF_A_NAME * len(some) else "char"


def targets(rows: Sequence[Labels], labels: Sequence[str], multi: bool) -> NDArray[Any]:
    """Return the index (B,) of each row's label, −1 for a label not in `labels`; with `multi` zeros and ones (B, K)."""
    index = {label: place for place, label in enumerate(labels)}
    if not multi:
        return np.array([index.get(row[0], -1) for row in rows], dtype=np.int64)
    table = np.zeros((len(rows), len(labels)), dtype=np.float32)
    for number, row in enumerate(rows):
        table[number, [index[label] for label in row if label in index]] = 1.0
    return table
