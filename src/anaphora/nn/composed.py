"""The walk through time in plain torch operations: slow, and differentiable as often as one likes.

The kernels know their first derivative. Asked for more (``create_graph=True``), the backward pass walks again through
here and lets autograd write down every operation. The equations are those of ``anaphora.reference``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from anaphora.lines import Lines


def recurrent(
    cell: str,
    x: Tensor,  # (N, I)
    weights: Sequence[Tensor],
    directions: int,
    lines: Lines,
    h0: Tensor | None,  # (D, B, P)
    c0: Tensor | None,  # (D, B, H)
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer over all rows: y (N, D·P), h_n (D, B, P), c_n (D, B, H); lines past a row's end are 0."""
    each = len(weights) // directions
    ends = [_one_direction(cell, x, weights[d * each : (d + 1) * each], lines, d, h0, c0) for d in range(directions)]
    ys, hs, cs = zip(*ends, strict=True)
    return torch.cat(ys, dim=1), torch.stack(hs), torch.stack(cs)


def _one_direction(
    cell: str, x: Tensor, weights: Sequence[Tensor], lines: Lines, d: int, h0: Tensor | None, c0: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    w_ih, w_hh = weights[:2]
    b_ih, b_hh = weights[2:4] if len(weights) > 3 else (None, None)
    w_hr = weights[-1] if len(weights) in (3, 5) else None
    B, P = lines.lengths.size, w_hh.size(1)
    H = w_hh.size(1) if w_hr is None else w_hr.size(1)
    h = x.new_zeros(B, P) if h0 is None else h0[d]
    c = x.new_zeros(B, H) if c0 is None else c0[d]
    walked, outputs = [], []
    for s in range(int(lines.lengths.max(initial=0))):
        active = lines.lengths > s
        rows = torch.from_numpy(active.nonzero()[0])
        t = lines.lengths[active] - 1 - s if d == 1 else s
        here = torch.from_numpy(lines.time_offset[t] + lines.row_offset[active])
        x_part = F.linear(x[here], w_ih, b_ih)
        h_part = F.linear(h[rows], w_hh, b_hh)
        h_step, c_step = _step(cell, x_part, h_part, h[rows], c[rows])
        h_step = h_step if w_hr is None else F.linear(h_step, w_hr)
        h, c = h.index_copy(0, rows, h_step), c.index_copy(0, rows, c_step)
        walked.append(here)
        outputs.append(h_step)
    y = x.new_zeros(x.size(0), P)
    return (y.index_copy(0, torch.cat(walked), torch.cat(outputs)) if walked else y), h, c


def _step(cell: str, x_part: Tensor, h_part: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    if cell == "rnn_tanh":
        return torch.tanh(x_part + h_part), c
    if cell == "rnn_relu":
        return torch.relu(x_part + h_part), c
    if cell == "gru":
        x_r, x_z, x_n = x_part.chunk(3, dim=1)
        h_r, h_z, h_n = h_part.chunk(3, dim=1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return (1 - z) * n + z * h, c
    i_pre, f_pre, g_pre, o_pre = (x_part + h_part).chunk(4, dim=1)
    c = torch.sigmoid(f_pre) * c + torch.sigmoid(i_pre) * torch.tanh(g_pre)
    return torch.sigmoid(o_pre) * torch.tanh(c), c
