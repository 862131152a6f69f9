"""The pairs of a translator's score as counts: BLEU, chrF and the exact share of any sample of them.

pair    counts of BLEU (10,), of chrF (18,), of the exact share (2,), as `statistics` defines them
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anaphora.runs.sample import Figure, Sample
from anaphora.tasks.translate import statistics
from anaphora.tasks.translate.statistics import Array

_BLEU, _CHRF, _EXACT = slice(0, 10), slice(10, 28), slice(28, 30)
_FIGURES = {
    "BLEU": Figure(lambda sums: statistics.bleu(sums[:, _BLEU]), None),
    "chrF": Figure(lambda sums: statistics.chrf(sums[:, _CHRF]), None),
    "exact": Figure(lambda sums: statistics.exact(sums[:, _EXACT])),
}


def sample(outputs: Sequence[str], references: Sequence[str], lower: bool, tokenize: str) -> Sample:
    """Return the counts of outputs beside their references; raises as `statistics.metrics` does."""
    parts: list[Array] = [
        statistics.counts(metric, outputs, references) for metric in statistics.metrics(lower, tokenize)
    ]
    parts.append(statistics.exact_counts(outputs, references, lower))
    return Sample(np.concatenate(parts, axis=1), _FIGURES, "pair")
