"""Every module by hand: rows walk one by one, step by step, through equations that share no line with ours.

A twin has our module's parameters under our names and takes what torch's modules take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence

from laws.oracle import Row

if TYPE_CHECKING:
    from laws.cases import Case

KINDS = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_hr": "weight_hr"}
OWN = ("weight_peephole", "gain_ih", "gain_hh", "gain_c", "shift_c")
MEMORY = ("lstm", "lstm_peephole", "lstm_coupled", "lstm_layer_norm")


class Masks:
    """Noise of one layer: ``mask`` (D, B, P) into products, zoneout by ``keep_h`` and ``keep_c``, each row (T, D·H)."""

    def __init__(self, mask: Tensor | None = None, keep_h: Any = None, keep_c: Any = None) -> None:
        self.mask, self.keep_h, self.keep_c = mask, keep_h, keep_c


class Twin(torch.nn.Module):
    def __init__(self, case: Case, zoneout: tuple[float, float], limit: float) -> None:
        super().__init__()
        self.case, self.limit = case, limit
        self.zoneout = zoneout
        self.batch_first = case.batch_first
        for name, parameter in case.module().named_parameters():
            self.register_parameter(name, torch.nn.Parameter(parameter.detach().clone()))

    def forward(self, batch: Any, hx: Any = None) -> tuple[Any, Any]:
        if isinstance(batch, PackedSequence):
            padded, lengths = pad_packed_sequence(batch)
            rows = [padded[:T, b] for b, T in enumerate(lengths)]
        else:
            padded = batch.unsqueeze(1) if batch.dim() == 2 else batch.transpose(0, 1) if self.batch_first else batch
            rows = list(padded.unbind(1))
        states = None if hx is None else [hx] if isinstance(hx, Tensor) else list(hx)
        if states is not None and states[0].dim() == 2:
            states = [state.unsqueeze(1) for state in states]
        outputs, ends = self.walk(rows, states, packed=isinstance(batch, PackedSequence))
        if isinstance(batch, PackedSequence):
            return pack_sequence(outputs, enforce_sorted=self.case.layout == "packed"), self.state(ends)
        if batch.dim() == 2:
            return outputs[0], self.state([end.squeeze(1) for end in ends])
        return torch.stack(outputs, dim=0 if self.batch_first else 1), self.state(ends)

    def state(self, ends: list[Tensor]) -> Any:
        return tuple(ends) if len(ends) > 1 else ends[0]

    def walk(
        self,
        rows: list[Tensor],
        states: list[Tensor] | None = None,
        resets: list[list[bool]] | None = None,
        masks: list[Masks] | None = None,
        packed: bool = False,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Outputs and last states of rows (T_b, I); ``resets`` for each step of each row, ``masks`` for each layer."""
        case, D = self.case, 2 if self.case.bidirectional else 1
        resets = [[False] * len(row) for row in rows] if resets is None else resets
        hs, cs = [], []
        for layer in range(case.layers):
            if layer and self.training and case.dropout:
                rows = self.dropped(rows, packed)
            sides = []
            for d in range(D):
                ends = [
                    self.row(row, b, layer, d, states, resets[b], masks[layer] if masks else Masks())
                    for b, row in enumerate(rows)
                ]
                sides.append([output for output, _, _ in ends])
                hs.append(torch.stack([h for _, h, _ in ends]))
                cs.append(torch.stack([c for _, _, c in ends]))
            rows = [torch.cat(parts, dim=1) for parts in zip(*sides, strict=True)]
        return rows, [torch.stack(hs), torch.stack(cs)] if case.cell in MEMORY else [torch.stack(hs)]

    def row(
        self, x: Tensor, b: int, layer: int, d: int, states: Any, resets: list[bool], masks: Masks
    ) -> tuple[Tensor, Tensor, Tensor]:
        case, suffix = self.case, f"_l{layer}" + ("_reverse" if d else "")
        held = dict(self.named_parameters())
        weights = {short: held[name + suffix] for short, name in KINDS.items() if name + suffix in held}
        own = [held[name + suffix] for name in OWN if name + suffix in held]
        if own:
            weights["own"] = torch.cat(own)
        step = Row(case.cell, weights, self.limit).step
        at = layer * (2 if case.bidirectional else 1) + d
        anew_h, anew_c = x.new_zeros(case.P), x.new_zeros(case.H)
        if "h_0" in held:
            anew_h, anew_c = held["h_0"][at, 0], held["c_0"][at, 0] if "c_0" in held else anew_c
        h, c = anew_h, anew_c
        if states is not None:
            h, c = states[0][at, b], states[1][at, b] if len(states) > 1 else c
        hidden, memory = self.zoneout
        outputs: dict[int, Tensor] = {}
        for t in reversed(range(len(x))) if d else range(len(x)):
            if resets[t] if d == 0 else t + 1 < len(x) and resets[t + 1]:
                h, c = anew_h, anew_c
            made_h, made_c = step(x[t], h, h if masks.mask is None else masks.mask[d, b] * h, c)
            keep_h = hidden if masks.keep_h is None else masks.keep_h[b][t].unflatten(0, (-1, case.P))[d]
            keep_c = memory if masks.keep_c is None else masks.keep_c[b][t].unflatten(0, (-1, case.H))[d]
            h, c = keep_h * h + (1 - keep_h) * made_h, keep_c * c + (1 - keep_c) * made_c
            outputs[t] = h
        return torch.stack([outputs[t] for t in range(len(x))]) if len(x) else x.new_zeros(0, case.P), h, c

    def dropped(self, rows: list[Tensor], packed: bool) -> list[Tensor]:
        """Dropout as torch draws it: over the data of a packed sequence, otherwise time-major."""
        if not packed:
            padded = F.dropout(pad_sequence(rows), 0.4)
            return list(padded.unbind(1))
        together = pack_sequence(rows, enforce_sorted=self.case.layout == "packed")
        padded, _ = pad_packed_sequence(together._replace(data=F.dropout(together.data, 0.4)))
        return [padded[: len(row), b] for b, row in enumerate(rows)]
