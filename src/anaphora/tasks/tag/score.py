"""The score of a tagger on sentences with known tags; `train` reports the same numbers that `eval` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.sentences import Sentences
from anaphora.formatting import columns, counted, shortened, titled
from anaphora.metrics import spans
from anaphora.metrics.tagging import measured
from anaphora.runs import report as reports
from anaphora.runs.content import Result
from anaphora.tasks.tag.encoding import Part, Reader
from anaphora.tasks.tag.sample import sample
from anaphora.tasks.tag.symbols import UNKNOWN
from anaphora.tasks.tag.truth import Truth

WORST = 20
_SHOWN = 5  # of the worst sentences and of confusions, on a terminal
_TEXT = 480  # characters of a sentence that are shown
_TABLE = 40  # types or tags that are printed
RIVAL = "each word's most frequent tag"
_CROSS_FITTED = " (cross-fitted: each sentence is scored at the temperature of the other folds)"


@dataclass(frozen=True)
class Worst:
    """A sentence with a high loss; a wrong word stands as word[tag→prediction]."""

    where: str
    text: str
    wrong: int
    nats: float


@dataclass(frozen=True)
class Each:
    """Figures of one type of span, or of one tag."""

    name: str
    there: int
    guessed: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Score(reports.Score):
    """The score of a tagger; precision, recall and F1 are of spans, None if tags mark no spans."""

    sentences: int
    words: int
    scheme: str
    accuracy: float
    unknown_words: int  # in no vocabulary
    unknown_accuracy: float | None
    exact: float  # the share of sentences without a mistake
    precision: float | None
    recall: float | None
    f1: float | None
    spans: int
    baseline_accuracy: float
    baseline_f1: float | None
    nats_per_word: float  # of the sentences whose tags are all known, after calibration
    uncalibrated_nats: float  # the same at temperature 1
    temperature: float
    unseen: tuple[str, ...]  # tags that training never had, as the data write them
    each: tuple[Each, ...]
    confused: tuple[tuple[int, str, str], ...]
    worst: tuple[Worst, ...]
    notes: tuple[str, ...] = ()  # sentences that one should know of
    cross_fitted: bool = False  # the nats of each sentence are at the temperature of the other folds

    def results(self) -> tuple[Result, ...]:
        """Return accuracy, and F1 of spans if there are any, beside each word's most frequent tag; F1 decides."""
        return shares(self.f1, self.accuracy, self.baseline_f1, self.baseline_accuracy)

    def lines(self) -> list[str]:
        """Return the lines of a report: the network beside each word's most frequent tag."""
        rows = [("accuracy", self.accuracy, self.baseline_accuracy)]
        if self.f1 is not None and self.baseline_f1 is not None:
            rows.insert(0, ("span F1", self.f1, self.baseline_f1))
        lines = [
            f"{counted(self.sentences, 'sentence')}, {counted(self.words, 'word')}"
            + (f", {counted(self.spans, 'span')} ({self.scheme})" if self.f1 is not None else ""),
            *columns(
                ["", "network", "most frequent tag"],
                [[f"  {name}", f"{own:.4f}", f"{baseline:.4f}"] for name, own, baseline in rows],
                right=[1, 2],
            ),
        ]
        if self.f1 is not None:
            lines.append(f"  precision {self.precision:.4f}, recall {self.recall:.4f}")
        lines += self.interval_line()
        on_them = "" if self.unknown_accuracy is None else f", accuracy on them {self.unknown_accuracy:.4f}"
        lines += [
            f"  {counted(self.unknown_words, 'word')} not in the vocabulary{on_them}",
            f"  {self.exact:.2%} of the sentences without a mistake",
            f"  {self.nats_per_word:.4f} nats per word at temperature {self.temperature:.3g}"
            f"{_CROSS_FITTED if self.cross_fitted else ''}, {self.uncalibrated_nats:.4f} before, at 1",
        ]
        if self.unseen:
            lines.append(f"  tags without a training word, always predicted wrong: {', '.join(self.unseen)}")
        lines += [f"  {note}" for note in self.notes]
        most = [f"  {count:,} × {truth} predicted as {predicted}" for count, truth, predicted in self.confused[:_SHOWN]]
        worst = [f"  {one.where} ({one.nats:.1f} nats): {one.text}" for one in self.worst[:_SHOWN]]
        return [
            *lines,
            "",
            *self._each(),
            *titled("most often confused:", most),
            *titled("wrong sentences with the highest loss:", worst),
        ]

    def _each(self) -> list[str]:
        few = len(self.each) <= _TABLE
        chosen = self.each if few else sorted(self.each, key=lambda one: -one.there)[:_TABLE]
        rows = [
            [name or "(no type)", f"{there:,}", f"{guessed:,}", *(f"{share:.3f}" for share in shares)]
            for name, there, guessed, *shares in map(astuple, chosen)
        ]
        head = ["type" if self.f1 is not None else "tag", "support", "predicted", "precision", "recall", "F1"]
        lines = columns(head, rows, right=range(1, 6))
        return lines if few else [f"the {_TABLE} most frequent of {len(self.each):,}:", *lines]


