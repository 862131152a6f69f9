"""Turning a model's scores into a sequence: greedy, sampling and beam search.

    p = softmax(logits / temperature), cut to the top_k most likely, then to the fewest whose sum reaches top_p
    greedy     x_t = argmax p            sample   x_t ~ p            beam   the sequence with the largest Σ log p(x_t)

All three walk any ``step(state, token) -> (logits, state)``: a runtime model, a torch module, a table in a test. A
step must return a new state and leave the one it was given alone, because a beam goes on from one state in several
directions. Ties fall to the smaller token, so that the same numbers always give the same sequence.

Many sequences at once, ``write`` and ``search`` walk a step of rows, ``step(state, tokens (n,)) -> (logits (n, V),
state)``, with a state that gives some of its rows by ``take``. What a row becomes depends on that row alone. A search
ranks what has ended by

    merit(x) = Σ_t log p(x_t) / |x|^α + extra(x)        α = 0: by the sum;  extra ≤ 0, such as a coverage penalty

and ends where nothing that still lives can come in among the best ``width``; how many of those are asked for changes
nothing about which is first.

Sources: length and coverage, Wu et al. 2016 (arXiv:1609.08144); no repeated n-gram, Paulus et al. 2018
(arXiv:1705.04304); top-k, Fan et al. 2018 (arXiv:1805.04833); top-p, Holtzman et al. 2020 (arXiv:1904.09751).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.errors import DataError, UsageError

State = TypeVar("State")
Step = Callable[[State, int], tuple[NDArray[Any], State]]
Probabilities = NDArray[np.float64]


class Hypothesis(NamedTuple):
    """A sequence that a beam found, the natural logarithm of its probability, and what it is ranked by."""

    tokens: tuple[int, ...]
    score: float
    merit: float


class Rows(Protocol):
    """A state of n rows."""

    def take(self, rows: NDArray[np.int64], /) -> Any:
        """The state of some rows, in this order; a row may be taken more than once."""


Many = TypeVar("Many", bound=Rows)
StepOfRows = Callable[[Many, NDArray[np.int64]], tuple[NDArray[Any], Many]]
Choice = Callable[[NDArray[Any], NDArray[np.int64]], NDArray[np.int64]]


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

    Every hypothesis ends with a token in ``stop`` or has ``length`` tokens; its score and merit are Σ log p. At each
    level the ``width`` best continuations of all live hypotheses stay. No sequence is missed when ``width`` is at least
    V^length.
    """
    singly = _Singly(step)
    return search(singly, _States([state]), [token], [length], width=width, stop=stop)[0]


class _States(list[Any]):
    """States of single rows."""

    def take(self, rows: NDArray[np.int64], /) -> _States:
        return _States(self[row] for row in rows)


class _Singly:
    """A step of one row, for each of many."""

    def __init__(self, step: Step[Any]) -> None:
        self._step = step

    def __call__(self, states: _States, tokens: NDArray[np.int64]) -> tuple[NDArray[Any], _States]:
        pairs = [self._step(state, token) for state, token in zip(states, tokens.tolist(), strict=True)]
        return np.stack([logits for logits, _ in pairs]), _States(after for _, after in pairs)


