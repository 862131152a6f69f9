"""A trained network that fills gaps, on the runtime alone: texts with gaps in, likely words out.

    p(w | before, after) = softmax(E·W[h_{t−1}, g_{t+1}] + b)        p(w | before) = softmax(E·W'h_{t−1} + b')

A text may have several gaps. Each is first read as a word that is not known; the surest gap is filled with its
likeliest word, then the surest of the others, which may now look at it, and so on. What is told of a gap is what the
network says of it once all others are filled. The past alone fills from left to right, as it must.

A text's numbers are the same bits whatever texts it is read with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.bundle import Bundle
from anaphora.data.batches import Ragged, edges
from anaphora.decode import log_probabilities
from anaphora.errors import CorruptBundle, DataError, IncompatibleBundle, UsageError
from anaphora.runtime import Model, load, parts
from anaphora.tasks.fill.lexicon import Lexicon
from anaphora.tasks.fill.settings import GAP, TOP

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
SIDES = ("both", "past")

LOGITS_AT_ONCE = 2**21
"""Scores of so many gaps times symbols are held at once; it changes no bit of the result."""
_ROWS_AT_ONCE = 64
_UNITS_AT_ONCE = 2**15


class Guess(NamedTuple):
    """A word, and how likely it is."""

    word: str
    probability: float


class Gap(NamedTuple):
    """What is said of one gap: the likeliest known words, and how likely it is that none of them all is meant."""

    words: tuple[Guess, ...]
    unknown: float


class Filled(NamedTuple):
    """A text with its gaps filled by the likeliest words, and what was said of each gap."""

    text: str
    gaps: tuple[Gap, ...]


class _Line(NamedTuple):
    """A text as symbols, its gaps unknown ones; `between` are the texts around them."""

    between: tuple[str, ...]
    ids: NDArray[np.int32]
    gaps: Indices


class Filler:
    """A model with all it needs to read texts and to name words."""

    def __init__(self, model: Model) -> None:
        """Raises IncompatibleBundle if the model fills no gaps, CorruptBundle if it lacks what it needs for that."""
        task = model.config.get("task")
        if task != "fill":
            raise IncompatibleBundle(
                f"Expected a model that fills gaps, made by `anaphora train fill`; this one is of {task!r}."
            )
        units = model.config.get("units", {})
        if not isinstance(units.get("lower"), bool):
            raise CorruptBundle("The model lacks 'lower', which says how it reads words.")
        self.model = model
        self.lexicon = Lexicon.restore_lexicon(model.tensors, units["lower"])
        self.network = Network(Bundle(dict(model.tensors), dict(model.config)))
        if self.network.width != self.lexicon.size:
            raise IncompatibleBundle(
                f"The file has {self.lexicon.size} words and marks, but its network scores {self.network.width}."
            )
        self._asked = self.lexicon.words.copy()
        self._asked[0] = False
        self._words = np.flatnonzero(self._asked)

    @classmethod
    def open(cls, path: str | Path) -> Filler:
        """The filler in a file; raises as `runtime.load` does, too."""
        return cls(load(path))

    def fill(self, texts: Sequence[str], side: str = "both", top: int = TOP, mark: str = GAP) -> list[Filled]:
        """Fill the gaps of each text; `side` is both, or past for what stands before a gap alone.

        Raises DataError for a text without a gap, UsageError for a mark, a side or a number that cannot be.
        """
        if side not in SIDES:
            raise UsageError(f"A gap is judged from {' or '.join(SIDES)}; it was asked for {side!r}.")
        if top < 1:
            raise UsageError(f"expected 1 or more words for each gap, got {top}")
        lines = [self._line(text, mark) for text in texts]
        done: list[Filled | None] = [None] * len(lines)
        lengths = np.array([len(line.ids) for line in lines], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        for begin, end in pairwise(edges(lengths[order], _UNITS_AT_ONCE, _ROWS_AT_ONCE).tolist()):
            rows = order[begin:end].tolist()
            for row, filled in zip(rows, self._filled([lines[row] for row in rows], side, top), strict=True):
                done[row] = filled
        return [filled for filled in done if filled is not None]

    def likeliest(self, rows: Ragged, places: Indices, side: str, top: int) -> list[Gap]:
        """What is said of steps of rows, whatever stands there; `places` count the steps of all rows."""
        beside = self.network.read(rows, places, both=side == "both")
        logs = [
            log_probabilities(self.network.logits(beside[chunk], side)) for chunk in self.network.chunks(len(places))
        ]
        return [self._told(np.exp(row), top) for chunk in logs for row in chunk]

    def _line(self, text: str, mark: str) -> _Line:
        between = tuple(cut(text, mark))
        if len(between) < 2:
            raise DataError(f"There is no gap in {text[:80]!r}: mark it with {mark}.")
        pieces = [self.lexicon.encode(piece) for piece in between]
        joined = [part for piece in pieces for part in (piece, np.zeros(1, np.int32))][:-1]
        gaps = np.cumsum([len(piece) + 1 for piece in pieces[:-1]]) - 1
        return _Line(between, np.concatenate(joined), gaps)

    def _filled(self, lines: list[_Line], side: str, top: int) -> list[Filled]:
        ids = [line.ids.copy() for line in lines]
        open_ = [list(line.gaps.tolist()) for line in lines]
        while any(len(gaps) > 1 for gaps in open_):
            several = [number for number, gaps in enumerate(open_) if len(gaps) > 1]
            asked = [(number, gap) for number in several for gap in open_[number][: 1 if side == "past" else None]]
            p = self._probabilities(ids, asked, side)[:, self._words]
            best, sure = self._words[p.argmax(axis=1)], p.max(axis=1)
            for number in several:
                mine = [at for at, (row, _) in enumerate(asked) if row == number]
                surest = max(mine, key=lambda at: (sure[at], -at))
                gap = asked[surest][1]
                ids[number][gap] = best[surest]
                open_[number].remove(gap)
        asked = [(number, gap) for number, gaps in enumerate(open_) for gap in gaps]
        p = self._probabilities(ids, asked, side)[:, self._words]
        for (number, gap), word in zip(asked, self._words[p.argmax(axis=1)].tolist(), strict=True):
            ids[number][gap] = word
        asked = [(number, gap) for number, line in enumerate(lines) for gap in line.gaps.tolist()]
        told = [self._told(row, top) for row in self._probabilities(ids, asked, side)]
        found, at = [], 0
        for line in lines:
            gaps = tuple(told[at : at + len(line.gaps)])
            at += len(line.gaps)
            found.append(Filled(_put(line.between, [gap.words[0].word for gap in gaps]), gaps))
        return found

    def _told(self, p: NDArray[np.float64], top: int) -> Gap:
        likeliest = self._words[np.argsort(-p[self._words], kind="stable")[:top]].tolist()
        words = tuple(Guess(self.lexicon.symbols[word], float(p[word])) for word in likeliest)
        return Gap(words, float(p[0]))

    def _probabilities(
        self, ids: Sequence[NDArray[np.int32]], asked: Sequence[tuple[int, int]], side: str
    ) -> NDArray[np.float64]:
        """(n, V) of the gaps that are asked for, each a row and a step."""
        rows = Ragged.of(ids, np.zeros(0, np.int32))
        row, step = np.array(asked, dtype=np.int64).reshape(-1, 2).T
        places = rows.ends[row] - rows.lengths[row] + step
        beside = self.network.read(rows, places, both=side == "both")
        return np.exp(log_probabilities(self.network.logits(beside, side)))


class Network:
    """The parts of the model, joined: see ``anaphora.tasks.fill.network``."""

    def __init__(self, opened: Bundle) -> None:
        found = parts(opened)
        self._words, self._before, self._after = found["words"], found["before"], found["after"]
        self._narrow = {side: found[side] for side in SIDES}
        self._outputs: dict[str, Any] = {side: found[f"{side}_output"] for side in SIDES}
        self.width: int = self._outputs["both"].width

    def read(self, rows: Ragged, places: Indices, both: bool = True) -> Floats:
        """What the directions leave beside steps, (n, 2·H), or (n, H) of the past alone; `places` count the steps of
        all rows.
        """
        row = np.searchsorted(rows.ends, places, side="right")
        lengths, start = rows.lengths, rows.ends - rows.lengths
        step = places - start[row]
        ids = rows.padded()
        before, _ = self._before.forward(self._words.forward(ids, lengths)[0], lengths)
        past = _beside(before, step - 1, row)
        if not both:
            return past
        turned = Ragged(rows.steps[_turned(rows)], rows.ends).padded()
        after, _ = self._after.forward(self._words.forward(turned, lengths)[0], lengths)
        return np.concatenate([past, _beside(after, lengths[row] - step - 2, row)], axis=1)

    def logits(self, beside: Floats, side: str) -> Floats:
        """(n, V) from both sides (n, 2·H), or from the past (n, H)."""
        narrow, _ = self._narrow[side].forward(beside[None])
        logits: Floats = self._outputs[side].of(narrow[0])
        return logits

    def chunks(self, count: int) -> Iterator[slice]:
        """So many gaps, some at a time."""
        size = max(1, LOGITS_AT_ONCE // self.width)
        yield from (slice(at, min(at + size, count)) for at in range(0, count, size))


def cut(text: str, mark: str = GAP) -> list[str]:
    """The text around gaps; the usual mark is three underscores or more.

    Raises UsageError for a mark that is blank.

    >>> cut("feeling ___ the ______."), cut("a [?] b", "[?]")
    (['feeling ', ' the ', '.'], ['a ', ' b'])
    """
    if not mark.strip():
        raise UsageError("A gap's mark needs at least one character that is no space.")
    return re.split("_{3,}" if mark == GAP else re.escape(mark), text)


def _put(between: Sequence[str], words: Sequence[str]) -> str:
    return "".join(part for pair in zip(between, (*words, ""), strict=True) for part in pair)


def _beside(states: Floats, step: Indices, row: Indices) -> Floats:
    """(n, H) of states (T, B, H); zeros before a row's first step."""
    return np.where((step >= 0)[:, None], states[np.maximum(step, 0), row], np.float32(0))


def _turned(rows: Ragged) -> Indices:
    """The steps of every row from its end to its beginning."""
    lengths = rows.lengths
    row = np.repeat(np.arange(len(lengths)), lengths)
    return rows.ends[row] - 1 - (np.arange(len(rows.steps)) - (rows.ends - lengths)[row])
