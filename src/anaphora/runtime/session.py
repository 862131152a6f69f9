"""A session: a model and the state of one sequence.

    session.feed(ids (n,)) -> logits (n, V)      the same bits as one call, for any cuts of the sequence
    session.state -> bytes                       the state as a value; ``model.session(state=blob)`` continues from it
    session.fork() -> Session                    a second continuation of the same past

A feed is atomic: the state changes only when all scores are computed, so a feed that raises leaves it unchanged.
"""

from __future__ import annotations

from typing import Protocol

from numpy.typing import ArrayLike

from anaphora.arguments.accept import BYTES, check
from anaphora.runtime.pointwise import Floats
from anaphora.runtime.state import State, pack, unpack


class StatefulModel(Protocol):
    """The interface of a model that a session needs."""

    @property
    def layout(self) -> tuple[tuple[int, int], ...]:
        """(layers·D, width) of each part of a state, in order."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the architecture and of every weight."""

    def check_steps(self) -> None:
        """Raise UsageError if a block of the model needs whole rows."""

    def initial(self, B: int = 1) -> State:
        """Return the initial state of B rows."""

    def feed(self, state: State, inputs: ArrayLike) -> tuple[Floats, State]:
        """Return the output (n, V) of each of n steps of one row, and the final state; `inputs` are ids (n,) or vectors
        (n, I).
        """


class Session:
    """One live sequence; it is cheap, and independent of the other sessions of its model."""

    def __init__(self, model: StatefulModel, state: bytes | None = None) -> None:
        """Start a sequence, or continue from `state`.

        Raises UsageError if a block of the model needs whole rows, DataError if the bytes are damaged or are no state,
        IncompatibleBundle if they belong to another model, hold the state of a stream, or come from a newer version.
        """
        if state is not None:
            check("state", state, BYTES)
        model.check_steps()
        self.model = model
        self._state = model.initial() if state is None else unpack(state, model.digest, model.layout)

    def feed(self, inputs: ArrayLike) -> Floats:
        """Read n more steps, ids (n,) or vectors (n, I), and return the output (n, V) of each; n may be 0.

        Raises DataError if an id is no symbol of the model; then the state is unchanged.
        """
        y, after = self.model.feed(self._state, inputs)
        self._state = after
        return y

    @property
    def state(self) -> bytes:
        """The state as bytes, which only a model with the same architecture and weights accepts."""
        return pack(self._state, self.model.digest)

    @property
    def memory(self) -> State:
        """The state as the model's own tuple of arrays, for ``model.step``; do not change the arrays."""
        return self._state

    def fork(self) -> Session:
        """Return a second session with the same state, independent of this one."""
        other = Session(self.model)
        other._state = self._state
        return other
