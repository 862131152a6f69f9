"""What a recurrent language model is made of; as a value, so that its size is known without torch.

    embedding → dropout → RNN | GRU | LSTM × layers → dropout → linear
    or with tied weights        … → dropout (→ linear to the embedding's width) → the embedding again

Dropout that is zero is left out.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.tasks.language.settings import LanguageConfig


def specification(config: LanguageConfig, vocabulary: int) -> spec.Block:
    """The model's blocks, for a vocabulary of that many symbols."""
    network = config.model
    blocks: list[spec.Block] = [
        {"kind": "embedding", "name": "embedding", "vocabulary": vocabulary, "size": network.embedding}
    ]
    if network.embedding_dropout > 0:
        blocks.append({"kind": "dropout", "name": "embedding_dropout", "p": network.embedding_dropout})
    blocks.append(
        {
            "kind": network.cell,
            "name": "recurrent",
            "input_size": network.embedding,
            "hidden_size": network.hidden,
            "num_layers": network.layers,
            "dropout": network.dropout if network.layers > 1 else 0.0,
        }
    )
    if network.output_dropout > 0:
        blocks.append({"kind": "dropout", "name": "output_dropout", "p": network.output_dropout})
    width = network.hidden
    if network.tied and width != network.embedding:
        blocks.append(
            {
                "kind": "linear",
                "name": "projection",
                "input_size": width,
                "output_size": network.embedding,
                "bias": False,
            }
        )
    if network.tied:
        blocks.append({"kind": "tied_output", "name": "output", "embedding": "embedding"})
    else:
        blocks.append({"kind": "linear", "name": "output", "input_size": width, "output_size": vocabulary})
    return spec.check({"kind": "stack", "name": "model", "blocks": blocks})
