"""The walk through time in plain torch operations: slow, on any device, differentiable any number of times.

    h̃, c̃ = step(W x_t, h_{t−1}, mask ⊙ h_{t−1}, c_{t−1})    the equations of ``kernels.equations``
    h_t   = k ⊙ h_{t−1} + (1 − k) ⊙ h̃                       zoneout (Krueger et al., ICLR 2017); c_t likewise

The kernels compute a first derivative, in float32 on the CPU. For a derivative that can be derived again
(``create_graph=True``), backward walks again in this file, and autograd records every operation. A layer on another
device or in another dtype also walks here if torch has no operation for its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from anaphora.kernels.equations import STEPS, Start, product_of_x
from anaphora.kernels.row_index import SILENT, Noise, RowIndex, Weights
from anaphora.kernels.traits import TRAITS, saved_slots
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.torch_arrays import Tensors


def recurrent(
    cell: str,
    x: Tensor,  # (…, I), N lines
    weights: Sequence[Tensor | None],
    directions: int,
    index: CachedIndex,
    h0: Tensor | None = None,  # (D, B, P)
    c0: Tensor | None = None,  # (D, B, M·H)
    noise: Noise = SILENT,
    clip: float = 0.0,
    segment: int = 0,
    keep: bool = True,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute ``functional.recurrent`` in any dtype on any device.

    Returns y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) and the activations (D, N, S·H).
    ``weights`` are the six of ``row_index.Weights``, one direction after the other. The activations are returned
    whatever ``keep`` says; ``segment`` changes nothing.
    """
    shape, x = x.shape[:-1], x.flatten(0, -2)
    sides: list[Any] = [weights[at : at + 6] for at in range(0, len(weights), 6)]
    with _no_autocast(x):
        ends = [_one_direction(cell, x, Weights(*w), index.arrays, d, h0, c0, noise, clip) for d, w in enumerate(sides)]
    ys, hs, cs, kept = zip(*ends, strict=True)
    c_n = torch.stack(cs) if TRAITS[cell].memories else x.new_empty(0)
    return torch.cat(ys, dim=1).unflatten(0, shape), torch.stack(hs), c_n, torch.stack(kept)


def _no_autocast(x: Tensor) -> Any:
    kind = x.device.type
    return torch.autocast(kind if torch.amp.is_autocast_available(kind) else "cpu", enabled=False)


class _Steps(NamedTuple):
    """Rows sorted by length, the longest first, so that the rows which take a step are always the first ones."""

    order: Tensor  # (B,): the row at each place
    place: Tensor  # (B,): the place of each row
    counts: list[int]  # the number of rows that take step s; one step of 0 rows if no row has a step
    lines: Tensor  # the lines of all steps, one step after another

    @classmethod
    def of(cls, lines: RowIndex, d: int, device: torch.device) -> _Steps:
        order = np.argsort(-lines.lengths, kind="stable")
        lengths, offset = lines.lengths[order], lines.row_offset[order]
        used, counts = [], []
        for s in range(max(int(lines.lengths.max(initial=0)), 1)):
            count = int((lengths > s).sum())
            t = lengths[:count] - 1 - s if d == 1 else s
            used.append(lines.time_offset[t] + offset[:count] if count else order[:0])
            counts.append(count)
        indices = (order, np.argsort(order, kind="stable"), np.concatenate(used))
        first, back, all_lines = (torch.from_numpy(index).to(device) for index in indices)
        return cls(first, back, counts, all_lines)


def _one_direction(
    cell: str,
    x: Tensor,
    w: Any,  # Weights of tensors
    lines: RowIndex,
    d: int,
    h0: Tensor | None,
    c0: Tensor | None,
    noise: Noise,
    clip: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    traits, steps, xp = TRAITS[cell], _Steps.of(lines, d, x.device), Tensors(clip)
    saves_more = saved_slots(cell, noise) > traits.saved_slots  # under zoneout
    mask: Any
    mask, *keeps = noise
    P, M = w.w_hh.size(1), traits.memories * (w.w_hh.size(0) // traits.gates)
    h = x.new_zeros(len(steps.order), P) if h0 is None else h0[d].index_select(0, steps.order)
    c = x.new_zeros(len(steps.order), M) if c0 is None else c0[d].index_select(0, steps.order)
    mask = None if mask is None else mask[d].index_select(0, steps.order)
    products = product_of_x(xp, cell, w, x).index_select(0, steps.lines).split(steps.counts)
    keeps_h, keeps_c = (_keeps(keep, d, width, steps) for keep, width in zip(keeps, (P, M), strict=True))
    ended_h, ended_c, outputs, kept = [], [], [], []
    for count, product, keep_h, keep_c in zip(steps.counts, products, keeps_h, keeps_c, strict=True):
        ended_h.append(h[count:])
        ended_c.append(c[count:])
        h, c = h[:count], c[:count]
        made = STEPS[cell](xp, w, Start(product, h, h if mask is None else mask[:count] * h, c))
        h = made.h if keep_h is None else keep_h * h + (1 - keep_h) * made.h
        c = made.c if keep_c is None else keep_c * c + (1 - keep_c) * made.c
        zoned = () if not saves_more else (c,) if traits.memories else (made.h,)
        outputs.append(h)
        kept.append(torch.cat((*made.saved, *zoned, product[:, :0]), dim=1).detach())
    h_n, c_n = (torch.cat([end, *reversed(ended)]) for end, ended in ((h, ended_h), (c, ended_c)))
    return (
        _by_line(torch.cat(outputs), steps, x.size(0)),
        h_n.index_select(0, steps.place),
        c_n.index_select(0, steps.place),
        _by_line(torch.cat(kept), steps, x.size(0)),
    )


def _keeps(keep: Any, d: int, width: int, steps: _Steps) -> Sequence[Tensor | None]:
    """The share of a state that stays as it was, step by step: (rows, width), or one line for all."""
    if keep is None:
        return [None] * len(steps.counts)
    mine = keep[:, d * width : (d + 1) * width]
    if mine.size(0) == 1:
        return [mine] * len(steps.counts)
    found: Sequence[Tensor] = mine.index_select(0, steps.lines).split(steps.counts)
    return found


def _by_line(steps_by_rows: Tensor, steps: _Steps, N: int) -> Tensor:
    """The values of all steps, each on its line (N, ·); the other lines are 0."""
    return steps_by_rows.new_zeros(N, steps_by_rows.size(1)).index_copy(0, steps.lines, steps_by_rows)
