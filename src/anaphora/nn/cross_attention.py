"""Attention from the steps of one part to those of another, all steps at once.

    general    a_t = softmax_s(q_t · W m_s)                                          (Luong et al., EMNLP 2015)
    additive   a_t = softmax_s(v · tanh(W m_s + U q_t + b))                          (Bahdanau et al., ICLR 2015)
    c_t = Σ_s a_ts m_s

Both sides are ragged: the queries of row b attend to the memory of row b alone. A row without memory gets zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from anaphora.nn.ragged import Ragged


class CrossAttention(nn.Module):
    """Cross attention: for each query the weighted mean of the memory of its row.

    Parameters ``weight`` (Q, M); additive: ``weight`` (A, M), ``query_weight`` (A, Q), ``bias`` (A,), ``score`` (A,).
    """

    def __init__(self, query_size: int, memory_size: int, score: str = "general", attention_size: int = 128) -> None:
        super().__init__()
        width = query_size if score == "general" else attention_size
        self.weight = _uniform(memory_size, width, memory_size)
        if score == "additive":
            self.query_weight = _uniform(query_size, width, query_size)
            self.bias = nn.Parameter(torch.zeros(width))
            self.score = _uniform(width, width)

    def forward(self, queries: Ragged, memory: Ragged) -> tuple[Ragged, Tensor]:
        """Return contexts (N, M), ragged like the queries, and weights (B, T, S), 0 past a row's end.

        ``queries``: (N, Q), ragged; ``memory``: (K, M), ragged, for the same B rows.
        """
        additive = "score" in self._parameters
        keys = nn.functional.linear(memory.data, self.weight, self.bias if additive else None)
        attended = memory.to_padded(batch_first=True)
        keyed = memory.with_data(keys).to_padded(batch_first=True)
        if additive:
            asked = nn.functional.linear(queries.data, self.query_weight)
            asking = queries.with_data(asked).to_padded(batch_first=True)
            scores = torch.tanh(keyed[:, None] + asking[:, :, None]) @ self.score
        else:
            scores = queries.to_padded(batch_first=True) @ keyed.mT
        steps = torch.arange(attended.size(1), device=scores.device)
        past = steps >= memory.lengths.to(scores.device)[:, None, None]
        weights = scores.masked_fill(past, torch.finfo(scores.dtype).min).softmax(2).masked_fill(past, 0.0)
        contexts = Ragged.from_padded(weights @ attended, queries.lengths, batch_first=True)
        return queries.with_data(contexts.data), weights


def _uniform(fan_in: int, *shape: int) -> nn.Parameter:
    bound = fan_in**-0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
