"""The interval of a share is that of SciPy."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from anaphora.metrics.wilson import wilson


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (0, 10), (7, 10), (96, 120), (399, 400), (1234, 5000)])
def test_the_interval_is_that_of_scipy(right: int, count: int) -> None:
    found = binomtest(right, count).proportion_ci(method="wilson")
    assert wilson(right / count, count) == (pytest.approx(found.low, abs=1e-12), pytest.approx(found.high, abs=1e-12))
