"""The program called in this process, and what it answered as a transcript.

$ anaphora run m.anaphora --prompt "It " --length 5 --seed 1
exit 0
| what went to standard output
! what went to standard error
"""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from frozen import normal
from frozen.doors import main


class Done(NamedTuple):
    """A call of the program, and what came of it."""

    words: list[str]
    stdin: str
    code: int
    out: str
    err: str

    def lines(self, here: Path, wide: int = 118) -> list[str]:
        """The transcript, normalised; `here` is the folder the program ran in, `wide` is how long lines of JSON are."""
        sent = [f"< {line}" for line in self.stdin.split("\n")] if self.stdin else []
        told = [f"| {line}".rstrip() for line in _shown(self.out, here, wide)]
        told += [f"! {line}".rstrip() for line in _shown(self.err, here, wide)]
        return [f"$ anaphora {shlex.join(self.words)}", *sent, f"exit {self.code}", *told, ""]


def call(words: str | list[str], stdin: str | bytes = "") -> Done:
    """Call the program with these words, with pipes for its three streams."""
    split = shlex.split(words) if isinstance(words, str) else words
    sent = stdin.encode() if isinstance(stdin, str) else stdin
    with _streams(sent) as (out, err):
        code = main(split)
    told = [each.getvalue().decode(errors="backslashreplace") for each in (out, err)]
    return Done(split, sent.decode(errors="backslashreplace"), code, *told)


@contextmanager
def _streams(sent: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    kept = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(sent), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    try:
        yield out, err
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.detach()  # type: ignore[union-attr]
        sys.stdin, sys.stdout, sys.stderr = kept


def _shown(said: str, here: Path, wide: int) -> list[str]:
    lines = normal.output(said, here, wide)
    return lines[:-1] if lines[-1:] == [""] else [*lines, "(no newline at the end)"]
