"""Blocks of a spec, written short: a task's network is a few of them."""

from __future__ import annotations

from typing import Protocol

from anaphora.bundle.block_kinds import Block


class RecurrentOptions(Protocol):
    """The options of a recurrent stack."""

    @property
    def cell(self) -> str: ...
    @property
    def hidden(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def dropout(self) -> float: ...


def stack(name: str, input_size: int, *blocks: Block) -> Block:
    """Blocks one after another; `input_size` 0 is for symbol ids."""
    return {"kind": "stack", "name": name, "input_size": input_size, "blocks": list(blocks)}


def embedding(name: str, vocabulary: int, size: int) -> Block:
    """A vector for each symbol."""
    return {"kind": "embedding", "name": name, "vocabulary": vocabulary, "size": size}


def linear(name: str, input_size: int, output_size: int) -> Block:
    """A linear map with a bias."""
    return {"kind": "linear", "name": name, "input_size": input_size, "output_size": output_size}


def dropout(name: str, p: float) -> list[Block]:
    """Dropout, or no block where nothing is dropped."""
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []


def recurrent(name: str, input_size: int, options: RecurrentOptions, bidirectional: bool = False) -> Block:
    """A recurrent stack; a single layer has nothing between layers to drop."""
    return {
        "kind": options.cell,
        "name": name,
        "input_size": input_size,
        "hidden_size": options.hidden,
        "num_layers": options.layers,
        "bidirectional": bidirectional,
        "dropout": options.dropout if options.layers > 1 else 0.0,
    }
