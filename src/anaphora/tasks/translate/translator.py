"""A trained translator on the runtime alone: texts in, texts out, with the attention between them.

    state of a row  =  decoder's and writer's states, what each source symbol was looked at so far, and whose source

A text's translation is the same bits whatever texts it is decoded with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora import decode
from anaphora.bundle import Bundle
from anaphora.data.batches import Ragged, edges
from anaphora.decode import Hypothesis
from anaphora.errors import CorruptBundle, IncompatibleBundle, UsageError
from anaphora.report.attention import Attention
from anaphora.runtime import Model, load, parts
from anaphora.runtime.cross_attention import Memory
from anaphora.tasks.translate.encoding import Reader

Floats = NDArray[np.float32]
_ROWS_AT_ONCE = 64
_UNITS_AT_ONCE = 2**13
_LEAST_SEEN = 1e-9  # of a source symbol, so that its logarithm is finite


@dataclass(frozen=True)
class How:
    """How text is decoded: greedily, by a beam, or by sampling."""

    beam: int = 1
    length_penalty: float = 1.0
    coverage: float = 0.0
    no_repeat: int = 0
    best: int = 1  # so many of the beam's translations
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def check(self) -> None:
        """Raise UsageError for a setting outside its range, or for two that do not go together."""
        decode.check_settings(self.temperature, self.top_k, self.top_p)
        if self.beam < 1 or self.length_penalty < 0 or self.coverage < 0 or self.no_repeat < 0:
            raise UsageError(
                "expected a beam of 1 or more, and a length penalty, a coverage and an n-gram of 0 or more; got"
                f" {self.beam}, {self.length_penalty}, {self.coverage} and {self.no_repeat}"
            )
        if not 1 <= self.best <= self.beam:
            raise UsageError(
                f"--n-best {self.best} asks for more than a beam of {self.beam} keeps: raise --beam to {self.best}."
            )
        if self.sample and self.beam > 1:
            raise UsageError("--sample draws one translation, and --beam searches for the likeliest: take one of them.")

    @property
    def greedy(self) -> bool:
        """Whether each symbol is simply the likeliest."""
        return not self.sample and self.beam == 1 and not self.coverage and not self.no_repeat


GREEDY = How()


class Translation(NamedTuple):
    """What was written for a text: its symbols without their end, and Σ log p with it (nan where it was not asked)."""

    text: str
    symbols: tuple[int, ...]
    score: float
    merit: float


class _State(NamedTuple):
    """Rows that are being written."""

    decoder: tuple[Floats, ...]  # (1, n, H)
    writer: tuple[Floats, ...]
    rows: NDArray[np.int64]  # (n,) which source each belongs to
    seen: tuple[Floats, ...]  # n times (S,): Σ_t a_ts; empty where nobody asks

    def take(self, rows: NDArray[np.int64], /) -> _State:
        decoder, writer = (tuple(part[:, rows] for part in side) for side in (self.decoder, self.writer))
        return _State(decoder, writer, self.rows[rows], tuple(self.seen[row] for row in rows) if self.seen else ())


class Translator:
    """A model with all it needs to read texts and to write them."""

    def __init__(self, model: Model) -> None:
        """Raises IncompatibleBundle if the model is no translator, CorruptBundle if it lacks what one needs."""
        task = model.config.get("task")
        if task != "translate":
            raise IncompatibleBundle(
                f"Expected a model that turns texts into texts, made by `anaphora train translate`; this one is of"
                f" {task!r}."
            )
        units = model.config.get("units", {})
        self.model = model
        self.reader = Reader.restore(units, model.tensors)
        if "ratio" not in units:
            raise CorruptBundle("The model lacks 'ratio', which says how long a translation may be.")
        self.ratio: float = units["ratio"]
        self._network = Network(Bundle(dict(model.tensors), dict(model.config)))

    @classmethod
    def open(cls, path: str | Path) -> Translator:
        """The translator in a file; raises as `runtime.load` does, too."""
        return cls(load(path))

    def translate(
        self, texts: Sequence[str], how: How = GREEDY, numbers: Sequence[int] = ()
    ) -> list[list[Translation]]:
        """The translations of texts, the best first: one, or as many as are asked for.

        `numbers` are what a sample is drawn by besides the seed: a text's place among all texts. Raises UsageError for
        a setting outside its range.
        """
        how.check()
        return self.decoded([self.reader.read(text) for text in texts], how, numbers)

    def decoded(
        self, sources: Sequence[NDArray[np.int32]], how: How = GREEDY, numbers: Sequence[int] = ()
    ) -> list[list[Translation]]:
        """The same for sources that are symbols, each ended; one of nothing but its end gives an empty text."""
        found: list[list[Translation]] = [[] for _ in sources]
        lengths = np.array([len(source) for source in sources], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 1]
        for row in np.flatnonzero(lengths <= 1).tolist():
            found[row] = [Translation("", (), 0.0, 0.0)] * how.best
        cuts = edges(lengths[order], _UNITS_AT_ONCE, max(1, _ROWS_AT_ONCE // how.beam)).tolist()
        for begin, end in pairwise(cuts):
            rows = order[begin:end].tolist()
            seeds = [numbers[row] if len(numbers) else row for row in rows]
            for row, best in zip(rows, self._decoded([sources[row] for row in rows], how, seeds), strict=True):
                found[row] = best
        return found

    def attention(self, text: str, symbols: Sequence[int]) -> Attention:
        """Where the network looks as it writes these symbols and the end."""
        source = self.reader.read(text)
        target = np.append(np.asarray(symbols, np.int64), self.reader.target.size)
        names = self.reader.target.symbols
        written = (*(names[symbol] for symbol in target[:-1].tolist()), "")
        return Attention((*self.reader.pieces(text), ""), written, self._network.weights(source, target))

    def replaced(self, text: str, translation: Translation) -> str:
        """A translation with each unknown symbol replaced by the source's word that was looked at most for it."""
        unknown = self.reader.target.unknown
        if unknown is None or unknown not in translation.symbols:
            return translation.text
        looked = self.attention(text, translation.symbols)
        words = _words(looked.source[:-1], self.reader.kind)
        names = self.reader.target.symbols
        pieces = [
            words[int(looked.weights[at, :-1].argmax())] if symbol == unknown else names[symbol]
            for at, symbol in enumerate(translation.symbols)
        ]
        return "".join(pieces).replace("\n", " ").strip()

    def longest(self, source: NDArray[np.int32]) -> int:
        """How many symbols a translation of this source may have, its end among them."""
        return math.ceil(1.5 * self.ratio * len(source)) + 10

    def _decoded(self, sources: list[NDArray[np.int32]], how: How, seeds: Sequence[int]) -> list[list[Translation]]:
        network, end = self._network, self.reader.target.size
        steps = network.begin(sources, seen=how.coverage > 0)
        first, most = [end] * len(sources), [self.longest(source) for source in sources]
        if how.greedy or how.sample:
            choose = decode.likeliest if how.greedy else _sampler(how, seeds)
            written = decode.write(steps.step, steps.state, first, most, stop=end, choose=choose)
            return [[self._translation(tokens, math.nan, math.nan)] for tokens in written]
        searched = decode.search(
            steps.step,
            steps.state,
            first,
            most,
            width=how.beam,
            stop=(end,),
            length_penalty=how.length_penalty,
            no_repeat=how.no_repeat,
            extra=(lambda state: how.coverage * _covered(state)) if how.coverage else None,
        )
        return [[self._of(best) for best in hypotheses[: how.best]] for hypotheses in searched]

    def _of(self, hypothesis: Hypothesis) -> Translation:
        return self._translation(hypothesis.tokens, hypothesis.score, hypothesis.merit)

    def _translation(self, tokens: Sequence[int], score: float, merit: float) -> Translation:
        symbols = tuple(token for token in tokens if token != self.reader.target.size)
        return Translation(self.reader.written(symbols), symbols, score, merit)


