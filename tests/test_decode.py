"""Decoding against enumeration: a small random automaton whose every sequence and probability can be written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import chisquare

from anaphora.decode import beam, distribution, draw, greedy, log_probabilities, runs, sample
from anaphora.errors import DataError, UsageError

V = 4


class Automaton:
    """A step whose state is the tuple of all tokens so far: every history has its own random logits."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, state: tuple[int, ...], token: int) -> tuple[np.ndarray, tuple[int, ...]]:
        history = (*state, token)
        return np.random.default_rng([self.seed, *history]).normal(size=V) * 2, history


def log_probability(step: Automaton, first: int, tokens: tuple[int, ...]) -> float:
    state: tuple[int, ...] = ()
    total, token = 0.0, first
    for following in tokens:
        logits, state = step(state, token)
        weights = [float(np.exp(x)) for x in logits]
        total += float(np.log(weights[following] / sum(weights)))
        token = following
    return total


def every_sequence(length: int, stop: tuple[int, ...]) -> list[tuple[int, ...]]:
    found = set()
    for tokens in itertools.product(range(V), repeat=length):
        ends = [t for t, token in enumerate(tokens) if token in stop]
        found.add(tokens[: ends[0] + 1] if ends else tokens)
    return sorted(found)


@pytest.mark.parametrize("stop", [(), (2,), (0, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_a_full_beam_finds_what_enumeration_finds(seed: int, stop: tuple[int, ...]) -> None:
    step, length = Automaton(seed), 4
    truth = sorted(
        ((tokens, log_probability(step, 1, tokens)) for tokens in every_sequence(length, stop)),
        key=lambda pair: -pair[1],
    )
    found = beam(step, (), 1, length, width=V**length, stop=stop)
    assert [h.tokens for h in found] == [tokens for tokens, _ in truth]
    np.testing.assert_allclose([h.score for h in found], [score for _, score in truth], rtol=0, atol=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3, 7])
@pytest.mark.parametrize("stop", [(), (2,)])
def test_a_narrow_beam_reports_true_scores_best_first(width: int, stop: tuple[int, ...]) -> None:
    step = Automaton(11)
    found = beam(step, (), 3, 5, width=width, stop=stop)
    assert 1 <= len(found) <= width
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(log_probability(step, 3, hypothesis.tokens), abs=1e-12)
        assert len(hypothesis.tokens) == 5 or hypothesis.tokens[-1] in stop


def test_a_beam_of_one_is_greedy() -> None:
    for seed in range(5):
        step = Automaton(seed)
        assert list(beam(step, (), 0, 6, width=1)[0].tokens) == list(greedy(step, (), 0, 6))


def test_greedy_takes_the_largest_and_stops() -> None:
    step = Automaton(3)
    tokens = list(greedy(step, (), 2, 8))
    state: tuple[int, ...] = ()
    for before, after in itertools.pairwise([2, *tokens]):
        logits, state = step(state, before)
        assert after == max(range(V), key=lambda k: logits[k])
    stopped = list(greedy(step, (), 2, 8, stop=(tokens[3],)))
    assert stopped == tokens[: tokens.index(tokens[3]) + 1]


def test_sampling_follows_the_exact_distribution_of_sequences() -> None:
    step, draws, length = Automaton(5), 20_000, 2
    rng = np.random.default_rng(2024)
    sequences = every_sequence(length, ())
    counts = dict.fromkeys(sequences, 0)
    for _ in range(draws):
        counts[tuple(sample(step, (), 0, length, rng))] += 1
    expected = [draws * np.exp(log_probability(step, 0, tokens)) for tokens in sequences]
    assert min(expected) > 5  # the chi-square approximation needs it
    assert chisquare(list(counts.values()), expected).pvalue > 0.001


@pytest.mark.parametrize(
    ("settings", "by_hand"),
    [
        ({}, [0.5, 0.25, 0.125, 0.125]),
        ({"temperature": 0.5}, [0.25 / 0.34375, 0.0625 / 0.34375, 0.015625 / 0.34375, 0.015625 / 0.34375]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 3}, [4 / 7, 2 / 7, 1 / 7, 0]),  # the tie falls to the smaller token
        ({"top_p": 0.5}, [1, 0, 0, 0]),
        ({"top_p": 0.51}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 1e-9}, [1, 0, 0, 0]),
        ({"top_k": 2, "top_p": 0.6}, [1, 0, 0, 0]),  # after top-k the first has two thirds
        ({"top_k": 99}, [0.5, 0.25, 0.125, 0.125]),
    ],
)
def test_distribution_by_hand(settings: dict[str, float], by_hand: list[float]) -> None:
    logits = np.log(np.array([0.5, 0.25, 0.125, 0.125], dtype=np.float32))
    np.testing.assert_allclose(distribution(logits, **settings), by_hand, rtol=0, atol=1e-7)  # type: ignore[arg-type]


