"""The kinds of block that a model may be made of, each declared once.

    kind -> its fields, the tensors it owns, the state it carries, the width it takes and gives

`anaphora.bundle.spec` checks trees of such blocks; `anaphora.nn.build` and `anaphora.runtime.build` each hold one table
kind -> builder over the same names. A kind is a word from this table, never a path to code.

Most kinds act on each step by itself, a convolution on the steps around it, the recurrent ones walk a row's steps, and
two pool: one vector per row leaves instead of one per step. There is no softmax: a loss wants logits (log Σ exp is
exact where log(softmax) is not), who wants probabilities takes `anaphora.decode.log_probabilities` of them, and the
softmax over a row's steps is inside `attention`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anaphora.errors import IncompatibleBundle, closest
from anaphora.kernels.traits import TRAITS

Block = dict[str, Any]
Known = Mapping[str, Block]
Shape = tuple[int, ...]

REQUIRED: Any = object()
IDS = 0
"""The width of what enters a model of symbols: integers rather than vectors."""


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
    the width it leaves. `known` maps the names of the blocks before it to those blocks. `pools` says whether it makes
    one vector of all steps of a row, `around` whether a step looks at those after it, `joins` whether it takes more
    than what one block leaves and so is a part of its own. `example` is a whole small tree, ids in, that uses the kind.
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


def hint(word: object, known: Any) -> str:
    """The end of a message about an unknown word: the nearest one that is known, if any is near."""
    nearest = closest(word, known) if isinstance(word, str) else None
    return f" Did you mean '{nearest}'?" if nearest else ""


# The kernels' name of each recurrent kind's cell; an rnn's also names its φ.
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
# The names of what a kind owns beside torch's weights and biases: tensor -> number of vectors of size H.
_OWN: dict[str, dict[str, int]] = {
    "layer_norm_gru": {"gain_ih": 3, "gain_hh": 3},
    "peephole_lstm": {"weight_peephole": 3},
    "layer_norm_lstm": {"gain_ih": 4, "gain_hh": 4, "gain_c": 1, "shift_c": 1},
}


def cell_of(block: Block) -> str:
    """The kernels' name of a recurrent block's cell."""
    return RECURRENT_CELLS[block["kind"]].format(**block)


def _recurrent_width(block: Block) -> int:
    return int(block.get("proj_size") or block["hidden_size"])


def _recurrent_output(block: Block) -> int:
    return _recurrent_width(block) * (2 if block["bidirectional"] else 1)


def _recurrent_tensors(block: Block, known: Known) -> dict[str, Shape]:
    """Torch's names and shapes: w_ih (G·H, I), w_hh (G·H, P), b_ih and b_hh (G·H,), and w_hr (P, H) with a
    projection; then what only this kind owns, and the learned state that a row begins with.
    """
    H, width = block["hidden_size"], _recurrent_width(block)
    rows = TRAITS[cell_of(block)].gates * H
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
                shapes[f"weight_hr_{suffix}"] = (width, H)
            for name, vectors in own_vectors(block["kind"]).items():
                shapes[f"{name}_{suffix}"] = (vectors * H,)
    if block["learned_state"]:
        shapes.update({f"{part}_0": (lines, 1, size) for part, (lines, size) in _recurrent_state(block).items()})
    return shapes


def own_vectors(kind: str) -> Mapping[str, int]:
    """What a recurrent kind owns beside torch's weights and biases: name -> number of vectors of size H, in order."""
    return _OWN.get(kind, {})


def _recurrent_state(block: Block) -> dict[str, tuple[int, int]]:
    lines = block["num_layers"] * (2 if block["bidirectional"] else 1)
    state = {"h": (lines, _recurrent_width(block))}
    if memories := TRAITS[cell_of(block)].memories:
        state["c"] = (lines, memories * block["hidden_size"])
    return state


def _width(meaning: str, most: float = 2**20) -> Field:
    return Field(int, meaning, least=1, most=most)


def _probability(meaning: str, default: float = 0.0) -> Field:
    return Field(float, meaning, default, least=0, most=1)


_ENTERS = _width("width of a step that enters")
_RECURRENT = {
    "input_size": _ENTERS,
    "hidden_size": _width("units per layer and direction"),
    "num_layers": Field(int, "layers, one on top of the other", 1, least=1, most=1024),
    "bias": Field(bool, "whether the gates have biases b_ih and b_hh", True),
    "dropout": _probability("probability that an entry between two layers is dropped in training"),
    "bidirectional": Field(bool, "whether a second set of units reads each row backwards from its own end", False),
    "learned_state": Field(bool, "whether the state that a row begins with is learned rather than zeros", False),
    "zoneout_hidden": _probability("probability that an entry of h keeps its value in a step; later its weight"),
}
_ZONEOUT_MEMORY = _probability("probability that an entry of c keeps its value in a step; later its weight")


