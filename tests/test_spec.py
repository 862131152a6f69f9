"""The model spec: what a tree of blocks means, and what is said about one that means nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import torch

from anaphora import spec
from anaphora.errors import IncompatibleBundle
from anaphora.nn.blocks import build

TREES = {
    **{kind: dict(entry.example) for kind, entry in spec.KINDS.items()},
    "nested": {
        "kind": "stack",
        "name": "model",
        "blocks": [
            {"kind": "embedding", "name": "table", "vocabulary": 7, "size": 4},
            {
                "kind": "stack",
                "name": "inner",
                "blocks": [{"kind": "rnn", "name": "walk", "input_size": 4, "hidden_size": 4, "bias": False}],
            },
            {"kind": "tied_output", "name": "output", "embedding": "table", "bias": False},
        ],
    },
    "both ways, projected": {
        "kind": "stack",
        "name": "model",
        "blocks": [
            {"kind": "embedding", "name": "table", "vocabulary": 7, "size": 4},
            {
                "kind": "lstm",
                "name": "walk",
                "input_size": 4,
                "hidden_size": 6,
                "num_layers": 2,
                "bidirectional": True,
                "proj_size": 5,
            },
            {"kind": "linear", "name": "output", "input_size": 10, "output_size": 3, "bias": False},
        ],
    },
}


@pytest.mark.parametrize("name", TREES)
def test_names_shapes_and_states_are_those_of_the_module(name: str) -> None:
    tree = spec.check(TREES[name])
    module = build(tree)
    assert spec.tensors(tree) == {key: tuple(value.shape) for key, value in module.state_dict().items()}
    logits, state = module(torch.zeros(3, 2, dtype=torch.int64))
    assert logits.shape == (3, 2, spec.output_width(tree))
    expected = {
        path: tuple((lines, 2, width) for lines, width in parts.values()) for path, parts in spec.states(tree).items()
    }
    assert {path: tuple(tuple(part.shape) for part in parts) for path, parts in state.items()} == expected


@pytest.mark.parametrize("name", TREES)
def test_a_checked_tree_is_whole_and_stays_the_same(name: str) -> None:
    before = copy.deepcopy(TREES[name])
    tree = spec.check(TREES[name])
    assert TREES[name] == before
    assert spec.check(json.loads(json.dumps(tree))) == tree
    for _, block in spec.walk(tree):
        assert list(block) == ["kind", "name", *spec.KINDS[block["kind"]].fields]


def test_paths_name_the_stacks_inside_the_outermost() -> None:
    assert [path for path, _ in spec.walk(spec.check(TREES["nested"]))] == ["table", "inner.walk", "output"]


def test_every_kind_has_an_example_of_its_own() -> None:
    for kind, entry in spec.KINDS.items():
        assert kind in [block["kind"] for _, block in spec.walk(spec.check(entry.example))]


def stack(*blocks: dict[str, Any]) -> dict[str, Any]:
    table = {"kind": "embedding", "name": "table", "vocabulary": 7, "size": 4}
    return {"kind": "stack", "name": "model", "blocks": [table, *blocks]}


GRU = {"kind": "gru", "name": "walk", "input_size": 4, "hidden_size": 6}
WRONG = {
    "unknown kind": (stack({**GRU, "kind": "grru"}), "Unknown kind of block 'grru'.* Did you mean 'gru'?"),
    "kind that is no word": (stack({**GRU, "kind": ["gru"]}), r"Unknown kind of block \['gru'\]"),
    "a path to code": (stack({**GRU, "kind": "torch.nn.GRU"}), "Unknown kind of block 'torch.nn.GRU'"),
    "unknown field": (stack({**GRU, "hiden_size": 6}), "no field 'hiden_size'.* Did you mean 'hidden_size'?"),
    "a field of another kind": (stack({**GRU, "proj_size": 2}), "'walk' .gru. has no field 'proj_size'"),
    "missing field": (stack({"kind": "gru", "name": "walk", "input_size": 4}), "lacks its field 'hidden_size'"),
    "text for a number": (stack({**GRU, "hidden_size": "6"}), "'hidden_size' of block 'walk' .gru. must be a whole"),
    "truth for a number": (stack({**GRU, "hidden_size": True}), "must be a whole number"),
    "fraction for a whole": (stack({**GRU, "hidden_size": 6.5}), "must be a whole number"),
    "below range": (stack({**GRU, "num_layers": 0}), "must lie between 1 and 1024"),
    "no number": (stack({"kind": "dropout", "name": "drop", "p": float("nan")}), "must lie between 0 and 1"),
    "no choice": (
        stack({**GRU, "kind": "rnn", "nonlinearity": "tahn"}),
        "must be one of tanh, relu.* Did you mean 'tanh'?",
    ),
    "name twice": (stack({**GRU, "name": "table"}), "Two blocks are called 'table'"),
    "no name": (stack({"kind": "dropout"}), "a letter first; one of kind 'dropout' has None"),
    "dot in a name": (stack({**GRU, "name": "a.b"}), "has 'a.b'"),
    "wrong width": (stack({**GRU, "input_size": 5}), "'walk' .gru. takes 5 numbers per step, but 'table' gives 4"),
    "vectors for ids": (
        stack({"kind": "embedding", "name": "again", "vocabulary": 7, "size": 4}),
        "takes symbol ids, but 'table' gives 4 numbers",
    ),
    "dropout of ids": (
        {"kind": "stack", "name": "model", "blocks": [{"kind": "dropout", "name": "drop", "p": 0.5}]},
        "'drop' .dropout. takes numbers, but the input gives symbol ids: put an embedding first",
    ),
    "tied to nothing": (
        stack({"kind": "tied_output", "name": "output", "embedding": "tabel"}),
        "the embeddings before it are: table. Did you mean 'table'?",
    ),
    "projection too wide": (stack({**GRU, "kind": "lstm", "proj_size": 6}), "'proj_size' .* must be less than"),
    "no stack": (GRU, "A model is a block of kind 'stack'"),
    "no object": ([GRU], "A model is a block of kind 'stack'"),
    "block that is no object": (stack(["gru"]), "A block is an object with 'kind' and 'name'"),  # type: ignore[arg-type]
    "empty": ({"kind": "stack", "name": "model", "blocks": []}, "needs a list of at least one block"),
    "more in a stack": ({**stack(GRU), "block": []}, "has no field 'block'.* Did you mean 'blocks'?"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_means_nothing_is_refused_and_the_nearest_named(case: str) -> None:
    tree, said = WRONG[case]
    with pytest.raises(IncompatibleBundle, match=said):
        spec.check(tree)  # type: ignore[arg-type]
