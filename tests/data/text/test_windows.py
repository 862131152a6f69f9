"""Stretches of a text: neighbours, the first after the last; and spread over it as evenly as whole numbers are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.text import id_files
from anaphora.data.text.id_files import Shard
from anaphora.data.text.windows import evenly_spread, stretch


@given(N=st.integers(1, 40), begin=st.integers(0, 39), count=st.integers(0, 40))
def test_a_stretch_goes_on_at_the_text_s_beginning(N: int, begin: int, count: int) -> None:
    begin, count = begin % N, min(count, N)
    ids = np.random.default_rng(N).integers(0, 9, N).astype(np.int32)
    assert stretch(ids, begin, count).tolist() == [ids[(begin + at) % N] for at in range(count)]


def test_a_stretch_of_a_text_on_disk(tmp_path: Path) -> None:
    ids = np.random.default_rng(3).integers(0, 300, 50).astype(np.int32)
    id_files.write(tmp_path / "ids.npy", [ids], 300)
    np.testing.assert_array_equal(stretch(Shard(tmp_path / "ids.npy"), 44, 13), np.append(ids[44:], ids[:7]))


@given(size=st.integers(1, 30), more=st.integers(0, 500), count=st.integers(1, 20))
def test_stretches_are_evenly_spread(size: int, more: int, count: int) -> None:
    begins = evenly_spread(size + more, count, size)
    assert begins == [0] if count == 1 else (begins[0], begins[-1]) == (0, more)
    assert np.ptp(np.diff(begins)) <= 1 if count > 2 else True
