"""Decoding: a sequence from a model's scores, by greedy search, sampling or beam search.

    p = softmax(logits / temperature), cut to the top_k most likely, then to the fewest whose sum reaches top_p
    greedy     x_t = argmax p            sample   x_t ~ p            beam   the sequence with the largest Σ log p(x_t)

All three call a function `step(state, token) -> (logits, state)`: a runtime model, a torch module, a table in a test.
The step must return a new state and leave the old state unchanged, because a beam continues from one state with several
tokens. Of equal scores the smaller token wins, so the same numbers always give the same sequence.

`write` and `search` decode many sequences at once. They call `step(state, tokens (n,)) -> (logits (n, V), state)`, and
the state gives some of its rows by `take`. The result of a row depends on that row alone. A search ranks finished
hypotheses by their rank score

    rank_score(x) = Σ_t log p(x_t) / |x|^α + extra(x)        α = 0: by the sum;  extra ≤ 0, such as a coverage penalty

and stops when no live hypothesis can enter the best `width`. The number of sequences that a caller asks for does not
change which sequence is first.

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
    """A sequence that a beam search found, the natural logarithm of its probability, and its rank score."""

    tokens: tuple[int, ...]
    score: float
    rank_score: float


class RowStates(Protocol):
    """The state of n rows."""

    def take(self, rows: NDArray[np.int64], /) -> Any:
        """Return the state of the rows numbered `rows` (n,), in this order; a row may be taken more than once."""


SomeRowStates = TypeVar("SomeRowStates", bound=RowStates)
RowStep = Callable[[SomeRowStates, NDArray[np.int64]], tuple[NDArray[Any], SomeRowStates]]
ChooseTokens = Callable[[NDArray[Any], NDArray[np.int64]], NDArray[np.int64]]


def log_probabilities(logits: NDArray[Any]) -> Probabilities:
    """Return log softmax over the last axis in float64: ``x - max - log Σ exp(x - max)``; input and result (…, V)."""
    wide = np.asarray(logits, dtype=np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    logs: Probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def distribution(logits: NDArray[Any], temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Probabilities:
    """Return the probabilities (V,) that `sample` draws from; `logits` (V,).

    With `temperature` 0 the largest logit has probability 1. With `top_k` 0 and `top_p` 1 no token is cut. Raises
    UsageError for a setting outside its range, DataError if no logit is a finite number.
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
        cumulative = np.cumsum(probabilities[kept])
        kept = kept[: int(np.searchsorted(cumulative, top_p * cumulative[-1])) + 1]
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
    """Yield the most likely token after `token`, then the most likely token after that one, `length` times.

    A token in `stop` is yielded and ends the sequence.
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
    """Yield `length` tokens, each drawn from `distribution(...)` with one call of `rng.random()`.

    A token in `stop` is yielded and ends the sequence. Raises UsageError for a setting outside its range.
    """
    check_settings(temperature, top_k, top_p)
    for _ in range(length):
        logits, state = step(state, token)
        token = draw(distribution(logits, temperature, top_k, top_p), rng)
        yield token
        if token in stop:
            return


def draw(probabilities: Probabilities, rng: np.random.Generator) -> int:
    """Return the token at which the cumulative sum of `probabilities` (V,) exceeds one uniform random number."""
    cumulative = np.cumsum(probabilities)
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def beam(
    step: Step[State], state: State, token: int, length: int, *, width: int, stop: Collection[int] = ()
) -> list[Hypothesis]:
    """Return the best `width` sequences found after `token`, the best first.

    Every hypothesis ends with a token in `stop` or has `length` tokens; its score and its rank score are Σ log p. At
    each position the `width` best continuations of all live hypotheses are kept. If `width` is at least V^length, the
    search is exhaustive.
    """
    singly = _RowByRow(step)
    return search(singly, _SingleStates([state]), [token], [length], width=width, stop=stop)[0]


class _SingleStates(list[Any]):
    """The states of n sequences, each by itself."""

    def take(self, rows: NDArray[np.int64], /) -> _SingleStates:
        return _SingleStates(self[row] for row in rows)


class _RowByRow:
    """A step of n rows made of n steps of one row."""

    def __init__(self, step: Step[Any]) -> None:
        self._step = step

    def __call__(self, states: _SingleStates, tokens: NDArray[np.int64]) -> tuple[NDArray[Any], _SingleStates]:
        pairs = [self._step(state, token) for state, token in zip(states, tokens.tolist(), strict=True)]
        return np.stack([logits for logits, _ in pairs]), _SingleStates(after for _, after in pairs)


def likeliest(logits: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the most likely token of each row (n,), the greedy choice; `logits` (n, V), `rows` (n,)."""
    likely: NDArray[np.int64] = logits.argmax(axis=1)
    return likely


