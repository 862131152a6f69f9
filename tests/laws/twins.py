"""Every module by hand: all rows side by side, step by step, through equations that share no line with ours.

A twin has our module's parameters under our names and takes what torch's modules take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, sigmoid, tanh
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence

from laws.oracle import Held

if TYPE_CHECKING:
    from laws.cases import Case

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
                outputs, h, c = self.side(rows, layer, d, states, resets, masks[layer] if masks else Masks())
                sides.append(outputs)
                hs.append(h)
                cs.append(c)
            rows = [torch.cat(parts, dim=1) for parts in zip(*sides, strict=True)]
        return rows, [torch.stack(hs), torch.stack(cs)] if case.cell in MEMORY else [torch.stack(hs)]

    def side(
        self, rows: list[Tensor], layer: int, d: int, states: Any, resets: list[list[bool]], masks: Masks
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """One direction of one layer; the second walks rows that are turned round."""
        case, suffix = self.case, f"_l{layer}" + ("_reverse" if d else "")
        held = dict(self.named_parameters())
        step = Step(case.cell, {n.removesuffix(suffix): w for n, w in held.items() if n.endswith(suffix)}, self.limit)
        at, B, T = layer * (2 if case.bidirectional else 1) + d, len(rows), max(map(len, rows))

        def walked(values: list[Tensor]) -> Tensor:
            return pad_sequence([value.flip(0) if d else value for value in values])

        anew = [rows[0].new_zeros(1, size) for size in (case.P, case.H)]
        anew = [held[name][at] if name in held else zeros for name, zeros in zip(("h_0", "c_0"), anew, strict=True)]
        h, c = (zeros.expand(B, -1) for zeros in anew)
        if states is not None:
            h, c = states[0][at], states[1][at] if len(states) > 1 else c
        # Coming from behind, a row begins anew at the step before the one that is reset.
        begun = [torch.tensor([*reset[1:], False][: len(reset)] if d else reset, dtype=torch.bool) for reset in resets]
        begins = walked(begun).unsqueeze(2).to(h.device)
        alive = walked([torch.ones_like(row[:, :1], dtype=torch.bool) for row in rows])
        keeps = [
            [keep] * T if drawn is None else walked([row.unflatten(1, (-1, size))[:, d] for row in drawn])
            for keep, drawn, size in zip(self.zoneout, (masks.keep_h, masks.keep_c), (case.P, case.H), strict=True)
        ]
        outputs, x = [h[:0]], walked(rows)
        for s in range(T):
            if begins[s].any():
                h, c = (torch.where(begins[s], zeros, state) for zeros, state in zip(anew, (h, c), strict=True))
            made_h, made_c = step(x[s], h, h if masks.mask is None else masks.mask[d] * h, c)
            keep_h, keep_c = keeps[0][s], keeps[1][s]
            h = torch.where(alive[s], keep_h * h + (1 - keep_h) * made_h, h)
            c = torch.where(alive[s], keep_c * c + (1 - keep_c) * made_c, c)
            outputs.append(h)
        y = torch.stack(outputs[1:]) if T else h.new_zeros(0, B, case.P)
        ends = [y[: len(row), b] for b, row in enumerate(rows)]
        return [end.flip(0) if d else end for end in ends], h, c

    def dropped(self, rows: list[Tensor], packed: bool) -> list[Tensor]:
        """Dropout as torch draws it: over the data of a packed sequence, otherwise time-major."""
        if not packed:
            padded = F.dropout(pad_sequence(rows), 0.4)
            return list(padded.unbind(1))
        together = pack_sequence(rows, enforce_sorted=self.case.layout == "packed")
        padded, _ = pad_packed_sequence(together._replace(data=F.dropout(together.data, 0.4)))
        return [padded[: len(row), b] for b, row in enumerate(rows)]


class Step:
    """One step of many rows: weights by name, and the limit of its products' gradients, 0 for none."""

    def __init__(self, cell: str, weights: dict[str, Tensor], limit: float) -> None:
        self.cell, self.w, self.limit = cell, weights, limit

    def product(self, side: str, value: Tensor, rows: slice = slice(None), bias: bool = True) -> Tensor:
        b = self.w.get(f"bias_{side}") if bias else None
        found = F.linear(value, self.w[f"weight_{side}"][rows], None if b is None else b[rows])
        return Held.apply(found, self.limit) if self.limit else found

    def normalised(self, side: str, value: Tensor) -> Tensor:
        raw = self.product(side, value, bias=False)
        return F.layer_norm(raw, raw.shape[1:]) * self.w[f"gain_{side}"] + self.w.get(f"bias_{side}", 0.0)

    def __call__(self, x: Tensor, h: Tensor, met: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        w, H = self.w, c.size(1)
        if self.cell == "gru_reset_before":
            before, last = slice(0, 2 * H), slice(2 * H, 3 * H)
            from_x = self.product("ih", x)
            r, z = sigmoid(from_x[:, before] + self.product("hh", met, before)).split(H, 1)
            return torch.lerp(tanh(from_x[:, last] + self.product("hh", r * met, last)), h, z), c
        part = self.normalised if self.cell.endswith("layer_norm") else self.product
        from_x, from_h = part("ih", x), part("hh", met)
        if self.cell.startswith("rnn"):
            return (tanh if self.cell == "rnn_tanh" else torch.relu)(from_x + from_h), c
        if self.cell.startswith("gru"):
            r, z = sigmoid(from_x[:, : 2 * H] + from_h[:, : 2 * H]).split(H, 1)
            return torch.lerp(tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :]), h, z), c
        *pre, o_pre = (from_x + from_h).split(H, 1)
        p_i, p_f, p_o = w["weight_peephole"].split(H) if "weight_peephole" in w else (0.0, 0.0, 0.0)
        forget = sigmoid(pre[-2] + p_f * c)
        let_in = 1 - forget if self.cell == "lstm_coupled" else sigmoid(pre[0] + p_i * c)
        memory = forget * c + let_in * tanh(pre[-1])
        shown = memory
        if "gain_c" in w:
            shown = F.layer_norm(memory, (H,)) * w["gain_c"] + w["shift_c"]
        m = sigmoid(o_pre + p_o * memory) * tanh(shown)
        return F.linear(m, w["weight_hr"]) if "weight_hr" in w else m, memory
