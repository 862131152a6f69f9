"""How good tags are, with its formulas; spans are those of `anaphora.metrics.spans`, as conlleval finds them.

    accuracy        words with the right tag / words
    precision       right spans / predicted spans         a span is right if its begin, end and type are
    recall          right spans / spans of the data
    F1              2 · right spans / (predicted spans + spans of the data)

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
    """Spans, or words with a tag: how many are right, how many are predicted, and how many the data have."""

    right: int
    predicted: int
    support: int

    @property
    def precision(self) -> float:
        """0 where nothing is predicted."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """0 where the data have none."""
        return self.right / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """0 where nothing is predicted and the data have none."""
        both = self.predicted + self.support
        return 2 * self.right / both if both else 0.0


@dataclass(frozen=True)
class Measured:
    """How good predicted tags are: by words, and by spans."""

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
    """Compare predicted tags with the true ones, sentence by sentence."""
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
