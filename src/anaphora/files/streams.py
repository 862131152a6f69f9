"""The standard streams of a program whose reader may go away, or that a shell has closed."""

from __future__ import annotations

import contextlib
import os
from typing import Any, TextIO


class ForgivingStream:
    """A text stream for progress and messages: text that cannot be written is dropped, and the program goes on.

    The reader of a pipe may have gone away, or a disk may be full: hours of training are not lost for a line of
    progress.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False

    def write(self, text: str) -> int:
        """Write text if there is a reader."""
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Send the text on its way if there is a reader."""
        self._attempt(self._stream.flush)

    def _attempt(self, action: Any, *arguments: str) -> None:
        if self._gone:
            return
        try:
            action(*arguments)
        except BrokenPipeError:
            self._gone = True
        except (OSError, ValueError):  # a full disk, or a stream that was closed
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def reserve_numbers() -> None:
    """Open the numbers of closed standard streams, so that no file which is opened later receives their text."""
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            continue
        os.close(number)
