"""The state of a custom cell: a tensor or a tuple of tensors.

    h (B, H)   ·   a pair (h, c)   ·   a named tuple of any size

Rows come first. A cell's ``inputs`` returns a value of such a form too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor


def tensors_of(value: Any) -> tuple[Tensor, ...]:
    """Return the tensors of a state, rows first (B, …); raises TypeError for a value of another form."""
    tensors = (value,) if isinstance(value, Tensor) else value
    if not isinstance(tensors, tuple) or not all(isinstance(tensor, Tensor) for tensor in tensors):
        raise TypeError(f"expected a tensor or a tuple of tensors, got {describe(value)}")
    return tensors


def in_form_of(like: Any, tensors: Iterable[Tensor]) -> Any:
    """Return the tensors, rows first (B, …, F), in the form of the state ``like``."""
    if isinstance(like, Tensor):
        (tensor,) = tensors
        return tensor
    return type(like)._make(tensors) if hasattr(like, "_make") else tuple(tensors)


def same_form(one: Any, other: Any) -> bool:
    """Return whether both are tensors, or both are tuples of one type and one length."""
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor)
    return type(one) is type(other) and len(tensors_of(one)) == len(tensors_of(other))


def map_tensors(function: Callable[..., Tensor], *states: Any) -> Any:
    """Return the function of each tensor (B, …) of states that have one form, in that form."""
    return in_form_of(states[0], map(function, *map(tensors_of, states)))


def describe(value: Any) -> str:
    """Describe a state in words: its form, and each tensor's dtype and its shape (rows, …).

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
