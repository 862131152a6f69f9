"""The architecture of a recurrent language model, as a value, so that its size is known without torch.

    embedding → dropout → RNN | GRU | LSTM × layers → dropout → linear
    or with tied weights        … → dropout (→ linear to the embedding's width) → the embedding again

Dropout that is zero is left out.
"""

from __future__ import annotations

from anaphora.bundle import blocks, spec
from anaphora.tasks.language.settings import LanguageConfig


def specification(config: LanguageConfig, vocabulary: int) -> spec.Block:
    """Return the model's blocks, for a vocabulary of that size."""
    network = config.model
    width, size = network.hidden, network.embedding
    tree = [
        {"kind": "embedding", "name": "embedding", "vocabulary": vocabulary, "size": size},
        *blocks.dropout("embedding_dropout", network.embedding_dropout),
        blocks.recurrent(network.cell, "recurrent", size, width, network.layers, network.dropout),
        *blocks.dropout("output_dropout", network.output_dropout),
    ]
    if network.tied and width != size:
        tree.append({"kind": "linear", "name": "projection", "input_size": width, "output_size": size, "bias": False})
    if network.tied:
        tree.append({"kind": "tied_output", "name": "output", "embedding": "embedding"})
    else:
        tree.append({"kind": "linear", "name": "output", "input_size": width, "output_size": vocabulary})
    return spec.check(blocks.stack("model", tree))
