"""Blocks of a spec that many networks are made of, written short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.bundle.spec import Block


def stack(name: str, blocks: Sequence[Block], **fields: Any) -> Block:
    """Blocks one after another."""
    return {"kind": "stack", "name": name, **fields, "blocks": list(blocks)}


def dropout(name: str, p: float) -> list[Block]:
    """A block of dropout, or none where nothing is dropped."""
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []


def recurrent(
    cell: str, name: str, inputs: int, hidden: int, layers: int, dropout: float = 0.0, **fields: Any
) -> Block:
    """Recurrent layers, with dropout between two of them."""
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
    """A vector for each symbol."""
    return {"kind": "embedding", "name": name, "vocabulary": symbols, "size": size}


def linear(name: str, inputs: int, outputs: int) -> Block:
    """A matrix and a bias."""
    return {"kind": "linear", "name": name, "input_size": inputs, "output_size": outputs}


def pooling(name: str, over: str) -> Block:
    """One vector for each row."""
    return {"kind": "pooling", "name": name, "over": over}
