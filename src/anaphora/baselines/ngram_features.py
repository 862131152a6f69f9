"""A logistic regression on the n-grams of texts, as the weights of a model that is additive over a text.

    φ_g = s_g · idf_g · count_g / √(Σ_t idf(g_t)²)          t: all occurrences of known n-grams in the text
    idf_g = ln((1 + n)/(1 + n_g)) + 1                       n rows, n_g of them have g
    s_g = √(Σ_k π_k r_gk²)                                  π_k: share of label k;  r_gk = ln of the share of g among
                                                            the n-grams of rows with label k, over that of other rows

s emphasises n-grams that tell labels apart. For two labels it is the absolute log-count ratio of NBSVM (Wang and
Manning, "Baselines and Bigrams", ACL 2012), whose sign the regression's weights take over. s and idf are part of the
returned weights W[g, k] = s_g · idf_g · w[g, k], so a reader of texts needs no statistics of the training part.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.baselines.regression import regressions
from anaphora.data.text.ngrams import Ngrams
from anaphora.errors import MissingExtra

MOST, FEWEST = 100_000, 10_000  # n-grams
WEIGHTS = 4_000_000  # labels times n-grams
_COUNTED = 3_000_000  # different n-grams in the counts; of more, those of one row are dropped


class NgramWeights(NamedTuple):
    """A fitted linear model of F n-grams and K labels."""

    grams: tuple[str, ...]
    weights: npt.NDArray[np.float32]  # (F, K)
    norms: npt.NDArray[np.float32]  # (F,) idf²
    bias: npt.NDArray[np.float64]  # (K,)


def fit(
    ngrams: Ngrams, texts: Sequence[str], targets: npt.NDArray[Any], labels: int, multi: bool, balanced: bool
) -> NgramWeights:
    """Return the model of texts with targets (B,), or (B, K) with `multi`; `balanced` weighs labels equally.

    Raises MissingExtra if scikit-learn is not installed.
    """
    try:
        from scipy import sparse
    except ImportError as error:
        raise MissingExtra("train", "the linear model", missing="scikit-learn") from error
    grams = _kept(ngrams, texts, max(FEWEST, min(MOST, WEIGHTS // labels)))
    counts = _counts(ngrams, texts, {gram: number for number, gram in enumerate(grams)})
    rows_with = np.bincount(counts.indices, minlength=len(grams))
    idf = np.log((1 + len(texts)) / (1 + rows_with)) + 1
    lengths = np.sqrt(counts @ idf**2)
    each = targets > 0 if multi else targets[:, None] == np.arange(labels)
    emphasis = idf * _ratios(counts.sign(), each.astype(np.float64))
    features = sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ counts @ sparse.diags(emphasis)
    weights, bias = regressions(features, targets, labels, multi, balanced)
    return NgramWeights(grams, (weights * emphasis[:, None]).astype(np.float32), (idf**2).astype(np.float32), bias)


def _kept(ngrams: Ngrams, texts: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the n-grams that occur in most rows, at most so many of them."""
    rows_with: Counter[str] = Counter()
    for text in texts:
        rows_with.update(set(ngrams.of(text)))
        if len(rows_with) > _COUNTED:
            rows_with = Counter({gram: count for gram, count in rows_with.items() if count > 1})
    ordered = sorted(rows_with, key=lambda gram: (-rows_with[gram], gram))
    return tuple(ordered[:most])


def _counts(ngrams: Ngrams, texts: Sequence[str], index: dict[str, int]) -> Any:
    """Return the counts of known n-grams as a sparse matrix (B, F)."""
    from scipy import sparse

    found = [Counter(index[gram] for gram in ngrams.of(text) if gram in index) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.fromiter(itertools.chain.from_iterable(found), np.int32, count=int(ends[-1]))
    values = np.fromiter(itertools.chain.from_iterable(each.values() for each in found), float, count=int(ends[-1]))
    return sparse.csr_matrix((values, columns, ends), shape=(len(texts), len(index)))


def _ratios(there: Any, each: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return s (F,) for the n-grams of rows, 0 or 1 (B, F), and the labels of rows, 0 or 1 (B, K)."""
    inside, outside = (np.asarray(there.T @ rows) + 1.0 for rows in (each, 1 - each))
    ratios = np.log(inside / inside.sum(axis=0)) - np.log(outside / outside.sum(axis=0))
    found: npt.NDArray[np.float64] = np.sqrt(ratios**2 @ (each.sum(axis=0) / max(1.0, each.sum())))
    return found