class Network:
    """The parts of a translator, joined: see ``anaphora.tasks.translate.network``."""

    def __init__(self, opened: Bundle) -> None:
        found = parts(opened)
        self.encoder, self.bridge, self.decoder = found["encoder"], found["bridge"], found["decoder"]
        self.attention, self.writer, self.readout = found["attention"], found["writer"], found["readout"]
        output: Any = found["output"]
        self.output: Any = output.blocks[0].run if isinstance(output, Model) else output

    def begin(self, sources: Sequence[NDArray[np.int32]], seen: bool = False) -> Steps:
        """Read the sources, and be ready to write."""
        rows = Ragged.of(sources, np.zeros(0, np.int32))
        memory, _ = self.encoder.forward(rows.padded(), rows.lengths)
        first, _ = self.bridge.forward(memory, rows.lengths)
        initial = self.decoder.initial(len(sources))
        memories = self.attention.memory([memory[:length, row] for row, length in enumerate(rows.lengths.tolist())])
        state = _State(
            (first[None], *initial[1:]),
            self.writer.initial(len(sources)),
            np.arange(len(sources)),
            tuple(np.zeros(length, np.float32) for length in rows.lengths.tolist()) if seen else (),
        )
        return Steps(self, memories, state)

    def logits(self, found: Floats, states: Floats) -> Floats:
        """(n, V) of what was found and thought."""
        read, _ = self.readout.forward(np.concatenate([states, found], axis=1)[None])
        logits: Floats = self.output.of(read[0])
        return logits

    def weights(self, source: NDArray[np.int32], target: NDArray[np.int64]) -> Floats:
        """(T, S) where it looks as it writes a target, its end included."""
        steps = self.begin([source])
        state, last, found = steps.state, int(target[-1]), []
        for token in [last, *target[:-1].tolist()]:
            _, state, looked = steps.looking(state, np.array([token]))
            found.append(looked[0])
        return np.stack(found)


