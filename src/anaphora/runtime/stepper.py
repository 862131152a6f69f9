"""Steps one after another through preallocated buffers: for live streams, which need one step at a time.

    stepper = model.stepper()
    stepper.x[:] = …            vectors (B, I), or ids (B,)
    stepper.step()              reads x, updates the state in place, writes y
    stepper.y                   (B, V): read or copy it before the next step

A step checks, packs and allocates nothing. A step of a model of recurrent layers over vectors is one call of the
kernels. The bits are those of ``model.forward``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anaphora import kernels
from anaphora.kernels.row_index import RowIndex
from anaphora.runtime.build import PlacedBlock
from anaphora.runtime.pointwise import Block, Embedding, Floats, Identity, Linear
from anaphora.runtime.recurrent import Recurrent
from anaphora.runtime.state import State

Run = Callable[[], object]


class StepModel(Protocol):
    """The interface of a model that a stepper needs."""

    input_size: int
    blocks: list[PlacedBlock]

    def check_ids(self, ids: NDArray[Any]) -> None:
        """Raise DataError if one of the ids (B,) is no symbol of the model."""


class Stepper:
    """B streams that advance together, with their state; ``model.stepper`` makes one."""

    step: Run
    """Advance every stream by one step; with ids, raises DataError for an unknown symbol, and no stream advances."""

    def __init__(self, model: StepModel, B: int, state: State) -> None:
        vectors = bool(model.input_size)
        x = np.zeros((B, model.input_size), dtype=np.float32) if vectors else np.zeros(B, dtype=np.int64)
        self._state = tuple(part.copy() for part in state)
        runs: list[Run] = [] if vectors else [partial(model.check_ids, x)]
        y: NDArray[Any] = x
        parts = iter(self._state)
        for block in model.blocks:
            y, run = _bind(block.run, y, [next(parts) for _ in block.initial])
            runs += run
        self._x, self._y = x, y
        self.step = runs[0] if len(runs) == 1 else partial(_run_all, runs)

    @property
    def x(self) -> NDArray[Any]:
        """The input of the next step, vectors (B, I) or ids (B,): write into it."""
        return self._x

    @property
    def y(self) -> Floats:
        """The output of the last step (B, V); the next step overwrites it."""
        return self._y

    @property
    def state(self) -> State:
        """A copy of the state, which no later step changes: the state of ``model.forward``."""
        return tuple(part.copy() for part in self._state)

    @state.setter
    def state(self, state: State) -> None:
        """Replace the state, parts (layers·D, B, width)."""
        for part, value in zip(self._state, state, strict=True):
            part[...] = value


def _run_all(runs: list[Run]) -> None:
    for run in runs:
        run()


def _bind(block: Block, x: NDArray[Any], state: list[Floats]) -> tuple[NDArray[Any], list[Run]]:
    """Return the output array of a block for input x, and the functions that fill it; no function for an identity."""
    B = len(x)
    if isinstance(block, Identity):
        return x, []
    if isinstance(block, Embedding):
        y = np.empty((B, block.weight.shape[1]), dtype=np.float32)
        return y, [partial(block.weight.take, x, 0, y, "clip")]
    if isinstance(block, Linear):
        y = np.empty((B, block.width), dtype=np.float32)
        return y, [partial(kernels.linear, block.packed, x, y)]
    if isinstance(block, Recurrent):
        y = np.empty((B, block.width), dtype=np.float32)
        h, c = state if len(state) == 2 else (state[0], None)
        here = [slice(layer, layer + 1) for layer in range(len(h))]
        states = [(h[layer], None if c is None else c[layer]) for layer in here]
        keeps = [(block.noise.keep_h, block.noise.keep_c)] * len(here)
        return y, [kernels.Stepper(block.layers, x, states, y, keeps).step]
    lines = RowIndex.dense(1, B)
    made, _ = block(x, lines, ())
    y = np.empty_like(made)
    return y, [lambda: np.copyto(y, block(x, lines, ())[0])]
