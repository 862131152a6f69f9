"""Small models with random, asymmetric weights, one for every kind of block and for every way its fields can be set."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from anaphora import spec
from anaphora.bundle import Bundle
from anaphora.runtime import Model

V, E = 11, 5


def tree(*blocks: dict[str, Any], size: int = E) -> dict[str, Any]:
    embedding = {"kind": "embedding", "name": "embedding", "vocabulary": V, "size": size}
    return spec.check({"kind": "stack", "name": "model", "blocks": [embedding, *blocks]})


def recurrent(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "name": "recurrent", "input_size": E, "hidden_size": 7, **fields}


def output(width: int, bias: bool = True) -> dict[str, Any]:
    return {"kind": "linear", "name": "output", "input_size": width, "output_size": V, "bias": bias}


STREAMING = {
    "lstm": tree(recurrent("lstm"), output(7)),
    "lstm, 3 layers, no bias": tree(recurrent("lstm", num_layers=3, bias=False, dropout=0.5), output(7, bias=False)),
    "lstm, projected, 2 layers": tree(recurrent("lstm", num_layers=2, proj_size=3), output(3)),
    "lstm, 17 wide": tree(recurrent("lstm", hidden_size=17), {"kind": "dropout", "name": "drop", "p": 0.3}, output(17)),
    "gru, 2 layers": tree(recurrent("gru", num_layers=2), output(7)),
    "gru, no bias": tree(recurrent("gru", bias=False, hidden_size=33), output(33)),
    "gru, tied": tree(
        recurrent("gru", hidden_size=E), {"kind": "tied_output", "name": "output", "embedding": "embedding"}
    ),
    "rnn, tanh": tree(recurrent("rnn", num_layers=2), output(7)),
    "rnn, relu, no bias": tree(recurrent("rnn", nonlinearity="relu", bias=False), output(7)),
    "no memory": tree(output(E)),
    "two memories, a stack inside": tree(
        {
            "kind": "stack",
            "name": "reader",
            "blocks": [recurrent("gru"), {"kind": "dropout", "name": "drop", "p": 0.1}],
        },
        {"kind": "lstm", "name": "second", "input_size": 7, "hidden_size": 6},
        {"kind": "linear", "name": "narrow", "input_size": 6, "output_size": E, "bias": False},
        {"kind": "tied_output", "name": "output", "embedding": "embedding", "bias": False},
    ),
    "tied to a table inside a stack": spec.check(
        {
            "kind": "stack",
            "name": "model",
            "blocks": [
                {
                    "kind": "stack",
                    "name": "front",
                    "blocks": [{"kind": "embedding", "name": "table", "vocabulary": V, "size": E}],
                },
                recurrent("rnn", hidden_size=E),
                {"kind": "tied_output", "name": "output", "embedding": "table"},
            ],
        }
    ),
}
BOTH_WAYS = {
    f"{kind}, both ways, {layers} layers": tree(
        recurrent(kind, bidirectional=True, num_layers=layers, **more), output(2 * (more.get("proj_size") or 7))
    )
    for kind, layers, more in [
        ("lstm", 1, {}),
        ("lstm", 2, {"proj_size": 3}),
        ("gru", 2, {}),
        ("rnn", 2, {"bias": False}),
    ]
}
EXAMPLES = {f"the example of {kind}": spec.check(copy.deepcopy(entry.example)) for kind, entry in spec.KINDS.items()}
TREES = {**EXAMPLES, **STREAMING, **BOTH_WAYS}


def random_tensors(checked: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of a checked tree: every entry its own, gates and directions of different sizes."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=shape) * rng.uniform(0.3, 0.9, size=(shape[0],) + (1,) * (len(shape) - 1))).astype(
            np.float32
        )
        for name, shape in spec.tensors(checked).items()
    }


def small_model(checked: dict[str, Any], seed: int = 0, **config: Any) -> Model:
    tensors = {**random_tensors(checked, seed), **config.pop("tensors", {})}
    return Model(Bundle(tensors, {"version": 1, "task": "language", "model": checked, **config}))
