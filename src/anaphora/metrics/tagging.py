"""Scores of tags, with their formulas; spans are those of `anaphora.metrics.spans`, by the rules of conlleval.

    accuracy        words with the right tag / words
    precision       right spans / predicted spans         a span is right if its begin, end and type are
    recall          right spans / spans of the data
    F1              2 · right spans / (predicted spans + spans of the data)

over all sentences at once, and for each type of span. If tags encode no spans, precision, recall and F1 of each tag
count words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from anaphora.metrics.spans import spans

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Counts:
    """Counts of right, predicted and true spans, or of words with a tag."""

    right: int
    predicted: int
    support: int

    @property
    def precision(self) -> float:
        """The share of right ones among the predicted; 0 if none is predicted."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the true ones that were found; 0 if the data have none."""
        return self.right / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if none is predicted and none is true."""
        both = self.predicted + self.support
        return 2 * self.right / both if both else 0.0


@dataclass(frozen=True)
class Measured:
    """The scores of predicted tags: by words, and by spans."""

    words: int
    right: int
    exact: int  # sentences without a mistake
    sentences: int
    spans: Counts
    per_type: dict[str, Counts]
    per_tag: dict[str, Counts]
    confused: dict[tuple[str, str], int]  # true and predicted tag of wrong words

    @property
    def accuracy(self) -> float:
        """The share of words with the right tag; 0 without words."""
        return self.right / self.words if self.words else 0.0


def measured(truth: Rows, predictions: Rows) -> Measured:
    """Return the scores of predicted tags against the true tags, sentence by sentence."""
    pairs, support, predicted, right = Counter[tuple[str, str]](), Counter[str](), Counter[str](), Counter[str]()
    exact = 0
    for own, given in zip(truth, predictions, strict=True):
        pairs.update(zip(own, given, strict=True))
        exact += tuple(own) == tuple(given)
        found, wanted = set(spans(given)), set(spans(own))
        for counter, some in ((support, wanted), (predicted, found), (right, found & wanted)):
            counter.update(span.type for span in some)
    true_tags, predicted_tags, right_tags = Counter[str](), Counter[str](), Counter[str]()
    for (tag, other), count in pairs.items():
        true_tags[tag] += count
        predicted_tags[other] += count
        right_tags[tag] += count if tag == other else 0
    return Measured(
        words=pairs.total(),
        right=right_tags.total(),
        exact=exact,
        sentences=len(truth),
        spans=Counts(right.total(), predicted.total(), support.total()),
        per_type=_counts(right, predicted, support),
        per_tag=_counts(right_tags, predicted_tags, true_tags),
        confused={pair: count for pair, count in pairs.items() if pair[0] != pair[1]},
    )


def _counts(right: Counter[str], predicted: Counter[str], support: Counter[str]) -> dict[str, Counts]:
    return {name: Counts(right[name], predicted[name], support[name]) for name in sorted({*support, *predicted})}