def likeliest(logits: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest of each row's logits (n, V): the greedy choice."""
    likely: NDArray[np.int64] = logits.argmax(axis=1)
    return likely


def write(
    step: StepOfRows[Many],
    state: Many,
    tokens: ArrayLike,
    lengths: ArrayLike,
    *,
    stop: int,
    choose: Choice = likeliest,
) -> list[list[int]]:
    """Write B rows side by side, after their first tokens (B,), each until `stop` or its length (B,); `stop` included.

    ``choose(logits (n, V), rows (n,))`` says what comes next in those rows.
    """
    last, most = np.array(tokens, dtype=np.int64), np.asarray(lengths, dtype=np.int64)
    written: list[list[int]] = [[] for _ in last]
    live = np.arange(len(last))
    here = most[live] > 0
    while True:
        if not here.all():
            live, state, last = live[here], state.take(np.flatnonzero(here)), last[here]
        if not live.size:
            return written
        logits, state = step(state, last)
        last = choose(logits, live)
        for row, token in zip(live.tolist(), last.tolist(), strict=True):
            written[row].append(token)
        here = (last != stop) & (np.array([len(written[row]) for row in live.tolist()]) < most[live])


def search(
    step: StepOfRows[Many],
    state: Many,
    tokens: Sequence[int],
    lengths: Sequence[int],
    *,
    width: int,
    stop: Collection[int],
    length_penalty: float = 0.0,
    no_repeat: int = 0,
    extra: Callable[[Many], NDArray[Any]] | None = None,
) -> list[list[Hypothesis]]:
    """Search B rows side by side with a beam: for each the best ``width`` sequences found, by merit.

    ``length_penalty`` is α; ``no_repeat`` n forbids that a sequence holds the same n tokens in a row twice; ``extra``
    gives each row of a state, once it has ended, a number of at most 0 to add to its merit. Every hypothesis ends with
    a token in ``stop`` or has its row's length. Raises UsageError for a setting outside its range.
    """
    if width < 1:
        raise UsageError(f"expected a beam width of 1 or more, got {width}")
    if length_penalty < 0 or no_repeat < 0:
        raise UsageError(f"expected a length penalty and an n-gram of 0 or more, got {length_penalty} and {no_repeat}")
    beams = [
        _Beam(first, most, width, stop, length_penalty, no_repeat) for first, most in zip(tokens, lengths, strict=True)
    ]
    rows = np.flatnonzero([not one.ended for one in beams])
    state = state.take(rows)
    while rows.size:
        last = [token for row in rows.tolist() for token in beams[row].last]
        logits, state = step(state, np.array(last, dtype=np.int64))
        scores = log_probabilities(logits)
        more = np.zeros(len(last)) if extra is None else np.asarray(extra(state), dtype=np.float64)
        kept: list[int] = []
        begin = 0
        for row in rows.tolist():
            end = begin + len(beams[row].last)
            kept += [begin + parent for parent in beams[row].advance(scores[begin:end], more[begin:end])]
            begin = end
        rows = rows[[not beams[row].ended for row in rows.tolist()]]
        state = state.take(np.array(kept, dtype=np.int64))
    return [one.best for one in beams]


class _Beam:
    """The hypotheses of one row."""

    def __init__(
        self, first: int, most: int, width: int, stop: Collection[int], length_penalty: float, no_repeat: int
    ) -> None:
        self._first, self._most, self._width, self._stop = first, most, width, stop
        self._alpha, self._no_repeat = length_penalty, no_repeat
        self._live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        self.best: list[Hypothesis] = [] if most else [Hypothesis((), 0.0, 0.0)]
        self.ended = not most

    @property
    def last(self) -> list[int]:
        """The last token of each hypothesis that lives."""
        return [tokens[-1] if tokens else self._first for tokens, _ in self._live]

    def advance(self, logs: Probabilities, more: Probabilities) -> list[int]:
        """Go on by one token, given log p (n, V) of each, and what is added to a merit: the parents of what lives."""
        level: list[tuple[float, tuple[int, ...], int]] = []
        for parent, (tokens, score) in enumerate(self._live):
            scores = score + logs[parent]
            scores[_repeating(tokens, self._no_repeat)] = -np.inf
            level += [(float(scores[token]), (*tokens, token), parent) for token in _largest(scores, self._width)]
        level.sort(key=lambda entry: (-entry[0], entry[1]))
        self._live, parents = [], []
        for score, tokens, parent in level[: self._width]:
            if tokens[-1] in self._stop or len(tokens) == self._most:
                merit = score / len(tokens) ** self._alpha + float(more[parent])
                self.best.append(Hypothesis(tokens, score, merit))
            else:
                self._live.append((tokens, score))
                parents.append(parent)
        self.best = sorted(self.best, key=_rank)[: self._width]
        # A score never grows and a length ends, so no merit of what lives can pass this.
        hope = max((score for _, score in self._live), default=-np.inf) / self._most**self._alpha
        self.ended = not self._live or (len(self.best) == self._width and self.best[-1].merit >= hope)
        return [] if self.ended else parents


def _largest(scores: Probabilities, count: int) -> list[int]:
    """Where the largest finite scores are, the largest first, ties to the smaller token."""
    if count < scores.size:
        least = np.partition(scores, scores.size - count)[scores.size - count]
        places = np.flatnonzero((scores >= least) & (scores > -np.inf))
    else:
        places = np.flatnonzero(scores > -np.inf)
    order = np.argsort(-scores[places], kind="stable")[:count]
    return [int(place) for place in places[order]]


def _repeating(tokens: tuple[int, ...], n: int) -> list[int]:
    """The tokens that would make n in a row which are there already."""
    if not n or len(tokens) < n:
        return []
    end = tokens[len(tokens) - n + 1 :]
    return [tokens[at + n - 1] for at in range(len(tokens) - n + 1) if tokens[at : at + n - 1] == end]


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
    return -hypothesis.merit, hypothesis.tokens
