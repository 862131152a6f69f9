"""The processes that train one model together, from the loop's view; `Alone` is the usual one.

Every worker makes the same global batch and takes its own part of it, so that batches need no messages. Messages are
numbers, and JSON for decisions of the first worker by its clock and its disk: it alone validates, writes and reports.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.errors import AnaphoraError, UsageError, WorkerGone

Arrays = Mapping[str, NDArray[np.generic]]
Loss = Callable[[nn.Module, Any, Any], tuple[Tensor, Any]]
Module = Callable[[Any, Any], tuple[Tensor, Any]]  # batch and carry to loss and carry


class Workers(Protocol):
    """One worker among `ranks`; number 0 writes the records."""

    rank: int
    ranks: int

    def wrap(self, model: nn.Module, loss: Loss) -> Module:
        """Return a function for loss and carry of this worker's rows; the gradients of its backward pass are the mean
        over all workers.
        """

    def no_sync(self, module: Module) -> AbstractContextManager[Any]:
        """Add up gradients locally inside this block; the first backward pass afterwards exchanges them."""

    def all_reduce(self, numbers: Tensor) -> Tensor:
        """Return the sum of every worker's tensor, such as (n,), with the same bits in all workers."""

    def broadcast(self, value: Any) -> Any:
        """Return the first worker's value, which JSON can hold, in all workers."""

    def all_gather(self, value: Any) -> list[Any]:
        """Return the values of all workers, which JSON can hold, in their order."""

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """Return every worker's tensor, such as (n, H), concatenated along an axis, in all workers."""

    def broadcast_arrays(self, arrays: Arrays) -> Arrays:
        """Return the first worker's arrays, of any shape (N, …), in all workers."""

    def received_signal(self, number: int | None) -> int | None:
        """Return a signal that reached this worker; the first worker also receives those of the others."""

    def remember(self, folder: str) -> None:
        """Store the run's folder, for messages and for a restart of the same command."""

    def remembered(self) -> str | None:
        """Return the folder of the run that this command had begun before it was restarted."""

    def leave(self) -> Workers:
        """End the joint work: the first worker continues alone, and the others wait until it has ended.

        Raises WorkerGone in the others if it ended with an error.
        """


class Alone:
    """One process, for which everything is already shared."""

    rank = 0
    ranks = 1

    def wrap(self, model: nn.Module, loss: Loss) -> Module:
        """Return the loss with this model."""
        return functools.partial(loss, model)

    def no_sync(self, module: Module) -> AbstractContextManager[Any]:
        """Do nothing."""
        return contextlib.nullcontext()

    def all_reduce(self, numbers: Tensor) -> Tensor:
        """Return the tensor itself, such as (n,)."""
        return numbers

    def broadcast(self, value: Any) -> Any:
        """Return the value itself."""
        return value

    def all_gather(self, value: Any) -> list[Any]:
        """Return the value in a list."""
        return [value]

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """Return the tensor itself, such as (n, H)."""
        return numbers

    def broadcast_arrays(self, arrays: Arrays) -> Arrays:
        """Return the arrays themselves, of any shape (N, …)."""
        return arrays

    def received_signal(self, number: int | None) -> int | None:
        """Return the signal itself."""
        return number

    def remember(self, folder: str) -> None:
        """Do nothing."""

    def remembered(self) -> str | None:
        """Return None."""
        return None

    def leave(self) -> Workers:
        """Return this worker."""
        return self


@contextlib.contextmanager
def each(workers: Workers) -> Iterator[None]:
    """Run a block in every worker: if one fails, all end, and the first that failed reports the error."""
    failed: AnaphoraError | None = None
    try:
        yield
    except AnaphoraError as error:
        failed = error
    codes = workers.all_gather(failed and failed.exit_code)
    first = next((rank for rank, code in enumerate(codes) if code is not None), None)
    if first is None:
        return
    if first != workers.rank or failed is None:
        raise WorkerGone(f"Rank {first} has failed and gives the reason.", codes[first], reported=True)
    raise failed


def check_same(workers: Workers, facts: Mapping[str, str]) -> None:
    """Check that all workers do the same; `facts` are the values that must be equal, by their names.

    Raises UsageError in the first worker, and WorkerGone in the others, if they differ.
    """
    all_facts = workers.all_gather(dict(facts))
    for rank, theirs in enumerate(all_facts):
        for name, ours in all_facts[0].items():
            if theirs[name] != ours and workers.rank == 0:
                raise UsageError(
                    f"The {name} of rank {rank} differs from that of rank 0: {theirs[name]}, expected"
                    f" {ours}. All ranks need the same data, settings, versions and instruction set"
                    " (ANAPHORA_ARCH=avx2 makes every machine use an instruction set that it has)."
                )
            if theirs[name] != ours:
                raise WorkerGone("Rank 0 names the difference.", UsageError.exit_code, reported=True)
