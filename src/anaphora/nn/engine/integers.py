"""Integer tensors of a walk (lengths, batch sizes, lines) as NumPy arrays, also inside ``torch.func`` transforms.

Transforms wrap every tensor, and a wrapped tensor has no memory of its own. The tensor inside has, and no derivative is
ever taken by a length, so reading the inner tensor is safe.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def as_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return the numbers of an integer tensor (N, …), in its own memory if that lies on the CPU."""
    if not torch._C._are_functorch_transforms_active():
        return tensor.cpu().numpy()
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    with torch._C._DisableFuncTorch():
        return tensor.cpu().numpy()
