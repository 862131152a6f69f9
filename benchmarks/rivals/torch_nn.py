"""torch.nn's own layers: oneDNN for a dense LSTM, a loop over tensor operations for the rest.

Rows of different lengths go in as a PackedSequence, which is made outside of the clock.
"""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from measure.case import Problem, Rival, torch_side

MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def rival(problem: Problem) -> Rival:
    """torch.nn on the same problem."""
    case = problem.case
    layer = MODULES[case.cell](case.I, case.H, case.layers, bidirectional=case.directions == 2)
    layer.load_state_dict(problem.layer.state_dict())
    if not case.ragged:
        leaf = problem.x.clone().requires_grad_()
        return torch_side("torch.nn", problem, layer, leaf, leaf, problem.dy)
    packed = pack_padded_sequence(problem.x, problem.lengths, enforce_sorted=False)
    leaf = packed.data.clone().requires_grad_()
    dy = pack_padded_sequence(problem.dy, problem.lengths, enforce_sorted=False).data
    return torch_side("torch.nn packed", problem, layer, packed._replace(data=leaf), leaf, dy)
