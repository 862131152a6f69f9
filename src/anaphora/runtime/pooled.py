"""A pooling model that reads one row in pieces: after each piece, its output for the steps so far.

    h_t, s_t = recurrent blocks(x_t, s_{t−1})        carried: s_t, and of h_1 … h_t what the pooling needs
    y_t = blocks after the pooling(pooling(h_1 … h_t))

The output has the same bits as that of the whole row at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.kernels.row_index import RowIndex
from anaphora.runtime.build import Floats, PlacedBlock
from anaphora.runtime.model import Model
from anaphora.runtime.pooling import AttentionPooling, Pooling
from anaphora.runtime.state import State


class Carried(NamedTuple):
    """The state of one row: parts (layers·D, 1, width) of the recurrent blocks, and steps (m, W) for the pooling."""

    state: State
    steps: Floats


class PooledModel:
    """A model with one pooling block, for rows that come in pieces."""

    def __init__(self, model: Model) -> None:
        self._model = model
        (at,) = (at for at, block in enumerate(model.blocks) if isinstance(block.run, Pooling | AttentionPooling))
        self._before, self._after = model.blocks[:at], model.blocks[at + 1 :]
        pooling = model.blocks[at].run
        assert isinstance(pooling, Pooling | AttentionPooling)
        self._pooling = pooling

    @property
    def needs_whole_rows(self) -> bool:
        """Whether a block before the pooling needs the end of a row."""
        return any(block.whole_rows for block in self._before)

    def begin(self) -> Carried:
        """Return the state before the first step."""
        model = self._model
        none = np.zeros((0, model.input_size), np.float32) if model.input_size else np.zeros(0, np.int64)
        x, state = _run(self._before, none, self._model.initial())
        return Carried(state, x)

    def feed(self, before: Carried, steps: ArrayLike) -> Carried:
        """Return the state after more steps: ids (n,), or vectors (n, I)."""
        inputs = np.asarray(steps)
        if not len(inputs):
            return before
        x, state = _run(self._before, inputs, before.state)
        return Carried(state, self._pooling.carried(np.concatenate([before.steps, x])))

    def output(self, read: Carried) -> Floats:
        """Return the output (V,) for the steps so far."""
        pooled, _ = self._pooling(read.steps, RowIndex.dense(len(read.steps), 1), ())
        y, _ = _run(self._after, pooled, ())
        return np.asarray(y[0], dtype=np.float32)


def _run(blocks: list[PlacedBlock], x: NDArray[np.float32] | NDArray[np.int64], state: State) -> tuple[Floats, State]:
    """Return the output of blocks for the steps x (n, …) of one row, and the state after them."""
    lines, after, at = RowIndex.dense(len(x), 1), list[Floats](), 0
    for block in blocks:
        parts = len(block.initial)
        x, own = block.run(x, lines, state[at : at + parts])
        after.extend(own)
        at += parts
    return np.asarray(x, dtype=np.float32), tuple(after)
