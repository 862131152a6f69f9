"""The model spec: a tree of named blocks that says how a bundle's tensors become a model.

    tree  = {"kind": "stack", "name": "model", "input_size": 0, "blocks": [block, …]}
          | {"kind": "parts", "name": "model", "parts": [stack or block that joins, …]}
    block = {"kind": one of KINDS, "name": unique in the tree, …fields…}

A stack applies its blocks in order. With `input_size` 0, symbol ids (T, B) enter and an embedding gives each step a
vector; else vectors (T, B, input_size) enter. The last block's vector leaves, one for each step, or one for each row
after a block that pools. `anaphora.bundle.block_kinds` declares every kind of block.

A model of parts is several stacks that a task joins: an encoder and a decoder, words and their letters. Each is a model
by itself. A kind that joins takes more than what one block leaves, and so is a part of its own.

A tensor is called `<path>.<torch's parameter name>` (`recurrent.weight_ih_l0`); the path is the block's name, with
the names of the stacks around it in front, the outermost one left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from anaphora.bundle.block_kinds import IDS, KINDS, REQUIRED, Block, Field, Kind, Known, Shape, hint
from anaphora.errors import IncompatibleBundle

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
    "parts",
    "pools",
    "states",
    "tensors",
    "walk",
]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INPUT = Field(int, "width of a step that enters; 0 for symbol ids", IDS, least=IDS, most=2**20)


def check(tree: Mapping[str, Any]) -> Block:
    """Give the tree, a stack or parts, with every default filled in.

    Raises IncompatibleBundle if a kind or a field is unknown (naming the nearest), a field is missing or out of its
    range, a name is used twice, or a block does not take what the one before it gives.
    """
    if isinstance(tree, Mapping) and tree.get("kind") == "parts":
        return _check_parts(tree)
    checked, _ = _check_model(tree)
    return checked


def parts(tree: Mapping[str, Any]) -> dict[str, Block]:
    """The parts of a checked tree by name; a stack has none."""
    return {part["name"]: part for part in tree.get("parts", ())}


def walk(tree: Mapping[str, Any]) -> Iterator[tuple[str, Block]]:
    """Every block of a checked tree but the stacks, in order, with its path."""
    yield from _walk(tree, "")


def tensors(tree: Mapping[str, Any]) -> dict[str, Shape]:
    """Name and shape of every tensor that a checked tree needs, in order."""
    known: dict[str, Block] = {}
    shapes: dict[str, Shape] = {}
    for path, block in walk(tree):
        shapes.update({f"{path}.{name}": shape for name, shape in KINDS[block["kind"]].tensors(block, known).items()})
        known[block["name"]] = block
    return shapes


def states(tree: Mapping[str, Any]) -> dict[str, dict[str, tuple[int, int]]]:
    """Path of every block that carries a state -> its parts, name -> (layers·D, width); with a batch (layers·D, B,
    width).
    """
    found = {path: KINDS[block["kind"]].state(block) for path, block in walk(tree)}
    return {path: parts for path, parts in found.items() if parts}


def output_width(tree: Mapping[str, Any]) -> int:
    """The width of a vector that leaves a checked tree: for a language model V."""
    return _check_model(tree)[1].width


def pools(tree: Mapping[str, Any]) -> bool:
    """Whether one vector per row leaves a checked tree (B, width), rather than one per step (T, B, width)."""
    return _check_model(tree)[1].pooled is not None


def essence(tree: Mapping[str, Any]) -> Block:
    """A checked tree without the fields that hold their defaults: the same after a kind has got one more field."""
    if tree["kind"] == "parts":
        return {"kind": "parts", "name": tree["name"], "parts": [*map(essence, tree["parts"])]}
    if tree["kind"] == "stack":
        width = {"input_size": tree["input_size"]} if tree.get("input_size", IDS) != IDS else {}
        return {"kind": "stack", "name": tree["name"], **width, "blocks": [*map(essence, tree["blocks"])]}
    fields = KINDS[tree["kind"]].fields
    return {name: value for name, value in tree.items() if name not in fields or value != fields[name].default}


class _Flow(NamedTuple):
    """What leaves a block: how wide it is, and the name of the block that made one vector per row, if one did."""

    width: int
    pooled: str | None = None


def _walk(stack: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Block]]:
    for block in stack.get("blocks") or stack["parts"]:
        path = prefix + block["name"]
        if block["kind"] == "stack":
            yield from _walk(block, path + ".")
        else:
            yield path, block


def _check_parts(tree: Mapping[str, Any]) -> Block:
    _check_name(tree, {})
    _refuse_others(tree, ("kind", "name", "parts"))
    raw = tree.get("parts")
    if not isinstance(raw, list | tuple) or not raw:
        raise IncompatibleBundle(f"'{tree['name']}' needs a list of at least one part; it has {raw!r}.")
    checked: dict[str, Block] = {}
    inside: dict[str, Block] = {}  # the blocks of the parts so far
    for part in raw:
        kind = KINDS.get(part["kind"]) if isinstance(part, Mapping) and isinstance(part.get("kind"), str) else None
        block = _check_block(part, checked) if kind is not None and kind.joins else _check_model(part)[0]
        if block["name"] in checked:
            raise IncompatibleBundle(f"Two parts are called '{block['name']}'; names are unique in a model.")
        if kind is not None and kind.joins:
            kind.takes(block, inside)
        checked[block["name"]] = block
        inside.update({each["name"]: each for _, each in walk({"parts": [block]})})
    return {"kind": "parts", "name": tree["name"], "parts": list(checked.values())}


def _check_model(tree: object) -> tuple[Block, _Flow]:
    width = IDS
    if isinstance(tree, Mapping):
        width = _check_value("'input_size' of the model", _INPUT, tree.get("input_size", _INPUT.default))
    stack, flow = _check_stack(tree, {}, _Flow(width), ("kind", "name", "input_size", "blocks"))
    return {"kind": "stack", "name": stack["name"], "input_size": width, "blocks": stack["blocks"]}, flow


def _check_stack(
    stack: object, known: dict[str, Block], flow: _Flow, fields: tuple[str, ...] = ("kind", "name", "blocks")
) -> tuple[Block, _Flow]:
    if not isinstance(stack, Mapping) or stack.get("kind") != "stack":
        kind = stack.get("kind") if isinstance(stack, Mapping) else stack
        raise IncompatibleBundle(
            f"A model is a block of kind 'stack' that holds a list of blocks; this one is {kind!r}."
        )
    _check_name(stack, known)
    _refuse_others(stack, fields)
    blocks = stack.get("blocks")
    if not isinstance(blocks, list | tuple) or not blocks:
        raise IncompatibleBundle(f"Stack '{stack['name']}' needs a list of at least one block; it has {blocks!r}.")
    known[stack["name"]] = {"kind": "stack", "name": stack["name"]}
    checked: list[Block] = []
    before = "the input"
    for raw in blocks:
        if isinstance(raw, Mapping) and raw.get("kind") == "stack":
            block, flow = _check_stack(raw, known, flow)
        else:
            block = _check_block(raw, known)
            flow = _after(block, known, flow, before)
            known[block["name"]] = block
        checked.append(block)
        before = f"'{block['name']}'"
    return {"kind": "stack", "name": stack["name"], "blocks": checked}, flow


def _after(block: Block, known: Known, flow: _Flow, before: str) -> _Flow:
    """What leaves a block, given what leaves the one before it; says so if that is nothing it takes."""
    kind = KINDS[block["kind"]]
    if kind.joins:
        raise IncompatibleBundle(f"Block '{block['name']}' ({block['kind']}) joins parts: it cannot stand in a stack.")
    named = f"Block '{block['name']}' ({block['kind']})"
    wanted = kind.takes(block, known)
    if flow.width == IDS and wanted is None:
        raise IncompatibleBundle(f"{named} takes numbers, but {before} gives symbol ids: put an embedding first.")
    if wanted is not None and wanted != flow.width:
        raise IncompatibleBundle(f"{named} takes {_described(wanted)}, but {before} gives {_described(flow.width)}.")
    if flow.pooled and (kind.pools or kind.around or kind.state(block)):
        raise IncompatibleBundle(f"{named} reads the steps of a row, but '{flow.pooled}' left one vector for all.")
    return _Flow(kind.gives(block, known, flow.width), block["name"] if kind.pools else flow.pooled)


def _check_block(raw: object, known: Mapping[str, Block]) -> Block:
    if not isinstance(raw, Mapping):
        raise IncompatibleBundle(f"A block is an object with 'kind' and 'name'; this one is {raw!r}.")
    named = raw.get("kind")
    kind = KINDS.get(named) if isinstance(named, str) else None
    if kind is None:
        raise IncompatibleBundle(
            f"Unknown kind of block {named!r}. This version knows: stack, {', '.join(KINDS)}.{hint(named, KINDS)}"
        )
    _check_name(raw, known)
    _refuse_others(raw, ("kind", "name", *kind.fields))
    block: Block = {"kind": named, "name": raw["name"]}
    for name, field in kind.fields.items():
        value = raw.get(name, field.default)
        if value is REQUIRED:
            raise IncompatibleBundle(f"Block '{raw['name']}' ({named}) lacks its field '{name}': {field.meaning}.")
        block[name] = _check_value(f"'{name}' of block '{raw['name']}' ({named})", field, value)
    if block.get("proj_size", 0) >= block.get("hidden_size", 1):
        raise IncompatibleBundle(
            f"'proj_size' of block '{raw['name']}' must be less than its hidden_size {block['hidden_size']}; it is"
            f" {block['proj_size']}."
        )
    if block.get("proj_size") and (block["zoneout_hidden"] or block["zoneout_memory"]):
        raise IncompatibleBundle(f"Block '{raw['name']}' has a projection and zoneout: there is no such walk.")
    return block


def _check_value(where: str, field: Field, value: Any) -> Any:
    if field.type is float and type(value) is int:
        value = float(value)
    if type(value) is not field.type:
        raise IncompatibleBundle(f"{where} must be {_TYPES[field.type]} ({field.meaning}); it is {value!r}.")
    if isinstance(value, int | float) and not field.least <= value <= field.most:
        raise IncompatibleBundle(
            f"{where} must lie between {field.least} and {field.most} ({field.meaning}); it is {value!r}."
        )
    if field.choices and value not in field.choices:
        raise IncompatibleBundle(
            f"{where} must be one of {', '.join(field.choices)}; it is {value!r}.{hint(value, field.choices)}"
        )
    return value


_TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _check_name(block: Mapping[str, Any], known: Mapping[str, Block]) -> None:
    name = block.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise IncompatibleBundle(
            f"A block's name is small letters, digits and underscores, a letter first; one of kind {block['kind']!r}"
            f" has {name!r}."
        )
    if name in known:
        raise IncompatibleBundle(f"Two blocks are called '{name}'; names are unique in a model.")


def _refuse_others(block: Mapping[str, Any], fields: tuple[str, ...]) -> None:
    for name in block:
        if name not in fields:
            raise IncompatibleBundle(
                f"Block '{block['name']}' ({block['kind']}) has no field {name!r}; it has:"
                f" {', '.join(fields)}.{hint(name, fields)}"
            )


def _described(width: int) -> str:
    return "symbol ids" if width == IDS else f"{width} numbers per step"
