"""The declaration of a kind of block: its fields, tensors, state and widths, and helpers for such declarations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Known = Mapping[str, Block]
Shape = tuple[int, ...]

REQUIRED: Any = object()
IDS = 0
"""The input width of a model of symbols: its inputs are integers rather than vectors."""


@dataclass(frozen=True)
class Field:
    """One field of a kind: its type, default, range or choices, and meaning."""

    type: type
    meaning: str
    default: Any = REQUIRED
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of block.

    `tensors(block, known)` returns name -> shape. `state(block)` returns name -> (layers·D, width); in a batch the
    shape is (layers·D, B, width). `takes(block, known)` is the input width (None: any) and `gives(block, known, width)`
    the output width. `known` maps the names of the earlier blocks to those blocks. `pools` says that the block makes
    one vector of all steps of a row, `around` that a step depends on later steps, `joins` that the block takes more
    inputs than one and is therefore a part of its own. `example` is a complete small tree with ids as input that uses
    the kind.
    """

    meaning: str
    fields: Mapping[str, Field]
    example: Mapping[str, Any]
    takes: Callable[[Block, Known], int | None]
    gives: Callable[[Block, Known, int], int]
    tensors: Callable[[Block, Known], dict[str, Shape]] = lambda block, known: {}
    state: Callable[[Block], dict[str, tuple[int, int]]] = lambda block: {}
    pools: bool = False
    around: bool = False
    joins: bool = False


def width_field(meaning: str, most: float = 2**20) -> Field:
    """Return a field for a width: a whole number from 1 to `most`."""
    return Field(int, meaning, least=1, most=most)


def probability_field(meaning: str, default: float = 0.0) -> Field:
    """Return a field for a probability, from 0 to 1."""
    return Field(float, meaning, default, least=0, most=1)


INPUT_WIDTH = width_field("width of an input step")


def example_tree(*blocks: Mapping[str, Any]) -> Block:
    """Return a small tree for `Kind.example`: an embedding of 11 symbols, 5 wide, then the given blocks."""
    embedding = {"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5}
    return {"kind": "stack", "name": "model", "blocks": [embedding, *map(dict, blocks)]}


def example_parts(block: Block) -> Block:
    """Return a small tree of two parts for `Kind.example`: a stack, and a block that joins."""
    return {"kind": "parts", "name": "model", "parts": [{**example_tree(), "name": "part"}, block]}
