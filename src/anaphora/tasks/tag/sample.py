"""The sentences of a tagger's score as statistics: accuracy and F1 of spans of any sample of them.

sentence    words, right words, spans that are right, predicted, there        (5,)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.metrics.spans import spans
from anaphora.metrics.tagging import Rows
from anaphora.runs.sample import Figure, Sample

Floats = NDArray[np.float64]


def sample(truth: Rows, predictions: Rows, of_spans: bool) -> Sample:
    """Return the statistics of sentences with their true and predicted tags."""
    rows = []
    for own, given in zip(truth, predictions, strict=True):
        words, right = len(own), sum(one == other for one, other in zip(own, given, strict=True))
        wanted, found = (set(spans(tags)) if of_spans else set() for tags in (own, given))
        rows.append((words, right, len(wanted & found), len(found), len(wanted)))
    figures = {"accuracy": Figure(_accuracy)}
    if of_spans:
        figures = {"span F1": Figure(_f1), **figures}
    return Sample(np.array(rows, np.int64).reshape(-1, 5), figures, "sentence")


def _accuracy(sums: Floats) -> Floats:
    """Return the share of right words (B,) of sums (B, 5)."""
    shares: Floats = sums[:, 1] / np.maximum(1, sums[:, 0])
    return shares


def _f1(sums: Floats) -> Floats:
    """Return F1 of spans (B,) of sums (B, 5)."""
    f1: Floats = 2 * sums[:, 2] / np.maximum(1, sums[:, 3] + sums[:, 4])
    return f1
