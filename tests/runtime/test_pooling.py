"""Attention over scores so far apart that e^score is no float32: the weights are those of the softmax."""

from __future__ import annotations

import numpy as np

from anaphora.kernels.row_index import RowIndex
from anaphora.runtime.pooling import AttentionPooling


def test_scores_in_the_hundreds(rng: np.random.Generator) -> None:
    x = rng.standard_normal((12, 5)).astype(np.float32)
    weight, bias = rng.standard_normal((3, 5)).astype(np.float32), rng.standard_normal(3).astype(np.float32)
    query = np.array([400, -300, 200], dtype=np.float32)
    y, _ = AttentionPooling(weight, bias, query)(x, RowIndex.ragged(np.array([7, 0, 5])), ())
    for row, steps in ((0, x[:7]), (2, x[7:])):
        scores = np.tanh(steps.astype(np.float64) @ weight.T.astype(np.float64) + bias) @ query.astype(np.float64)
        assert np.ptp(scores) > 300
        weights = np.exp(scores - scores.max())
        expected = weights @ steps / weights.sum()
        np.testing.assert_allclose(y[row], expected, rtol=0, atol=1e-4)  # a score of 400 is rounded by 3e-5
    assert not y[1].any()
