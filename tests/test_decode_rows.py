"""Many rows at once: each row's sequences are those it would have alone; merits against enumeration."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from anaphora.decode import Hypothesis, beam, greedy, search, write
from anaphora.errors import UsageError
from test_decode import Automaton, V, every_sequence, log_probability

STOP = 2
COST = np.array([-0.7, 0.0, -0.2, -1.1])  # of having said a token: what `extra` adds


class Histories(list[tuple[int, ...]]):
    """The state of rows: what each has said, its automaton's seed first."""

    def take(self, rows: np.ndarray, /) -> Histories:
        return Histories(self[row] for row in rows)


def step(state: Histories, tokens: np.ndarray) -> tuple[np.ndarray, Histories]:
    after = Histories((*history, int(token)) for history, token in zip(state, tokens, strict=True))
    return np.stack([np.random.default_rng(list(history)).normal(size=V) * 2 for history in after]), after


def rows(*seeds: int) -> Histories:
    return Histories((seed,) for seed in seeds)


def test_rows_are_written_as_each_would_be_alone() -> None:
    lengths = [6, 0, 3, 9]
    together = write(step, rows(1, 2, 3, 4), [0, 1, 2, 3], lengths, stop=STOP)
    for at, seed in enumerate((1, 2, 3, 4)):
        assert together[at] == list(greedy(Automaton(seed), (), at, lengths[at], stop=(STOP,)))


def test_a_choice_sees_the_rows_it_chooses_for() -> None:
    seen: list[list[int]] = []

    def choose(logits: np.ndarray, which: np.ndarray) -> np.ndarray:
        seen.append(which.tolist())
        return np.where(which == 1, STOP, 0)

    assert write(step, rows(1, 2, 3), [0, 0, 0], [2, 5, 3], stop=STOP, choose=choose) == [[0, 0], [2], [0, 0, 0]]
    assert seen == [[0, 1, 2], [0, 2], [2]]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_rows_are_searched_as_each_would_be_alone(width: int) -> None:
    together = search(step, rows(5, 6, 7), [1, 2, 3], [4, 0, 6], width=width, stop=(STOP,))
    for at, (seed, length) in enumerate(((5, 4), (6, 0), (7, 6))):
        alone = beam(Automaton(seed), (), at + 1, length, width=width, stop=(STOP,))
        assert [h.tokens for h in together[at]] == [h.tokens for h in alone]
        np.testing.assert_allclose([h.rank_score for h in together[at]], [h.score for h in alone], rtol=0, atol=1e-12)


def said(state: Any) -> np.ndarray:
    """Σ over what was said, but for the last token, which no step has read yet."""
    return np.array([COST[list(history[2:])].sum() for history in state])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_full_beam_finds_the_best_merits_of_all_sequences(seed: int, alpha: float) -> None:
    length = 4
    truth = []
    for tokens in every_sequence(length, (STOP,)):
        score = log_probability(Automaton(seed), 1, tokens)
        truth.append((tokens, score, score / len(tokens) ** alpha + COST[list(tokens[:-1])].sum()))
    truth.sort(key=lambda entry: -entry[2])
    (found,) = search(step, rows(seed), [1], [length], width=V**length, stop=(STOP,), length_penalty=alpha, extra=said)
    assert [h.tokens for h in found] == [tokens for tokens, _, _ in truth]
    np.testing.assert_allclose([h.score for h in found], [score for _, score, _ in truth], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        [h.rank_score for h in found], [rank_score for _, _, rank_score in truth], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_ending_early_loses_nothing_that_the_same_beam_would_find(alpha: float) -> None:
    for seed in range(20):
        (found,) = search(step, rows(seed), [0], [8], width=3, stop=(STOP,), length_penalty=alpha)
        patient = to_the_end(seed, 3, 8, alpha)
        assert [h.tokens for h in found] == [h.tokens for h in patient]


def to_the_end(seed: int, width: int, length: int, alpha: float) -> list[Hypothesis]:
    """A plain beam that never ends before its length."""
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    ended: list[Hypothesis] = []
    for _ in range(length):
        level = []
        for (score, tokens), token in itertools.product(live, range(V)):
            total = (
                score
                + log_probability(Automaton(seed), 0, (*tokens, token))
                - log_probability(Automaton(seed), 0, tokens)
            )
            level.append((total, (*tokens, token)))
        live = []
        for score, tokens in sorted(level, key=lambda entry: -entry[0])[:width]:
            if tokens[-1] == STOP or len(tokens) == length:
                ended.append(Hypothesis(tokens, score, score / len(tokens) ** alpha))
            else:
                live.append((score, tokens))
    return sorted(ended, key=lambda h: -h.rank_score)[:width]


def test_no_n_tokens_in_a_row_stand_twice() -> None:
    for n in (1, 2, 3):
        free, held = (
            search(step, rows(*range(8)), [0] * 8, [12] * 8, width=3, stop=(), no_repeat=limit) for limit in (0, n)
        )
        for best in itertools.chain.from_iterable(held):
            grams = [best.tokens[at : at + n] for at in range(len(best.tokens) - n + 1)]
            assert len(set(grams)) == len(grams)
        repeats = [len(set(h.tokens)) < len(h.tokens) for best in free for h in best]
        assert any(repeats)


def test_what_is_blocked_everywhere_ends_with_what_there_is() -> None:
    (found,) = search(step, rows(3), [0], [9], width=2, stop=(), no_repeat=1)
    assert found == []  # four tokens cannot fill nine places


def test_settings_out_of_range_are_refused() -> None:
    for settings in ({"width": 0}, {"width": 1, "length_penalty": -1.0}, {"width": 1, "no_repeat": -1}):
        with pytest.raises(UsageError, match=r"of (1|0) or more"):
            search(step, rows(1), [0], [3], stop=(STOP,), **settings)  # type: ignore[arg-type]
