"""What fills a gap is made of; as a value, so that its size is known without torch.

    words     symbols → embedding → dropout                       x_t
    before    x_1 … x_{t−1} → RNN                                 h_{t−1}
    after     x_T … x_{t+1} → RNN, from the end                   g_{t+1}
    both      [h_{t−1}, g_{t+1}] → dropout → linear → the embedding again        logits of w_t, from both sides
    past      h_{t−1} → dropout → linear → the embedding again                   the same, from the past alone

A word's own vector is in neither h_{t−1} nor g_{t+1}, so a whole text is read once and every word of it is a gap.
A bidirectional layer could not be used: from the second layer on, and already in what it gives at t, it has seen the
word itself.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.tasks.fill.settings import FillConfig, Network

WORD = "word"  # the embedding
OF_GAPS = ("both", "past", "both_output", "past_output")  # parts whose rows are gaps


def specification(config: FillConfig, vocabulary: int) -> spec.Block:
    """The model's parts, for a vocabulary of that many symbols."""
    network = config.model
    width, hidden = network.embedding, network.hidden
    embedding = {"kind": "embedding", "name": WORD, "vocabulary": vocabulary, "size": width}
    parts: list[spec.Block] = [
        _stack("words", 0, embedding, *_dropout("word_dropout", network.embedding_dropout)),
        _stack("before", width, _recurrent(network, "forwards")),
        _stack("after", width, _recurrent(network, "backwards")),
    ]
    for name, wide in (("both", 2 * hidden), ("past", hidden)):
        narrow = {"kind": "linear", "name": f"narrow_{name}", "input_size": wide, "output_size": width}
        parts.append(_stack(name, wide, *_dropout(f"{name}_dropout", network.output_dropout), narrow))
        parts.append({"kind": "shared_output", "name": f"{name}_output", "embedding": WORD})
    return spec.check({"kind": "parts", "name": "model", "parts": parts})


def _stack(name: str, inputs: int, *blocks: spec.Block) -> spec.Block:
    return {"kind": "stack", "name": name, "input_size": inputs, "blocks": list(blocks)}


def _recurrent(network: Network, name: str) -> spec.Block:
    return {
        "kind": network.cell,
        "name": name,
        "input_size": network.embedding,
        "hidden_size": network.hidden,
        "num_layers": network.layers,
        "dropout": network.dropout if network.layers > 1 else 0.0,
    }


def _dropout(name: str, p: float) -> list[spec.Block]:
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []
