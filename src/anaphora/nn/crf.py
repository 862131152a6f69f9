"""A conditional random field: a linear chain over a row's labels (Lafferty, McCallum and Pereira, ICML 2001).

    s(y | x) = a_{y_1} + Σ_t e_t(y_t) + Σ_t W_{y_{t−1} y_t} + b_{y_n}               p(y | x) = exp(s) / Z
    α_1 = a + e_1,   α_t(j) = e_t(j) + ln Σ_i exp(α_{t−1}(i) + W_ij)                ln Z = ln Σ_j exp(α_n(j) + b_j)
    β_n = b,         β_t(i) = ln Σ_j exp(W_ij + e_{t+1}(j) + β_{t+1}(j))
    ∂ ln Z / ∂ e_t(j) = p(y_t = j | x) = exp(α_t(j) + β_t(j) − ln Z)

A step of either recursion is one matrix product for all rows, as ln Σ_i exp(v_i + W_ij) = m + ln((exp(v − m) exp W)_j)
with m = max v. If that sum underflows, it is computed term by term instead. Rows are sorted longest first, so that a
step costs the rows that reach it. All numbers are float64, and the gradient is computed by the equations above, not by
autograd. A forbidden transition is in no sum: Z sums over the possible sequences, as decoding does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from anaphora.nn.ragged import Ragged

_LARGEST = 600.0  # e to this power can still be multiplied without overflow
_LEAST = 1e-290  # a sum below this has lost digits, or all of them


class CRF(nn.Module):
    """The loss −ln p(y | x) of rows of labels.

    Parameters ``transitions`` (K, K), from the row's label to the column's, ``start`` (K,) and ``end`` (K,).
    """

    no_transitions: Tensor
    no_start: Tensor
    no_end: Tensor

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(labels, labels))
        self.start = nn.Parameter(torch.zeros(labels))
        self.end = nn.Parameter(torch.zeros(labels))
        for name, shape in (("transitions", (labels, labels)), ("start", (labels,)), ("end", (labels,))):
            self.register_buffer(f"no_{name}", torch.zeros(shape, dtype=torch.bool), persistent=False)

    def forbid(self, transitions: Tensor, start: Tensor, end: Tensor) -> None:
        """Forbid transitions (K, K), first labels ``start`` (K,) and last labels ``end`` (K,), booleans.

        They are not part of the ``state_dict``.
        """
        for name, no in (("transitions", transitions), ("start", start), ("end", end)):
            self.get_buffer(f"no_{name}").copy_(no)

    def forward(self, scores: Ragged, labels: Tensor, temperature: float = 1.0) -> Tensor:
        """Return −ln p of each row (B,), in nats, float64: scores e (N, K), ragged, and labels (N,) of the same rows.

        A row without steps has 0. Scores and parameters are divided by the temperature first.
        """
        kind = torch.float32 if scores.data.device.type == "mps" else torch.float64
        W, a, b = (
            each.to(kind).masked_fill(no, -torch.inf) / temperature
            for each, no in (
                (self.transitions, self.no_transitions),
                (self.start, self.no_start),
                (self.end, self.no_end),
            )
        )
        e = scores.data.to(kind) / temperature
        loss = log_partition(scores.with_data(e), W, a, b) - path_score(scores.with_data(e), labels, W, a, b)
        return torch.where(loss < 0, loss - loss.detach(), loss)  # rounding alone is below 0; its gradient stays


def path_score(scores: Ragged, labels: Tensor, W: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return s(y | x) of each row (B,): scores (N, K), ragged, labels (N,), W (K, K), a and b (K,)."""
    lengths = scores.lengths.to(scores.data.device)
    row = torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)
    each = scores.data.gather(1, labels[:, None])[:, 0]
    begins = torch.ones_like(row, dtype=torch.bool)
    begins[1:] = row[1:] != row[:-1]
    ends = begins.roll(-1)
    before = labels.roll(1)
    each = each + torch.where(begins, a[labels], W[before, labels]) + torch.where(ends, b[labels], 0.0)
    return each.new_zeros(len(lengths)).index_add(0, row, each)


