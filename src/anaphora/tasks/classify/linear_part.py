"""The linear part of a classifier: n-grams of a text or statistics of a series, beside the network.

    s = w₁·z_network + w₂·z_linear        p = softmax(s), or σ(s) for several labels

Both weights are fitted to held-out rows (`metrics.scaling`): the network and the linear part make different mistakes,
so that their mixture is usually better than either alone (Wolpert, "Stacked generalization", Neural Networks 5, 1992).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from anaphora.baselines import ngram_features, series_features
from anaphora.data.batches import Ragged
from anaphora.data.text.ngrams import Ngrams
from anaphora.errors import CorruptBundle
from anaphora.metrics.classification import Floats
from anaphora.runtime.series_linear import SeriesLinear
from anaphora.runtime.sparse_linear import SparseLinear
from anaphora.tasks.classify.encoding import Reader

LinearPart = SparseLinear | SeriesLinear
PRIOR = (0.5, 0.5)
"""The weights of network and linear part before any row is seen."""


def name_of(reader: Reader) -> str:
    """Return the name of the linear part in a report."""
    return "n-grams+LR" if reader.scale is None else "statistics+LR"


def fit(
    reader: Reader,
    rows: Ragged,
    texts: Sequence[str],
    targets: NDArray[Any],
    labels: int,
    multi: bool,
    balanced: bool,
) -> LinearPart:
    """Return the linear part of series (T, C), or of the texts if the reader reads texts, with targets (B,) or (B, K).

    Raises MissingExtra if scikit-learn is not installed.
    """
    if reader.scale is not None:
        return SeriesLinear(*series_features.fit(rows, targets, labels, multi, balanced))
    ngrams = Ngrams(reader.kind in ("word", "subword"), reader.lower, reader.normalize)
    return SparseLinear(ngrams, *ngram_features.fit(ngrams, texts, targets, labels, multi, balanced))


def scores_of(part: LinearPart, rows: Ragged, texts: Sequence[str]) -> Floats:
    """Return the scores (B, K) of series (T, C), or of texts if the part reads texts."""
    return part.of_rows(rows) if isinstance(part, SeriesLinear) else part.of_rows(texts)


def restored(
    units: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], reader: Reader
) -> tuple[LinearPart | None, tuple[float, float]]:
    """Return the linear part of a bundle with tensors such as the weights (F, K), and both weights; None if the bundle
    has no such part.

    Raises CorruptBundle if a tensor or a setting is missing.
    """
    if "linear" not in units:
        return None, (1.0, 0.0)
    settings = dict(units["linear"])
    try:
        network, linear = map(float, settings.pop("weights"))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptBundle(f"The model file lacks the weights of network and linear part: {error}.") from error
    if reader.scale is not None:
        return SeriesLinear.restore(tensors, reader.channels), (network, linear)
    return SparseLinear.restore(settings, tensors), (network, linear)
