"""What a classifier is made of; as a value, so that its size is known without torch.

    text     embedding → dropout → RNN | GRU | LSTM, both ways → pooling → dropout → linear
    series                         RNN | GRU | LSTM, both ways → pooling → dropout → linear

The last state of a network that reads both ways is where each direction ended: the forward one after the last step,
the backward one after the first.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.tasks.classify.settings import ClassifyConfig

HIDDEN = {"char": 192, "byte": 192, "word": 96, "subword": 96, "step": 96}  # units, where nothing is set
DROPPED = {"word": 0.5, "subword": 0.5, "char": 0.1, "byte": 0.1}  # of embedded entries, where nothing is set
UNKNOWN = {"word": 0.1, "subword": 0.1}  # of symbols, likewise


def specification(config: ClassifyConfig, kind: str, inputs: int, labels: int) -> spec.Block:
    """The model's blocks, for `inputs` symbols, or channels where `kind` is step."""
    network = config.model
    text = kind != "step"
    width = network.embedding if text else inputs
    hidden = HIDDEN[kind] if network.hidden is None else network.hidden
    directions = 2 if network.bidirectional else 1
    blocks: list[spec.Block] = []
    if text:
        blocks.append({"kind": "embedding", "name": "embedding", "vocabulary": inputs, "size": width})
        dropped = DROPPED[kind] if network.embedding_dropout is None else network.embedding_dropout
        blocks += _dropout("embedding_dropout", dropped)
    blocks.append(
        {
            "kind": network.cell,
            "name": "recurrent",
            "input_size": width,
            "hidden_size": hidden,
            "num_layers": network.layers,
            "bidirectional": network.bidirectional,
            "dropout": network.dropout if network.layers > 1 else 0.0,
        }
    )
    width = hidden * directions
    if network.pooling == "attention":
        blocks.append(
            {"kind": "attention", "name": "pooling", "input_size": width, "attention_size": network.attention}
        )
    else:
        over = "ends" if network.pooling == "last" and network.bidirectional else network.pooling
        blocks.append({"kind": "pooling", "name": "pooling", "over": over})
    blocks += _dropout("output_dropout", network.output_dropout)
    blocks.append({"kind": "linear", "name": "output", "input_size": width, "output_size": labels})
    return spec.check({"kind": "stack", "name": "model", "input_size": 0 if text else inputs, "blocks": blocks})


def share_unknown(config: ClassifyConfig, kind: str) -> float:
    """How many of a text's symbols are read as unknown in training."""
    share = config.model.unknown
    return UNKNOWN.get(kind, 0.0) if share is None else share


def _dropout(name: str, p: float) -> list[spec.Block]:
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []
