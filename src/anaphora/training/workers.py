"""The processes that train one model together, as the loop sees them; `Alone` is the usual one.

Every worker makes the same global batch and takes its own part of it, so that all agree on what a batch is without a
word. What they tell each other is numbers, and JSON for what the first of them decides by its clock.
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any, Protocol

from torch import Tensor, nn


class Workers(Protocol):
    """One worker among `ranks`; number 0 keeps the records."""

    rank: int
    ranks: int

    def wrap(self, model: nn.Module) -> nn.Module:
        """The module that a loss is computed with: its gradients are the mean over the workers."""

    def holding_back(self, module: nn.Module) -> AbstractContextManager[Any]:
        """Within it gradients add up where they are; the first backward after it has them exchanged."""

    def total(self, numbers: Tensor) -> Tensor:
        """The sum of every worker's numbers, the same bits for all."""

    def agree(self, said: Any) -> Any:
        """What the first worker says, which JSON can hold, is what all go by."""

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """Every worker's part, one behind the other along an axis, for all."""


class Alone:
    """One process: everything is already shared."""

    rank = 0
    ranks = 1

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model itself."""
        return model

    def holding_back(self, module: nn.Module) -> AbstractContextManager[Any]:
        """Nothing is held back."""
        return contextlib.nullcontext()

    def total(self, numbers: Tensor) -> Tensor:
        """The numbers themselves."""
        return numbers

    def agree(self, said: Any) -> Any:
        """What was said."""
        return said

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """The numbers themselves."""
        return numbers
