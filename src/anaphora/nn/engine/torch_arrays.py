"""The operations of ``kernels.equations`` in torch; autograd knows the way back.

The gradient of every product with x or h, before its nonlinearity or its normaliser, is clipped to ±clip where clip is
not 0 (Graves, 2013); so is what flows back through it a second time, on the way to a second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from anaphora.kernels.equations import EPSILON


class _Clipped(torch.autograd.Function):
    """The identity, whose gradient is clipped to ±limit."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, limit: float) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.limit = inputs[1]

    @staticmethod
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor, None]:
        return d.clamp(-ctx.limit, ctx.limit), None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:
        return tangent.view_as(tangent)


_clipped: Callable[[Tensor, float], Tensor] = _Clipped.apply


class Tensors:
    """An array namespace (``kernels.equations.Arrays``) of tensors."""

    sigmoid = staticmethod(torch.sigmoid)
    tanh = staticmethod(torch.tanh)
    relu = staticmethod(torch.relu)

    def __init__(self, clip: float) -> None:
        self.clip = clip

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return bias + x Wᵀ of x (B, I), W (O, I) and bias (O,) or None: (B, O), its gradient clipped."""
        product = F.linear(x, weight, bias)
        return _clipped(product, self.clip) if self.clip else product

    def norm(self, v: Tensor) -> Tensor:
        """Return norm(v) of each row of v (B, N)."""
        return F.layer_norm(v, v.shape[-1:], eps=EPSILON)

    def split(self, a: Tensor, count: int) -> Sequence[Tensor]:
        """Return ``count`` equal parts (B, N / count) of a (B, N)."""
        return a.chunk(count, dim=-1)
