"""Windows and pieces: every unit once in a pass, every gap scored once with what stands beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.text import id_files
from anaphora.data.text.id_files import Shard
from anaphora.tasks.fill.windows import CONTEXT, PIECE, Windows, gaps_of, pieces

WORDS = np.array([True, True, False, True, True])


@given(N=st.integers(2, 300), batch=st.integers(1, 6), steps=st.integers(2, 40), seed=st.integers(0, 5))
def test_a_pass_reads_every_unit_at_most_once(N: int, batch: int, steps: int, seed: int) -> None:
    windows = Windows(np.arange(N, dtype=np.int32), np.ones(N, bool), batch, steps, seed)
    read = [windows.at(position) for position in range(windows.per_epoch)]
    seen = np.concatenate([ids.reshape(-1) for ids in read])
    assert len(np.unique(seen)) == len(seen) == N // min(steps, N) * min(steps, N)
    for ids in read:
        assert (np.diff(ids, axis=0) % N == 1).all()  # neighbours of the text, its first after its last
    assert windows.units(windows.at(0)) == windows.at(0).size


def test_passes_differ_and_repeat(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 5, 500).astype(np.int32)
    windows = Windows(ids, WORDS, 4, 12, seed=3)
    again = Windows(ids, WORDS, 4, 12, seed=3)
    last = windows.at(2 * windows.per_epoch + 1)
    np.testing.assert_array_equal(again.at(2 * windows.per_epoch + 1), last)
    assert not np.array_equal(windows.at(1), last)
    batch = windows.at(5)
    assert windows.units(batch) == sum(symbol != 2 for symbol in batch.reshape(-1).tolist())
    parts = [windows.part(batch, rank, 3) for rank in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), batch)
    id_files.write(tmp_path / "ids.npy", [ids], 5)
    from_disk = Windows(Shard(tmp_path / "ids.npy"), WORDS, 4, 12, seed=3)
    np.testing.assert_array_equal(from_disk.at(77), windows.at(77))


@pytest.mark.parametrize("length", [1, 5, PIECE, 2 * PIECE + 7, 5000])
def test_every_word_of_a_text_is_a_gap_once(length: int) -> None:
    ids = np.random.default_rng(length).integers(0, 5, length).astype(np.int32)
    gaps = gaps_of(ids, WORDS)
    expected = [t for t in range(length) if ids[t] != 2]
    at = [piece.start for piece in pieces(length)]
    assert [at[row] + step for row, step in zip(*gaps.rows.locate(gaps.places), strict=True)] == expected
    assert gaps.target.tolist() == [ids[t] for t in expected]
    assert gaps.left.tolist() == [ids[t - 1] if t else 5 for t in expected]
    assert gaps.right.tolist() == [ids[t + 1] if t + 1 < length else 5 for t in expected]
    np.testing.assert_array_equal(gaps.rows.steps[gaps.places], gaps.target)


def test_pieces_of_a_long_text_are_spread_over_it() -> None:
    found = pieces(100_000, units=5 * PIECE)
    assert [piece.stop - piece.first for piece in found] == [PIECE] * 5
    assert (found[0].start, found[-1].end) == (0, 100_000)
    assert [piece.first - piece.start for piece in found[1:]] == [CONTEXT] * 4
    assert [piece.end - piece.stop for piece in found[:-1]] == [CONTEXT] * 4
    gaps = np.diff([piece.first for piece in found])
    assert gaps.max() - gaps.min() <= 1
    assert pieces(0) == []
    assert len(gaps_of(np.zeros(0, np.int32), WORDS)) == 0
