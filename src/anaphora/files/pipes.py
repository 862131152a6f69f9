"""A named pipe, or the pipe of `<(…)`, among the inputs of a command: it is read as standard input is, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from anaphora.errors import UsageError
from anaphora.files.outputs import STANDARD_STREAM


def as_standard_input(inputs: Sequence[str]) -> list[str]:
    """Return the inputs with `-` in place of a pipe, which becomes the standard input of this process.

    Raises UsageError if several inputs are pipes, or if the pipe cannot be opened.
    """
    pipes = [path for path in inputs if is_pipe(path)]
    if not pipes:
        return list(inputs)
    if len(pipes) > 1 or STANDARD_STREAM in inputs:
        others = [*map(repr, pipes[1:]), *["standard input (-)"] * (STANDARD_STREAM in inputs)]
        raise UsageError(
            f"'{pipes[0]}' is a pipe, and so is {others[0]}: a command reads one pipe. Save the content of the others"
            " as files, and name the files."
        )
    try:
        sys.stdin = open(pipes[0], encoding="utf-8")  # noqa: SIM115 - it lives as long as this process
    except OSError as error:
        raise UsageError(f"'{pipes[0]}' cannot be read: {error.strerror or error}.") from error
    return [STANDARD_STREAM if path == pipes[0] else path for path in inputs]


def is_pipe(path: str) -> bool:
    """Return whether a path can be read only once: it is a pipe or a device, no file and no folder."""
    return path != STANDARD_STREAM and os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))
