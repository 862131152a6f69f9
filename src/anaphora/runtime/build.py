"""Building the blocks of a model: a table kind -> builder, the runtime's counterpart of ``anaphora.nn.build``.

The neighbouring modules define what the blocks compute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.bundle import spec
from anaphora.bundle.recurrent_kinds import RECURRENT_KINDS
from anaphora.errors import IncompatibleBundle
from anaphora.runtime.convolution import Convolution
from anaphora.runtime.crf import Chain
from anaphora.runtime.cross_attention import CrossAttention
from anaphora.runtime.pointwise import Block, BlockState, Embedding, Floats, Identity, LayerNorm, Linear, Tensors
from anaphora.runtime.pooling import AttentionPooling, Pooling
from anaphora.runtime.recurrent import Recurrent

__all__ = ["BUILDERS", "Block", "BlockState", "Floats", "PlacedBlock", "build"]


class PlacedBlock(NamedTuple):
    """A block that is ready to run, with its path in the tree and its initial state."""

    path: str
    run: Block
    initial: tuple[Floats, ...]  # (layers·D, width) for each part
    whole_rows: bool  # whether its output depends on the end of the row


def build(tree: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> list[PlacedBlock]:
    """Return the blocks of a checked tree in order, each with its weights.

    `tensors` maps names to float32 arrays of the shapes that `spec.tensors` gives, such as (G·H, I). Raises
    IncompatibleBundle if a tensor is missing or has another dtype or shape.
    """
    check_tensors(tree, tensors)
    states = spec.states(tree)
    owned: dict[str, Tensors] = {}
    placed: list[PlacedBlock] = []
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
        placed.append(PlacedBlock(path, run, initial, whole_rows))
    return placed


def check_tensors(tree: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Raise IncompatibleBundle if a tensor is missing or is not float32 of the shape in `spec.tensors`, such as (G·H,
    I).
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


# A builder takes the block, its own tensors by torch's names, and the tensors of earlier blocks by block name. A kind
# that joins parts is no Block: its task knows its methods.
Builder = Callable[[spec.Block, Tensors, Mapping[str, Tensors]], Any]


BUILDERS: dict[str, Builder] = {
    "embedding": lambda block, own, before: Embedding(own["weight"]),
    "dropout": lambda block, own, before: Identity(),
    "layer_norm": lambda block, own, before: LayerNorm(own["weight"], own.get("bias")),
    **dict.fromkeys(RECURRENT_KINDS, lambda block, own, before: Recurrent(block, own)),
    "pooling": lambda block, own, before: Pooling(block["over"]),
    "attention": lambda block, own, before: AttentionPooling(own["weight"], own["bias"], own["query"]),
    "convolution": lambda block, own, before: Convolution(own["weight"], own["bias"]),
    "linear": lambda block, own, before: Linear(own["weight"], own.get("bias")),
    "tied_output": lambda block, own, before: Linear(before[block["embedding"]]["weight"], own.get("bias")),
    "cross_attention": lambda block, own, before: CrossAttention(block["score"], own),
    "shared_output": lambda block, own, before: Linear(before[block["embedding"]]["weight"], own.get("bias")),
    "crf": lambda block, own, before: Chain(own["transitions"], own["start"], own["end"]),
}
