"""The parts of a translator joined on the runtime: sources read, then one target symbol after another.

state of a row  =  states of decoder and writer, summed attention to each source symbol, and the number of its source

The results of a row are the same bits for any other rows of its batch. `anaphora.tasks.translate.network` describes the
parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.bundle import Bundle
from anaphora.data.batches import Ragged
from anaphora.runtime import Model, parts
from anaphora.runtime.cross_attention import Memory

Floats = NDArray[np.float32]
_LEAST = 1e-9  # attention of a source symbol, so that its logarithm is finite


class State(NamedTuple):
    """The state of rows during decoding."""

    decoder: tuple[Floats, ...]  # (1, n, H)
    writer: tuple[Floats, ...]
    rows: NDArray[np.int64]  # (n,) which source each belongs to
    attended: tuple[Floats, ...]  # n times (S,): Σ_t a_ts; empty without coverage

    def take(self, rows: NDArray[np.int64], /) -> State:
        """Return the state of the rows with numbers (m,), in this order."""
        decoder, writer = (tuple(part[:, rows] for part in side) for side in (self.decoder, self.writer))
        return State(
            decoder, writer, self.rows[rows], tuple(self.attended[row] for row in rows) if self.attended else ()
        )

    @property
    def coverage(self) -> NDArray[np.float64]:
        """(n,) Σ_s ln min(1, Σ_t a_ts): 0 where every source symbol was attended to (Wu et al., 2016)."""
        return np.array([np.log(np.clip(each.astype(np.float64), _LEAST, 1.0)).sum() for each in self.attended])


class EncoderDecoder:
    """A translator's network."""

    def __init__(self, model: Bundle | Model) -> None:
        """Raises IncompatibleBundle if this version cannot run a part, or a tensor is missing."""
        found = parts(model)
        self.encoder, self.bridge, self.decoder = found["encoder"], found["bridge"], found["decoder"]
        self.attention, self.writer, self.readout = found["attention"], found["writer"], found["readout"]
        output: Any = found["output"]
        self.output: Any = output.blocks[0].run if isinstance(output, Model) else output

    def read(self, sources: Sequence[NDArray[np.int32]], coverage: bool = False) -> Decoder:
        """Read sources, each (S,); with `coverage` their states also sum the attention to each source symbol."""
        rows = Ragged.of(sources, np.zeros(0, np.int32))
        lengths = rows.lengths.tolist()
        memory, _ = self.encoder.forward(rows.padded(), rows.lengths)
        first, _ = self.bridge.forward(memory, rows.lengths)
        memories = self.attention.memory([memory[:length, row] for row, length in enumerate(lengths)])
        state = State(
            (first[None], *self.decoder.initial(len(sources))[1:]),
            self.writer.initial(len(sources)),
            np.arange(len(sources)),
            tuple(np.zeros(length, np.float32) for length in lengths) if coverage else (),
        )
        return Decoder(self, memories, state)

    def weights(self, source: NDArray[np.int32], target: NDArray[np.int64]) -> Floats:
        """Return the attention (T, S) to a source (S,) for its ended target (T,)."""
        decoder = self.read([source])
        state, found = decoder.state, []
        for token in np.roll(target, 1).tolist():
            _, state, weights = decoder.attend(state, np.array([token]))
            found.append(weights[0])
        return np.stack(found)


class Decoder:
    """Sources that were read, and the function that writes one more symbol for each."""

    def __init__(self, network: EncoderDecoder, memories: Sequence[Memory], state: State) -> None:
        self.network, self.memories, self.state = network, memories, state

    def step(self, state: State, tokens: NDArray[np.int64]) -> tuple[Floats, State]:
        """Return the scores of the next symbols (n, V) after tokens (n,), and the state after the tokens."""
        logits, after, _ = self.attend(state, tokens)
        return logits, after

    def attend(self, state: State, tokens: NDArray[np.int64]) -> tuple[Floats, State, list[Floats]]:
        """Return the same, and the attention of each row to its source, n times (S,)."""
        network = self.network
        queries, decoder = network.decoder.forward(tokens[None], state=state.decoder)
        found, weights = network.attention.look(queries[0], self.memories, state.rows)
        above, writer = network.writer.forward(np.concatenate([queries[0], found], axis=1)[None], state=state.writer)
        read, _ = network.readout.forward(np.concatenate([above[0], found], axis=1)[None])
        attended = ()
        if state.attended:
            attended = tuple(before + now for before, now in zip(state.attended, weights, strict=True))
        return network.output.of(read[0]), State(decoder, writer, state.rows, attended), weights
