"""What a tagger is made of; as a value, so that its size is known without torch.

    words      word → embedding                                                        (N, E)
    letters    letters of each different word → embedding → dropout
               → RNN both ways → where each way ended, or windows → largest entries    (U, 2·L)
    sentence   [word, its letters] → dropout → RNN both ways → dropout → linear        (N, K)
    chain      the K scores of all words → one probability for all tags together (Lample et al., NAACL 2016)

Letters let a word that training never met be told by its beginning, its end and its shape; each different word of a
batch is read once.
"""

from __future__ import annotations

from typing import Any

from anaphora.bundle import spec
from anaphora.tasks.tag.settings import TagConfig

WORDS, LETTERS, SENTENCE, CHAIN = "words", "letters", "sentence", "chain"
_WINDOW = 3
_LETTER_DROPOUT = 0.1


def specification(config: TagConfig, words: int, letters: int, tags: int) -> spec.Block:
    """The model's parts, for so many words, letters and tags, unknown ones among them."""
    network = config.model
    parts = [_stack(WORDS, 0, _embedding("word", words, network.embedding))]
    width = network.embedding
    if network.letters != "none":
        inside, leaving = _letters(config)
        parts.append(_stack(LETTERS, 0, _embedding("letter", letters, network.letter_embedding), *inside))
        width += leaving
    reading: dict[str, Any] = {
        "kind": network.cell,
        "name": "both_ways",
        "input_size": width,
        "hidden_size": network.hidden,
        "num_layers": network.layers,
        "bidirectional": True,
        "dropout": network.dropout if network.layers > 1 else 0.0,
    }
    parts.append(
        _stack(
            SENTENCE,
            width,
            *_dropout("embedding_dropout", network.embedding_dropout),
            reading,
            *_dropout("output_dropout", network.output_dropout),
            {"kind": "linear", "name": "output", "input_size": 2 * network.hidden, "output_size": tags},
        )
    )
    if network.crf:
        parts.append({"kind": "crf", "name": CHAIN, "labels": tags})
    return spec.check({"kind": "parts", "name": "model", "parts": parts})


def _letters(config: TagConfig) -> tuple[list[spec.Block], int]:
    """The blocks that read letters' vectors, and the width they leave."""
    network = config.model
    width, hidden = network.letter_embedding, network.letter_hidden
    dropped = _dropout("letter_dropout", _LETTER_DROPOUT if network.embedding_dropout > 0 else 0.0)
    if network.letters == "convolution":
        windows = {"kind": "convolution", "name": "windows", "input_size": width, "output_size": 2 * hidden}
        largest = {"kind": "pooling", "name": "largest", "over": "max"}
        return [*dropped, {**windows, "width": _WINDOW}, largest], 2 * hidden
    spelling = {"kind": network.cell, "name": "spelling", "input_size": width, "hidden_size": hidden}
    ends = {"kind": "pooling", "name": "ends", "over": "ends"}
    return [*dropped, {**spelling, "bidirectional": True}, ends], 2 * hidden


def _stack(name: str, inputs: int, *blocks: spec.Block) -> spec.Block:
    return {"kind": "stack", "name": name, "input_size": inputs, "blocks": list(blocks)}


def _embedding(name: str, symbols: int, size: int) -> spec.Block:
    return {"kind": "embedding", "name": name, "vocabulary": symbols, "size": size}


def _dropout(name: str, p: float) -> list[spec.Block]:
    return [{"kind": "dropout", "name": name, "p": p}] if p > 0 else []
