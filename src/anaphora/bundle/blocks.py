"""Short functions for the blocks that many specs have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.bundle.spec import Block


def stack(name: str, blocks: Sequence[Block], **fields: Any) -> Block:
    """Return a stack of blocks."""
    return {"kind": "stack", "name": name, **fields, "blocks": list(blocks)}


def dropout(name: str, p: float) -> list[Block]:
    """Return a list with a dropout block, or an empty list if p is 0."""
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []


def recurrent(
    cell: str, name: str, inputs: int, hidden: int, layers: int, dropout: float = 0.0, **fields: Any
) -> Block:
    """Return recurrent layers, with dropout between layers."""
    return {
        "kind": cell,
        "name": name,
        "input_size": inputs,
        "hidden_size": hidden,
        "num_layers": layers,
        **fields,
        "dropout": dropout if layers > 1 else 0.0,
    }


def embedding(name: str, symbols: int, size: int) -> Block:
    """Return an embedding: a vector for each symbol."""
    return {"kind": "embedding", "name": name, "vocabulary": symbols, "size": size}


def linear(name: str, inputs: int, outputs: int) -> Block:
    """Return a linear map: a matrix and a bias."""
    return {"kind": "linear", "name": name, "input_size": inputs, "output_size": outputs}


def pooling(name: str, over: str) -> Block:
    """Return a pooling block: one vector for each row."""
    return {"kind": "pooling", "name": name, "over": over}
