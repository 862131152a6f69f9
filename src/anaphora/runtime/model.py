"""A trained model as a function: symbol ids in, scores and a new state out.

    model.forward(ids (T, B), lengths, state) -> (logits (T, B, V), state)      a batch, any lengths
    model.step(state, id) -> (logits (V,), state)                                one row, one step
    model.score(ids (N,)) -> −log p(id_t | ids before t), t = 1 … N−1            nats, float64

A state is a value: a tuple of arrays (layers·D, B, width), one after another as ``spec.states`` lists them. Nothing
writes into a state that was handed out. Rows of different lengths lie ragged inside: a batch costs what its symbols
cost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora import bundle, spec
from anaphora.decode import log_probabilities
from anaphora.errors import DataError, UsageError
from anaphora.lines import Lines
from anaphora.runtime import blocks
from anaphora.runtime.blocks import Floats
from anaphora.runtime.session import Session

State = tuple[Floats, ...]
Ids = NDArray[np.integer[Any]]

LOGITS_AT_ONCE = 2**22
"""``score`` feeds a text in chunks of about so many scores, 16 MiB: the chunk changes no bit of the result."""

_ONE_STEP = Lines.dense(1, 1)


def load(path: str | Path) -> Model:
    """Return the model in a file, verified.

    Raises CorruptBundle when a byte is not the one that was written, IncompatibleBundle when this version cannot run
    what is in it.
    """
    return Model(bundle.read(path))


class Model:
    """A model ready to run; it is never changed after it was made, so threads and sessions may share it."""

    def __init__(self, opened: bundle.Bundle) -> None:
        self.config: Mapping[str, Any] = opened.config
        self.tensors: Mapping[str, NDArray[Any]] = opened.tensors
        self.spec = spec.check(opened.config["model"])
        self.width = spec.output_width(self.spec)
        self._blocks = blocks.build(self.spec, self.tensors)
        self._parts = [0, *accumulate(len(block.state) for block in self._blocks)]
        self.vocabulary_size: int = next(block["vocabulary"] for _, block in spec.walk(self.spec))

    @property
    def layout(self) -> tuple[tuple[int, int], ...]:
        """(layers·D, width) of each part of a state, in order."""
        return tuple(part for block in self._blocks for part in block.state)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the architecture and of every weight: what a saved state belongs to."""
        seen = hashlib.sha256(json.dumps(self.spec, sort_keys=True, separators=(",", ":")).encode())
        for name in sorted(spec.tensors(self.spec)):
            seen.update(f"\n{name} ".encode())
            seen.update(np.ascontiguousarray(self.tensors[name], dtype="<f4").reshape(-1).view(np.uint8).data)
        return seen.digest()

    def initial(self, B: int = 1) -> State:
        """Return the state before the first symbol of B rows: zeros."""
        return tuple(np.zeros((lines, B, width), dtype=np.float32) for lines, width in self.layout)

    def forward(
        self, ids: ArrayLike, lengths: ArrayLike | None = None, state: State | None = None
    ) -> tuple[Floats, State]:
        """Return the scores (T, B, V) after every symbol of ids (T, B), and the state (layers·D, B, width) each row
        ends in.

        Row b has ``lengths[b]`` symbols; what lies past its end is never read, and its scores are 0. A row of length
        0 keeps its state. Raises DataError when an id is no symbol of the model, UsageError when the shapes don't fit.
        """
        symbols = _symbols(ids)
        if symbols.ndim != 2:
            raise UsageError(f"expected ids of shape (T, B), got shape {symbols.shape}")
        T, B = symbols.shape
        steps = np.full(B, T, dtype=np.int64) if lengths is None else np.asarray(lengths)
        if steps.shape != (B,) or (B > 0 and (steps.min() < 0 or steps.max() > T)):
            raise UsageError(f"expected {B} lengths between 0 and {T}, got {steps.tolist()}")
        before = self._checked(state, B)
        if bool((steps == T).all()):
            dense, after = self._run(symbols.reshape(-1), Lines.dense(T, B), before)
            return dense.reshape(T, B, self.width), after
        b, t = np.nonzero(np.arange(T) < steps[:, None])
        ragged, after = self._run(symbols[t, b], Lines.ragged(steps), before)
        logits = np.zeros((T, B, self.width), dtype=np.float32)
        logits[t, b] = ragged
        return logits, after

    def step(self, state: State, token: int) -> tuple[Floats, State]:
        """Return the scores (V,) after one more symbol of one row, and the state after it: a step for
        ``anaphora.decode``.
        """
        logits, after = self._run(np.array([token]), _ONE_STEP, state)
        return logits[0], after

    def feed(self, state: State, ids: ArrayLike) -> tuple[Floats, State]:
        """Return the scores (n, V) after each of n symbols of one row, and the state after the last."""
        symbols = _symbols(ids)
        if symbols.ndim != 1:
            raise UsageError(f"expected ids of shape (n,), got shape {symbols.shape}")
        if symbols.size == 0:
            return np.empty((0, self.width), dtype=np.float32), state
        return self._run(symbols, _ONE_STEP if symbols.size == 1 else Lines.dense(symbols.size, 1), state)

    def score(self, ids: ArrayLike, state: State | None = None) -> NDArray[np.float64]:
        """Return −log p of every symbol but the first, given all before it: nats (N−1,), in float64.

        The first has nothing before it, so it is only read.
        """
        symbols = _symbols(ids)
        self._check_ids(symbols)
        nats = np.empty(max(0, symbols.size - 1), dtype=np.float64)
        now = self._checked(state, 1)
        size = max(1, LOGITS_AT_ONCE // self.width)
        for begin, end in pairwise([*range(0, nats.size, size), nats.size]):
            logits, now = self.feed(now, symbols[begin:end])
            nats[begin:end] = -np.take_along_axis(
                log_probabilities(logits), symbols[begin + 1 : end + 1, None], axis=1
            )[:, 0]
        return nats

    def session(self, state: bytes | None = None) -> Session:
        """Return a session at the beginning, or going on from the bytes of another one's ``state``.

        Raises UsageError when a block reads both ways, DataError or IncompatibleBundle when the bytes are no state of
        this model.
        """
        return Session(self, state)

    def _checked(self, state: State | None, B: int) -> State:
        if state is None:
            return self.initial(B)
        shapes = [(lines, B, width) for lines, width in self.layout]
        if [part.shape for part in state] != shapes:
            raise UsageError(f"expected a state of shapes {shapes}, got {[part.shape for part in state]}")
        return tuple(np.ascontiguousarray(part, dtype=np.float32) for part in state)

    def _run(self, ids: Ids, lines: Lines, state: State) -> tuple[Floats, State]:
        self._check_ids(ids)
        x: NDArray[Any] = ids
        after: list[Floats] = []
        for block, (first, last) in zip(self._blocks, pairwise(self._parts), strict=True):
            x, part = block.run(x, lines, state[first:last])
            after.extend(part)
        return x, tuple(after)

    def _check_ids(self, ids: Ids) -> None:
        if ids.dtype.kind not in "iu":
            raise UsageError(f"expected whole numbers as ids, got {ids.dtype}")
        V = self.vocabulary_size
        if ids.size == 1 and 0 <= ids.item() < V:  # a step: NumPy's min and max would cost a third of it
            return
        if ids.size and (ids.min() < 0 or ids.max() >= V):
            where = int(np.flatnonzero((ids < 0) | (ids >= V))[0])
            raise DataError(f"expected ids from 0 to {V - 1}, got {ids[where]} at position {where}")

    @property
    def reads_both_ways(self) -> str | None:
        """The path of a block that needs a row's end before its first step, or None."""
        return next((block.path for block in self._blocks if block.both_ways), None)


def _symbols(ids: ArrayLike) -> Ids:
    symbols = np.asarray(ids)
    return symbols if symbols.size else symbols.astype(np.int64)
