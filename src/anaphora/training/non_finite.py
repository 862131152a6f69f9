"""The origin of a number that is not finite: rows and first steps, found by a second run of the batches.

The forward pass examines every block's output in order; the first output with a NaN or an infinity is named with its
rows and the first step in each. If all outputs are finite, the gradients are examined, and the first that is not finite
is named by its parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from anaphora.nn.build import Stack
from anaphora.nn.ragged import Ragged

_NAMED = 3  # rows that a message names


def explained(
    model: nn.Module, loss: Callable[..., tuple[Tensor, Any]], batches: Sequence[Any], carry: Any, name: Any
) -> str:
    """Return a sentence about batches with a loss or gradient that is not finite: block, rows and first step, or the
    parameter; empty if all numbers are finite now.

    `loss` gives the sum () of a batch; `carry` holds tensors such as (L, B, H); `name(batch, row, part)` returns the
    origin of a row.
    """
    for number, batch in enumerate(batches):
        seen = _FirstNonFinite()
        hooks = seen.attached(model)
        try:
            total, carry = loss(model, batch, carry)
        finally:
            for hook in hooks:
                hook.remove()
        which = f"batch {number + 1} of {len(batches)}: " if len(batches) > 1 else ""
        if seen.places:
            return f"The output of '{seen.path}' was not finite: {which}{_rows(seen, batch, name)}."
        if not bool(total.isfinite()):
            return f"The output of every block was finite, but the loss was not{f' in {which[:-2]}' if which else ''}."
        gradients = torch.autograd.grad(total, list(model.parameters()), allow_unused=True)
        for (path, _), gradient in zip(model.named_parameters(), gradients, strict=True):
            if gradient is not None and not bool(gradient.isfinite().all()):
                return f"{which}The outputs were finite, but the gradient of '{path}' was not."
    return ""


def first_explanation(explanations: Sequence[str]) -> str:
    """Return the first explanation of the workers, each of which has its own rows."""
    for rank, text in enumerate(explanations):
        if text:
            return f"On rank {rank}: {text}" if len(explanations) > 1 else text
    return "A second computation of the same batch gave finite numbers: the cause was the random dropout mask."


class _FirstNonFinite:
    """Hooks that keep the first block with an output that is not finite, and each bad row with its first bad step (None
    if the row has one output).
    """

    def __init__(self) -> None:
        self.path = ""
        self.places: dict[int, int | None] = {}
        self._lengths: Tensor | None = None  # of the rows, end to end, that a stack of blocks was last given

    def attached(self, model: nn.Module) -> list[RemovableHandle]:
        """Watch every block of a model until the handles are removed."""
        stacks = [module for module in model.modules() if isinstance(module, Stack)]
        blocks = [(path, module) for path, module in model.named_modules() if path]
        return [
            *(stack.register_forward_pre_hook(self._enter) for stack in stacks),
            *(module.register_forward_hook(partial(self._examine, path)) for path, module in blocks),
        ]

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        if isinstance(inputs[0], Ragged):
            self._lengths = inputs[0].lengths

    def _examine(self, path: str, module: nn.Module, inputs: Any, output: Any) -> None:
        if self.places:
            return
        first = output[0] if isinstance(output, tuple) else output
        lengths = self._lengths if inputs and isinstance(inputs[0], Tensor) else None
        values, lengths = (first.data, first.lengths) if isinstance(first, Ragged) else (first, lengths)
        if isinstance(values, Tensor) and not bool(values.isfinite().all()):
            self.path, self.places = path, _places(~values.detach().isfinite(), lengths)


def _places(bad: Tensor, lengths: Tensor | None) -> dict[int, int | None]:
    """Return rows, and the first bad step in each, of an output (T, B, width), or of (N, width) with rows one after
    another; or rows alone, of (B, width) or (B,).
    """
    if bad.ndim > 2 and len(bad) > 1:
        marked = bad.flatten(2).any(2).cpu()
        return {row: int(marked[:, row].nonzero()[0]) for row in marked.any(0).nonzero().flatten().tolist()}
    bad = bad[0] if bad.ndim > 2 else bad
    lines = bad.reshape(len(bad), -1).any(1).nonzero().flatten().tolist()
    if lengths is None or int(lengths.sum()) != len(bad):
        return dict.fromkeys(lines)
    ends = lengths.cumsum(0)
    found: dict[int, int | None] = {}
    for line in lines:
        row = int(torch.searchsorted(ends, line, right=True))
        found.setdefault(row, line - int(ends[row] - lengths[row]))
    return found


def _rows(seen: _FirstNonFinite, batch: Any, name: Callable[[Any, int, str], str]) -> str:
    """Return rows by name, each with its first bad step."""
    part, named = seen.path.partition(".")[0], []
    for row, step in list(seen.places.items())[:_NAMED]:
        named.append(f"{name(batch, row, part)}{'' if step is None else f', step {step + 1}'}")
    more = f" and {len(seen.places) - _NAMED} more" if len(seen.places) > _NAMED else ""
    return f"{'; '.join(named)}{more}"
