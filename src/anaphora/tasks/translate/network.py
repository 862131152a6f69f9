"""The architecture of a translator, as a value, so that its size is known without torch.

    encoder     source → embedding → dropout → RNN both ways → dropout              m_s
    bridge      mean of m_s → linear                                                the decoder's first state
    decoder     target so far → embedding → dropout → RNN                           q_t
    attention   q_t against m_s                                                     c_t
    writer      [q_t, c_t] → dropout → RNN                                          h_t
    readout     [h_t, c_t] → dropout → linear                                       as wide as an embedding
    output      the decoder's embedding, or a table of its own                      logits

In training all target symbols are known, so each recurrent layer is one walk over all steps, and so is the attention
between them: what it finds feeds the layer above, as in Wu et al. (arXiv:1609.08144), not the one below, as in Bahdanau
et al. (ICLR 2015), where every step would have to wait for the one before.
"""

from __future__ import annotations

from anaphora.bundle import spec
from anaphora.bundle.blocks import dropout, embedding, linear, pooling, recurrent, stack
from anaphora.tasks.translate.settings import TranslateConfig


def specification(config: TranslateConfig, sources: int, targets: int) -> spec.Block:
    """The model's parts, for so many symbols on each side, their ends among them."""
    network = config.model
    cell, width, hidden, layers = network.cell, network.embedding, network.hidden, network.layers
    memory, found = 2 * hidden, 3 * hidden
    encoder = [
        embedding("source", sources, width),
        *dropout("source_dropout", network.embedding_dropout),
        recurrent(cell, "both_ways", width, hidden, layers, network.dropout, bidirectional=True),
        *dropout("memory_dropout", network.dropout),
    ]
    bridge = [pooling("mean", "mean"), linear("first_state", memory, hidden)]
    decoder = [
        embedding("target", targets, width),
        *dropout("target_dropout", network.embedding_dropout),
        recurrent(cell, "so_far", width, hidden, 1),
    ]
    attention: spec.Block = {
        "kind": "cross_attention",
        "name": "attention",
        "query_size": hidden,
        "memory_size": memory,
        "score": network.attention,
        "attention_size": network.attention_size,
    }
    writer = [*dropout("found_dropout", network.dropout), recurrent(cell, "next", found, hidden, 1)]
    readout = [*dropout("output_dropout", network.output_dropout), linear("narrow", found, width)]
    tied: spec.Block = {"kind": "shared_output", "name": "output", "embedding": "target"}
    table = stack("output", [linear("table", width, targets)], input_size=width)
    parts = [
        stack("encoder", encoder, input_size=0),
        stack("bridge", bridge, input_size=memory),
        stack("decoder", decoder, input_size=0),
        attention,
        stack("writer", writer, input_size=found),
        stack("readout", readout, input_size=found),
        tied if network.tied else table,
    ]
    return spec.check({"kind": "parts", "name": "model", "parts": parts})
