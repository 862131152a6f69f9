"""Turning a model's scores into a sequence: greedy, sampling and beam search.

    p = softmax(logits / temperature), cut to the top_k most likely, then to the fewest whose sum reaches top_p
    greedy     x_t = argmax p            sample   x_t ~ p            beam   the sequence with the largest Σ log p(x_t)

All three walk any ``step(state, token) -> (logits, state)``: a runtime model, a torch module, a table in a test. A
step must return a new state and leave the one it was given alone, because a beam goes on from one state in several
directions. Ties fall to the smaller token, so that the same numbers always give the same sequence.

Sources: top-k, Fan et al. 2018 (arXiv:1805.04833); top-p, Holtzman et al. 2020 (arXiv:1904.09751).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import DataError, UsageError

State = TypeVar("State")
Step = Callable[[State, int], tuple[NDArray[Any], State]]
Probabilities = NDArray[np.float64]


class Hypothesis(NamedTuple):
    """A sequence that a beam found, and the natural logarithm of its probability."""

    tokens: tuple[int, ...]
    score: float


def log_probabilities(logits: NDArray[Any]) -> Probabilities:
    """Return log softmax of the last axis, in float64: ``x - max - log Σ exp(x - max)``, shape of ``logits``."""
    wide = np.asarray(logits, dtype=np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    logs: Probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def distribution(logits: NDArray[Any], temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Probabilities:
    """Return the probabilities (V,) that ``sample`` draws from.

    ``temperature`` 0 puts everything on the largest logit; ``top_k`` 0 and ``top_p`` 1 cut nothing.
    Raises UsageError for a setting outside its range, DataError when no logit is a finite number.
    """
    check_settings(temperature, top_k, top_p)
    wide = np.asarray(logits, dtype=np.float64)
    if np.isnan(wide).any() or not np.isfinite(wide.max()):
        raise DataError("expected finite scores, got NaN or infinity: the model's weights or its state are damaged")
    if temperature == 0:
        return np.eye(1, wide.size, int(wide.argmax())).ravel()
    probabilities: Probabilities = np.exp((wide - wide.max()) / temperature)
    probabilities /= probabilities.sum()
    if top_k == 0 and top_p == 1.0:
        return probabilities
    order = np.argsort(-wide, kind="stable")
    kept = order[:top_k] if top_k else order
    if top_p < 1.0:
        mass = np.cumsum(probabilities[kept])
        kept = kept[: int(np.searchsorted(mass, top_p * mass[-1])) + 1]
    cut = np.zeros_like(probabilities)
    cut[kept] = probabilities[kept]
    cut /= cut.sum()
    return cut


def check_settings(temperature: float, top_k: int, top_p: float) -> None:
    """Raise UsageError for a sampling setting outside its range."""
    if not 0 <= temperature < np.inf:
        raise UsageError(f"expected a temperature of 0 (always the most likely) or more, got {temperature}")
    if top_k < 0:
        raise UsageError(f"expected top-k of 0 (all) or more, got {top_k}")
    if not 0 < top_p <= 1:
        raise UsageError(f"expected top-p above 0 and at most 1 (all), got {top_p}")


def greedy(step: Step[State], state: State, token: int, length: int, stop: Collection[int] = ()) -> Iterator[int]:
    """Yield the most likely token after ``token``, then the most likely after that one, ``length`` times.

    A token in ``stop`` is yielded and ends the sequence.
    """
    for _ in range(length):
        logits, state = step(state, token)
        token = int(np.argmax(logits))
        yield token
        if token in stop:
            return


def sample(
    step: Step[State],
    state: State,
    token: int,
    length: int,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Yield ``length`` tokens, each drawn from ``distribution(...)`` with one ``rng.random()``.

    A token in ``stop`` is yielded and ends the sequence. Raises UsageError for a setting outside its range.
    """
    check_settings(temperature, top_k, top_p)
    for _ in range(length):
        logits, state = step(state, token)
        token = draw(distribution(logits, temperature, top_k, top_p), rng)
        yield token
        if token in stop:
            return


def draw(probabilities: Probabilities, rng: np.random.Generator) -> int:
    """Return the token at which the cumulative sum of ``probabilities`` passes one uniform number."""
    mass = np.cumsum(probabilities)
    return int(np.searchsorted(mass, rng.random() * mass[-1], side="right"))


def beam(
    step: Step[State], state: State, token: int, length: int, *, width: int, stop: Collection[int] = ()
) -> list[Hypothesis]:
    """Return the best ``width`` sequences found after ``token``, the best first.

    Every hypothesis ends with a token in ``stop`` or has ``length`` tokens; its score is Σ log p. At each level the
    ``width`` best continuations of all live hypotheses stay. No sequence is missed when ``width`` is at least V^length.
    """
    if width < 1:
        raise UsageError(f"expected a beam width of 1 or more, got {width}")
    live = [(Hypothesis((), 0.0), state)]
    finished: list[Hypothesis] = []
    for _ in range(length):
        level = []
        for hypothesis, before in live:
            logits, after = step(before, hypothesis.tokens[-1] if hypothesis.tokens else token)
            scores = hypothesis.score + log_probabilities(logits)
            likeliest = np.argsort(-scores, kind="stable")[:width].tolist()
            level += [(Hypothesis((*hypothesis.tokens, best), float(scores[best])), after) for best in likeliest]
        level.sort(key=lambda entry: _rank(entry[0]))
        live = []
        for hypothesis, after in level[:width]:
            if hypothesis.tokens[-1] in stop:
                finished.append(hypothesis)
            else:
                live.append((hypothesis, after))
        finished = sorted(finished, key=_rank)[:width]
        # A score never grows, so nothing that still lives can overtake a full list of better ones.
        if not live or (len(finished) == width and finished[-1].score >= live[0][0].score):
            return finished
    return sorted([*finished, *(hypothesis for hypothesis, _ in live)], key=_rank)[:width]


def runs(
    step: Step[State], state: State, token: int, ends: NDArray[np.bool_], count: int, *, most_steps: int = 2000
) -> list[tuple[tuple[int, ...], float]]:
    """Return the ``count`` most likely runs of tokens after ``token`` up to one in ``ends`` (V,), each with its
    probability.

        p(run) = p(x_1) · … · p(x_n) · Σ_{e in ends} p(e after x_n)        n ≥ 0

    With symbols as tokens and spaces as ends, the runs are words. Best first, so nothing likelier is missed unless
    ``most_steps`` end it.
    """
    found: list[tuple[float, tuple[int, ...]]] = []
    open_runs: list[tuple[float, tuple[int, ...], int, State]] = [(-1.0, (), token, state)]
    for _ in range(most_steps):
        if not open_runs or (len(found) >= count and -open_runs[0][0] <= sorted(found)[-count][0]):
            break
        mass, run, last, before = heapq.heappop(open_runs)
        logits, after = step(before, last)
        probabilities = -mass * distribution(logits)
        found.append((float(probabilities[ends].sum()), run))
        for following in np.flatnonzero(~ends & (probabilities > 0)).tolist():
            # Two open runs are never equal, so the heap never has to compare their states.
            heapq.heappush(open_runs, (-float(probabilities[following]), (*run, following), following, after))
    best = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:count]
    return [(run, probability) for probability, run in best]


def _rank(hypothesis: Hypothesis) -> tuple[float, tuple[int, ...]]:
    return -hypothesis.score, hypothesis.tokens