def test_drawing_never_leaves_the_support() -> None:
    probabilities = np.array([0.0, 0.3, 0.0, 0.7, 0.0])

    class Ends(np.random.Generator):
        value = 0.0

        def random(self, *args: object, **kwargs: object) -> float:  # type: ignore[override]
            return self.value

    rng = Ends(np.random.PCG64(0))
    for rng.value, token in ((0.0, 1), (np.nextafter(0.3, 0.0), 1), (0.3, 3), (np.nextafter(1.0, 0.0), 3)):
        assert draw(probabilities, rng) == token


def test_one_seed_gives_one_sequence() -> None:
    def tokens(seed: int) -> list[int]:
        return list(sample(Automaton(7), (), 0, 30, np.random.default_rng(seed), top_k=3, top_p=0.9))

    assert tokens(1) == tokens(1)
    assert tokens(1) != tokens(2)
    assert list(sample(Automaton(7), (), 0, 30, np.random.default_rng(0), temperature=0)) == list(
        greedy(Automaton(7), (), 0, 30)
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_likeliest_runs_against_enumeration(seed: int) -> None:
    step, ends = Automaton(seed), np.array([False, True, False, True])
    truth = []
    for length in range(8):
        for run in itertools.product((0, 2), repeat=length):
            whole = sum(np.exp(log_probability(step, 1, (*run, end))) for end in (1, 3))
            truth.append((run, whole))
    truth.sort(key=lambda pair: -pair[1])
    found = runs(step, (), 1, ends, 5)
    assert [run for run, _ in found] == [run for run, _ in truth[:5]]
    np.testing.assert_allclose([p for _, p in found], [p for _, p in truth[:5]], rtol=1e-12)


def test_a_search_for_runs_ends_even_where_nothing_does() -> None:
    endless = runs(Automaton(1), (), 0, np.zeros(V, dtype=bool), 3, most_steps=50)
    assert [p for _, p in endless] == [0.0, 0.0, 0.0]


def test_log_probabilities_keep_small_ones() -> None:
    logits = np.array([[1000.0, 0.0], [-1e4, -1e4]], dtype=np.float32)
    expected = [[0.0, -1000.0], [-np.log(2), -np.log(2)]]
    np.testing.assert_allclose(log_probabilities(logits), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"top_k": -2}, "top-k"),
        ({"top_p": 0.0}, "top-p"),
        ({"top_p": 1.5}, "top-p"),
    ],
)
def test_settings_out_of_range_are_refused_before_a_step(settings: dict[str, float], words: str) -> None:
    def never(state: object, token: int) -> tuple[np.ndarray, object]:
        raise AssertionError("no step should run")

    with pytest.raises(UsageError, match=words):
        list(sample(never, None, 0, 3, np.random.default_rng(0), **settings))  # type: ignore[arg-type]


def test_damaged_scores_are_refused() -> None:
    for logits in ([0.0, np.nan], [0.0, np.inf], [-np.inf, -np.inf]):
        with pytest.raises(DataError, match="finite"):
            distribution(np.array(logits))
    with pytest.raises(UsageError, match="width"):
        beam(Automaton(0), (), 0, 3, width=0)
