"""The kinds of blocks of a model, each declared once.

    kind -> its fields, the tensors it owns, the state it carries, the widths of its input and output

`anaphora.bundle.spec` checks trees of such blocks. `anaphora.nn.build` and `anaphora.runtime.build` each have a table
kind -> builder with the same names. A kind is a word from this table, never a path to code.

Most kinds act on each step by itself, a convolution acts on neighbouring steps, the recurrent kinds pass through the
steps of a row, and two kinds pool: they return one vector per row instead of one per step. No kind is a softmax,
because a loss takes logits (log Σ exp is exact, log(softmax) is not). `anaphora.decode.log_probabilities` turns logits
into log-probabilities, and `attention` applies its own softmax over the steps of a row.
"""

from __future__ import annotations

from anaphora.bundle.kind import (
    IDS,
    INPUT_WIDTH,
    Block,
    Field,
    Kind,
    Known,
    Shape,
    example_parts,
    example_tree,
    probability_field,
    width_field,
)
from anaphora.bundle.recurrent_kinds import RECURRENT_KINDS
from anaphora.errors import IncompatibleBundle, did_you_mean

_LAST = {"kind": "linear", "name": "output", "input_size": 5, "output_size": 3}


def _tied_width(block: Block, known: Known) -> int:
    """Return the width of the embedding whose weights are used again; raise IncompatibleBundle if it does not exist."""
    table = known.get(block["embedding"])
    if table is None or table["kind"] != "embedding":
        tables = [name for name, other in known.items() if other["kind"] == "embedding"]
        raise IncompatibleBundle(
            f"Block '{block['name']}' ties its weights to an embedding '{block['embedding']}', but the embeddings"
            " before it are:"
            f" {', '.join(tables) or 'none'}.{did_you_mean(block['embedding'], tables)}"
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
            "vocabulary": width_field("number of symbols V", most=2**31 - 1),
            "size": width_field("width of a symbol's vector"),
        },
        example_tree(),
        takes=lambda block, known: IDS,
        gives=lambda block, known, width: int(block["size"]),
        tensors=lambda block, known: {"weight": (block["vocabulary"], block["size"])},
    ),
    "dropout": Kind(
        "in training each entry is zero with probability p, else divided by 1 − p; otherwise nothing happens",
        {"p": probability_field("probability that an entry is dropped", 0.5)},
        example_tree({"kind": "dropout", "name": "dropout", "p": 0.25}),
        takes=lambda block, known: None,
        gives=lambda block, known, width: width,
    ),
    "layer_norm": Kind(
        "y = g·(x − mean x)/√(var x + 1e-5) + b over the entries of one step",
        {"input_size": INPUT_WIDTH, "bias": Field(bool, "whether the block adds a bias b", True)},
        example_tree({"kind": "layer_norm", "name": "norm", "input_size": 5}),
        takes=lambda block, known: int(block["input_size"]),
        gives=lambda block, known, width: width,
        tensors=lambda block, known: {
            "weight": (block["input_size"],),
            **({"bias": (block["input_size"],)} if block["bias"] else {}),
        },
    ),
    **RECURRENT_KINDS,
    "pooling": Kind(
        "one vector per row: the last step, the mean or the maximum of each entry over all steps, or both ends (the"
        " first half of the last step and the second half of the first step, where the two directions end); zeros for a"
        " row without steps",
        {"over": Field(str, "the vector that the block returns", choices=("last", "mean", "max", "ends"))},
        example_tree({"kind": "pooling", "name": "pooling", "over": "mean"}, _LAST),
        takes=lambda block, known: None,
        gives=lambda block, known, width: width,
        pools=True,
    ),
    "attention": Kind(
        "one vector per row: Σ_t a_t·x_t, a = softmax_t(q·tanh(W x_t + b)); zeros without steps (Yang et al., 2016)",
        {"input_size": INPUT_WIDTH, "attention_size": width_field("width A of the learned query q")},
        example_tree({"kind": "attention", "name": "attention", "input_size": 5, "attention_size": 4}, _LAST),
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
            "input_size": INPUT_WIDTH,
            "output_size": width_field("width of an output step"),
            "width": Field(int, "steps of a window", 3, least=1, most=255),
        },
        example_tree({"kind": "convolution", "name": "windows", "input_size": 5, "output_size": 6}),
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
            "input_size": INPUT_WIDTH,
            "output_size": width_field("width of an output step", most=2**31 - 1),
            "bias": Field(bool, "whether the block adds a bias b", True),
        },
        example_tree({"kind": "linear", "name": "output", "input_size": 5, "output_size": 13}),
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
            "bias": Field(bool, "whether the block adds a bias b", True),
        },
        example_tree(
            {"kind": "gru", "name": "recurrent", "input_size": 5, "hidden_size": 5},
            {"kind": "tied_output", "name": "output", "embedding": "embedding"},
        ),
        takes=_tied_width,
        gives=lambda block, known, width: int(known[block["embedding"]]["vocabulary"]),
        tensors=lambda block, known: {"bias": (known[block["embedding"]]["vocabulary"],)} if block["bias"] else {},
    ),
    "cross_attention": Kind(
        "for each query q_t, a step of one part, a mean of the memory steps m_s of another part: c_t = Σ_s a_ts·m_s,"
        " a_t = softmax_s(score) (Bahdanau et al., 2015; Luong et al., 2015)",
        {
            "query_size": width_field("width of a query q_t"),
            "memory_size": width_field("width of a memory step m_s"),
            "score": Field(
                str, "general: q·W m_s; additive: v·tanh(W m_s + U q + b)", "general", choices=("general", "additive")
            ),
            "attention_size": Field(int, "width A of an additive score's v", 128, least=1, most=2**20),
        },
        example_parts({"kind": "cross_attention", "name": "attention", "query_size": 5, "memory_size": 7}),
        takes=lambda block, known: None,
        gives=lambda block, known, width: int(block["memory_size"]),
        tensors=_cross_attention_tensors,
        joins=True,
    ),
    "shared_output": Kind(
        "logits from the embedding of another part: y = W_embedding h + b",
        {
            "embedding": Field(str, "name of the embedding whose weights are used; unique among all parts"),
            "bias": Field(bool, "whether the block adds a bias b", True),
        },
        example_parts({"kind": "shared_output", "name": "output", "embedding": "embedding"}),
        takes=_tied_width,
        gives=lambda block, known, width: int(known[block["embedding"]]["vocabulary"]),
        tensors=lambda block, known: {"bias": (known[block["embedding"]]["vocabulary"],)} if block["bias"] else {},
        joins=True,
    ),
    "crf": Kind(
        "the labels of a row, judged together: s(y) = a_{y_1} + Σ_t e_t(y_t) + Σ_t W_{y_{t−1} y_t} + b_{y_n}"
        " (Lafferty, McCallum and Pereira, 2001)",
        {"labels": width_field("number of labels K", most=2**14)},
        example_parts({"kind": "crf", "name": "chain", "labels": 4}),
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
