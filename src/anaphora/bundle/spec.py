"""The model spec: a tree of named blocks that gives a bundle's tensors their meaning.

    tree  = {"kind": "stack", "name": "model", "input_size": 0, "blocks": [block, …]}
          | {"kind": "parts", "name": "model", "parts": [stack or block that joins, …]}
    block = {"kind": one of KINDS, "name": unique in the tree, …fields…}

A stack applies its blocks in order. With `input_size` 0, its inputs are symbol ids (T, B), and an embedding gives each
step a vector; otherwise its inputs are vectors (T, B, input_size). Its output is the vector of the last block for each
step, or one vector for each row after a block that pools. `anaphora.bundle.block_kinds` declares every kind of block.

A model of parts is several stacks that a task joins: an encoder and a decoder, or words and their characters. Each part
is a model by itself. A kind that joins takes more inputs than the output of one block, and is therefore a part.

The name of a tensor is `<path>.<torch's parameter name>` (`recurrent.weight_ih_l0`). The path is the block's name after
the names of the stacks around it, without the outermost stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anaphora.bundle.block_kinds import KINDS
from anaphora.bundle.check_tree import check, check_model
from anaphora.bundle.kind import IDS, Block, Field, Kind, Shape
from anaphora.bundle.tree import essence, parameters, parts, states, tensors, walk

__all__ = [
    "IDS",
    "KINDS",
    "Block",
    "Field",
    "Kind",
    "Shape",
    "check",
    "essence",
    "output_width",
    "parameters",
    "parts",
    "pools",
    "states",
    "tensors",
    "walk",
]


def output_width(tree: Mapping[str, Any]) -> int:
    """Return the output width of a checked tree: V for a language model."""
    return check_model(tree)[1].width


def pools(tree: Mapping[str, Any]) -> bool:
    """Return whether a checked tree returns one vector per row (B, width) rather than one per step (T, B, width)."""
    return check_model(tree)[1].pooled is not None
