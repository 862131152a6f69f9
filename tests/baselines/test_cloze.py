"""Counts of neighbours: probabilities and ranks as the equation says, word by word with dictionaries."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from anaphora.baselines import cloze
from anaphora.baselines.cloze import DISCOUNT, GapCounts

WORDS = np.array([True, True, False, True, True, True, True])
V = len(WORDS)


def by_hand(text: list[int], left: int, right: int) -> list[float]:
    """p of every symbol between two neighbours."""
    padded = [V, *text, V]
    triples = [(padded[t - 1], padded[t], padded[t + 1]) for t in range(1, len(padded) - 1) if WORDS[padded[t]]]
    counts = Counter(w for _, w, _ in triples)
    alone = [(counts[w] + 1) / (len(triples) + WORDS.sum()) if WORDS[w] else 0.0 for w in range(V)]

    def over(chosen: list[int], below: list[float]) -> list[float]:
        seen = Counter(chosen)
        if not chosen:
            return below
        passed = DISCOUNT * len(seen) / len(chosen)
        return [max(seen[w] - DISCOUNT, 0) / len(chosen) + passed * below[w] for w in range(V)]

    one = over([w for a, w, _ in triples if a == left], alone)
    other = over([w for _, w, b in triples if b == right], alone)
    return over(
        [w for a, w, b in triples if (a, b) == (left, right)], [(p + q) / 2 for p, q in zip(one, other, strict=True)]
    )


def test_probabilities_and_ranks_by_hand(rng: np.random.Generator) -> None:
    text = rng.choice(V, 120, p=[0.1, 0.3, 0.2, 0.2, 0.1, 0.07, 0.03])
    counts = GapCounts(WORDS).fit(text)
    left, right = (rng.integers(0, V + 1, 60) for _ in range(2))
    target = rng.choice(np.flatnonzero(WORDS), 60)
    found = counts.judge(left, target, right)
    for at in range(60):
        p = by_hand(text.tolist(), int(left[at]), int(right[at]))
        assert sum(p) == pytest.approx(1)
        assert found.nats[at] == pytest.approx(-math.log(p[target[at]]), rel=1e-12)
        known = [w for w in range(1, V) if WORDS[w]]
        order = sorted(known, key=lambda w: (-p[w], w))
        if target[at]:
            assert found.rank[at] == order.index(target[at])


def test_the_most_frequent_word(rng: np.random.Generator) -> None:
    text = np.repeat([1, 3, 4, 2, 0], [5, 9, 2, 30, 4])
    found = GapCounts(WORDS).fit(text).most_frequent(np.array([3, 1, 4, 0]))
    np.testing.assert_allclose(found.nats, -np.log([10 / 26, 6 / 26, 3 / 26, 5 / 26]))
    assert found.rank[:3].tolist() == [0, 1, 2]


def test_of_a_long_text_a_sample_is_counted(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    monkeypatch.setattr(cloze, "BLOCK", 100)
    text = rng.integers(0, V, 5000)
    counts = GapCounts(WORDS).fit(text, largest=400)
    assert counts.note is not None
    assert "sample of 400 of 5,000" in counts.note
    # blocks do not touch: what stands beyond one is the text's end
    blocks = [text[start : start + 100] for start in (0, 1633, 3266, 4900)]
    triples = Counter()  # type: ignore[var-annotated]
    for block in blocks:
        padded = [V, *block.tolist(), V]
        triples.update(zip(padded, padded[1:], padded[2:], strict=False))
    ((likeliest, _),) = Counter({k: n for k, n in triples.items() if WORDS[k[1]] and k[1]}).most_common(1)
    found = counts.judge(*(np.array([part]) for part in likeliest))
    assert found.rank[0] == 0
