"""Metrics against their formulas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from anaphora.metrics import language_model


def test_a_fair_choice_between_eight() -> None:
    score = language_model.surprise(np.full(5, math.log(8)))
    assert score.units == 5
    assert score.nats_per_unit == pytest.approx(2.0794415416798357, rel=1e-15)
    assert score.bits_per_unit == pytest.approx(3, rel=1e-15)
    assert score.perplexity == pytest.approx(8, rel=1e-14)


def test_the_mean_is_rounded_once(rng: np.random.Generator) -> None:
    nats = np.concatenate([rng.exponential(2, 1000), [1e16, 1.0, 1e-9]])
    exact = sum(map(Fraction, nats.tolist()), Fraction(0)) / nats.size
    assert language_model.surprise(rng.permutation(nats)).nats_per_unit == pytest.approx(float(exact), rel=3e-16)


def test_bits_per_byte_compares_units() -> None:
    text = "größe"  # 5 characters, 7 bytes
    by_character = language_model.bits_per_byte(7 * math.log(2), 5, len(text.encode()))
    by_byte = language_model.bits_per_byte(5 * math.log(2), 7, len(text.encode()))
    assert by_character == pytest.approx(5, rel=1e-15)
    assert by_byte == pytest.approx(5, rel=1e-15)


def test_edges() -> None:
    assert language_model.perplexity(0.0) == 1.0
    assert language_model.perplexity(709.0) == pytest.approx(math.exp(709))
    assert language_model.perplexity(1000.0) == language_model.perplexity(math.inf) == math.inf
    with pytest.raises(ValueError, match="no unit was scored"):
        language_model.surprise([])
    with pytest.raises(ValueError, match="empty text"):
        language_model.bits_per_byte(1.0, 1, 0)
