"""Blocks of a spec that several tasks build, each from what a task chooses; `spec.check` fills in the rest."""

from __future__ import annotations

from anaphora.bundle.block_kinds import Block


def stack(name: str, inputs: int, *blocks: Block) -> Block:
    """Blocks one after another; `inputs` is the width of what enters, 0 for symbols."""
    return {"kind": "stack", "name": name, "input_size": inputs, "blocks": list(blocks)}


def embedding(name: str, symbols: int, size: int) -> Block:
    """A vector for each symbol."""
    return {"kind": "embedding", "name": name, "vocabulary": symbols, "size": size}


def recurrent(
    cell: str, name: str, inputs: int, hidden: int, layers: int = 1, dropout: float = 0.0, bidirectional: bool = False
) -> Block:
    """Recurrent layers; dropout stands between them, so a single layer has none."""
    return {
        "kind": cell,
        "name": name,
        "input_size": inputs,
        "hidden_size": hidden,
        "num_layers": layers,
        "bidirectional": bidirectional,
        "dropout": dropout if layers > 1 else 0.0,
    }


def dropout(name: str, p: float) -> list[Block]:
    """Dropout, left out where it drops nothing."""
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []


def pooling(name: str, over: str) -> Block:
    """One vector for each row."""
    return {"kind": "pooling", "name": name, "over": over}


def linear(name: str, inputs: int, outputs: int) -> Block:
    """A matrix and a bias."""
    return {"kind": "linear", "name": name, "input_size": inputs, "output_size": outputs}
