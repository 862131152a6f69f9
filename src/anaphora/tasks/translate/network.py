"""What a translator is made of; as a value, so that its size is known without torch.

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

from typing import Any

from anaphora.bundle import spec
from anaphora.tasks.translate.settings import TranslateConfig

READS, WRITES = "source", "target"  # the embeddings


def specification(config: TranslateConfig, sources: int, targets: int) -> spec.Block:
    """The model's parts, for so many symbols on each side, their ends among them."""
    network = config.model
    width, hidden = network.embedding, network.hidden
    memory = 2 * hidden
    both: dict[str, Any] = {
        "num_layers": network.layers,
        "bidirectional": True,
        "dropout": network.dropout if network.layers > 1 else 0.0,
    }
    parts: list[spec.Block] = [
        _stack(
            "encoder",
            0,
            {"kind": "embedding", "name": READS, "vocabulary": sources, "size": width},
            *_dropout("source_dropout", network.embedding_dropout),
            _recurrent(network.cell, "both_ways", width, hidden, **both),
            *_dropout("memory_dropout", network.dropout),
        ),
        _stack(
            "bridge",
            memory,
            {"kind": "pooling", "name": "mean", "over": "mean"},
            {"kind": "linear", "name": "first_state", "input_size": memory, "output_size": hidden},
        ),
        _stack(
            "decoder",
            0,
            {"kind": "embedding", "name": WRITES, "vocabulary": targets, "size": width},
            *_dropout("target_dropout", network.embedding_dropout),
            _recurrent(network.cell, "so_far", width, hidden),
        ),
        {
            "kind": "cross_attention",
            "name": "attention",
            "query_size": hidden,
            "memory_size": memory,
            "score": network.attention,
            "attention_size": network.attention_size,
        },
        _stack(
            "writer",
            hidden + memory,
            *_dropout("found_dropout", network.dropout),
            _recurrent(network.cell, "next", hidden + memory, hidden),
        ),
        _stack(
            "readout",
            hidden + memory,
            *_dropout("output_dropout", network.output_dropout),
            {"kind": "linear", "name": "narrow", "input_size": hidden + memory, "output_size": width},
        ),
    ]
    if network.tied:
        parts.append({"kind": "shared_output", "name": "output", "embedding": WRITES})
    else:
        table: spec.Block = {"kind": "linear", "name": "table", "input_size": width, "output_size": targets}
        parts.append(_stack("output", width, table))
    return spec.check({"kind": "parts", "name": "model", "parts": parts})


def _stack(name: str, inputs: int, *blocks: spec.Block) -> spec.Block:
    return {"kind": "stack", "name": name, "input_size": inputs, "blocks": list(blocks)}


def _recurrent(cell: str, name: str, inputs: int, hidden: int, **more: Any) -> spec.Block:
    return {"kind": cell, "name": name, "input_size": inputs, "hidden_size": hidden, **more}


def _dropout(name: str, p: float) -> list[spec.Block]:
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []
