"""A batch of rows of different lengths is its rows: what lies past an end is neither read nor written."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence

from laws.cases import Case, Problem, distance, values


@pytest.fixture
def padded(case: Case) -> Case:
    """The case with a padded batch."""
    return replace(case, layout="lengths_batch_first" if case.layout.endswith("batch_first") else "lengths")


def test_nan_in_the_padding_changes_nothing(padded: Case) -> None:
    problem = Problem(padded)
    problem.ours.eval()
    clean, dirty = problem.run(problem.ours), problem.run(problem.ours, padding=float("nan"))
    for name, value in values(dirty).items():
        assert torch.equal(value, values(clean)[name]), name
    gradients = problem.gradients(problem.ours, clean)
    for name, value in problem.gradients(problem.ours, dirty).items():
        assert torch.equal(value, gradients[name]), name


def test_past_an_end_the_output_is_zero_and_so_is_the_gradient(padded: Case) -> None:
    problem = Problem(padded)
    batch, keywords = problem.bring(problem.rows, padding=3.0)
    batch = batch.detach().requires_grad_()
    soil(batch, problem.d_rows[0].shape[1])
    output, state = problem.ours(batch, problem.hx(problem.states), **keywords)
    # A gradient that arrives past an end counts for nothing, whatever it is.
    arriving = torch.full_like(output, float("nan"))
    time_major = arriving.transpose(0, 1) if problem.ours.batch_first else arriving
    for b, steps in enumerate(problem.lengths):
        time_major[:steps, b] = 1.0
    states = state if isinstance(state, tuple) else (state,)
    soil(batch, batch.shape[2])
    (gradient,) = torch.autograd.grad([output, *states], [batch], [arriving, *map(torch.ones_like, states)])
    for tensor in (output, gradient):
        tensor = tensor.transpose(0, 1) if problem.ours.batch_first else tensor
        for b, steps in enumerate(problem.lengths):
            assert torch.count_nonzero(tensor[steps:, b]) == 0
            assert torch.isfinite(tensor[:steps, b]).all()


def soil(batch: torch.Tensor, features: int) -> None:
    """Leave NaNs behind in memory that the next tensors of this size are likely to get."""
    left = [torch.full((*batch.shape[:2], features), float("nan")) for _ in range(8)]
    del left


def test_a_row_without_steps_keeps_its_state_and_passes_its_gradient(case: Case) -> None:
    case = replace(case, layout="ragged", states=True)
    problem = Problem(case)
    _, states = problem.run(problem.ours)
    empty = [b for b, steps in enumerate(problem.lengths) if steps == 0]
    assert empty
    for end, start, arriving in zip(states, problem.states, problem.d_states, strict=True):
        assert torch.equal(end[:, empty], start[:, empty])
        (gradient,) = torch.autograd.grad(end, start, arriving, retain_graph=True)
        assert torch.equal(gradient[:, empty], arriving[:, empty])


def test_the_second_direction_starts_at_each_row_s_own_end(case: Case) -> None:
    case = replace(case, bidirectional=True, layers=1, dropout=False)
    problem = Problem(case)
    problem.ours.eval()
    outputs, _ = problem.run(problem.ours)
    forwards = replace(case, bidirectional=False).module().eval()
    held = problem.ours.state_dict()
    weights = {n.removesuffix("_reverse"): w for n, w in held.items() if n.endswith("_reverse")}
    forwards.load_state_dict({**weights, **{name: held[name][1:] for name in ("h_0", "c_0") if name in held}})
    mirrored = Problem(replace(case, bidirectional=False))
    mirrored.rows = [row.flip(0) for row in problem.rows]
    mirrored.states = [state[1:] for state in problem.states]
    again, _ = mirrored.run(forwards)
    for b, (output, walked) in enumerate(zip(outputs, again, strict=True)):
        assert torch.equal(output[:, case.P :].flip(0), walked), b


def test_a_packed_output_keeps_sizes_and_indices(case: Case) -> None:
    for layout in ("packed", "unsorted"):
        problem = Problem(replace(case, layout=layout))
        packed, _ = problem.bring(problem.rows)
        for _ in range(2):
            output, _ = problem.ours(packed, problem.hx(problem.states))
            assert isinstance(output, PackedSequence)
            assert output.batch_sizes is packed.batch_sizes
            assert output.sorted_indices is packed.sorted_indices
            assert output.unsorted_indices is packed.unsorted_indices
            assert output.data.shape == (len(packed.data), problem.d_rows[0].shape[1])


def test_states_stand_in_the_caller_s_row_order(case: Case) -> None:
    problem = Problem(replace(case, layout="unsorted", states=True))
    problem.ours.eval(), problem.torchs.eval()
    ours, theirs = problem.run(problem.ours), problem.run_each_alone(problem.torchs)
    far = distance(values(ours), values(theirs))
    assert max(far.values()) <= 2e-6, far


def test_full_lengths_are_no_lengths(case: Case) -> None:
    layout = "batch_first" if case.layout.endswith("batch_first") else "dense"
    problem = Problem(replace(case, layout=layout))
    batch, _ = problem.bring(problem.rows)
    lengths = torch.tensor(problem.lengths)
    found = []
    for keywords in ({}, {"lengths": lengths}, {"lengths": problem.lengths}, {"lengths": lengths.int().numpy()}):
        torch.manual_seed(4)
        output, state = problem.ours(batch, problem.hx(problem.states), **keywords)
        found.append((output, *(state if isinstance(state, tuple) else (state,))))
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
