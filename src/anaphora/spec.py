"""The model spec: a tree of named blocks that says how a bundle's tensors become a model.

    tree  = {"kind": "stack", "name": "model", "blocks": [block, …]}
    block = {"kind": one of KINDS, "name": unique in the tree, …fields…}

A stack applies its blocks in order: symbol ids (T, B) enter, an embedding gives each step a vector, the last block's
vector leaves. `KINDS` declares every kind's fields once, together with the tensors it owns, the state it carries and
the width it takes and gives; `anaphora.nn.blocks` and `anaphora.runtime.blocks` each hold one table kind -> builder
over the same names. A kind is a word from that table, never a path to code.

A tensor is called `<path>.<torch's parameter name>` (`recurrent.weight_ih_l0`); the path is the block's name, with
the names of the stacks around it in front, the outermost one left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from anaphora.errors import IncompatibleBundle, closest

Block = dict[str, Any]
Shape = tuple[int, ...]

REQUIRED: Any = object()
IDS = 0
"""The width of what enters a model: integer symbols rather than vectors."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Field:
    """One field of a kind: its type, default, range or choices, and what it means."""

    type: type
    meaning: str
    default: Any = REQUIRED
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of block.

    `tensors(block, known)` gives name -> shape; `state(block)` gives name -> (layers·D, width), to which a batch adds
    its B in the middle; `takes(block, known)` is the width it expects (None: any) and `gives(block, known, width)`
    the width it leaves. `known` maps the names of the blocks before it to those blocks. `example` is a whole small
    tree, ids in, that uses the kind.
    """

    meaning: str
    fields: Mapping[str, Field]
    example: Mapping[str, Any]
    takes: Callable[[Block, Mapping[str, Block]], int | None]
    gives: Callable[[Block, Mapping[str, Block], int], int]
    tensors: Callable[[Block, Mapping[str, Block]], dict[str, Shape]] = lambda block, known: {}
    state: Callable[[Block], dict[str, tuple[int, int]]] = lambda block: {}


def _gate_count(kind: str) -> int:
    return {"rnn": 1, "gru": 3, "lstm": 4}[kind]


def _recurrent_width(block: Block) -> int:
    return int(block.get("proj_size") or block["hidden_size"])


def _recurrent_output(block: Block) -> int:
    return _recurrent_width(block) * (2 if block["bidirectional"] else 1)


def _recurrent_tensors(block: Block, known: Mapping[str, Block]) -> dict[str, Shape]:
    """Torch's names and shapes: w_ih (G·H, I), w_hh (G·H, P), b_ih and b_hh (G·H,), and w_hr (P, H) with a
    projection.
    """
    rows = _gate_count(block["kind"]) * block["hidden_size"]
    width = _recurrent_width(block)
    shapes: dict[str, Shape] = {}
    for layer in range(block["num_layers"]):
        entering = block["input_size"] if layer == 0 else _recurrent_output(block)
        for suffix in (f"l{layer}", f"l{layer}_reverse")[: 2 if block["bidirectional"] else 1]:
            shapes[f"weight_ih_{suffix}"] = (rows, entering)
            shapes[f"weight_hh_{suffix}"] = (rows, width)
            if block["bias"]:
                shapes[f"bias_ih_{suffix}"] = (rows,)
                shapes[f"bias_hh_{suffix}"] = (rows,)
            if block.get("proj_size"):
                shapes[f"weight_hr_{suffix}"] = (width, block["hidden_size"])
    return shapes


def _recurrent_state(block: Block) -> dict[str, tuple[int, int]]:
    lines = block["num_layers"] * (2 if block["bidirectional"] else 1)
    state = {"h": (lines, _recurrent_width(block))}
    if block["kind"] == "lstm":
        state["c"] = (lines, block["hidden_size"])
    return state


def _width(meaning: str, most: float = 2**20) -> Field:
    return Field(int, meaning, least=1, most=most)


_RECURRENT = {
    "input_size": _width("width of a step that enters"),
    "hidden_size": _width("units per layer and direction"),
    "num_layers": Field(int, "layers, one on top of the other", 1, least=1, most=1024),
    "bias": Field(bool, "whether the gates have biases b_ih and b_hh", True),
    "dropout": Field(
        float, "probability that an entry between two layers is dropped in training", 0.0, least=0, most=1
    ),
    "bidirectional": Field(bool, "whether a second set of units reads each row backwards from its own end", False),
}


def _recurrent(meaning: str, example: Mapping[str, Any], **more: Field) -> Kind:
    small = {"vocabulary": 11, "size": 5}
    return Kind(
        meaning,
        {**_RECURRENT, **more},
        _tree({"kind": "embedding", "name": "embedding", **small}, {"name": "recurrent", "input_size": 5, **example}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: _recurrent_output(block),
        tensors=_recurrent_tensors,
        state=_recurrent_state,
    )


def _tree(*blocks: Mapping[str, Any]) -> Block:
    return {"kind": "stack", "name": "model", "blocks": [dict(block) for block in blocks]}


def _tied_width(block: Block, known: Mapping[str, Block]) -> int:
    """The width of the embedding whose weights are used again; says so if there is none of that name."""
    table = known.get(block["embedding"])
    if table is None or table["kind"] != "embedding":
        tables = [name for name, other in known.items() if other["kind"] == "embedding"]
        raise IncompatibleBundle(
            f"Block '{block['name']}' ties its weights to an embedding '{block['embedding']}', but the embeddings"
            " before it are:"
            f" {', '.join(tables) or 'none'}.{_hint(block['embedding'], tables)}"
        )
    return int(table["size"])


KINDS: dict[str, Kind] = {
    "embedding": Kind(
        "a vector per symbol: y_t = W[id_t]",
        {
            "vocabulary": _width("number of symbols V", most=2**31 - 1),
            "size": _width("width of a symbol's vector"),
        },
        _tree({"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5}),
        takes=lambda block, known: IDS,
        gives=lambda block, known, width: int(block["size"]),
        tensors=lambda block, known: {"weight": (block["vocabulary"], block["size"])},
    ),
    "dropout": Kind(
        "in training each entry is zero with probability p, else divided by 1 − p; otherwise nothing happens",
        {"p": Field(float, "probability that an entry is dropped", 0.5, least=0, most=1)},
        _tree(
            {"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5},
            {"kind": "dropout", "name": "dropout", "p": 0.25},
        ),
        takes=lambda block, known: None,
        gives=lambda block, known, width: width,
    ),
    "rnn": _recurrent(
        "Elman's network: h' = φ(W x + b_ih + U h + b_hh)",
        {"kind": "rnn", "hidden_size": 7, "num_layers": 2, "nonlinearity": "relu"},
        nonlinearity=Field(str, "φ", "tanh", choices=("tanh", "relu")),
    ),
    "gru": _recurrent(
        "gated recurrent units: h' = (1 − z)·n + z·h",
        {"kind": "gru", "hidden_size": 7, "bidirectional": True},
    ),
    "lstm": _recurrent(
        "long short-term memory: c' = f·c + i·g, h' = o·tanh(c')",
        {"kind": "lstm", "hidden_size": 7, "num_layers": 2, "proj_size": 3},
        proj_size=Field(int, "width P of the projected h; 0 leaves h as wide as c", 0, least=0, most=2**20),
    ),
    "linear": Kind(
        "y = W x + b",
        {
            "input_size": _width("width of a step that enters"),
            "output_size": _width("width of a step that leaves", most=2**31 - 1),
            "bias": Field(bool, "whether b is there", True),
        },
        _tree(
            {"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5},
            {"kind": "linear", "name": "output", "input_size": 5, "output_size": 13},
        ),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: int(block["output_size"]),
        tensors=lambda block, known: {
            "weight": (block["output_size"], block["input_size"]),
            **({"bias": (block["output_size"],)} if block["bias"] else {}),
        },
    ),
    "tied_output": Kind(
        "logits from the embedding's own weights: y = W_embedding h + b",
        {
            "embedding": Field(str, "name of the embedding whose weights are used"),
            "bias": Field(bool, "whether b is there", True),
        },
        _tree(
            {"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5},
            {"kind": "gru", "name": "recurrent", "input_size": 5, "hidden_size": 5},
            {"kind": "tied_output", "name": "output", "embedding": "embedding"},
        ),
        takes=_tied_width,
        gives=lambda block, known, width: int(known[block["embedding"]]["vocabulary"]),
        tensors=lambda block, known: {"bias": (known[block["embedding"]]["vocabulary"],)} if block["bias"] else {},
    ),
}


def check(tree: Mapping[str, Any]) -> Block:
    """Give the tree with every default filled in.

    Raises IncompatibleBundle if a kind or a field is unknown (naming the nearest), a field is missing or out of its
    range, a name is used twice, or a block does not take the width that the one before it gives.
    """
    checked, _ = _check_stack(tree, {}, IDS)
    return checked


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
    """The width of a step that leaves a checked tree: for a language model V."""
    return _check_stack(tree, {}, IDS)[1]


def _walk(stack: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Block]]:
    for block in stack["blocks"]:
        path = prefix + block["name"]
        if block["kind"] == "stack":
            yield from _walk(block, path + ".")
        else:
            yield path, block


def _check_stack(stack: object, known: dict[str, Block], width: int) -> tuple[Block, int]:
    if not isinstance(stack, Mapping) or stack.get("kind") != "stack":
        kind = stack.get("kind") if isinstance(stack, Mapping) else stack
        raise IncompatibleBundle(
            f"A model is a block of kind 'stack' that holds a list of blocks; this one is {kind!r}."
        )
    _check_name(stack, known)
    _refuse_others(stack, ("kind", "name", "blocks"))
    blocks = stack.get("blocks")
    if not isinstance(blocks, list | tuple) or not blocks:
        raise IncompatibleBundle(f"Stack '{stack['name']}' needs a list of at least one block; it has {blocks!r}.")
    known[stack["name"]] = {"kind": "stack", "name": stack["name"]}
    checked: list[Block] = []
    before = "the input"
    for raw in blocks:
        if isinstance(raw, Mapping) and raw.get("kind") == "stack":
            block, width = _check_stack(raw, known, width)
        else:
            block = _check_block(raw, known)
            kind = KINDS[block["kind"]]
            wanted = kind.takes(block, known)
            if width == IDS and wanted is None:
                raise IncompatibleBundle(
                    f"Block '{block['name']}' ({block['kind']}) takes numbers, but {before} gives symbol ids: put an"
                    " embedding first."
                )
            if wanted is not None and wanted != width:
                raise IncompatibleBundle(
                    f"Block '{block['name']}' ({block['kind']}) takes {_described(wanted)}, but {before} gives"
                    f" {_described(width)}."
                )
            width = kind.gives(block, known, width)
            known[block["name"]] = block
        checked.append(block)
        before = f"'{block['name']}'"
    return {"kind": "stack", "name": stack["name"], "blocks": checked}, width


def _check_block(raw: object, known: Mapping[str, Block]) -> Block:
    if not isinstance(raw, Mapping):
        raise IncompatibleBundle(f"A block is an object with 'kind' and 'name'; this one is {raw!r}.")
    named = raw.get("kind")
    kind = KINDS.get(named) if isinstance(named, str) else None
    if kind is None:
        raise IncompatibleBundle(
            f"Unknown kind of block {named!r}. This version knows: stack, {', '.join(KINDS)}.{_hint(named, KINDS)}"
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
    return block


def _check_value(where: str, field: Field, value: object) -> object:
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
            f"{where} must be one of {', '.join(field.choices)}; it is {value!r}.{_hint(value, field.choices)}"
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
                f" {', '.join(fields)}.{_hint(name, fields)}"
            )


def _described(width: int) -> str:
    return "symbol ids" if width == IDS else f"{width} numbers per step"


def _hint(word: object, known: Any) -> str:
    nearest = closest(word, known) if isinstance(word, str) else None
    return f" Did you mean '{nearest}'?" if nearest else ""
