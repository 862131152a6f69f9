"""Checking a tree of blocks: known kinds and fields, values in range, unique names, and matching inputs and outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from anaphora.bundle.block_kinds import KINDS
from anaphora.bundle.kind import IDS, REQUIRED, Block, Field, Known
from anaphora.bundle.tree import walk
from anaphora.errors import IncompatibleBundle, did_you_mean

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INPUT = Field(int, "width of a step that enters; 0 for symbol ids", IDS, least=IDS, most=2**20)


def check(tree: Mapping[str, Any]) -> Block:
    """Return the tree, a stack or parts, with every default filled in.

    Raises IncompatibleBundle if a kind or a field is unknown (naming the nearest), a field is missing or outside its
    range, a name is used twice, or a block does not accept the output of the block before it.
    """
    if isinstance(tree, Mapping) and tree.get("kind") == "parts":
        return _check_parts(tree)
    checked, _ = check_model(tree)
    return checked


class BlockOutput(NamedTuple):
    """The output of a block: its width, and the name of the pooling block before it, if there is one."""

    width: int
    pooled: str | None = None


def _check_parts(tree: Mapping[str, Any]) -> Block:
    _check_name(tree, {})
    _refuse_others(tree, ("kind", "name", "parts"))
    raw = tree.get("parts")
    if not isinstance(raw, list | tuple) or not raw:
        raise IncompatibleBundle(f"'{tree['name']}' needs a list of at least one part; it has {raw!r}.")
    checked: dict[str, Block] = {}
    inside: dict[str, Block] = {}  # the blocks of the parts before this one
    for part in raw:
        kind = KINDS.get(part["kind"]) if isinstance(part, Mapping) and isinstance(part.get("kind"), str) else None
        block = _check_block(part, checked) if kind is not None and kind.joins else check_model(part)[0]
        if block["name"] in checked:
            raise IncompatibleBundle(f"Two parts are called '{block['name']}'; names are unique in a model.")
        if kind is not None and kind.joins:
            kind.takes(block, inside)
        checked[block["name"]] = block
        inside.update({each["name"]: each for _, each in walk({"parts": [block]})})
    return {"kind": "parts", "name": tree["name"], "parts": list(checked.values())}


def check_model(tree: object) -> tuple[Block, BlockOutput]:
    """Return a stack with every default filled in, and its output; raises as `check` does."""
    width = IDS
    if isinstance(tree, Mapping):
        width = _check_value("'input_size' of the model", _INPUT, tree.get("input_size", _INPUT.default))
    stack, output = _check_stack(tree, {}, BlockOutput(width), ("kind", "name", "input_size", "blocks"))
    return {"kind": "stack", "name": stack["name"], "input_size": width, "blocks": stack["blocks"]}, output


def _check_stack(
    stack: object, known: dict[str, Block], output: BlockOutput, fields: tuple[str, ...] = ("kind", "name", "blocks")
) -> tuple[Block, BlockOutput]:
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
            block, output = _check_stack(raw, known, output)
        else:
            block = _check_block(raw, known)
            output = _after(block, known, output, before)
            known[block["name"]] = block
        checked.append(block)
        before = f"'{block['name']}'"
    return {"kind": "stack", "name": stack["name"], "blocks": checked}, output


def _after(block: Block, known: Known, output: BlockOutput, before: str) -> BlockOutput:
    """Return the output of a block, given the output of the block before it; raise IncompatibleBundle if they do not
    match.
    """
    kind = KINDS[block["kind"]]
    if kind.joins:
        raise IncompatibleBundle(f"Block '{block['name']}' ({block['kind']}) joins parts: it cannot stand in a stack.")
    named = f"Block '{block['name']}' ({block['kind']})"
    wanted = kind.takes(block, known)
    if output.width == IDS and wanted is None:
        raise IncompatibleBundle(f"{named} takes numbers, but {before} gives symbol ids: put an embedding first.")
    if wanted is not None and wanted != output.width:
        raise IncompatibleBundle(f"{named} takes {_described(wanted)}, but {before} gives {_described(output.width)}.")
    if output.pooled and (kind.pools or kind.around or kind.state(block)):
        raise IncompatibleBundle(f"{named} reads the steps of a row, but '{output.pooled}' left one vector for all.")
    return BlockOutput(kind.gives(block, known, output.width), block["name"] if kind.pools else output.pooled)


def _check_block(raw: object, known: Mapping[str, Block]) -> Block:
    if not isinstance(raw, Mapping):
        raise IncompatibleBundle(f"A block is an object with 'kind' and 'name'; this one is {raw!r}.")
    named = raw.get("kind")
    kind = KINDS.get(named) if isinstance(named, str) else None
    if kind is None:
        raise IncompatibleBundle(
            f"Unknown kind of block {named!r}. This version knows: stack, {', '.join(KINDS)}."
            f"{did_you_mean(named, KINDS)}"
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
        raise IncompatibleBundle(f"Block '{raw['name']}' has both a projection and zoneout, which no kernel supports.")
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
            f"{where} must be one of {', '.join(field.choices)}; it is {value!r}.{did_you_mean(value, field.choices)}"
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
                f" {', '.join(fields)}.{did_you_mean(name, fields)}"
            )


def _described(width: int) -> str:
    return "symbol ids" if width == IDS else f"{width} numbers per step"
