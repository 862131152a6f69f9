"""Progress reports of long passes over data, for an observer."""

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
def observed_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Call `listener` within the context with reports such as ``reading 'a.txt', 40 %``."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def report(what: str) -> None:
    """Send a report to the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(what)


def reporting(
    blocks: Iterable[Block], total: int, what: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Block]:
    """Yield the blocks, and every five seconds report the share of `total` items that has passed.

    >>> ticks = iter(range(0, 100, 3))
    >>> with observed_by(print):
    ...     list(reporting(["ab", "cde", "f"], 6, "reading", lambda: next(ticks)))
    reading, 83 %
    ['ab', 'cde', 'f']
    """
    last_report = clock()
    done = 0
    for block in blocks:
        done += len(block)
        now = clock()
        if now - last_report >= EVERY_SECONDS:
            report(f"{what}, {100 * done / max(1, total):.0f} %")
            last_report = now
        yield block
