"""BLEU, chrF and the exact share from sums of counts over pairs, so that a sample of the pairs needs no new counts.

    BLEU   h, r, m_1 … m_4, t_1 … t_4   lengths of output and reference; n-grams in both, in the output
           100 · min(1, e^{1 − r/h}) · exp Σ_n ¼ ln p_n,      p_n = m_n / t_n;   the k-th zero among m_n counts as 2^−k
    chrF   h_1, r_1, m_1, … h_6, r_6, m_6     n-grams of characters: in the output, in the reference, in both
           100 · 5 P R / (4 P + R),           P and R: means of m_n / h_n and m_n / r_n over n with h_n, r_n > 0
    exact  right, pairs                       right / pairs

The counts of a pair are those of sacrebleu, and so are the figures: smoothing `exp` and order 4 of BLEU, order 6 and
β = 2 of chrF. A sum over pairs (S,) gives the figures of these pairs together, as `corpus_score` does.

Source: Papineni et al., ACL 2002; Popović, WMT 2015; Koehn, EMNLP 2004 (samples of pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import MissingExtra, UsageError
from anaphora.tasks.translate.encoding import prepared
from anaphora.tasks.translate.settings import TOKENIZERS

_ORDER = 4  # of BLEU
_BETA = 2.0  # of chrF

Array = NDArray[np.float64]


def metrics(lower: bool, tokenize: str = "13a") -> tuple[Any, Any]:
    """BLEU and chrF of sacrebleu, BLEU with one of its tokenizers; raises as `bleu_of` does."""
    counted = bleu_of(lower, tokenize)
    from sacrebleu.metrics.chrf import CHRF

    return counted, CHRF(lowercase=lower)


def bleu_of(lower: bool, tokenize: str = "13a") -> Any:
    """BLEU of sacrebleu with one of its tokenizers.

    Raises MissingExtra without sacrebleu, and UsageError for an unknown tokenizer, or one whose package is missing.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise MissingExtra("train", "scoring translations", missing="sacrebleu") from error
    if tokenize not in TOKENIZERS:
        known = f"{', '.join(TOKENIZERS[:-1])} or {TOKENIZERS[-1]}"
        raise UsageError(f"Expected {known} for --bleu-tokenize, got {tokenize!r}.")
    try:
        return BLEU(lowercase=lower, tokenize=tokenize, force=True)
    except RuntimeError as error:  # the constructor of a tokenizer, in words of its own
        language = tokenize.partition("-")[0]
        raise UsageError(
            f"--bleu-tokenize {tokenize} needs packages that are not installed: pip install 'sacrebleu[{language}]', or"
            " use --bleu-tokenize char."
        ) from error


def counts(metric: Any, outputs: Sequence[str], references: Sequence[str]) -> Array:
    """Return the counts (n, S) of a metric of sacrebleu for each pair of an output and its reference."""
    return np.array(metric._extract_corpus_statistics(outputs, [references]), dtype=np.float64)


def exact_counts(outputs: Sequence[str], references: Sequence[str], lower: bool) -> Array:
    """Return for each pair (n, 2) whether the output is the reference, and 1."""
    right = [prepared(one, lower) == prepared(other, lower) for one, other in zip(outputs, references, strict=True)]
    return np.array([right, np.ones(len(right))], dtype=np.float64).T


def bleu(sums: Array) -> Array:
    """Return BLEU in percent (B,) of B sums of counts (B, 10)."""
    written, expected, found, all_of = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + _ORDER], sums[:, 2 + _ORDER :]
    defined = (all_of > 0).all(axis=1) & (found > 0).any(axis=1)
    written, all_of = np.where(written > 0, written, 1.0), np.where(all_of > 0, all_of, 1.0)
    smoothed = np.where(found > 0, found, 0.5 ** np.cumsum(found == 0, axis=1))
    brevity = np.minimum(0.0, 1 - expected / written)
    return np.where(defined, 100 * np.exp(brevity + np.log(smoothed / all_of).mean(axis=1)), 0.0)


def chrf(sums: Array) -> Array:
    """Return chrF in percent (B,) of B sums of counts (B, 18)."""
    written, expected, both = np.moveaxis(sums.reshape(len(sums), -1, 3), 2, 0)
    defined = (written > 0) & (expected > 0)
    orders = np.maximum(1, defined.sum(axis=1))
    precision, recall = (
        np.divide(both, side, out=np.zeros_like(both), where=defined).sum(axis=1) / orders
        for side in (written, expected)
    )
    weighed = _BETA**2 * precision + recall
    figures: Array = 100 * (1 + _BETA**2) * precision * recall / np.where(weighed > 0, weighed, 1.0)
    return figures


def exact(sums: Array) -> Array:
    """Return the share (B,) of exact outputs of B sums of counts (B, 2)."""
    return np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
