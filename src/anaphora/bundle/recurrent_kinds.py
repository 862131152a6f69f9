"""The recurrent kinds of block: torch's three layers and their variants.

    weight_ih (G·H, I)   weight_hh (G·H, P)   bias_ih, bias_hh (G·H,)   weight_hr (P, H) with a projection
    state  h (layers·D, B, P) and, with M memories, c (layers·D, B, M·H)

G is the number of gates of a cell, D the number of directions, and P the projected width, or H without a projection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anaphora.bundle.kind import (
    INPUT_WIDTH,
    Block,
    Field,
    Kind,
    Known,
    Shape,
    example_tree,
    probability_field,
    width_field,
)
from anaphora.kernels.traits import OWN_VECTORS, TRAITS

# The kernels' name for the cell of each kind; the name of an rnn includes its nonlinearity.
RECURRENT_CELLS = {
    "rnn": "rnn_{nonlinearity}",
    "gru": "gru",
    "lstm": "lstm",
    "reset_before_gru": "gru_reset_before",
    "layer_norm_gru": "gru_layer_norm",
    "peephole_lstm": "lstm_peephole",
    "coupled_lstm": "lstm_coupled",
    "layer_norm_lstm": "lstm_layer_norm",
}


def cell_of(block: Block) -> str:
    """Return the kernels' name for the cell of a recurrent block."""
    return RECURRENT_CELLS[block["kind"]].format(**block)


def _width(block: Block) -> int:
    return int(block.get("proj_size") or block["hidden_size"])


def _output_width(block: Block) -> int:
    return _width(block) * (2 if block["bidirectional"] else 1)


def _tensors(block: Block, known: Known) -> dict[str, Shape]:
    """Return torch's names and shapes: w_ih (G·H, I), w_hh (G·H, P), b_ih and b_hh (G·H,), and w_hr (P, H) with a
    projection.

    The tensors that only this kind has, and the learned initial state, follow.
    """
    H, width = block["hidden_size"], _width(block)
    rows = TRAITS[cell_of(block)].gates * H
    shapes: dict[str, Shape] = {}
    for layer in range(block["num_layers"]):
        entering = block["input_size"] if layer == 0 else _output_width(block)
        for suffix in (f"l{layer}", f"l{layer}_reverse")[: 2 if block["bidirectional"] else 1]:
            shapes[f"weight_ih_{suffix}"] = (rows, entering)
            shapes[f"weight_hh_{suffix}"] = (rows, width)
            if block["bias"]:
                shapes[f"bias_ih_{suffix}"] = (rows,)
                shapes[f"bias_hh_{suffix}"] = (rows,)
            if block.get("proj_size"):
                shapes[f"weight_hr_{suffix}"] = (width, H)
            for name, vectors in own_vectors(block["kind"]).items():
                shapes[f"{name}_{suffix}"] = (vectors * H,)
    if block["learned_state"]:
        shapes.update({f"{part}_0": (lines, 1, size) for part, (lines, size) in _state(block).items()})
    return shapes


def own_vectors(kind: str) -> Mapping[str, int]:
    """Return the tensors of a recurrent kind that torch's layers do not have: name -> number of vectors of size H, in
    order.
    """
    return OWN_VECTORS.get(RECURRENT_CELLS[kind], {})


def _state(block: Block) -> dict[str, tuple[int, int]]:
    lines = block["num_layers"] * (2 if block["bidirectional"] else 1)
    state = {"h": (lines, _width(block))}
    if memories := TRAITS[cell_of(block)].memories:
        state["c"] = (lines, memories * block["hidden_size"])
    return state


_ZONEOUT = "zoneout probability of {state}(t−1) in training; in evaluation the weight of {state}(t−1)"
_FIELDS = {
    "input_size": INPUT_WIDTH,
    "hidden_size": width_field("units per layer and direction"),
    "num_layers": Field(int, "layers, one on top of the other", 1, least=1, most=1024),
    "bias": Field(bool, "whether the gates have biases b_ih and b_hh", True),
    "dropout": probability_field("probability that an entry between two layers is dropped in training"),
    "bidirectional": Field(bool, "whether a second set of units reads each row backwards from its own end", False),
    "learned_state": Field(bool, "whether the state that a row begins with is learned rather than zeros", False),
    "zoneout_hidden": probability_field(_ZONEOUT.format(state="h")),
}
_ZONEOUT_MEMORY = probability_field(_ZONEOUT.format(state="c"))


def _kind(kind: str, meaning: str, example: Mapping[str, Any], **more: Field) -> tuple[str, Kind]:
    cell = cell_of({"kind": kind, "nonlinearity": "tanh"})
    memory = {"zoneout_memory": _ZONEOUT_MEMORY} if TRAITS[cell].memories else {}
    return kind, Kind(
        meaning,
        {**_FIELDS, **memory, **more},
        example_tree({"kind": kind, "name": "recurrent", "input_size": 5, "hidden_size": 7, **example}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: _output_width(block),
        tensors=_tensors,
        state=_state,
    )


RECURRENT_KINDS: dict[str, Kind] = dict(
    (
        _kind(
            "rnn",
            "Elman's network: h' = φ(W x + b_ih + U h + b_hh)",
            {"num_layers": 2, "nonlinearity": "relu"},
            nonlinearity=Field(str, "φ", "tanh", choices=("tanh", "relu")),
        ),
        _kind("gru", "gated recurrent units: h' = (1 − z)·n + z·h", {"bidirectional": True}),
        _kind(
            "lstm",
            "long short-term memory: c' = f·c + i·g, h' = o·tanh(c')",
            {"num_layers": 2, "proj_size": 3},
            proj_size=Field(int, "width P of the projected h; 0 leaves h as wide as c", 0, least=0, most=2**20),
        ),
        _kind(
            "reset_before_gru",
            "a GRU that resets before the product: n = tanh(W x + U (r·h) + b) (Cho et al., 2014)",
            {"num_layers": 2},
        ),
        _kind(
            "layer_norm_gru",
            "a GRU whose products W x and U h are normalised (Ba, Kiros and Hinton, 2016)",
            {"bidirectional": True},
        ),
        _kind(
            "peephole_lstm",
            "an LSTM whose gates see the memory: i, f = σ(… + p·c), o = σ(… + p·c') (Gers et al., 2002)",
            {"num_layers": 2},
        ),
        _kind(
            "coupled_lstm",
            "an LSTM that takes in what it forgets: c' = f·c + (1 − f)·g (Greff et al., 2017)",
            {"bidirectional": True},
        ),
        _kind(
            "layer_norm_lstm",
            "an LSTM whose products and memory are normalised (Ba, Kiros and Hinton, 2016)",
            {"num_layers": 2},
        ),
    )
)
