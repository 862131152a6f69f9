"""Kneser-Ney on sorted arrays against dictionaries and sets in plain Python floats."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from anaphora.baselines import ngram
from anaphora.baselines.ngram import KneserNey


class Plain:
    """The definition, word for word: counts in dictionaries, contexts in sets, one recursion."""

    def __init__(self, order: int, V: int, blocks: list[list[int]]) -> None:
        self.order, self.V = order, V
        self.counts: dict[int, Counter[tuple[int, ...]]] = {}
        for k in range(1, order + 1):
            if k == order:
                self.counts[k] = Counter(gram for block in blocks for gram in grams(block, k))
            else:
                before = defaultdict(set)
                for block in blocks:
                    for gram in grams(block, k + 1):
                        before[gram[1:]].add(gram[0])
                self.counts[k] = Counter({gram: len(units) for gram, units in before.items()})
        self.discounts = {k: self.estimate(k) for k in self.counts}

    def estimate(self, k: int) -> list[float]:
        n = [sum(count == i for count in self.counts[k].values()) for i in range(5)]
        if 0 in n[1:]:
            return [0, 0.5, 1.0, 1.5]
        y = n[1] / (n[1] + 2 * n[2])
        found = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
        return found if all(0 <= d <= i for i, d in enumerate(found)) else [0, 0.5, 1.0, 1.5]

    def probability(self, context: tuple[int, ...], unit: int) -> float:
        k = len(context) + 1
        lower = self.probability(context[1:], unit) if context else 1 / self.V
        after = {w: self.counts[k][(*context, w)] for w in range(self.V) if self.counts[k][(*context, w)]}
        total = sum(after.values())
        if not total:
            return lower
        discounts = self.discounts[k]
        count = after.get(unit, 0)
        passed = sum(discounts[min(c, 3)] for c in after.values()) / total
        return (count - discounts[min(count, 3)]) / total + passed * lower

    def nats(self, text: list[int]) -> list[float]:
        spans = ((tuple(text[max(0, t - self.order + 1) : t]), text[t]) for t in range(len(text)))
        return [-math.log(self.probability(context, unit)) for context, unit in spans]


def grams(block: list[int], k: int) -> list[tuple[int, ...]]:
    return [tuple(block[i : i + k]) for i in range(len(block) - k + 1)]


def text_of(rng: np.random.Generator, length: int, V: int) -> np.ndarray:
    """Units that follow one another unevenly, so that counts of every size occur."""
    return (rng.geometric(0.35, length) + np.arange(length) // 3 % 2) % V


@pytest.mark.parametrize("order", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(("length", "V"), [(0, 1), (1, 2), (5, 4), (60, 3), (400, 6), (1500, 9)])
def test_equal_to_the_definition(order: int, length: int, V: int, rng: np.random.Generator) -> None:
    train = text_of(rng, length, max(V - 1, 1))  # the last unit is never seen
    held_out = rng.integers(0, V, 80)
    ours = KneserNey(order, V).fit(train)
    plain = Plain(order, V, [train.tolist()])
    for text in (held_out, train[:50], held_out[:1], held_out[:0]):
        np.testing.assert_allclose(ours.nats(text), plain.nats(text.tolist()), rtol=0, atol=1e-10)
    assert ours.note is None


def test_discounts_are_estimated_where_the_counts_allow(rng: np.random.Generator) -> None:
    """The oracle test would pass with the fallback alone: here the estimate is in use, and is not the fallback."""
    plain = Plain(3, 9, [text_of(rng, 1500, 9).tolist()])
    assert plain.discounts[3] != [0, *ngram.FALLBACK]
    assert 0 < plain.discounts[3][1] < plain.discounts[3][2] < plain.discounts[3][3] < 3


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_sum_to_one_and_nothing_is_impossible(order: int, rng: np.random.Generator) -> None:
    V, text = 7, text_of(rng, 300, 5)
    model, plain = KneserNey(order, V).fit(text), Plain(order, V, [text.tolist()])
    for context in itertools.chain(
        itertools.product(range(V), repeat=min(order - 1, 2)), rng.integers(0, V, (20, order - 1))
    ):
        p = np.exp([-model.nats([*context, unit])[-1] for unit in range(V)])
        assert abs(p.sum() - 1) < 1e-12
        known = tuple(map(int, context))
        np.testing.assert_allclose(p, [plain.probability(known, unit) for unit in range(V)], rtol=1e-10)


def test_a_score_by_hand() -> None:
    """Units a a b of three, D = ½, 1, 1½ for lack of counts: p(a) = (2-1)/3 + ½·⅓, p(b) = (1-½)/3 + ½·⅓, p(c) = ½·⅓."""
    nats = KneserNey(1, 3).fit([0, 0, 1]).nats([0, 1, 2])
    np.testing.assert_allclose(np.exp(-nats), [1 / 2, 1 / 3, 1 / 6], rtol=1e-14)


def test_a_long_text_is_counted_in_evenly_spaced_blocks(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    monkeypatch.setattr(ngram, "LARGEST", 200)
    monkeypatch.setattr(ngram, "BLOCK", 50)
    text = text_of(rng, 1003, 5)
    model = KneserNey(3, 5).fit(text)
    starts = [0, 317, 635, 953]  # the first block begins the text, the last ends it
    plain = Plain(3, 5, [text[start : start + 50].tolist() for start in starts])
    np.testing.assert_allclose(model.nats(text), plain.nats(text.tolist()), rtol=0, atol=1e-10)
    assert model.note == "the n-gram model counted an evenly spaced sample of 200 of 1,003 units"
    assert model.fit(text[:200]).note is None


def test_more_context_helps_where_the_text_needs_it() -> None:
    text = np.tile([0, 0, 1, 0, 1, 1], 50)
    scores = [KneserNey(order, 2).fit(text).nats(text).mean() for order in (1, 2, 3, 4)]
    expected = [np.mean(Plain(order, 2, [text.tolist()]).nats(text.tolist())) for order in (1, 2, 3, 4)]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    assert scores[0] == pytest.approx(math.log(2), rel=1e-12)  # both units are equally frequent
    assert scores == sorted(scores, reverse=True)
    # After three units the fourth is certain: nats remain at the beginning and where a discount takes some.
    assert scores[3] < 0.05


def test_orders_and_mistakes() -> None:
    assert [ngram.order_for(kind) for kind in ("char", "byte", "word", "subword")] == [7, 7, 5, 5]
    with pytest.raises(ValueError, match="at least 1, got 0 and 5"):
        KneserNey(0, 5)
    with pytest.raises(ValueError, match="call fit first"):
        KneserNey(2, 5).nats([1])
    with pytest.raises(ValueError, match="expected units 0 … 4, got 0 … 5"):
        KneserNey(2, 5).fit([0, 5])
    with pytest.raises(ValueError, match="expected units 0 … 4, got -1 … 0"):
        KneserNey(2, 5).fit([0, 1]).nats([-1, 0])


@pytest.mark.parametrize("most", [1, 9, 2**40, 2**62])
def test_numbers_are_told_apart_and_found_as_numpy_does_it(most: int) -> None:
    """Small numbers are sorted together with their places, large ones apart from them."""
    rng = np.random.default_rng(most)
    numbers = rng.integers(-most // 3, most, 500)
    keys, one, places, often = ngram._distinct(numbers)
    expected, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(keys, expected)
    np.testing.assert_array_equal(numbers[one], expected)
    np.testing.assert_array_equal(places, inverse)
    np.testing.assert_array_equal(often, counts)
    wanted = np.concatenate([rng.choice(numbers, 50), rng.integers(-most // 3, most, 50)])
    possible = rng.random(100) < 0.8
    there = [int(np.flatnonzero(keys == number)[0]) if ok and number in keys else -1
             for number, ok in zip(wanted, possible, strict=True)]  # fmt: skip
    np.testing.assert_array_equal(ngram._find(keys, wanted, possible), there)


def test_no_numbers_are_sorted_too() -> None:
    assert [part.size for part in ngram._distinct(np.zeros(0, np.int64))] == [0, 0, 0, 0]
