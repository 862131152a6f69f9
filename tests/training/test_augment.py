"""Noise in what a network reads while it trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anaphora.training.augment import hide_symbols


def test_so_many_symbols_are_read_as_unknown() -> None:
    torch.manual_seed(1)
    symbols = np.full(20_000, 5, np.int32)
    hidden = hide_symbols(symbols, 0.25, 0)
    assert set(hidden.tolist()) == {0, 5}
    assert (hidden == 0).mean() == pytest.approx(0.25, abs=0.015)  # five standard deviations
    assert hide_symbols(symbols, 0.25, None) is symbols
