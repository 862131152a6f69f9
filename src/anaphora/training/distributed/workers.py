"""The processes that train one model together, as the loop sees them; `Alone` is the usual one.

Every worker makes the same global batch and takes its own part of it, so that all agree on what a batch is without a
word. What they tell each other is numbers, and JSON for what the first of them decides by its clock and reads from its
disk: it alone looks at the held-out part, writes and speaks.
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
    """One worker among `ranks`; number 0 keeps the records."""

    rank: int
    ranks: int

    def wrap(self, model: nn.Module, loss: Loss) -> Module:
        """What gives loss and carry of this worker's rows: the gradients of its backward are the mean over all."""

    def holding_back(self, module: Module) -> AbstractContextManager[Any]:
        """Within it gradients add up where they are; the first backward after it has them exchanged."""

    def total(self, numbers: Tensor) -> Tensor:
        """The sum of every worker's numbers, the same bits for all."""

    def agree(self, said: Any) -> Any:
        """What the first worker says, which JSON can hold, is what all go by."""

    def everyone(self, said: Any) -> list[Any]:
        """What each worker says, which JSON can hold, in their order, for all."""

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """Every worker's part, one behind the other along an axis, for all."""

    def hand_out(self, arrays: Arrays) -> Arrays:
        """The first worker's arrays, for all."""

    def heard(self, number: int | None) -> int | None:
        """A signal that reached this worker; the first one is told of those that reached the others."""

    def remember(self, folder: str) -> None:
        """The run's folder: where those are sent who ask, and where the same command, begun again, goes on."""

    def remembered(self) -> str | None:
        """The folder of the run that this same command began before it was begun again."""

    def leave(self) -> Workers:
        """After this they do nothing together: the first goes on alone, the others wait until it has ended.

        Raises WorkerGone in the others if it ended in an error.
        """


class Alone:
    """One process: everything is already shared."""

    rank = 0
    ranks = 1

    def wrap(self, model: nn.Module, loss: Loss) -> Module:
        """The loss with this model."""
        return functools.partial(loss, model)

    def holding_back(self, module: Module) -> AbstractContextManager[Any]:
        """Nothing is held back."""
        return contextlib.nullcontext()

    def total(self, numbers: Tensor) -> Tensor:
        """The numbers themselves."""
        return numbers

    def agree(self, said: Any) -> Any:
        """What was said."""
        return said

    def everyone(self, said: Any) -> list[Any]:
        """What was said."""
        return [said]

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """The numbers themselves."""
        return numbers

    def hand_out(self, arrays: Arrays) -> Arrays:
        """The arrays themselves."""
        return arrays

    def heard(self, number: int | None) -> int | None:
        """The signal itself."""
        return number

    def remember(self, folder: str) -> None:
        """Nobody asks."""

    def remembered(self) -> str | None:
        """Nothing began this command again."""
        return None

    def leave(self) -> Workers:
        """It was alone before."""
        return self


@contextlib.contextmanager
def each(workers: Workers) -> Iterator[None]:
    """What every worker does by itself: where one fails all end, and the first that failed says why."""
    failed: AnaphoraError | None = None
    try:
        yield
    except AnaphoraError as error:
        failed = error
    codes = workers.everyone(failed and failed.exit_code)
    first = next((rank for rank, code in enumerate(codes) if code is not None), None)
    if first is None:
        return
    if first != workers.rank or failed is None:
        raise WorkerGone(f"Rank {first} has failed and gives the reason.", codes[first], told=True)
    raise failed


def check_same(workers: Workers, facts: Mapping[str, str]) -> None:
    """Find out that all workers do the same; `facts` are what must be equal, by the words for it.

    Raises UsageError in the first worker, and WorkerGone in the others, if they don't.
    """
    told = workers.everyone(dict(facts))
    for rank, theirs in enumerate(told):
        for name, ours in told[0].items():
            if theirs[name] != ours and workers.rank == 0:
                raise UsageError(
                    f"The {name} of rank {rank} differs from that of rank 0: {theirs[name]}, expected"
                    f" {ours}. All ranks need the same data, settings, versions and instruction set"
                    " (ANAPHORA_ARCH=avx2 makes every machine use an instruction set that it has)."
                )
            if theirs[name] != ours:
                raise WorkerGone("Rank 0 names the difference.", UsageError.exit_code, told=True)
