"""The architecture of a tagger, as a value, so that its size is known without torch.

    words       word → embedding                                                           (N, E)
    characters  characters of each different word → embedding → dropout
                → RNN both ways → where each way ended, or windows → largest entries       (U, 2·L)
    sentence    [word, its characters] → dropout → RNN, both ways or one → dropout → linear (N, K)
    chain       the K scores of all words → one probability for all tags together (Lample et al., NAACL 2016)

Characters show the beginning, the end and the shape of an unknown word; each different word of a batch is read once.
"""

from __future__ import annotations

import math

from anaphora.bundle import spec
from anaphora.bundle.blocks import dropout, embedding, linear, pooling, recurrent, stack
from anaphora.tasks.tag.settings import Network, TagConfig
from anaphora.training.defaults import BatchDefaults

WORDS, CHARACTERS, SENTENCE, CHAIN = "words", "letters", "sentence", "chain"  # names of the parts
BATCH_DEFAULTS = BatchDefaults(
    steps=500, share=math.inf, fewest=8, most=64, epochs=15.0, size=200_000, least_epochs=4.0, most_epochs=60.0
)
_WINDOW = 3
_CHARACTER_DROPOUT = 0.1


def specification(config: TagConfig, words: int, characters: int, tags: int) -> spec.Block:
    """The model's parts, for so many words, characters and tags, unknown ones among them."""
    network, hidden, both_ways = config.model, config.model.hidden, config.model.bidirectional
    parts = [stack(WORDS, [embedding("word", words, network.embedding)])]
    width = network.embedding
    if network.characters != "none":
        parts.append(_characters(network, characters))
        width += 2 * network.character_hidden
    sentence = [
        *dropout("embedding_dropout", network.embedding_dropout),
        recurrent(
            network.cell, layer_of(network), width, hidden, network.layers, network.dropout, bidirectional=both_ways
        ),
        *dropout("output_dropout", network.output_dropout),
        linear("output", (1 + both_ways) * hidden, tags),
    ]
    parts.append(stack(SENTENCE, sentence, input_size=width))
    if network.crf:
        parts.append({"kind": "crf", "name": CHAIN, "labels": tags})
    return spec.check({"kind": "parts", "name": "model", "parts": parts})


def layer_of(network: Network) -> str:
    """Return the name of the recurrent layers over the sentence."""
    return "both_ways" if network.bidirectional else "left_to_right"


def _characters(network: Network, characters: int) -> spec.Block:
    """The part that reads a word's characters."""
    width, hidden = network.character_embedding, network.character_hidden
    dropped = dropout("letter_dropout", _CHARACTER_DROPOUT if network.embedding_dropout > 0 else 0.0)
    if network.characters == "convolution":
        windows = {**linear("windows", width, 2 * hidden), "kind": "convolution", "width": _WINDOW}
        reading = [windows, pooling("largest", "max")]
    else:
        reading = [recurrent(network.cell, "spelling", width, hidden, 1, bidirectional=True), pooling("ends", "ends")]
    return stack(CHARACTERS, [embedding("letter", characters, width), *dropped, *reading])
