"""Every kind of block run forward: a table kind -> builder, the twin of ``anaphora.nn.build``.

What the blocks compute stands in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.bundle import spec
from anaphora.errors import IncompatibleBundle
from anaphora.runtime.convolution import Convolution
from anaphora.runtime.crf import Chain
from anaphora.runtime.cross_attention import CrossAttention
from anaphora.runtime.pointwise import Block, BlockState, Embedding, Floats, Identity, LayerNorm, Linear, Tensors
from anaphora.runtime.pooling import Attention, Pooling
from anaphora.runtime.recurrent import Recurrent

__all__ = ["BUILDERS", "Block", "BlockState", "Floats", "Placed", "build"]


class Placed(NamedTuple):
    """A block that is ready to run, with its path in the tree and the state that a row begins with."""

    path: str
    run: Block
    initial: tuple[Floats, ...]  # (layers·D, width) for each part
    whole_rows: bool  # whether it needs a row's end before it can say anything


def build(tree: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> list[Placed]:
    """Return the blocks of a checked tree in order, each holding its weights.

    Raises IncompatibleBundle when a tensor is missing, or is not float32 of the shape that the tree asks for.
    """
    check_tensors(tree, tensors)
    states = spec.states(tree)
    owned: dict[str, Tensors] = {}
    placed: list[Placed] = []
    for path, block in spec.walk(tree):
        own = {name.removeprefix(f"{path}."): tensors[name] for name in tensors if name.startswith(f"{path}.")}
        run = BUILDERS[block["kind"]](block, own, owned)
        owned[block["name"]] = own
        initial = tuple(
            own[f"{part}_0"][:, 0] if block["learned_state"] else np.zeros(shape, dtype=np.float32)
            for part, shape in states.get(path, {}).items()
        )
        kind = spec.KINDS[block["kind"]]
        whole_rows = kind.pools or kind.around or bool(block.get("bidirectional", False))
        placed.append(Placed(path, run, initial, whole_rows))
    return placed


def check_tensors(tree: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Raise IncompatibleBundle when a tensor is missing, or is not float32 of the shape that the tree asks for."""
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


# A builder sees the block, the block's own tensors under torch's names, and those of the blocks before it by block
# name. What joins parts is no Block: its task knows what to call.
Builder = Callable[[spec.Block, Tensors, Mapping[str, Tensors]], Any]


def _recurrent(block: spec.Block, own: Tensors, before: Mapping[str, Tensors]) -> Block:
    return Recurrent(block, own)


BUILDERS: dict[str, Builder] = {
    "embedding": lambda block, own, before: Embedding(own["weight"]),
    "dropout": lambda block, own, before: Identity(),
    "layer_norm": lambda block, own, before: LayerNorm(own["weight"], own.get("bias")),
    "rnn": _recurrent,
    "gru": _recurrent,
    "lstm": _recurrent,
    "reset_before_gru": _recurrent,
    "layer_norm_gru": _recurrent,
    "peephole_lstm": _recurrent,
    "coupled_lstm": _recurrent,
    "layer_norm_lstm": _recurrent,
    "pooling": lambda block, own, before: Pooling(block["over"]),
    "attention": lambda block, own, before: Attention(own["weight"], own["bias"], own["query"]),
    "convolution": lambda block, own, before: Convolution(own["weight"], own["bias"]),
    "linear": lambda block, own, before: Linear(own["weight"], own.get("bias")),
    "tied_output": lambda block, own, before: Linear(before[block["embedding"]]["weight"], own.get("bias")),
    "cross_attention": lambda block, own, before: CrossAttention(block["score"], own),
    "shared_output": lambda block, own, before: Linear(before[block["embedding"]]["weight"], own.get("bias")),
    "crf": lambda block, own, before: Chain(own["transitions"], own["start"], own["end"]),
}
