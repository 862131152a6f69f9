"""A lack of memory: what it is, in which words it is reported, and before training also as which error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from anaphora.errors import UsageError


def is_of_memory(error: BaseException) -> bool:
    """Return whether an error means that there is no memory for an array: NumPy's, torch's on a processor, or
    on a GPU.
    """
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def of_memory(error: BaseException) -> str:
    """Return the message about such an error."""
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return (
        f"there is not enough memory ({said}). Use smaller batches (--batch or --batch-steps) or windows"
        " (--bptt), shorten long rows (--max-length), or use a smaller network; `anaphora check` estimates"
        " the memory that training needs."
    )


@contextmanager
def enough_memory(*, alone: bool) -> Iterator[None]:
    """Raise UsageError if the memory is not enough for a `with` block before training; among several processes, which
    must all learn of it, the error stays what it is.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not alone or not is_of_memory(error):
            raise
        raise UsageError(f"Before the first step: {of_memory(error)}") from error
