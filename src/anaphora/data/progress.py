"""Saying how far a long pass over data is, now and then, to whoever has asked to hear it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Block = TypeVar("Block", bound=Sized)

EVERY_SECONDS = 5.0

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Within it the listener is called with words such as ``reading 'a.txt', 40 %``."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def tell(what: str) -> None:
    """Say something to the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(what)


def told(
    blocks: Iterable[Block], total: int, what: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Block]:
    """Pass blocks on, and every five seconds tell which share of ``total`` items has passed.

    >>> ticks = iter(range(0, 100, 3))
    >>> with heard_by(print):
    ...     list(told(["ab", "cde", "f"], 6, "reading", lambda: next(ticks)))
    reading, 83 %
    ['ab', 'cde', 'f']
    """
    spoken = clock()
    done = 0
    for block in blocks:
        done += len(block)
        now = clock()
        if now - spoken >= EVERY_SECONDS:
            tell(f"{what}, {100 * done / max(1, total):.0f} %")
            spoken = now
        yield block
