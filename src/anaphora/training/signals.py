"""Ctrl-C, a request to stop and the end of the terminal wait for the end of an update, so that weights and optimiser
are never caught between two steps, nor one worker among several without the others.

A signal is only noted; `answer` then has the usual effect: it raises KeyboardInterrupt or Terminated. A second signal
acts at once, in case the update hangs, and so does any signal inside `released`; but a terminal that is closed may say
so twice, and the second time counts for nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_WAITING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Handle these signals during a loop: `with signals: … signals.answer(signals.noted)`; no effect outside the main
    thread.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._released = False
        self.noted: int | None = None  # the signal that waits

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in _WAITING:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._noticed)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.answer(self.noted)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Allow an interruption at any moment inside this block."""
        self.answer(self.noted)
        self._released = True
        try:
            yield
        finally:
            self._released = False

    def answer(self, number: int | None) -> None:
        """Let a noted signal have its effect."""
        if number is not None:
            self.noted = None
            self._former(number)(number, None)

    def _former(self, number: int) -> Callable[[int, FrameType | None], Any]:
        return self._before[number]  # type: ignore[no-any-return]

    def _noticed(self, number: int, frame: FrameType | None) -> None:
        if self.noted is None and not self._released:
            self.noted = number
        elif self.noted == number == signal.SIGHUP:
            return
        else:
            self.noted = None
            self._former(number)(number, frame)