def shares(
    f1: float | None, accuracy: float | None, baseline_f1: float | None, baseline_accuracy: float
) -> tuple[Result, ...]:
    """Return figures beside those of each word's most frequent tag; without `baseline_f1`, tags mark no spans."""
    of_words = Result("accuracy", "", accuracy, baseline_accuracy, RIVAL, lower_is_better=False)
    if baseline_f1 is None:
        return (of_words,)
    return Result("span F1", "", f1, baseline_f1, RIVAL, lower_is_better=False), of_words


def judge(
    reader: Reader,
    true: Truth,
    part: Part,
    predictions: Sequence[tuple[str, ...]],
    nats: NDArray[np.float64],
    uncalibrated: NDArray[np.float64],
    usual: Sequence[tuple[str, ...]],
    temperature: float,
    longest: int,
) -> Score:
    """Compare predicted tags, plain ones, with those of sentences; `part` is the sentences as numbers, and `nats` (B,)
    −ln p of each sentence's own tags, `uncalibrated` (B,) the same at temperature 1. `usual` are the tags of the
    baseline. Training splits sentences of more
    than `longest` words.
    """
    sentences, written = true.sentences, reader.marking.written
    found, of_spans = measured(sentences.tags, predictions), reader.scheme != spans.PLAIN
    baseline = measured(sentences.tags, usual)
    known = np.zeros(len(sentences), np.bool_)
    known[part.numbers] = part.known
    words = max(1, int(sentences.lengths[known].sum()))
    unknown, unknown_right = _unknown(sentences, predictions, part)
    order = np.argsort(-nats, kind="stable").tolist()
    wrong = [row for row in order if sentences.tags[row] != predictions[row] and known[row]][:WORST]
    each = found.per_type if of_spans else found.per_tag  # types and tags without spans stand as they are written
    pairs = ((count, written(own), written(given)) for (own, given), count in found.confused.items())
    confused = sorted(pairs, key=lambda row: (-row[0], *row[1:]))
    return Score(
        sentences=len(sentences),
        words=found.words,
        scheme=reader.scheme,
        accuracy=found.accuracy,
        unknown_words=unknown,
        unknown_accuracy=unknown_right / unknown if unknown else None,
        exact=found.exact / max(1, found.sentences),
        precision=found.spans.precision if of_spans else None,
        recall=found.spans.recall if of_spans else None,
        f1=found.spans.f1 if of_spans else None,
        spans=found.spans.support if of_spans else 0,
        baseline_accuracy=baseline.accuracy,
        baseline_f1=baseline.spans.f1 if of_spans else None,
        nats_per_word=float(nats[known].sum()) / words,
        uncalibrated_nats=float(uncalibrated[known].sum()) / words,
        temperature=temperature,
        unseen=_unseen(reader, true),
        each=tuple(Each(name, n.support, n.predicted, n.precision, n.recall, n.f1) for name, n in each.items()),
        confused=tuple(confused[:WORST]),
        worst=tuple(_worst(sentences, row, predictions[row], float(nats[row]), written) for row in wrong),
        notes=_notes(true, longest),
        sample=sample(sentences.tags, predictions, of_spans),
        rival=sample(sentences.tags, usual, of_spans),
    )


def _unseen(reader: Reader, true: Truth) -> tuple[str, ...]:
    """Return the tags that training never had, as the data write them."""
    learned = set(reader.tags)
    pairs = zip(true.written, map(reader.learned, true.sentences.tags), strict=True)
    return tuple(sorted({own for row in pairs for own, tag in zip(*row, strict=True) if tag not in learned}))


def _notes(true: Truth, longest: int) -> tuple[str, ...]:
    """Return sentences about odd tags and about sentences that are longer than those of the training."""
    notes = []
    if true.odd:
        words = sum(tag in true.odd for row in true.written for tag in row)
        some = ", ".join(sorted(true.odd)[:_SHOWN])
        notes.append(f"{counted(words, 'word')} with a tag that marks no span, read as outside: {some}")
    long = int((true.sentences.lengths > longest).sum())
    if long:
        notes.append(f"{counted(long, 'sentence')} of more than {longest:,} words: training splits such a sentence")
    return tuple(notes)


def _unknown(sentences: Sentences, predictions: Sequence[tuple[str, ...]], part: Part) -> tuple[int, int]:
    """Return the number of words outside the vocabulary, and how many of them have the right tag."""
    strange = part.words.steps == UNKNOWN
    pairs = ((sentences.tags[row], predictions[row]) for row in part.numbers.tolist())
    right = [own == given for row in pairs for own, given in zip(*row, strict=True)]
    return int(strange.sum()), int(np.array(right, dtype=np.bool_)[strange].sum())


def _worst(
    sentences: Sentences, row: int, prediction: tuple[str, ...], nats: float, written: Callable[[str], str]
) -> Worst:
    triples = zip(sentences.tokens[row], sentences.tags[row], prediction, strict=True)
    words = [word if own == given else f"{word}[{written(own)}→{written(given)}]" for word, own, given in triples]
    wrong = sum(own != given for own, given in zip(sentences.tags[row], prediction, strict=True))
    return Worst(sentences.at(row), shortened(" ".join(words), _TEXT), wrong, nats)