class Steps:
    """Sources that were read, and how one more symbol is written for each."""

    def __init__(self, network: Network, memories: Sequence[Memory], state: _State) -> None:
        self.network, self.memories, self.state = network, memories, state

    def step(self, state: _State, tokens: NDArray[np.int64]) -> tuple[Floats, _State]:
        """Scores of what comes next (n, V) after tokens (n,), and the state after them."""
        logits, after, _ = self.looking(state, tokens)
        return logits, after

    def looking(self, state: _State, tokens: NDArray[np.int64]) -> tuple[Floats, _State, list[Floats]]:
        """The same, and the weights of what was looked at."""
        network = self.network
        queries, decoder = network.decoder.forward(tokens[None], state=state.decoder)
        found, weights = network.attention.look(queries[0], self.memories, state.rows)
        joined = np.concatenate([queries[0], found], axis=1)
        thought, writer = network.writer.forward(joined[None], state=state.writer)
        logits = network.logits(found, thought[0])
        seen = tuple(before + now for before, now in zip(state.seen, weights, strict=True)) if state.seen else ()
        return logits, _State(decoder, writer, state.rows, seen), weights


def _covered(state: _State) -> NDArray[np.float64]:
    """Σ_s ln min(1, Σ_t a_ts) of each row: 0 where every source symbol was looked at (Wu et al., 2016)."""
    return np.array([np.log(np.clip(seen.astype(np.float64), _LEAST_SEEN, 1.0)).sum() for seen in state.seen])


def _sampler(how: How, seeds: Sequence[int]) -> Any:
    drawn = [np.random.default_rng([how.seed, seed]) for seed in seeds]

    def choose(logits: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        chances = (decode.distribution(row, how.temperature, how.top_k, how.top_p) for row in logits)
        return np.array([decode.draw(chance, drawn[row]) for chance, row in zip(chances, rows.tolist(), strict=True)])

    return choose


def _words(pieces: Sequence[str], kind: str) -> list[str]:
    """For each piece the whole word that it is of; of characters and bytes, the piece itself."""
    if kind != "subword":
        return list(pieces)
    starts = [at for at, piece in enumerate(pieces) if piece.startswith(" ") or at == 0]
    words = ["".join(pieces[begin:end]) for begin, end in zip(starts, [*starts[1:], len(pieces)], strict=True)]
    which = np.searchsorted(starts, np.arange(len(pieces)), side="right") - 1
    return [words[at] for at in which.tolist()]
