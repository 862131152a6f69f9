"""The architecture of a classifier, as a value, so that its size is known without torch.

    text     embedding → dropout → RNN | GRU | LSTM, both ways → pooling → dropout → linear
    series                         RNN | GRU | LSTM, both ways → pooling → dropout → linear

The last state of a network that reads both ways is where each direction ended: the forward one after the last step,
the backward one after the first.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.bundle.blocks import dropout, embedding, linear, pooling, recurrent, stack
from anaphora.tasks.classify.settings import ClassifyConfig
from anaphora.training.defaults import BatchDefaults

HIDDEN = {"char": 192, "byte": 192, "word": 96, "subword": 96, "step": 96}  # units, where nothing is set
DROPPED = {"word": 0.5, "subword": 0.5, "char": 0.1, "byte": 0.1}  # of embedded entries, where nothing is set
BATCH_DEFAULTS = BatchDefaults(
    steps=1000, share=1 / 30, fewest=16, most=128, epochs=40.0, size=100_000, least_epochs=0.0, most_epochs=200.0
)
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
        dropped = DROPPED[kind] if network.embedding_dropout is None else network.embedding_dropout
        blocks += [embedding("embedding", inputs, width), *dropout("embedding_dropout", dropped)]
    both_ways = network.bidirectional
    blocks.append(
        recurrent(network.cell, "recurrent", width, hidden, network.layers, network.dropout, bidirectional=both_ways)
    )
    width = hidden * directions
    if network.pooling == "attention":
        blocks.append(
            {"kind": "attention", "name": "pooling", "input_size": width, "attention_size": network.attention}
        )
    else:
        blocks.append(pooling("pooling", "ends" if network.pooling == "last" and both_ways else network.pooling))
    blocks += [*dropout("output_dropout", network.output_dropout), linear("output", width, labels)]
    return spec.check(stack("model", blocks, input_size=0 if text else inputs))


def share_unknown(config: ClassifyConfig, kind: str) -> float:
    """Return the share of a text's symbols that training reads as unknown."""
    share = config.model.unk_dropout
    return UNKNOWN.get(kind, 0.0) if share is None else share
