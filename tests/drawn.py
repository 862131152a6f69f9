"""The normal draws of first weights, as they were asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn


class Drawn:
    """Records every `nn.init.normal_`; `of` says what a parameter was last drawn from, and that it still is that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._found: dict[int, tuple[float, float, torch.Tensor]] = {}
        self._real = nn.init.normal_
        monkeypatch.setattr(nn.init, "normal_", self._draw)

    def _draw(self, tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0, **more: Any) -> torch.Tensor:
        made = self._real(tensor, mean, std, **more)
        self._found[id(tensor)] = mean, std, made.detach().clone()
        return made

    def of(self, parameter: torch.Tensor) -> tuple[float, float]:
        """The mean and the standard deviation."""
        mean, std, made = self._found[id(parameter)]
        torch.testing.assert_close(parameter.detach(), made, rtol=0, atol=0)
        return mean, std
