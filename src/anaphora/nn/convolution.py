"""Convolution over time: one linear map of a window around each step.

    y_t = b + Σ_{k=−r}^{r} W_k x_{t+k},     x = 0 before a row's first step and after its last       (width 2r + 1)

Over the characters of a word, with a maximum over the steps, it finds prefixes, suffixes and patterns at any position
(dos Santos and Zadrozny, ICML 2014). Rows are not padded: the windows are gathered from the rows' own steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from anaphora.nn.ragged import Ragged


class Convolution(nn.Module):
    """One linear map of each window: parameters ``weight`` (O, I, width) and ``bias`` (O,), as in torch's Conv1d."""

    def __init__(self, input_size: int, output_size: int, width: int) -> None:
        super().__init__()
        bound = (input_size * width) ** -0.5
        self.weight = nn.Parameter(torch.empty(output_size, input_size, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(output_size).uniform_(-bound, bound))

    def forward(self, x: Tensor | Ragged, lengths: Tensor | None = None) -> Tensor | Ragged:
        """Return (T, B, O) for x (T, B, I) with ``lengths`` (B,), or (N, O) for ragged x (N, I); 0 past a row's end."""
        if isinstance(x, Ragged):
            return x.with_data(self._windows(x))
        T, B = x.shape[:2]
        steps = torch.full((B,), T) if lengths is None else lengths
        rows = Ragged.from_padded(x, steps)
        return rows.with_data(self._windows(rows)).to_padded(steps_at_least=T)

    def _windows(self, rows: Ragged) -> Tensor:
        x, O, width = rows.data, self.weight.size(0), self.weight.size(2)
        around = torch.arange(width, device=x.device) - width // 2
        lengths = rows.lengths.to(x.device)
        ends = torch.repeat_interleave(lengths.cumsum(0), lengths)[:, None]
        begins = ends - torch.repeat_interleave(lengths, lengths)[:, None]
        lines = torch.arange(len(x), device=x.device)[:, None] + around
        lines = torch.where((lines >= begins) & (lines < ends), lines, len(x))
        windows = torch.cat([x, x.new_zeros(1, x.size(1))])[lines]  # (N, width, I)
        return nn.functional.linear(windows.flatten(1), self.weight.mT.reshape(O, -1), self.bias)
