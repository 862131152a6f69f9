"""The most frequent label."""

from __future__ import annotations

import numpy as np

from anaphora.baselines.majority import majority


def test_the_majority() -> None:
    assert majority(np.array([2, 0, 2, 1]), 3, 2, multi=False).tolist() == [2, 2]
    targets = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0]], dtype=np.float32)
    assert majority(targets, 3, 2, multi=True).tolist() == [[1, 0, 0]] * 2
