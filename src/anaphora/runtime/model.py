"""A trained model as a function: symbol ids or vectors in, scores and a new state out.

    model.forward(ids (T, B), lengths, state) -> (y (T, B, V), state)          a batch, any lengths
    model.step(state, id) -> (y (V,), state)                                    one row, one step
    model.score(ids (N,)) -> −log p(id_t | ids before t), t = 1 … N−1           nats, float64

A model whose spec has an `input_size` I takes vectors (…, I) instead of ids. A model that pools returns one vector per
row: y (B, V).

A state is a value: a tuple of arrays (layers·D, B, width), in the order of ``spec.states``. No function writes into a
state that it returned before. Rows of different lengths are stored ragged, so the cost of a batch is proportional to
its number of symbols.
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

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.decode import log_probabilities
from anaphora.errors import DataError, UsageError
from anaphora.kernels.row_index import RowIndex
from anaphora.runtime import build
from anaphora.runtime.build import Floats
from anaphora.runtime.session import Session
from anaphora.runtime.state import State
from anaphora.runtime.stepper import Stepper

LOGITS_AT_ONCE = 2**22
"""``score`` feeds a text in chunks of about this many scores (16 MiB); the chunk size changes no bit of the result."""

_ONE_STEP = RowIndex.dense(1, 1)


def load(path: str | Path) -> Model:
    """Return the model in a file, verified.

    Raises CorruptBundle if a byte of the file was changed, IncompatibleBundle if this version cannot run the model.
    """
    return of_bundle(bundle.read(path))


def of_bundle(opened: bundle.Bundle) -> Model:
    """Return the model of a bundle; raises IncompatibleBundle if this version cannot run the model."""
    return MultipartModel(opened) if opened.config["model"].get("kind") == "parts" else Model(opened)


class Model:
    """A model ready to run; it never changes, so threads and sessions may share it."""

    def __init__(self, opened: bundle.Bundle) -> None:
        self.config: Mapping[str, Any] = opened.config
        self.tensors: Mapping[str, NDArray[Any]] = opened.tensors
        self.spec = spec.check(opened.config["model"])
        self.width = spec.output_width(self.spec)
        self.input_size: int = self.spec["input_size"]
        self.pools = spec.pools(self.spec)
        self.blocks = build.build(self.spec, self.tensors)
        self.needs_whole_rows: str | None = next((block.path for block in self.blocks if block.whole_rows), None)
        self._parts = [0, *accumulate(len(block.initial) for block in self.blocks)]
        self.vocabulary_size: int = next(spec.walk(self.spec))[1].get("vocabulary", 0)

    @property
    def layout(self) -> tuple[tuple[int, int], ...]:
        """(layers·D, width) of each part of a state, in order."""
        return tuple((part.shape[0], part.shape[1]) for block in self.blocks for part in block.initial)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the architecture and of every weight, which identifies the model of a saved state."""
        seen = hashlib.sha256(json.dumps(spec.essence(self.spec), sort_keys=True, separators=(",", ":")).encode())
        for name in sorted(spec.tensors(self.spec)):
            seen.update(f"\n{name} ".encode())
            seen.update(np.ascontiguousarray(self.tensors[name], dtype="<f4").reshape(-1).view(np.uint8).data)
        return seen.digest()

    def initial(self, B: int = 1) -> State:
        """Return the initial state of B rows, (layers·D, B, width) per part: zeros, or the learned state."""
        return tuple(np.repeat(part[:, None], B, axis=1) for block in self.blocks for part in block.initial)

    def forward(
        self, inputs: ArrayLike, lengths: ArrayLike | None = None, state: State | None = None
    ) -> tuple[Floats, State]:
        """Return the output of the last block for every step, (T, B, V), or (B, V) if the model pools; and the final
        state of each row, (layers·D, B, width) per part.

        `inputs` are ids (T, B) or vectors (T, B, I). Row b has ``lengths[b]`` steps; `lengths` (B,). Inputs after the
        end of a row are never read, and outputs after it are 0. A row of length 0 keeps its state. Raises DataError if
        an id is no symbol of the model, UsageError for wrong shapes.
        """
        steps = self._steps(inputs, "T", "B")
        T, B = steps.shape[:2]
        ends = np.full(B, T, dtype=np.int64) if lengths is None else np.asarray(lengths)
        if ends.shape != (B,) or (B > 0 and (ends.min() < 0 or ends.max() > T)):
            raise UsageError(f"expected {B} lengths between 0 and {T}, got {ends.tolist()}")
        before = self._check_state(state, B)
        if bool((ends == T).all()):
            y, after = self._run(steps.reshape(T * B, *steps.shape[2:]), RowIndex.dense(T, B), before)
            return y if self.pools else y.reshape(T, B, self.width), after
        b, t = np.nonzero(np.arange(T) < ends[:, None])
        y, after = self._run(steps[t, b], RowIndex.ragged(ends), before)
        if self.pools:
            return y, after
        padded = np.zeros((T, B, self.width), dtype=np.float32)
        padded[t, b] = y
        return padded, after

    def step(self, state: State, token: int | Floats) -> tuple[Floats, State]:
        """Return the output (V,) of one more step of one row, and the new state; `token` is an id or a vector (I,).

        With ids, this is a step function for ``anaphora.decode``.
        """
        self.check_steps()
        y, after = self._run(self._steps(np.asarray(token)[None], "1"), _ONE_STEP, state)
        return y[0], after

    def feed(self, state: State, inputs: ArrayLike) -> tuple[Floats, State]:
        """Return the output (n, V) of each of n steps of one row, and the final state; `inputs` are ids (n,) or vectors
        (n, I).
        """
        self.check_steps()
        steps = self._steps(inputs, "n")
        n = len(steps)
        if n == 0:
            return np.empty((0, self.width), dtype=np.float32), state
        return self._run(steps, _ONE_STEP if n == 1 else RowIndex.dense(n, 1), state)

    def score(self, ids: ArrayLike, state: State | None = None) -> NDArray[np.float64]:
        """Return −log p of every symbol except the first, given all symbols before it; `ids` (N,), result (N−1,) nats,
        float64.

        The first symbol has no context, so it is only read.
        """
        self.check_steps()
        symbols = self._steps(ids, "N")
        self.check_ids(symbols)
        nats = np.empty(max(0, symbols.size - 1), dtype=np.float64)
        now = self._check_state(state, 1)
        size = max(1, LOGITS_AT_ONCE // self.width)
        for begin, end in pairwise([*range(0, nats.size, size), nats.size]):
            logits, now = self.feed(now, symbols[begin:end])
            nats[begin:end] = -np.take_along_axis(
                log_probabilities(logits), symbols[begin + 1 : end + 1, None], axis=1
            )[:, 0]
        return nats

    def session(self, state: bytes | None = None) -> Session:
        """Return a new session, or one that continues from the bytes of another session's ``state``.

        Raises UsageError if a block needs whole rows, DataError or IncompatibleBundle if the bytes are no state of this
        model.
        """
        return Session(self, state)

    def stepper(self, B: int = 1, state: State | None = None) -> Stepper:
        """Return a stepper for B streams; `state` has parts (layers·D, B, width), or is None for the initial state.

        Raises UsageError if a block needs whole rows, or if the state has the wrong shape.
        """
        self.check_steps()
        return Stepper(self, B, self._check_state(state, B))

    def check_steps(self) -> None:
        """Raise UsageError if a block needs whole rows, because the model then cannot run step by step."""
        if self.needs_whole_rows:
            raise UsageError(
                f"Block '{self.needs_whole_rows}' needs the end of a sequence before its first output, so"
                " the model cannot go step by step. Give whole sequences to model.forward instead."
            )

    def _check_state(self, state: State | None, B: int) -> State:
        if state is None:
            return self.initial(B)
        shapes = [(lines, B, width) for lines, width in self.layout]
        if [part.shape for part in state] != shapes:
            raise UsageError(f"expected a state of shapes {shapes}, got {[part.shape for part in state]}")
        return tuple(np.ascontiguousarray(part, dtype=np.float32) for part in state)

    def _run(self, x: NDArray[Any], lines: RowIndex, state: State) -> tuple[Floats, State]:
        if not self.input_size:
            self.check_ids(x)
        after: list[Floats] = []
        for block, (first, last) in zip(self.blocks, pairwise(self._parts), strict=True):
            x, part = block.run(x, lines, state[first:last])
            after.extend(part)
        return x, tuple(after)

    def _steps(self, inputs: ArrayLike, *axes: str) -> NDArray[Any]:
        """Return ids with these axes, or float32 vectors with one axis more; raise UsageError for another shape."""
        if self.input_size:
            vectors = np.ascontiguousarray(inputs, dtype=np.float32)
            if vectors.ndim != len(axes) + 1 or vectors.shape[-1] != self.input_size:
                raise UsageError(
                    f"expected vectors of shape ({', '.join(axes)}, {self.input_size}), got shape {vectors.shape}"
                )
            return vectors
        ids = np.asarray(inputs)
        if ids.ndim != len(axes):
            raise UsageError(f"expected ids of shape ({', '.join(axes)}), got shape {ids.shape}")
        return ids if ids.size else ids.astype(np.int64)

    def check_ids(self, ids: NDArray[Any]) -> None:
        """Raise UsageError for ids (N,) that are no integers, DataError for an id that is no symbol of the model."""
        if ids.dtype.kind not in "iu":
            raise UsageError(f"expected whole numbers as ids, got {ids.dtype}")
        V = self.vocabulary_size
        if ids.size == 1 and 0 <= ids.item() < V:  # one step: NumPy's min and max would take a third of its time
            return
        if ids.size and (ids.min() < 0 or ids.max() >= V):
            where = int(np.flatnonzero((ids < 0) | (ids >= V))[0])
            raise DataError(f"expected ids from 0 to {V - 1}, got {ids[where]} at position {where}")


class MultipartModel(Model):
    """A model of parts, which only its task can join; `runtime.parts` returns the parts."""

    def __init__(self, opened: bundle.Bundle) -> None:
        self.config, self.tensors = opened.config, opened.tensors
        self.spec = spec.check(opened.config["model"])
        build.check_tensors(self.spec, self.tensors)
        self.blocks, self._parts = [], [0]
        self.width = self.input_size = self.vocabulary_size = 0
        self.pools = False
        self.needs_whole_rows = None

    def forward(
        self, inputs: ArrayLike, lengths: ArrayLike | None = None, state: State | None = None
    ) -> tuple[Floats, State]:
        """Raise UsageError for any `inputs` (T, B): there is no single function through several parts."""
        raise self._of_parts()

    def check_steps(self) -> None:
        """Raise UsageError: there are no steps through several parts either."""
        raise self._of_parts()

    def _of_parts(self) -> UsageError:
        names = ", ".join(spec.parts(self.spec))
        return UsageError(f"The model is of parts ({names}) that its task joins: open it with anaphora.load.")
