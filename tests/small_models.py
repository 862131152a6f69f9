"""Small models with random, asymmetric weights, one for every kind of block and for every way its fields can be set."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from anaphora.bundle import Bundle, spec
from anaphora.runtime import Model

V, E = 11, 5


def tree(*blocks: dict[str, Any], size: int = E) -> dict[str, Any]:
    embedding = {"kind": "embedding", "name": "embedding", "vocabulary": V, "size": size}
    return spec.check({"kind": "stack", "name": "model", "blocks": [embedding, *blocks]})


def of_vectors(*blocks: dict[str, Any], size: int = E) -> dict[str, Any]:
    return spec.check({"kind": "stack", "name": "model", "input_size": size, "blocks": list(blocks)})


def recurrent(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "name": "recurrent", "input_size": E, "hidden_size": 7, **fields}


def output(width: int, bias: bool = True) -> dict[str, Any]:
    return {"kind": "linear", "name": "output", "input_size": width, "output_size": V, "bias": bias}


def norm(width: int, bias: bool = True) -> dict[str, Any]:
    return {"kind": "layer_norm", "name": "norm", "input_size": width, "bias": bias}


def pool(over: str) -> dict[str, Any]:
    return {"kind": "pooling", "name": "pool", "over": over}


def attend(width: int, size: int = 6) -> dict[str, Any]:
    return {"kind": "attention", "name": "attention", "input_size": width, "attention_size": size}


VARIANTS = ("reset_before_gru", "layer_norm_gru", "peephole_lstm", "coupled_lstm", "layer_norm_lstm")

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
    **{f"{kind}, 2 layers": tree(recurrent(kind, num_layers=2), output(7)) for kind in VARIANTS},
    **{f"{kind}, 17 wide, no bias": tree(recurrent(kind, hidden_size=17, bias=False), output(17)) for kind in VARIANTS},
    "lstm, zoneout": tree(recurrent("lstm", num_layers=2, zoneout_hidden=0.1, zoneout_memory=0.4), output(7)),
    "coupled_lstm, zoneout of the memory": tree(recurrent("coupled_lstm", zoneout_memory=0.3), output(7)),
    "gru, zoneout": tree(recurrent("gru", zoneout_hidden=0.2), output(7)),
    "rnn, zoneout": tree(recurrent("rnn", zoneout_hidden=0.15), output(7)),
    "lstm, learned state": tree(recurrent("lstm", num_layers=2, proj_size=3, learned_state=True), output(3)),
    "peephole_lstm, learned state": tree(recurrent("peephole_lstm", learned_state=True), output(7)),
    "layer_norm": tree(norm(E), recurrent("gru"), {**norm(7, bias=False), "name": "second"}, output(7)),
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
OF_VECTORS = {
    "vectors, lstm": of_vectors(recurrent("lstm")),
    "vectors, gru, 2 layers, linear": of_vectors(recurrent("gru", num_layers=2), output(7)),
    "vectors, no memory": of_vectors(norm(E), output(E)),
}
BOTH_WAYS = {
    ", ".join([kind, "both ways", f"{layers} layers", *more]): tree(
        recurrent(kind, bidirectional=True, num_layers=layers, **more), output(2 * (more.get("proj_size") or 7))
    )
    for kind, layers, more in [
        ("lstm", 1, {}),
        ("lstm", 2, {"proj_size": 3}),
        ("gru", 2, {}),
        ("rnn", 2, {"bias": False}),
        ("gru", 2, {"zoneout_hidden": 0.2, "learned_state": True}),
        *[(kind, 2, {"learned_state": True}) for kind in VARIANTS],
    ]
}
POOLED = {
    **{f"{over} of embeddings": tree(pool(over), output(E)) for over in ("last", "mean", "max", "ends")},
    "attention over embeddings": tree(attend(E), norm(E), output(E)),
    "mean of an lstm, both ways": tree(recurrent("lstm", bidirectional=True), pool("mean"), output(14)),
    "ends of a gru, both ways": tree(recurrent("gru", bidirectional=True), pool("ends"), output(14)),
    "max of a gru in a stack, tied": tree(
        {"kind": "stack", "name": "reader", "blocks": [recurrent("gru", hidden_size=E), pool("max")]},
        {"kind": "tied_output", "name": "output", "embedding": "embedding"},
    ),
    "attention over an lstm, both ways": tree(
        recurrent("lstm", bidirectional=True), attend(14, 20), {"kind": "dropout", "name": "drop"}, output(14)
    ),
    "vectors, last of an rnn": of_vectors(recurrent("rnn"), pool("last")),
}
EXAMPLES = {
    f"the example of {kind}": spec.check(copy.deepcopy(entry.example))
    for kind, entry in spec.KINDS.items()
    if not entry.joins
}
TREES = {**EXAMPLES, **STREAMING, **OF_VECTORS, **BOTH_WAYS, **POOLED}


def random_inputs(checked: dict[str, Any], rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Ids of this shape, or vectors: whatever the tree takes."""
    width = checked["input_size"]
    return rng.normal(size=(*shape, width)).astype(np.float32) if width else rng.integers(V, size=shape)


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