def _tree(*blocks: Mapping[str, Any]) -> Block:
    embedding = {"kind": "embedding", "name": "embedding", "vocabulary": 11, "size": 5}
    return {"kind": "stack", "name": "model", "blocks": [embedding, *map(dict, blocks)]}


def _joined(block: Block) -> Block:
    return {"kind": "parts", "name": "model", "parts": [{**_tree(), "name": "part"}, block]}


def _recurrent(kind: str, meaning: str, example: Mapping[str, Any], **more: Field) -> Kind:
    cell = cell_of({"kind": kind, "nonlinearity": "tanh"})
    memory = {"zoneout_memory": _ZONEOUT_MEMORY} if TRAITS[cell].memories else {}
    return Kind(
        meaning,
        {**_RECURRENT, **memory, **more},
        _tree({"kind": kind, "name": "recurrent", "input_size": 5, "hidden_size": 7, **example}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: _recurrent_output(block),
        tensors=_recurrent_tensors,
        state=_recurrent_state,
    )


_LAST = {"kind": "linear", "name": "output", "input_size": 5, "output_size": 3}


def _tied_width(block: Block, known: Known) -> int:
    """The width of the embedding whose weights are used again; says so if there is none of that name."""
    table = known.get(block["embedding"])
    if table is None or table["kind"] != "embedding":
        tables = [name for name, other in known.items() if other["kind"] == "embedding"]
        raise IncompatibleBundle(
            f"Block '{block['name']}' ties its weights to an embedding '{block['embedding']}', but the embeddings"
            " before it are:"
            f" {', '.join(tables) or 'none'}.{hint(block['embedding'], tables)}"
        )
    return int(table["size"])


def _cross_attention_tensors(block: Block, known: Known) -> dict[str, Shape]:
    query, memory, width = block["query_size"], block["memory_size"], block["attention_size"]
    if block["score"] == "general":
        return {"weight": (query, memory)}
    return {"weight": (width, memory), "query_weight": (width, query), "bias": (width,), "score": (width,)}


KINDS: dict[str, Kind] = {
    "embedding": Kind(
        "a vector per symbol: y_t = W[id_t]",
        {
            "vocabulary": _width("number of symbols V", most=2**31 - 1),
            "size": _width("width of a symbol's vector"),
        },
        _tree(),
        takes=lambda block, known: IDS,
        gives=lambda block, known, width: int(block["size"]),
        tensors=lambda block, known: {"weight": (block["vocabulary"], block["size"])},
    ),
    "dropout": Kind(
        "in training each entry is zero with probability p, else divided by 1 − p; otherwise nothing happens",
        {"p": _probability("probability that an entry is dropped", 0.5)},
        _tree({"kind": "dropout", "name": "dropout", "p": 0.25}),
        takes=lambda block, known: None,
        gives=lambda block, known, width: width,
    ),
    "layer_norm": Kind(
        "y = g·(x − mean x)/√(var x + 1e-5) + b over the entries of one step",
        {"input_size": _ENTERS, "bias": Field(bool, "whether b is there", True)},
        _tree({"kind": "layer_norm", "name": "norm", "input_size": 5}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: width,
        tensors=lambda block, known: {
            "weight": (block["input_size"],),
            **({"bias": (block["input_size"],)} if block["bias"] else {}),
        },
    ),
    "rnn": _recurrent(
        "rnn",
        "Elman's network: h' = φ(W x + b_ih + U h + b_hh)",
        {"num_layers": 2, "nonlinearity": "relu"},
        nonlinearity=Field(str, "φ", "tanh", choices=("tanh", "relu")),
    ),
    "gru": _recurrent("gru", "gated recurrent units: h' = (1 − z)·n + z·h", {"bidirectional": True}),
    "lstm": _recurrent(
        "lstm",
        "long short-term memory: c' = f·c + i·g, h' = o·tanh(c')",
        {"num_layers": 2, "proj_size": 3},
        proj_size=Field(int, "width P of the projected h; 0 leaves h as wide as c", 0, least=0, most=2**20),
    ),
    "reset_before_gru": _recurrent(
        "reset_before_gru",
        "a GRU that resets before the product: n = tanh(W x + U (r·h) + b) (Cho et al., 2014)",
        {"num_layers": 2},
    ),
    "layer_norm_gru": _recurrent(
        "layer_norm_gru",
        "a GRU whose products W x and U h are normalised (Ba, Kiros and Hinton, 2016)",
        {"bidirectional": True},
    ),
    "peephole_lstm": _recurrent(
        "peephole_lstm",
        "an LSTM whose gates see the memory: i, f = σ(… + p·c), o = σ(… + p·c') (Gers et al., 2002)",
        {"num_layers": 2},
    ),
    "coupled_lstm": _recurrent(
        "coupled_lstm",
        "an LSTM that takes in what it forgets: c' = f·c + (1 − f)·g (Greff et al., 2017)",
        {"bidirectional": True},
    ),
    "layer_norm_lstm": _recurrent(
        "layer_norm_lstm",
        "an LSTM whose products and memory are normalised (Ba, Kiros and Hinton, 2016)",
        {"num_layers": 2},
    ),
    "pooling": Kind(
        "one vector per row, zeros without steps: the last step's, the mean or the largest entries of all steps, or the"
        " ends: of the last step the first half of the entries, of the first the second, where each direction ended",
        {"over": Field(str, "what is kept of a row's steps", choices=("last", "mean", "max", "ends"))},
        _tree({"kind": "pooling", "name": "pooling", "over": "mean"}, _LAST),
        takes=lambda block, known: None,
        gives=lambda block, known, width: width,
        pools=True,
    ),
    "attention": Kind(
        "one vector per row: Σ_t a_t·x_t, a = softmax_t(q·tanh(W x_t + b)); zeros without steps (Yang et al., 2016)",
        {"input_size": _ENTERS, "attention_size": _width("width A of the learned query q")},
        _tree({"kind": "attention", "name": "attention", "input_size": 5, "attention_size": 4}, _LAST),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: width,
        tensors=lambda block, known: {
            "weight": (block["attention_size"], block["input_size"]),
            "bias": (block["attention_size"],),
            "query": (block["attention_size"],),
        },
        pools=True,
    ),
    "convolution": Kind(
        "y_t = b + Σ_k W_k x_{t+k}, k = −r … r, zeros past a row's ends: a window of width 2r + 1 around each step",
        {
            "input_size": _ENTERS,
            "output_size": _width("width of a step that leaves"),
            "width": Field(int, "steps of a window", 3, least=1, most=255),
        },
        _tree({"kind": "convolution", "name": "windows", "input_size": 5, "output_size": 6}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: int(block["output_size"]),
        tensors=lambda block, known: {
            "weight": (block["output_size"], block["input_size"], block["width"]),
            "bias": (block["output_size"],),
        },
        around=True,
    ),
    "linear": Kind(
        "y = W x + b",
        {
            "input_size": _ENTERS,
            "output_size": _width("width of a step that leaves", most=2**31 - 1),
            "bias": Field(bool, "whether b is there", True),
        },
        _tree({"kind": "linear", "name": "output", "input_size": 5, "output_size": 13}),
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
            {"kind": "gru", "name": "recurrent", "input_size": 5, "hidden_size": 5},
            {"kind": "tied_output", "name": "output", "embedding": "embedding"},
        ),
        takes=_tied_width,
        gives=lambda block, known, width: int(known[block["embedding"]]["vocabulary"]),
        tensors=lambda block, known: {"bias": (known[block["embedding"]]["vocabulary"],)} if block["bias"] else {},
    ),
    "cross_attention": Kind(
        "for each step of one part what it looks for among another's: c_t = Σ_s a_ts·m_s, a_t = softmax_s(score)"
        " (Bahdanau et al., 2015; Luong et al., 2015)",
        {
            "query_size": _width("width of a step that looks, q_t"),
            "memory_size": _width("width of a step that is looked at, m_s"),
            "score": Field(
                str, "general: q·W m_s; additive: v·tanh(W m_s + U q + b)", "general", choices=("general", "additive")
            ),
            "attention_size": Field(int, "width A of an additive score's v", 128, least=1, most=2**20),
        },
        _joined({"kind": "cross_attention", "name": "attention", "query_size": 5, "memory_size": 7}),
        takes=lambda block, known: None,
        gives=lambda block, known, width: int(block["memory_size"]),
        tensors=_cross_attention_tensors,
        joins=True,
    ),
    "shared_output": Kind(
        "logits from the embedding of another part: y = W_embedding h + b",
        {
            "embedding": Field(str, "name of the embedding whose weights are used; unique among all parts"),
            "bias": Field(bool, "whether b is there", True),
        },
        _joined({"kind": "shared_output", "name": "output", "embedding": "embedding"}),
        takes=_tied_width,
        gives=lambda block, known, width: int(known[block["embedding"]]["vocabulary"]),
        tensors=lambda block, known: {"bias": (known[block["embedding"]]["vocabulary"],)} if block["bias"] else {},
        joins=True,
    ),
    "crf": Kind(
        "the labels of a row, judged together: s(y) = a_{y_1} + Σ_t e_t(y_t) + Σ_t W_{y_{t−1} y_t} + b_{y_n}"
        " (Lafferty, McCallum and Pereira, 2001)",
        {"labels": _width("number of labels K", most=2**14)},
        _joined({"kind": "crf", "name": "chain", "labels": 4}),
        takes=lambda block, known: int(block["labels"]),
        gives=lambda block, known, width: width,
        tensors=lambda block, known: {
            "transitions": (block["labels"], block["labels"]),
            "start": (block["labels"],),
            "end": (block["labels"],),
        },
        joins=True,
    ),
}
