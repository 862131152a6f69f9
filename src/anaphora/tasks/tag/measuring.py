"""How good tags are, with its formulas; spans are those of `anaphora.metrics.spans`, as conlleval finds them.

    accuracy        words with the right tag / words
    precision       right spans / spans that were guessed         a span is right if its begin, end and type are
    recall          right spans / spans that there are
    F1              2 · right spans / (spans that were guessed + spans that there are)

over all sentences at once, and for each type of span by itself. Where tags are no spans, each tag has a precision, a
recall and an F1 of its own, counted by words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from anaphora.metrics.spans import spans

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Counts:
    """Spans, or words with a tag: right ones, guessed ones, and those that there are."""

    right: int
    guessed: int
    there: int

    @property
    def precision(self) -> float:
        """0 where nothing was guessed."""
        return self.right / self.guessed if self.guessed else 0.0

    @property
    def recall(self) -> float:
        """0 where nothing is."""
        return self.right / self.there if self.there else 0.0

    @property
    def f1(self) -> float:
        """0 where nothing was guessed and nothing is."""
        both = self.guessed + self.there
        return 2 * self.right / both if both else 0.0


@dataclass(frozen=True)
class Measured:
    """What guesses are worth: by words, and by spans."""

    words: int
    right: int
    exact: int  # sentences without a mistake
    sentences: int
    spans: Counts
    per_type: dict[str, Counts]
    per_tag: dict[str, Counts]
    confused: dict[tuple[str, str], int]  # truth and guess of wrong words

    @property
    def accuracy(self) -> float:
        """The share of words with the right tag; 0 without words."""
        return self.right / self.words if self.words else 0.0


def measured(truth: Rows, guess: Rows) -> Measured:
    """Hold guesses against what is true, sentence by sentence."""
    pairs: Counter[tuple[str, str]] = Counter()
    there: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    right: Counter[str] = Counter()
    exact = 0
    for own, given in zip(truth, guess, strict=True):
        pairs.update(zip(own, given, strict=True))
        exact += tuple(own) == tuple(given)
        found, wanted = set(spans(given)), set(spans(own))
        there.update(span.type for span in wanted)
        guessed.update(span.type for span in found)
        right.update(span.type for span in found & wanted)
    same = {tag: count for (tag, other), count in pairs.items() if tag == other}
    tags, guesses = Counter[str](), Counter[str]()
    for (tag, other), count in pairs.items():
        tags[tag] += count
        guesses[other] += count
    return Measured(
        words=sum(pairs.values()),
        right=sum(same.values()),
        exact=exact,
        sentences=len(truth),
        spans=Counts(right.total(), guessed.total(), there.total()),
        per_type={kind: Counts(right[kind], guessed[kind], there[kind]) for kind in sorted({*there, *guessed})},
        per_tag={tag: Counts(same.get(tag, 0), guesses[tag], tags[tag]) for tag in sorted({*tags, *guesses})},
        confused={pair: count for pair, count in pairs.items() if pair[0] != pair[1]},
    )
