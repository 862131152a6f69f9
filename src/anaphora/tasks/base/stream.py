"""Input in pieces, with answers as soon as they are certain and the state as a value: any cut equals the whole.

stream = model.open_stream()         or   model.open_stream(state), to go on
stream.feed(chunk) → answers         the answers that are certain by now
stream.finish() → answers            the answers that waited for more input
stream.state → bytes                 version 2 of `anaphora.runtime.state`: named parts of any type
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import DataError
from anaphora.runtime.state import Parts, pack_parts, unpack_parts
from anaphora.tasks.base.never_pickled import NeverPickled

Chunk = TypeVar("Chunk")
Answers = TypeVar("Answers")


class Digested(Protocol):
    """A model with a digest of its architecture and weights."""

    @property
    def digest(self) -> bytes:
        """SHA-256 (32 bytes)."""


class Stream(NeverPickled, ABC, Generic[Chunk, Answers]):
    """One live sequence of a task, independent of all other streams of its model."""

    kept_by = "Keep stream.state and continue with model.open_stream(state), or copy it with stream.fork()."

    def __init__(self, model: Digested, state: bytes | None = None) -> None:
        """Begin a stream, or continue from the state of another stream.

        Raises DataError if the bytes are damaged or not a state, IncompatibleBundle if they belong to another model or
        come from another version.
        """
        self._digest = model.digest
        if state is None:
            self.begin()
            return
        parts = unpack_parts(state, self._digest)
        try:
            self.restore(parts)
        except KeyError as error:
            raise DataError(f"This state lacks its part {error}: it belongs to another kind of stream.") from error

    @abstractmethod
    def begin(self) -> None:
        """Forget all input."""

    @abstractmethod
    def feed(self, chunk: Chunk) -> Answers:
        """Read input, and return the answers that no later input can change; a call that raises has read nothing."""

    @abstractmethod
    def finish(self) -> Answers:
        """Return the answers that waited for more input; the stream begins anew."""

    @abstractmethod
    def parts(self) -> Parts:
        """Return the whole state as named arrays."""

    @abstractmethod
    def restore(self, parts: Parts) -> None:
        """Restore the state from the output of `parts`, arrays of any shape (n, …)."""

    @property
    def state(self) -> bytes:
        """Return the whole state as bytes that only this model accepts."""
        return pack_parts(self.parts(), self._digest)

    def fork(self) -> Self:
        """Return an independent stream with the same state."""
        return copy.copy(self)


def text_part(text: str) -> NDArray[np.uint8]:
    """A text as a part (n,) of a state."""
    return np.frombuffer(text.encode(), np.uint8)


def text_from(part: NDArray[Any]) -> str:
    """The text of a part (n,) of a state."""
    return part.tobytes().decode()
