"""The state of a cell of one's own: a tensor or a tuple of tensors.

    h (B, H)   ·   a pair (h, c)   ·   a named tuple of any size

Rows come first. What a cell makes of its input has such a form too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor


def parts(value: Any) -> tuple[Tensor, ...]:
    """The tensors of a state; raises TypeError for anything else."""
    tensors = (value,) if isinstance(value, Tensor) else value
    if not isinstance(tensors, tuple) or not all(isinstance(tensor, Tensor) for tensor in tensors):
        raise TypeError(f"expected a tensor or a tuple of tensors, got {describe(value)}")
    return tensors


def formed(like: Any, tensors: Iterable[Tensor]) -> Any:
    """Tensors in the form of another state."""
    if isinstance(like, Tensor):
        (tensor,) = tensors
        return tensor
    return type(like)._make(tensors) if hasattr(like, "_make") else tuple(tensors)


def same_form(one: Any, other: Any) -> bool:
    """Whether both are one tensor, or tuples of one kind and as many tensors."""
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor)
    return type(one) is type(other) and len(parts(one)) == len(parts(other))


def each(function: Callable[..., Tensor], *states: Any) -> Any:
    """The function of each tensor of states that are alike, in the form of the first."""
    return formed(states[0], map(function, *map(parts, states)))


def describe(value: Any) -> str:
    """A state in words: its form, and each tensor's dtype and its shape without rows.

    >>> import torch
    >>> describe((torch.zeros(5, 3), torch.zeros(5)))
    '(float32 (rows, 3), float32 (rows))'
    """
    if isinstance(value, Tensor):
        shape = ", ".join(["rows", *map(str, value.shape[1:])]) if value.dim() else ""
        return f"{str(value.dtype).removeprefix('torch.')} ({shape})"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(describe, value))
        brackets = "[]" if isinstance(value, list) else "()"
        name = type(value).__name__ if hasattr(value, "_make") else ""
        return f"{name}{brackets[0]}{inside}{brackets[1]}"
    return type(value).__name__
