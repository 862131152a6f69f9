"""How good a tagger is on sentences whose tags are known; `train` reports the very numbers that `eval` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.config import from_values
from anaphora.data.batches import Ragged
from anaphora.data.files.conll import Sentences
from anaphora.formatting import columns
from anaphora.metrics import spans
from anaphora.tasks.tag.calibration import fitted
from anaphora.tasks.tag.encoding import UNKNOWN, Part
from anaphora.tasks.tag.measuring import Counts, Measured, measured
from anaphora.tasks.tag.reading import read_all
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.tagger import Tagger

WORST = 20
_SHOWN = 5  # of the worst sentences and of confusions, on a terminal
_TEXT = 160  # characters of a sentence that are shown
_TABLE = 40  # types or tags that are printed
_FITTED = 2_000  # most sentences that the temperature is fitted to
_FEWEST = 100
_WAYS = 2**28  # from a tag to a tag, over all words of them
_TRIED = 20


@dataclass(frozen=True)
class Worst:
    """A sentence that the tagger is most wrong about; a wrong word stands as word[tag→guess]."""

    where: str
    text: str
    wrong: int
    nats: float


@dataclass(frozen=True)
class Each:
    """What is known of one type of span, or of one tag."""

    name: str
    there: int
    guessed: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Score:
    """How good tags are; precision, recall and F1 are of spans, None where tags are none."""

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
    floor_accuracy: float
    floor_f1: float | None
    nats_per_word: float  # of the sentences whose tags are all known, at the temperature that was fitted
    temperature: float
    unseen: tuple[str, ...]  # tags that training never had
    each: tuple[Each, ...]
    confused: tuple[tuple[int, str, str], ...]
    worst: tuple[Worst, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What a person reads, the network beside each word's most frequent tag."""
        rows = [("accuracy", self.accuracy, self.floor_accuracy)]
        if self.f1 is not None and self.floor_f1 is not None:
            rows.insert(0, ("span F1", self.f1, self.floor_f1))
        lines = [
            f"{self.sentences:,} sentences, {self.words:,} words"
            + (f", {self.spans:,} spans ({self.scheme})" if self.f1 is not None else ""),
            *columns(
                ["", "network", "most frequent tag"],
                [[f"  {name}", f"{own:.4f}", f"{floor:.4f}"] for name, own, floor in rows],
                right=[1, 2],
            ),
        ]
        if self.f1 is not None:
            lines.append(f"  precision {self.precision:.4f}, recall {self.recall:.4f}")
        told = "" if self.unknown_accuracy is None else f", accuracy on them {self.unknown_accuracy:.4f}"
        lines += [
            f"  {self.unknown_words:,} words in no vocabulary{told}",
            f"  {self.exact:.2%} of the sentences without a mistake",
            f"  {self.nats_per_word:.4f} nats per word at temperature {self.temperature:.3g}",
        ]
        if self.unseen:
            lines.append(f"  tags that training never saw, always wrong: {', '.join(self.unseen)}")
        return [*lines, "", *self._each(), *self._confused(), *self._worst()]

    def _each(self) -> list[str]:
        few = len(self.each) <= _TABLE
        shown_ones = self.each if few else sorted(self.each, key=lambda one: -one.there)[:_TABLE]
        rows = [
            [one.name or "(no type)", f"{one.there:,}", f"{one.guessed:,}", f"{one.precision:.3f}", f"{one.recall:.3f}",
             f"{one.f1:.3f}"]
            for one in shown_ones
        ]  # fmt: skip
        head = ["type" if self.f1 is not None else "tag", "there", "guessed", "precision", "recall", "F1"]
        lines = columns(head, rows, right=range(1, 6))
        return lines if few else [f"the {_TABLE} most frequent of {len(self.each):,}:", *lines]

    def _confused(self) -> list[str]:
        most = [f"  {count:,} × {truth} taken for {guess}" for count, truth, guess in self.confused[:_SHOWN]]
        return ["", "most often confused:", *most] if most else []

    def _worst(self) -> list[str]:
        lines = [f"  {one.where} ({one.nats:.1f} nats): {one.text}" for one in self.worst[:_SHOWN]]
        return ["", "most wrong about:", *lines] if lines else []


def evaluate(tagger: Tagger, sentences: Sentences) -> Score:
    """Judge a tagger by sentences with tags."""
    return judge(tagger, sentences, tagger.temperature)


def labelled(tagger: Tagger, paths: Sequence[str], encoding: str) -> Sentences:
    """Sentences with tags from files, read as those that the tagger was trained on.

    Raises DataError for what cannot be read, or has no word.
    """
    data = from_values(TagConfig, tagger.model.config["training"]).data
    return read_all(data, paths, encoding)


