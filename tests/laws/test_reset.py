"""A row that is reset is its segments, each a row of its own: values, states and gradients."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from anaphora import nn
from laws.cases import Case, Problem, distance, values
from laws.twins import Twin


def reset(case: Case, seed: int = 0, lengths: list[int] | None = None) -> Problem:
    """A problem in which about every third step begins anew, some rows' first steps among them."""
    problem = Problem(case, seed, lengths)
    problem.ours.eval(), problem.torchs.eval()
    draw = torch.Generator().manual_seed(4)
    problem.resets = [torch.rand(len(row), generator=draw) < 0.35 for row in problem.rows]
    problem.resets[0][0] = True
    return problem


def apart(problem: Problem) -> tuple[list[Tensor], list[Tensor]]:
    """The same rows cut by hand; h_n is the last segment's, of the second direction the first's."""
    case, D = problem.case, 2 if problem.case.bidirectional else 1
    assert problem.resets is not None
    cuts = [[0, *(reset.nonzero().flatten().tolist()), len(reset)] for reset in problem.resets]
    cuts = [sorted({*cut}) if len(row) else [0, 0] for cut, row in zip(cuts, problem.rows, strict=True)]
    pieces = [(b, start, end) for b, cut in enumerate(cuts) for start, end in itertools.pairwise(cut)]
    first = [next(s for s, piece in enumerate(pieces) if piece[0] == b) for b in range(len(cuts))]
    last = [max(s for s, piece in enumerate(pieces) if piece[0] == b) for b in range(len(cuts))]
    hx: Any = None
    if case.states:
        held = dict(problem.ours.named_parameters())
        begun = []
        for name, state in zip(("h_0", "c_0"), problem.states, strict=False):
            anew = held[name] if name in held else torch.zeros_like(state[:, :1])
            columns = [[anew[at, 0]] * len(pieces) for at in range(len(state))]
            for at, b in [(at, b) for at in range(len(state)) for b in range(len(cuts))]:
                if at % D == 1:
                    columns[at][last[b]] = state[at, b]
                elif not (len(problem.rows[b]) and problem.resets[b][0]):
                    columns[at][first[b]] = state[at, b]
            begun.append(torch.stack([torch.stack(column) for column in columns]))
        hx = begun[0] if len(begun) == 1 else tuple(begun)
    output, state = problem.ours(nn.Ragged.from_list([problem.rows[b][i:j] for b, i, j in pieces]), hx)
    outputs = [
        torch.cat([row for row, piece in zip(output.rows(), pieces, strict=True) if piece[0] == b])
        for b in range(len(cuts))
    ]
    ends = [
        torch.stack([part[at, last if at % D == 0 else first] for at in range(len(part))])
        for part in (state if isinstance(state, tuple) else (state,))
    ]
    return outputs, ends


def test_a_reset_row_is_its_segments(case: Case) -> None:
    problem = reset(case)
    together, pieces = problem.run(problem.ours), apart(problem)
    for name, value in values(together).items():
        assert torch.equal(value, values(pieces)[name]), name
    gradients, expected = (problem.gradients(problem.ours, found) for found in (together, pieces))
    for name, value in gradients.items():
        if name.startswith(("row", "hx")):
            assert torch.equal(value, expected[name]), name
    far = distance(gradients, expected, least=1.0)
    assert max(far.values()) <= 1e-5, far


def test_a_reset_row_by_hand(case: Case) -> None:
    problem = reset(case)
    twin = Twin(case, (0.0, 0.0), 0.0) if case.torchs else problem.torchs
    twin.load_state_dict(problem.ours.state_dict())
    ours, by_hand = problem.run(problem.ours), problem.run(twin.eval())
    far = distance(values(ours), values(by_hand))
    assert max(far.values()) <= 2e-6, far
    far = distance(problem.gradients(problem.ours, ours), problem.gradients(twin, by_hand), least=1.0)
    assert max(far.values()) <= 1e-5, far


def test_no_reset_changes_nothing(case: Case) -> None:
    problem = Problem(case)
    found = []
    for resets in (None, [torch.zeros(len(row), dtype=torch.bool) for row in problem.rows]):
        problem.resets = resets
        torch.manual_seed(2)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    for name, value in found[0].items():
        assert torch.equal(value, found[1][name]), name


def test_every_layout_is_reset_alike(case: Case) -> None:
    expected = values((problem := reset(case)).run(problem.ours))
    layouts = ["ragged", "lengths_batch_first" if problem.ours.batch_first else "lengths"]
    layouts += [] if 0 in problem.lengths else ["unsorted"]
    for layout in layouts:
        problem.case = replace(case, layout=layout)
        for name, value in values(problem.run(problem.ours)).items():
            assert torch.equal(value, expected[name]), (layout, name)


def test_a_chunk_that_goes_on_can_begin_anew() -> None:
    torch.manual_seed(1)
    module, x = nn.learned_state(nn.LSTM(3, 5)), torch.randn(9, 2, 3)
    with torch.no_grad():
        module.h_0.normal_(), module.c_0.normal_()
    mask = torch.zeros(9, 2, dtype=torch.bool)
    mask[4, 0] = mask[6, 1] = True
    whole, end = module(x, reset=mask)
    early, state = module(x[:4], reset=mask[:4])
    late, state = module(x[4:], state, reset=mask[4:])
    assert torch.equal(torch.cat([early, late]), whole)
    assert all(torch.equal(a, b) for a, b in zip(state, end, strict=True))
    alone, _ = module(x[4:, :1])
    assert torch.equal(whole[4:, :1], alone)


@pytest.mark.parametrize(
    ("shape", "dtype", "says"),
    [
        ((3, 7), torch.bool, r"GRU: expected reset \(7, 3\), one boolean for each step, got shape \(3, 7\)"),
        ((7, 3, 1), torch.bool, r"got shape \(7, 3, 1\)"),
        ((7, 3), torch.float32, r"GRU: expected reset to be boolean, got float32: compare it, as in reset != 0"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(shape: tuple[int, ...], dtype: torch.dtype, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        nn.GRU(5, 4)(torch.zeros(7, 3, 5), reset=torch.zeros(shape, dtype=dtype))
