"""Reading a checked tree of blocks: its blocks, their tensors and their states."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from anaphora.bundle.block_kinds import KINDS
from anaphora.bundle.kind import IDS, Block, Shape


def parts(tree: Mapping[str, Any]) -> dict[str, Block]:
    """Return the parts of a checked tree by name; a stack has no parts."""
    return {part["name"]: part for part in tree.get("parts", ())}


def walk(tree: Mapping[str, Any]) -> Iterator[tuple[str, Block]]:
    """Yield every block of a checked tree except the stacks, in order, with its path."""
    yield from _walk(tree, "")


def tensors(tree: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the name and shape of every tensor of a checked tree, in order."""
    known: dict[str, Block] = {}
    shapes: dict[str, Shape] = {}
    for path, block in walk(tree):
        shapes.update({f"{path}.{name}": shape for name, shape in KINDS[block["kind"]].tensors(block, known).items()})
        known[block["name"]] = block
    return shapes


def parameters(tree: Mapping[str, Any]) -> int:
    """Return the number of parameters of a checked tree."""
    return sum(math.prod(shape) for shape in tensors(tree).values())


def states(tree: Mapping[str, Any]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return the path of every block with a state -> its parts, name -> (layers·D, width).

    With a batch the shape of a part is (layers·D, B, width).
    """
    found = {path: KINDS[block["kind"]].state(block) for path, block in walk(tree)}
    return {path: parts for path, parts in found.items() if parts}


def essence(tree: Mapping[str, Any]) -> Block:
    """Return a checked tree without the fields that hold their defaults: a new field of a kind does not change it."""
    if tree["kind"] == "parts":
        return {"kind": "parts", "name": tree["name"], "parts": [*map(essence, tree["parts"])]}
    if tree["kind"] == "stack":
        width = {"input_size": tree["input_size"]} if tree.get("input_size", IDS) != IDS else {}
        return {"kind": "stack", "name": tree["name"], **width, "blocks": [*map(essence, tree["blocks"])]}
    fields = KINDS[tree["kind"]].fields
    return {name: value for name, value in tree.items() if name not in fields or value != fields[name].default}


def _walk(stack: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Block]]:
    for block in stack.get("blocks") or stack["parts"]:
        path = prefix + block["name"]
        if block["kind"] == "stack":
            yield from _walk(block, path + ".")
        else:
            yield path, block
