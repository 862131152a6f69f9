"""Blocks of a text: contiguous, of equal size, few and long; whole blocks are drawn, for both methods the same."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from anaphora.metrics import bootstrap
from anaphora.metrics.blocks import in_blocks
from anaphora.metrics.bootstrap import Floats
from anaphora.runs.text_sample import means, restored


def mean(sums: Floats) -> Floats:
    return np.asarray(sums[:, 1] / sums[:, 0])


@pytest.mark.parametrize(("units", "blocks"), [(1, 1), (15, 1), (16, 2), (163, 20), (961, 30), (100_003, 30)])
def test_blocks_are_contiguous_and_hold_every_unit_once(units: int, blocks: int) -> None:
    figures = np.random.default_rng(units).normal(size=(2, units))
    found = in_blocks(*figures)
    assert found.shape == (blocks, 3)
    assert set(found[:, 0]) <= {units // blocks, units // blocks + 1}
    ends = np.cumsum(found[:, 0]).astype(int)
    assert ends[-1] == units
    for at, figure in enumerate(figures, 1):
        assert found[:, at] == pytest.approx([part.sum() for part in np.split(figure, ends[:-1])], rel=1e-9)


def test_an_interval_is_that_of_whole_blocks_whose_units_are_written_out() -> None:
    rng = np.random.default_rng(8)
    own, rival = np.cumsum(rng.normal(size=(2, 1000)), axis=1)
    sample, other = means({"nats": None}, own), means({"nats": None}, rival)
    edges = [number * 1000 // 30 for number in range(31)]
    blocks = [np.arange(begin, end) for begin, end in pairwise(edges)]
    alone, apart = [], []
    for drawn in np.random.default_rng(0).multinomial(30, [1 / 30] * 30, 1000).tolist():
        chosen = np.concatenate([block for block, times in zip(blocks, drawn, strict=True) for _ in range(times)])
        alone.append(own[chosen].mean())
        apart.append(own[chosen].mean() - rival[chosen].mean())
    tail = stats.norm.cdf(stats.t.ppf(0.025, 29) * np.sqrt(30 / 29))
    for figures, found in ((alone, sample.intervals), (apart, sample.differences(other))):
        assert found["nats"] == pytest.approx(np.quantile(figures, [tail, 1 - tail]), rel=1e-3)


def test_an_interval_of_units_that_depend_on_their_neighbours_is_wider() -> None:
    noise = np.random.default_rng(4).normal(size=20_000)
    units = np.convolve(noise, np.ones(16) / 4, "valid")  # a sum over 16 neighbours: 16 times the variance of a mean
    one = np.stack([np.ones(len(units)), units], axis=1)
    wide, narrow = (bootstrap.interval(each, mean) for each in (in_blocks(units), one))
    assert wide is not None
    assert narrow is not None
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(4, rel=0.3)


def test_one_block_has_no_interval_and_stored_blocks_are_the_same_sample() -> None:
    tops = {"accuracy": 1.0, "nats": None}
    right, nats = np.arange(15) % 3 == 0, np.linspace(0, 9, 15)
    assert means(tops, right, nats).intervals == {}
    both = means(tops, np.tile(right, 20), np.tile(nats, 20))
    again = restored(both.statistics.tolist(), tops)
    assert again is not None
    assert again.intervals == both.intervals
    assert set(both.intervals) == set(tops)
    assert restored(None, tops) is None


def test_blocks_of_two_million_units_need_no_copy_of_them() -> None:
    nats = np.ones(2_000_000)
    tracemalloc.start()
    in_blocks(nats)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000  # bytes; one more number per unit would be 2 to 16 million
