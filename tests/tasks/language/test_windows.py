"""Windows to train on and pieces to score: every unit where it belongs, none twice, none left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.tasks.language.windows import Windows, cut, rows, sample


@given(st.integers(2, 400), st.integers(1, 6), st.integers(1, 20), st.integers(0, 9))
def test_windows_read_each_row_unbroken_and_what_comes_next(N: int, batch: int, steps: int, seed: int) -> None:
    if batch > N:
        return
    windows = Windows(np.arange(N), batch, steps, seed)
    for epoch in range(2):
        made = [windows.at(epoch * windows.per_epoch + number) for number in range(windows.per_epoch)]
        assert [window.begins for window in made] == [True] + [False] * (len(made) - 1)
        read = np.concatenate([window.inputs for window in made])  # (N // batch, batch)
        assert read.shape == (N // batch, batch)
        np.testing.assert_array_equal(np.concatenate([window.targets for window in made]), (read + 1) % N)
        np.testing.assert_array_equal(np.diff(read, axis=0) % N, np.ones((N // batch - 1, batch)) % N)
        assert len(set(read.ravel().tolist())) == read.size, "a unit was read twice in one pass"
        assert sum(windows.units(window) for window in made) == read.size


def test_windows_are_a_function_of_position_and_seed_and_passes_start_elsewhere() -> None:
    windows = Windows(np.arange(1000), 4, 10, seed=3)
    again = Windows(np.arange(1000), 4, 10, seed=3)
    order = np.random.default_rng(0).permutation(75)
    for position in order:
        for one, other in zip(windows.at(int(position)), again.at(int(position)), strict=True):
            np.testing.assert_array_equal(one, other)
    starts = {int(windows.at(epoch * windows.per_epoch).inputs[0, 0]) for epoch in range(8)}
    assert len(starts) == 8
    assert int(Windows(np.arange(1000), 4, 10, seed=4).at(0).inputs[0, 0]) not in starts


@given(st.integers(0, 3000), st.integers(1, 500), st.integers(0, 300), st.integers(1, 12))
def test_pieces_score_every_unit_but_the_first_once(N: int, piece: int, context: int, most: int) -> None:
    pieces = cut(N, piece, context, most)
    scored = [unit for made in pieces for unit in range(made.first, made.stop)]
    assert scored == list(range(1, N))
    assert len(pieces) <= most
    for made in pieces:
        assert made.start == max(0, made.first - 1 - context)
        assert len(pieces) == 1 or made.stop - made.first >= piece


@given(st.integers(2, 60_000), st.integers(1, 70_000))
def test_samples_are_spread_and_overlap_nowhere(N: int, units: int) -> None:
    pieces = sample(N, units)
    assert pieces
    scored = [unit for made in pieces for unit in range(made.first, made.stop)]
    assert len(scored) == len(set(scored))
    assert min(scored) >= 1
    assert max(scored) < N
    assert min(units, N - 1) * 0.95 - 64 <= len(scored) <= max(min(units, N - 1), 1)
    if len(pieces) > 1:
        assert pieces[0].first == 1
        assert pieces[-1].stop == N


@pytest.mark.parametrize("pieces", [cut(1000, 100, 30), cut(7), sample(9000, 3000), cut(1), cut(0)])
def test_rows_hold_the_pieces_and_mark_what_counts(pieces: list) -> None:  # type: ignore[type-arg]
    ids = np.random.default_rng(1).integers(1, 50, size=9000)
    laid = rows(ids, pieces)
    assert laid.inputs.shape == laid.targets.shape == laid.scored.shape
    for b, made in enumerate(pieces):
        assert laid.lengths[b] == made.stop - 1 - made.start
        np.testing.assert_array_equal(laid.inputs[: laid.lengths[b], b], ids[made.start : made.stop - 1])
        np.testing.assert_array_equal(laid.targets[laid.scored[:, b], b], ids[made.first : made.stop])
        assert not laid.scored[laid.lengths[b] :, b].any()
        assert not laid.inputs[laid.lengths[b] :, b].any()