def log_partition(scores: Ragged, W: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return ln Z of each row (B,), 0 for a row without steps: scores (N, K), ragged, W (K, K), a and b (K,)."""
    order = torch.argsort(scores.lengths, descending=True, stable=True)
    order = order[: int((scores.lengths > 0).sum())]
    lengths = scores.lengths[order].tolist()
    if not lengths:
        return scores.data.new_zeros(len(scores))
    counts = [sum(length > t for length in lengths) for t in range(lengths[0])]
    there = order.to(scores.data.device)
    longest_first = scores.to_padded().index_select(1, there)  # (T, B, K)
    found: Tensor = _LogPartition.apply(longest_first, W, a, b, lengths, counts)  # type: ignore[no-untyped-call]
    return found.new_zeros(len(scores)).index_copy(0, there, found)


class _LogPartition(torch.autograd.Function):
    """ln Z (B,) of e (T, B, K), rows longest first, `counts[t]` of which have a step t."""

    @staticmethod
    def forward(
        ctx: Any, e: Tensor, W: Tensor, a: Tensor, b: Tensor, lengths: Sequence[int], counts: Sequence[int]
    ) -> Tensor:
        P = W.exp()
        alpha = torch.empty_like(e)
        alpha[0] = e[0] + a
        for t in range(1, len(counts)):
            n = counts[t]
            alpha[t, :n] = e[t, :n] + _log_product(alpha[t - 1, :n], W, P)
        last = torch.tensor(lengths, device=e.device) - 1, torch.arange(len(lengths), device=e.device)
        log_z = (alpha[last] + b).logsumexp(1)
        ctx.save_for_backward(e, alpha, W, P, b, log_z, *last)
        ctx.counts = counts
        return log_z

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_log_z: Tensor) -> tuple[Tensor | None, ...]:
        e, alpha, W, P, b, log_z, *last = ctx.saved_tensors
        counts = ctx.counts
        d_e, d_P, d_W, Q = torch.zeros_like(e), torch.zeros_like(P), torch.zeros_like(P), P.mT.contiguous()
        beta = b.expand_as(e[0]).clone()
        for t in reversed(range(len(counts))):
            n = counts[t]
            if t + 1 < len(counts):
                on = counts[t + 1]  # rows that go on; the others end here, where β is b
                ahead = e[t + 1, :on] + beta[:on]
                here = alpha[t, :on]
                top = here.amax(1, keepdim=True)
                pull = ahead + top - log_z[:on, None]
                far = (pull > _LARGEST).any(1)
                if far.any():  # exp(pull) overflows, although its product with the unlikely α does not
                    pairs = here[far][:, :, None] + W + (ahead - log_z[:on, None])[far][:, None]
                    d_W += (pairs.exp() * d_log_z[:on][far][:, None, None]).sum(0)
                    pull = pull.masked_fill(far[:, None], -torch.inf)
                d_P += (here - top).exp().mT @ (pull.exp() * d_log_z[:on, None])
                beta[:on] = _log_product(ahead, W.mT, Q)
            d_e[t, :n] = (alpha[t, :n] + beta[:n] - log_z[:n, None]).exp() * d_log_z[:n, None]
        return d_e, d_W + d_P * P, d_e[0].sum(0), d_e[tuple(last)].sum(0), None, None


def _log_product(v: Tensor, W: Tensor, P: Tensor) -> Tensor:
    """ln Σ_i exp(v_i + W_ij) of each row (n, K); P = exp W."""
    top = v.amax(1, keepdim=True)
    sums = (v - top).exp() @ P
    found = top + sums.log()
    small = (sums < _LEAST).any(1)
    if small.any():
        found[small] = (v[small][:, :, None] + W).logsumexp(1)
    return found