def write(
    step: RowStep[SomeRowStates],
    state: SomeRowStates,
    tokens: ArrayLike,
    lengths: ArrayLike,
    *,
    stop: int,
    choose: ChooseTokens = likeliest,
) -> list[list[int]]:
    """Decode B rows side by side after their first tokens (B,), each until `stop` or its length (B,).

    `choose(logits (n, V), rows (n,))` returns the next token (n,) of each row. The result has `stop` included.
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
    step: RowStep[SomeRowStates],
    state: SomeRowStates,
    tokens: Sequence[int],
    lengths: Sequence[int],
    *,
    width: int,
    stop: Collection[int],
    length_penalty: float = 0.0,
    no_repeat: int = 0,
    extra: Callable[[SomeRowStates], NDArray[Any]] | None = None,
) -> list[list[Hypothesis]]:
    """Decode B rows side by side with a beam: for each row the best `width` sequences found, by rank score.

    `length_penalty` is α. With `no_repeat` n, no sequence holds the same n tokens in a row twice. `extra` takes a state
    of n rows and returns a number of at most 0 for each row (n,); it is added to the rank score of a hypothesis that
    ends there. Every hypothesis ends with a token in `stop` or has the length of its row. Raises UsageError for a
    setting outside its range.
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
        self._first, self._length, self._width, self._stop = first, most, width, stop
        self._alpha, self._no_repeat = length_penalty, no_repeat
        self._live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        self.best: list[Hypothesis] = [] if most else [Hypothesis((), 0.0, 0.0)]
        self.ended = not most

    @property
    def last(self) -> list[int]:
        """The last token of each live hypothesis."""
        return [tokens[-1] if tokens else self._first for tokens, _ in self._live]

    def advance(self, logs: Probabilities, more: Probabilities) -> list[int]:
        """Add one token to each hypothesis, given log p (n, V) and the additions to rank scores (n,); return the
        parents of the live hypotheses.
        """
        level: list[tuple[float, tuple[int, ...], int]] = []
        for parent, (tokens, score) in enumerate(self._live):
            scores = score + logs[parent]
            scores[_repeating(tokens, self._no_repeat)] = -np.inf
            level += [(float(scores[token]), (*tokens, token), parent) for token in _largest(scores, self._width)]
        level.sort(key=lambda entry: (-entry[0], entry[1]))
        self._live, parents = [], []
        for score, tokens, parent in level[: self._width]:
            if tokens[-1] in self._stop or len(tokens) == self._length:
                rank_score = score / len(tokens) ** self._alpha + float(more[parent])
                self.best.append(Hypothesis(tokens, score, rank_score))
            else:
                self._live.append((tokens, score))
                parents.append(parent)
        self.best = sorted(self.best, key=_rank)[: self._width]
        # A score never grows and lengths are limited, so no live hypothesis can reach a higher rank score.
        bound = max((score for _, score in self._live), default=-np.inf) / self._length**self._alpha
        self.ended = not self._live or (len(self.best) == self._width and self.best[-1].rank_score >= bound)
        return [] if self.ended else parents


def _largest(scores: Probabilities, count: int) -> list[int]:
    """Return the indices of the largest finite scores, the largest first; of equal scores the smaller token comes
    first.
    """
    if count < scores.size:
        least = np.partition(scores, scores.size - count)[scores.size - count]
        places = np.flatnonzero((scores >= least) & (scores > -np.inf))
    else:
        places = np.flatnonzero(scores > -np.inf)
    order = np.argsort(-scores[places], kind="stable")[:count]
    return [int(place) for place in places[order]]


def _repeating(tokens: tuple[int, ...], n: int) -> list[int]:
    """Return the tokens that would complete an n-gram that the sequence holds already."""
    if not n or len(tokens) < n:
        return []
    end = tokens[len(tokens) - n + 1 :]
    return [tokens[at + n - 1] for at in range(len(tokens) - n + 1) if tokens[at : at + n - 1] == end]


def runs(
    step: Step[State], state: State, token: int, ends: NDArray[np.bool_], count: int, *, most_steps: int = 2000
) -> list[tuple[tuple[int, ...], float]]:
    """Return the `count` most likely runs of tokens after `token` up to a token in `ends` (V,), each with its
    probability.

        p(run) = p(x_1) · … · p(x_n) · Σ_{e in ends} p(e after x_n)        n ≥ 0

    With characters as tokens and spaces as ends, the runs are words. The search expands the most likely run first, so
    the result is exact unless `most_steps` steps are used up.
    """
    found: list[tuple[float, tuple[int, ...]]] = []
    open_runs: list[tuple[float, tuple[int, ...], int, State]] = [(-1.0, (), token, state)]
    for _ in range(most_steps):
        if not open_runs or (len(found) >= count and -open_runs[0][0] <= sorted(found)[-count][0]):
            break
        cumulative, run, last, before = heapq.heappop(open_runs)
        logits, after = step(before, last)
        probabilities = -cumulative * distribution(logits)
        found.append((float(probabilities[ends].sum()), run))
        for following in np.flatnonzero(~ends & (probabilities > 0)).tolist():
            # Two open runs are never equal, so the heap never has to compare their states.
            heapq.heappush(open_runs, (-float(probabilities[following]), (*run, following), following, after))
    best = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:count]
    return [(run, probability) for probability, run in best]


def _rank(hypothesis: Hypothesis) -> tuple[float, tuple[int, ...]]:
    return -hypothesis.rank_score, hypothesis.tokens
