"""One vector for each row of a batch, padded (T, B, W) or ragged (N, W): -> (B, W).

    last   y = x_n            mean   y = Σ_t x_t / n            max   y = max_t x_t            t = 1 … n
    ends   y = [x_n, first half · x_1, second half]: where the two directions of a recurrent block ended
    attention   y = Σ_t a_t x_t,   a = softmax_t(q · tanh(W x_t + b))        (Yang et al., NAACL 2016)

`lengths` (B,) are the rows' n, in steps. Numbers past a row's end change nothing, also if they are NaN, and get no
gradient. A row without steps gives zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from anaphora.nn.ragged import Ragged


class Pooling(nn.Module):
    """The last step of a row, the mean of its steps, the maximum of each feature, or both ends."""

    def __init__(self, over: str) -> None:
        super().__init__()
        self.of = {"last": _last, "mean": _mean, "max": _max, "ends": _ends}[over]

    def forward(self, x: Tensor | Ragged, lengths: Tensor | None = None) -> Tensor:
        """One vector (B, W) for each row of x, padded (T, B, W) with ``lengths`` (B,), or ragged (N, W)."""
        x, lengths = _padded(x, lengths)
        steps = _steps(x, lengths)
        return self.of(x, steps).masked_fill(steps[:, None] == 0, 0.0) if len(x) else x.new_zeros(x.shape[1:])


class Attention(nn.Linear):
    """Attention pooling: the sum of a row's steps, weighted by their scores for one learned query (Yang et al., 2016).

    Parameters ``weight`` (A, W), ``bias`` (A,), ``query`` (A,).
    """

    def __init__(self, input_size: int, attention_size: int) -> None:
        super().__init__(input_size, attention_size)
        bound = attention_size**-0.5
        self.query = nn.Parameter(torch.empty(attention_size).uniform_(-bound, bound))

    def forward(self, x: Tensor | Ragged, lengths: Tensor | None = None) -> Tensor:
        """One vector (B, W) for each row of x, padded (T, B, W) with ``lengths`` (B,), or ragged (N, W)."""
        x, lengths = _padded(x, lengths)
        past = _past(x, _steps(x, lengths))
        x = x.masked_fill(past, 0.0)
        scores = torch.tanh(super().forward(x)) @ self.query
        weights = scores.masked_fill(past[..., 0], torch.finfo(scores.dtype).min).softmax(0)
        return (weights[..., None] * x).sum(0)


def _padded(x: Tensor | Ragged, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
    return (x.to_padded(), x.lengths) if isinstance(x, Ragged) else (x, lengths)


def _steps(x: Tensor, lengths: Tensor | None) -> Tensor:
    return torch.full(x.shape[1:2], len(x), device=x.device) if lengths is None else lengths.to(x.device)


def _past(x: Tensor, steps: Tensor) -> Tensor:
    """(T, B, 1): whether a step is past its row's end."""
    return (torch.arange(len(x), device=x.device)[:, None] >= steps)[..., None]


def _last(x: Tensor, steps: Tensor) -> Tensor:
    at = (steps - 1).clamp(min=0)[:, None].expand(x.shape[1:])
    return x.gather(0, at[None])[0]


def _ends(x: Tensor, steps: Tensor) -> Tensor:
    half = x.size(-1) // 2
    return torch.cat([_last(x, steps)[:, :half], x[0, :, half:]], dim=1)


def _mean(x: Tensor, steps: Tensor) -> Tensor:
    return x.masked_fill(_past(x, steps), 0.0).sum(0) / steps.clamp(min=1)[:, None]


def _max(x: Tensor, steps: Tensor) -> Tensor:
    return x.masked_fill(_past(x, steps), -torch.inf).amax(0)
