"""The architecture of a gap filler, as a value, so that its size is known without torch.

    words     symbols → embedding → dropout                       x_t
    before    x_1 … x_{t−1} → RNN                                 h_{t−1}
    after     x_T … x_{t+1} → RNN, from the end                   g_{t+1}
    both      [h_{t−1}, g_{t+1}] → dropout → linear → the embedding again        logits of w_t, from both sides
    past      h_{t−1} → dropout → linear → the embedding again                   the same, from left to right

A word's own vector is in neither h_{t−1} nor g_{t+1}, so a whole text is read once and every word of it is a gap.
A bidirectional layer could not be used: from the second layer on, and already in what it gives at t, it has seen the
word itself.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.bundle.blocks import dropout, embedding, linear, recurrent, stack
from anaphora.tasks.fill.settings import FillConfig

SIDES = ("both", "past")
WORD = "word"  # the embedding
OF_GAPS = ("both", "past", "both_output", "past_output")  # parts whose rows are gaps


def specification(config: FillConfig, vocabulary: int) -> spec.Block:
    """Return the model's parts, for a vocabulary of that size."""
    network = config.model
    width, hidden = network.embedding, network.hidden
    dropped = dropout("word_dropout", network.embedding_dropout)
    parts = [stack("words", [embedding(WORD, vocabulary, width), *dropped])]
    for name, block in (("before", "forwards"), ("after", "backwards")):
        layers = recurrent(network.cell, block, width, hidden, network.layers, network.dropout)
        parts.append(stack(name, [layers], input_size=width))
    for name, wide in (("both", 2 * hidden), ("past", hidden)):
        dropped = dropout(f"{name}_dropout", network.output_dropout)
        parts.append(stack(name, [*dropped, linear(f"narrow_{name}", wide, width)], input_size=wide))
        parts.append({"kind": "shared_output", "name": f"{name}_output", "embedding": WORD})
    return spec.check({"kind": "parts", "name": "model", "parts": parts})