def temperature_of(tagger: Tagger, part: Part) -> float:
    """The temperature that fits sentences best, or of many some of them; 1 where none can be judged."""
    known = np.flatnonzero(_known(part))
    if not len(known):
        return 1.0
    ways = float(part.words.lengths.mean()) * len(tagger.reader.tags) ** 2
    most = min(_FITTED, len(known), max(_FEWEST, int(_WAYS / ways)))
    some = part.take(known[np.arange(most) * len(known) // most])
    scored = [(each, _targets(some, each.rows)) for each in tagger.scores(some)]

    def nats(temperature: float) -> float:
        chain = tagger.at(temperature)
        return -sum(float(chain.log_probabilities(each.scores, each.lengths, tags).sum()) for each, tags in scored)

    return fitted(nats, _TRIED)


def judge(tagger: Tagger, sentences: Sentences, temperature: float, encoded: Part | None = None) -> Score:
    """Hold a tagger's guesses against the tags of sentences; `encoded` are they as numbers, where somebody has them."""
    reader, chain = tagger.reader, tagger.at(temperature)
    part = encoded_as(tagger, sentences) if encoded is None else encoded
    guesses: list[tuple[str, ...]] = [()] * len(sentences)
    nats = np.zeros(len(sentences))
    judged = np.zeros(len(sentences), np.bool_)
    known = _known(part)
    for each in tagger.scores(part):
        paths = chain.best(each.scores, each.lengths)
        own = chain.log_probabilities(each.scores, each.lengths, np.maximum(_targets(part, each.rows), 0))
        for at, row in enumerate(part.rows[each.rows].tolist()):
            guesses[row] = reader.given(paths[at].labels.tolist())
            judged[row] = known[each.rows[at]]
            nats[row] = -own[at]
    found = measured(sentences.tags, guesses)
    floor = tagger.floor.score(sentences)
    lengths = sentences.lengths
    return _score(tagger, sentences, found, floor, guesses, nats, judged, part, temperature, int(lengths[judged].sum()))


def encoded_as(tagger: Tagger, sentences: Sentences) -> Part:
    """Sentences with their tags as numbers, those without words left out."""
    reader = tagger.reader
    rows = np.flatnonzero(sentences.lengths).tolist()
    tags = [reader.learned(sentences.tags[row]) for row in rows]
    return reader.part([sentences.tokens[row] for row in rows], tags, rows)


def _score(
    tagger: Tagger, sentences: Sentences, found: Measured, floor: Measured, guesses: Sequence[tuple[str, ...]],
    nats: NDArray[np.float64], judged: NDArray[np.bool_], part: Part, temperature: float, judged_words: int,
) -> Score:  # fmt: skip
    of_spans = tagger.reader.scheme != spans.PLAIN
    unknown, unknown_right = _unknown(sentences, guesses, part)
    known = set(tagger.reader.tags)
    seen = {tag for row in sentences.tags for tag in tagger.reader.learned(row)}
    order = np.argsort(-nats, kind="stable").tolist()
    wrong = [row for row in order if sentences.tags[row] != guesses[row] and judged[row]][:WORST]
    each = found.per_type if of_spans else found.per_tag
    confused = sorted(((count, *pair) for pair, count in found.confused.items()), key=lambda row: (-row[0], *row[1:]))
    return Score(
        sentences=len(sentences),
        words=found.words,
        scheme=tagger.reader.scheme,
        accuracy=found.accuracy,
        unknown_words=unknown,
        unknown_accuracy=unknown_right / unknown if unknown else None,
        exact=found.exact / max(1, found.sentences),
        precision=found.spans.precision if of_spans else None,
        recall=found.spans.recall if of_spans else None,
        f1=found.spans.f1 if of_spans else None,
        spans=found.spans.there if of_spans else 0,
        floor_accuracy=floor.accuracy,
        floor_f1=floor.spans.f1 if of_spans else None,
        nats_per_word=float(nats[judged].sum()) / max(1, judged_words),
        temperature=temperature,
        unseen=tuple(sorted(seen - known)),
        each=tuple(_each(name, counts) for name, counts in each.items()),
        confused=tuple(confused[:WORST]),
        worst=tuple(_worst(sentences, row, guesses[row], float(nats[row])) for row in wrong),
    )


def _each(name: str, counts: Counts) -> Each:
    return Each(name, counts.there, counts.guessed, counts.precision, counts.recall, counts.f1)


def _unknown(sentences: Sentences, guesses: Sequence[tuple[str, ...]], part: Part) -> tuple[int, int]:
    """How many words are in no vocabulary, and how many of them have the right tag."""
    strange = part.words.steps == UNKNOWN
    rows = part.rows.tolist()
    right = [own == guess for row in rows for own, guess in zip(sentences.tags[row], guesses[row], strict=True)]
    return int(strange.sum()), int(np.array(right, dtype=np.bool_)[strange].sum())


def _known(part: Part) -> NDArray[np.bool_]:
    """(B,) whether all tags of a sentence are known; every one has words."""
    if not len(part.rows):
        return np.zeros(0, np.bool_)
    known: NDArray[np.bool_] = np.minimum.reduceat(part.tags, part.words.ends - part.words.lengths) >= 0
    return known


def _targets(part: Part, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(T, B) the tags of some sentences."""
    return Ragged(part.tags, part.words.ends).take(rows).padded()


def _worst(sentences: Sentences, row: int, guess: tuple[str, ...], nats: float) -> Worst:
    words = [
        word if own == given else f"{word}[{own}→{given}]"
        for word, own, given in zip(sentences.tokens[row], sentences.tags[row], guess, strict=True)
    ]
    wrong = sum(own != given for own, given in zip(sentences.tags[row], guess, strict=True))
    return Worst(sentences.at(row), shown(words, 3 * _TEXT), wrong, nats)


def shown(words: Sequence[str], most: int = _TEXT) -> str:
    """A sentence in a line that is not too long."""
    text = " ".join(words)
    return text if len(text) <= most else f"{text[: most - 1]}…"
