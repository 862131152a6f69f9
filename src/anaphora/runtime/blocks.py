"""Every kind of block run forward: a table kind -> builder, the twin of ``anaphora.nn.blocks``.

    block(x (N, ·), lines, state) -> (y (N, ·), state')        N lines of B rows, ragged: only steps that exist

    embedding     y = W[id]
    dropout       y = x: it only acts in training
    rnn gru lstm  the kernels' walk through time, layer by layer, weights packed once
    linear        y = b + W x, summed by the kernels in one order for every N
    tied_output   the same with the embedding's W

Nothing here is a matrix product of NumPy's: BLAS gives a row other bits alone than in a batch.
A state is a tuple of arrays (layers·D, B, width), () where a block has none; a block never writes into the one it is
given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora import kernels, spec
from anaphora.errors import IncompatibleBundle
from anaphora.lines import Lines, Weights

Floats = NDArray[np.float32]
BlockState = tuple[Floats, ...]
Block = Callable[[NDArray[Any], Lines, BlockState], tuple[NDArray[Any], BlockState]]
Tensors = Mapping[str, Floats]


class Placed(NamedTuple):
    """A block that is ready to run, with its path in the tree and the layout of its state."""

    path: str
    run: Block
    state: tuple[tuple[int, int], ...]  # (layers·D, width) of each part
    both_ways: bool  # whether it reads a row from its end too, so that it needs the whole row


def build(tree: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> list[Placed]:
    """Return the blocks of a checked tree in order, each holding its weights.

    Raises IncompatibleBundle when a tensor is missing, or is not float32 of the shape that the tree asks for.
    """
    for name, shape in spec.tensors(tree).items():
        if name not in tensors:
            raise IncompatibleBundle(
                f"The model needs a tensor '{name}' of shape {shape}, and the file has none of that name."
            )
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype != np.float32:
            raise IncompatibleBundle(
                f"The model needs '{name}' as float32 of shape {shape}; the file has {tensor.dtype}, {tensor.shape}."
            )
    states = spec.states(tree)
    owned: dict[str, Tensors] = {}
    placed: list[Placed] = []
    for path, block in spec.walk(tree):
        own = {name.removeprefix(f"{path}."): tensors[name] for name in tensors if name.startswith(f"{path}.")}
        run = BUILDERS[block["kind"]](block, own, owned)
        owned[block["name"]] = own
        layout = tuple(states.get(path, {}).values())
        placed.append(Placed(path, run, layout, bool(block.get("bidirectional", False))))
    return placed


class Embedding:
    """y = W[id], one row of W per symbol."""

    def __init__(self, weight: Floats) -> None:
        self.weight = weight

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        return self.weight[x], state


class Identity:
    """y = x: what dropout does in a trained model."""

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[NDArray[Any], BlockState]:
        return x, state


class Recurrent:
    """Layers of one kind of cell; the state's parts are h (L·D, B, P) and for the LSTM c (L·D, B, H)."""

    def __init__(self, block: spec.Block, own: Tensors) -> None:
        cell = f"rnn_{block['nonlinearity']}" if block["kind"] == "rnn" else block["kind"]
        suffixes = ("", "_reverse") if block["bidirectional"] else ("",)
        self.directions = len(suffixes)
        self.width = int(block.get("proj_size") or block["hidden_size"])
        self.layers = [
            kernels.pack(cell, [_weights(own, f"l{layer}{suffix}") for suffix in suffixes])
            for layer in range(block["num_layers"])
        ]

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        after = tuple(np.empty_like(part) for part in state)
        for layer, packed in enumerate(self.layers):
            here = slice(layer * self.directions, (layer + 1) * self.directions)
            h0, h_n = state[0][here], after[0][here]
            c0, c_n = (state[1][here], after[1][here]) if len(state) == 2 else (None, None)
            y = np.empty((x.shape[0], self.directions * self.width), dtype=np.float32)
            kernels.forward(packed, x, lines, h0, c0, y, h_n, c_n, None)
            x = y
        return x, after


def _weights(own: Tensors, suffix: str) -> Weights:
    biases = own.get(f"bias_ih_{suffix}"), own.get(f"bias_hh_{suffix}")
    return Weights(own[f"weight_ih_{suffix}"], own[f"weight_hh_{suffix}"], *biases, own.get(f"weight_hr_{suffix}"))


class Linear:
    """y = b + W x."""

    def __init__(self, weight: Floats, bias: Floats | None) -> None:
        self.packed = kernels.pack_linear(weight, bias)
        self.width = weight.shape[0]

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        y = np.empty((x.shape[0], self.width), dtype=np.float32)
        kernels.linear(self.packed, x, y)
        return y, state


# A builder sees the block, the block's own tensors under torch's names, and those of the blocks before it by block
# name.
Builder = Callable[[spec.Block, Tensors, Mapping[str, Tensors]], Block]
BUILDERS: dict[str, Builder] = {
    "embedding": lambda block, own, before: Embedding(own["weight"]),
    "dropout": lambda block, own, before: Identity(),
    "rnn": lambda block, own, before: Recurrent(block, own),
    "gru": lambda block, own, before: Recurrent(block, own),
    "lstm": lambda block, own, before: Recurrent(block, own),
    "linear": lambda block, own, before: Linear(own["weight"], own.get("bias")),
    "tied_output": lambda block, own, before: Linear(before[block["embedding"]]["weight"], own.get("bias")),
}
