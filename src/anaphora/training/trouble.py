"""Where a number stopped being finite: the rows and their first step, found by running the batches once more.

Every block's output is looked at on the way forward, in order; the first that holds a NaN or an infinity is named with
its rows and the first step in each. Where all outputs are finite, the gradients are, and the first that is not is
named by its parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

_NAMED = 3  # rows that are told of by name


def explained(
    model: nn.Module, loss: Callable[..., tuple[Tensor, Any]], batches: Sequence[Any], carry: Any, name: Any
) -> str:
    """A sentence that names block, rows and first step, or the parameter, for batches whose loss or gradient was not
    finite, empty if all is finite now; `name(batch, row)` says where a row comes from.
    """
    for number, batch in enumerate(batches):
        found: list[tuple[str, Tensor]] = []
        hooks = [module.register_forward_hook(_looker(path, found)) for path, module in model.named_modules() if path]
        try:
            total, carry = loss(model, batch, carry)
        finally:
            for hook in hooks:
                hook.remove()
        which = f"batch {number + 1} of {len(batches)}: " if len(batches) > 1 else ""
        if found:
            path, bad = found[0]
            return f"Not finite first in '{path}': {which}{_rows(bad, batch, name)}."
        if not bool(total.isfinite()):
            return f"Every block's output was finite, the loss made of them was not{f' in {which}' if which else ''}."
        gradients = torch.autograd.grad(total, list(model.parameters()), allow_unused=True)
        for (path, _), gradient in zip(model.named_parameters(), gradients, strict=True):
            if gradient is not None and not bool(gradient.isfinite().all()):
                return f"{which}The outputs were finite, the gradient of '{path}' was not."
    return ""


def told(explanations: Sequence[str]) -> str:
    """The first that says something of what the workers found, each in its own rows."""
    for rank, text in enumerate(explanations):
        if text:
            return f"On rank {rank}: {text}" if len(explanations) > 1 else text
    return "Run once more, the same batch gave finite numbers: it was a matter of the dropout that was drawn."


def is_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no room for an array: NumPy's, torch's on a processor, or on a GPU."""
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def of_memory(error: BaseException) -> str:
    """What to say of it."""
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return (
        f"there is not enough memory ({said}). Read less at once (--batch, --batch-steps or --steps), cut long rows"
        " (--longest), or take a smaller network; `anaphora check` foretells what training takes."
    )


def _looker(path: str, found: list[tuple[str, Tensor]]) -> Callable[..., None]:
    def look(module: nn.Module, inputs: Any, output: Any) -> None:
        tensor = output[0] if isinstance(output, tuple) else output
        if not found and isinstance(tensor, Tensor) and not bool(tensor.isfinite().all()):
            found.append((path, ~tensor.detach().isfinite()))

    return look


def _rows(bad: Tensor, batch: Any, name: Callable[[Any, int], str]) -> str:
    """Rows and steps of an output (T, B, width), or rows of one that was pooled, (B, width)."""
    marked = bad.flatten(2).any(2) if bad.ndim > 2 else bad.flatten(1).any(1)[None]  # (T, B)
    rows = marked.any(0).nonzero().flatten().tolist()
    told = []
    for row in rows[:_NAMED]:
        step = int(marked[:, row].nonzero()[0])
        told.append(f"{name(batch, row)}{f', step {step + 1}' if bad.ndim > 2 else ''}")
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"{'; '.join(told)}{more}"
