"""The bootstrap against explicit resampling, the normal and Student's distribution, and the binomial one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from anaphora.metrics import bootstrap
from anaphora.metrics.bootstrap import Floats


def share(sums: Floats) -> Floats:
    return np.asarray(sums[:, 1] / sums[:, 0])


def rows(right: np.ndarray) -> np.ndarray:
    return np.stack([np.ones(len(right)), right], axis=1)


def ends(figures: Floats, units: int) -> list[float]:
    """The percentiles that belong to Student's t, by SciPy."""
    tail = stats.norm.cdf(stats.t.ppf(0.025, units - 1) * math.sqrt(units / (units - 1)))
    return list(np.quantile(figures, [tail, 1 - tail]))


def ratio(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / (sums[:, 1] + 2 * sums[:, 2]))


def test_an_interval_is_that_of_rows_repeated_one_by_one() -> None:
    units = np.random.default_rng(1).gamma(2.0, size=(23, 3))
    counts = np.random.default_rng(5).multinomial(23, [1 / 23] * 23, 400)
    figures = []
    for drawn in counts.tolist():
        chosen = [unit for unit, times in zip(units.tolist(), drawn, strict=True) for _ in range(times)]
        assert len(chosen) == len(units)
        a, b, c = (math.fsum(column) for column in zip(*chosen, strict=True))
        figures.append(a / (b + 2 * c))
    assert bootstrap.interval(units, ratio, seed=5, draws=400) == pytest.approx(ends(np.array(figures), 23), rel=1e-3)


def test_a_difference_is_paired_in_every_draw() -> None:
    rng = np.random.default_rng(2)
    own, rival = rng.gamma(2.0, size=(31, 3)), rng.gamma(3.0, size=(31, 3))
    apart = []
    for drawn in np.random.default_rng(7).multinomial(31, [1 / 31] * 31, 300):
        chosen = np.repeat(np.arange(31), drawn)
        (a, b, c), (d, e, f) = own[chosen].sum(0), rival[chosen].sum(0)
        apart.append(a / (b + 2 * c) - d / (e + 2 * f))
    found = bootstrap.difference(own, rival, ratio, seed=7, draws=300)
    assert found == pytest.approx(ends(np.array(apart), 31), rel=1e-3)
    with pytest.raises(ValueError, match=r"shapes \(31, 3\) and \(30, 3\)"):
        bootstrap.difference(own, rival[:30], ratio)


@pytest.mark.parametrize(("n", "p"), [(400, 0.8), (2000, 0.35)])
def test_the_interval_of_a_share_is_the_binomial_one(n: int, p: float) -> None:
    right = np.arange(n) < p * n
    deviation = math.sqrt(p * (1 - p) / n)
    found = bootstrap.interval(rows(right), share, draws=20_000)
    assert found == pytest.approx((p - 1.96 * deviation, p + 1.96 * deviation), abs=0.12 * deviation)


def test_equal_units_may_be_counted_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    right = np.arange(40) % 3 == 0
    each = bootstrap.sums(rows(right), 3, 50)
    monkeypatch.setattr(bootstrap, "_HELD", 80)  # two draws at once, and two columns
    assert np.array_equal(bootstrap.sums(rows(right), 3, 50), each)
    found = bootstrap.sums(np.array([[1, 0], [1, 1]]), 3, 4000, counts=[26, 14])
    assert found[:, 0].tolist() == [40] * 4000
    assert found[:, 1].mean() == pytest.approx(14, abs=0.2)
    assert found[:, 1].var() == pytest.approx(40 * 0.35 * 0.65, rel=0.1)
    found = bootstrap.sums(np.array([[1, 0], [1, 1]]), 3, 4000, counts=[29.25, 15.75], drawn_units=40)
    assert found[:, 0].tolist() == [40] * 4000
    assert found[:, 1].mean() == pytest.approx(14, abs=0.2)


def test_few_units_have_a_wider_interval_and_one_has_none() -> None:
    for degrees in (1, 2, 3, 5, 30, 1000):
        assert bootstrap.student(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-3)
    assert bootstrap.interval([[1.0, 1.0]], share) is None
    assert bootstrap.interval([[1.0, 1.0], [1.0, math.inf]], share) is None
