"""The model spec: what a tree of blocks means, and what is said about one that means nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import torch

from anaphora.bundle import spec
from anaphora.errors import IncompatibleBundle
from anaphora.nn.build import build

TREES = {
    **{kind: dict(entry.example) for kind, entry in spec.KINDS.items() if not entry.joins},
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
    "vectors in, one vector out": {
        "kind": "stack",
        "name": "model",
        "input_size": 3,
        "blocks": [
            {
                "kind": "layer_norm_lstm",
                "name": "walk",
                "input_size": 3,
                "hidden_size": 4,
                "num_layers": 2,
                "bidirectional": True,
                "learned_state": True,
                "zoneout_memory": 0.5,
            },
            {"kind": "attention", "name": "attention", "input_size": 8, "attention_size": 5},
            {"kind": "layer_norm", "name": "norm", "input_size": 8, "bias": False},
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
    width = tree["input_size"]
    y, state = module(torch.zeros(3, 2, width) if width else torch.zeros(3, 2, dtype=torch.int64))
    assert y.shape == (*(() if spec.pools(tree) else (3,)), 2, spec.output_width(tree))
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


def test_the_essence_of_a_tree_says_all_of_it_and_no_default() -> None:
    for raw in TREES.values():
        tree = spec.check(raw)
        essence = spec.essence(tree)
        assert spec.check(essence) == tree
        for before, after in zip(spec.walk(tree), spec.walk(essence), strict=True):
            assert [name for name in after[1] if name in ("bias", "num_layers") and after[1][name] in (True, 1)] == []
            assert after[1].items() <= before[1].items()
    assert "input_size" not in spec.essence(spec.check(TREES["nested"]))


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
    "steps after one vector for all": (
        stack({"kind": "pooling", "name": "pool", "over": "max"}, GRU),
        "'walk' .gru. reads the steps of a row, but 'pool' left one vector for all",
    ),
    "one vector for all, twice": (
        stack({"kind": "pooling", "name": "pool", "over": "max"}, {"kind": "pooling", "name": "more", "over": "max"}),
        "'more' .pooling. reads the steps of a row, but 'pool' left",
    ),
    "pooling of ids": (
        {"kind": "stack", "name": "model", "blocks": [{"kind": "pooling", "name": "pool", "over": "max"}]},
        "put an embedding first",
    ),
    "no such pooling": (
        stack({"kind": "pooling", "name": "pool", "over": "man"}),
        "last, mean, max.* Did you mean 'mean'?",
    ),
    "symbols for vectors": (
        {**stack(GRU), "input_size": 4},
        "'table' .embedding. takes symbol ids, but the input gives 4",
    ),
    "an input of no width": ({**stack(GRU), "input_size": -1}, "'input_size' of the model must lie between 0 and"),
    "an input inside": (
        stack({"kind": "stack", "name": "inner", "input_size": 4, "blocks": [GRU]}),
        "'inner' .stack. has no field 'input_size'",
    ),
    "zoneout with a projection": (
        stack({**GRU, "kind": "lstm", "proj_size": 3, "zoneout_hidden": 0.1}),
        "'walk' has both a projection and zoneout",
    ),
    "zoneout of a memory that is not there": (stack({**GRU, "zoneout_memory": 0.1}), "has no field 'zoneout_memory'"),
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
