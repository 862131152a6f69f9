"""A linear model of n-grams: its scores are the equation's, and any division of a text gives the same bits."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.text.ngrams import Ngrams
from anaphora.errors import CorruptBundle
from anaphora.runtime.sparse_linear import SparseLinear
from anaphora.runtime.state import pack_parts, unpack_parts

TEXT = "A good film, not a bad one: don't miss it.\nWell done — très bien 我们!"


def model(kind: Ngrams, labels: int = 3, share: int = 2) -> SparseLinear:
    rng = np.random.default_rng(5)
    grams = sorted(set(kind.of(TEXT)))[::share]
    weights, norms = rng.normal(size=(len(grams), labels)), rng.uniform(1, 9, len(grams))
    return SparseLinear(kind, grams, weights.astype(np.float32), norms.astype(np.float32), rng.normal(size=labels))


KINDS = [Ngrams(True, True), Ngrams(False, True, "nfc"), Ngrams(True, False)]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_scores_are_those_of_the_equation(kind: Ngrams) -> None:
    linear = model(kind)
    counts = Counter(kind.of(TEXT))
    counted = np.array([counts[gram] for gram in linear.grams], float)
    expected = linear.bias + counted @ linear.weights.astype(float) / np.sqrt(counted @ linear.norms.astype(float))
    np.testing.assert_allclose(linear.of_rows([TEXT])[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(linear.of_rows(["", " ", "????"]), np.tile(linear.bias, (3, 1)))


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(cuts=st.lists(st.integers(0, 3 * len(TEXT)), max_size=6))
def test_any_division_gives_the_same_bits(kind: Ngrams, cuts: list[int]) -> None:
    linear, text = model(kind), TEXT + " " + TEXT + TEXT
    state = linear.initial()
    places = [0, *sorted(cuts), len(text)]
    for begin, end in pairwise(places):
        linear.scores(state)  # a look at the scores changes nothing
        state = unpack_parts(pack_parts(linear.feed(state, text[begin:end]), bytes(32)), bytes(32))
    assert linear.scores(state).tobytes() == linear.of_rows([text])[0].tobytes()


def test_sums_longer_than_one_addition_are_in_order_too() -> None:
    linear = model(Ngrams(True, True), share=1)
    text = (TEXT + " ") * 40  # more n-grams than are added at once
    state = linear.initial()
    for word in text.split(" "):
        state = linear.feed(state, word + " ")
    assert linear.scores(state).tobytes() == linear.of_rows([text])[0].tobytes()


def test_a_bundle_keeps_the_bits() -> None:
    linear = model(Ngrams(True, True, "nfc"))
    again = SparseLinear.restore(linear.settings(), linear.tensors())
    assert again.of_rows([TEXT]).tobytes() == linear.of_rows([TEXT]).tobytes()
    tensors = linear.tensors()
    with pytest.raises(CorruptBundle, match=r"weights \(3, 3\)"):
        SparseLinear.restore(linear.settings(), {**tensors, "linear.weights": tensors["linear.weights"][:3]})
    with pytest.raises(CorruptBundle, match="norms"):
        SparseLinear.restore(linear.settings(), {name: value for name, value in tensors.items() if "norms" not in name})
    with pytest.raises(CorruptBundle, match="colour"):
        SparseLinear.restore({**linear.settings(), "colour": 1}, tensors)


def test_the_most_telling_n_grams() -> None:
    weights = np.float32([[1, 0, -1], [0, 3, 0], [2, 2, 2], [-1, 1, 0]])
    linear = SparseLinear(Ngrams(True, True), ["a", "b", "c", "d"], weights, np.ones(4, np.float32), np.zeros(3))
    assert linear.telling(1, 2, multi=False) == [("b", 2.0), ("d", 1.0)]
    assert linear.telling(1, 2, multi=True) == [("b", 3.0), ("c", 2.0)]
    assert linear.telling(2, 9, multi=False) == []
