"""A session: a model, and what it remembers so far.

    session.feed(ids (n,)) -> logits (n, V)      the same bits as one call, whatever the cuts
    session.state -> bytes                       the memory as a value; ``model.session(state=blob)`` goes on from it
    session.fork() -> Session                    two futures of one past

A feed is atomic: the session moves on only when all its scores exist, so one that raises leaves it where it was.
"""

from __future__ import annotations

from typing import Protocol

from numpy.typing import ArrayLike

from anaphora.runtime.pointwise import Floats
from anaphora.runtime.state import State, pack, unpack


class Stateful(Protocol):
    """A model, as far as a session goes on with one."""

    @property
    def layout(self) -> tuple[tuple[int, int], ...]:
        """(layers·D, width) of each part of a state, in order."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the architecture and of every weight."""

    def check_steps(self) -> None:
        """Raise UsageError when a block of the model needs whole rows."""

    def initial(self, B: int = 1) -> State:
        """The state before the first step of B rows."""

    def feed(self, state: State, inputs: ArrayLike) -> tuple[Floats, State]:
        """Return what leaves (n, V) after each of n steps of one row, and the state after the last."""


class Session:
    """One live sequence; cheap, and independent of all others of its model."""

    def __init__(self, model: Stateful, state: bytes | None = None) -> None:
        """Begin, or go on from ``state``.

        Raises UsageError when a block of the model needs whole rows, DataError when the bytes are damaged or no state
        at all, IncompatibleBundle when they belong to another model or come from a newer version.
        """
        model.check_steps()
        self.model = model
        self._state = model.initial() if state is None else unpack(state, model.digest, model.layout)

    def feed(self, inputs: ArrayLike) -> Floats:
        """Read n more steps, ids (n,) or vectors (n, I), and return what leaves (n, V) after each; n may be 0.

        Raises DataError when an id is no symbol of the model; then nothing was read.
        """
        y, after = self.model.feed(self._state, inputs)
        self._state = after
        return y

    @property
    def state(self) -> bytes:
        """What the session remembers, as bytes that only this model's architecture and weights accept."""
        return pack(self._state, self.model.digest)

    @property
    def memory(self) -> State:
        """The state as the model's own tuple of arrays, for ``model.step``; leave the arrays as they are."""
        return self._state

    def fork(self) -> Session:
        """Return a second session that remembers the same and goes its own way."""
        other = Session(self.model)
        other._state = self._state
        return other
