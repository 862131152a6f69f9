"""The edges: no steps, no rows, one unit, one feature, sizes beside every tile, memory that isn't contiguous."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from anaphora import nn
from laws.cases import MODULES, Case, Problem, distance, near, values


def test_no_steps(case: Case) -> None:
    for layout in ("dense", "batch_first", "lengths", "ragged", "unbatched"):
        problem = Problem(replace(case, layout=layout), lengths=[0] if layout == "unbatched" else [0, 0, 0])
        outputs, states = problem.run(problem.ours)
        assert [row.shape for row in outputs] == [d.shape for d in problem.d_rows]
        for end, start in zip(states, problem.initial(problem.ours), strict=True):
            assert torch.equal(end, start)
        for name, gradient in problem.gradients(problem.ours, (outputs, states)).items():
            if name.startswith("hx") and case.states:
                assert torch.equal(gradient, problem.d_states[int(name[3:])])
            elif name in ("h_0", "c_0") and not case.states:
                arrived = problem.d_states[name == "c_0"].sum(1, keepdim=True)
                assert torch.allclose(gradient, arrived, rtol=1e-6, atol=1e-6)
            else:
                assert torch.count_nonzero(gradient) == 0


def test_no_rows(case: Case) -> None:
    module = case.module()
    D = 2 if case.bidirectional else 1
    x = torch.zeros((0, 7, case.width) if module.batch_first else (7, 0, case.width), requires_grad=True)
    output, state = module(x)
    assert output.shape == (*x.shape[:2], D * case.P)
    for end, size in zip(state if isinstance(state, tuple) else (state,), (case.P, case.H), strict=False):
        assert end.shape == (case.layers * D, 0, size)
    (output.sum() + sum(end.sum() for end in state)).backward()
    assert all(torch.count_nonzero(weight.grad) == 0 for weight in module.parameters())
    ragged, _ = module(nn.Ragged(torch.zeros(0, case.width), torch.zeros(0, dtype=torch.int64)))
    assert ragged.data.shape == (0, D * case.P)


@pytest.mark.parametrize("H", [1, 2, 3, 15, 16, 17, 31, 33, 64, 65])
@pytest.mark.parametrize("cell", MODULES)
def test_sizes_beside_every_tile(cell: str, H: int) -> None:
    problem = Problem(Case(cell, "ragged", bidirectional=True, width=H // 3 + 1, H=H), seed=H)
    exact = problem.double()
    ours, theirs = problem.run(problem.ours), problem.run_each_alone(problem.torchs)
    true = exact.run_each_alone(exact.torchs)
    # One unit, normalised, loses digits in any float32: by hand as many as here.
    lost = max(distance(values(theirs), values(true)).values())
    far = distance(values(ours), values(true))
    assert max(far.values()) <= 2e-6 + 2 * lost, (far, lost)
    expected = exact.gradients(exact.torchs, true)
    lost = max(distance(problem.gradients(problem.torchs, theirs), expected, least=1.0).values())
    far = distance(problem.gradients(problem.ours, ours), expected, least=1.0)
    assert max(far.values()) <= 1e-5 + 2 * lost, (far, lost)


@pytest.mark.parametrize(("H", "P"), [(2, 1), (17, 16), (33, 1), (64, 31), (65, 64)])
def test_projections_beside_every_tile(H: int, P: int) -> None:
    ours, theirs = nn.LSTM(5, H, proj_size=P, bidirectional=True), torch.nn.LSTM(5, H, proj_size=P, bidirectional=True)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(6, 7, 5, generator=torch.Generator().manual_seed(2))
    found = []
    for module in (ours, theirs):
        output, (h_n, c_n) = module(x)
        loss = output.square().sum() + (h_n.sum() * c_n).sum()
        gradients = torch.autograd.grad(loss, list(module.parameters()))
        found.append({str(number): value for number, value in enumerate((output, h_n, c_n, *gradients))})
    far = distance(*found)
    assert max(far.values()) <= 1e-5, far


def test_memory_that_is_not_contiguous(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    expected = values(problem.run(problem.ours))
    wide = [torch.stack([row, -row], dim=2).detach() for row in problem.rows]
    problem.rows = [row[:, :, 0] for row in wide]
    problem.states = [torch.stack([state, -state], dim=3).detach()[..., 0] for state in problem.states]
    assert not problem.states[0].is_contiguous() or problem.states[0].numel() == 1
    if case.layout == "dense":
        padded = torch.stack(problem.rows).transpose(0, 1)
        output, _ = problem.ours(padded, problem.hx(problem.states))
        assert all(torch.equal(output[:, b], expected[f"output {b}"]) for b in range(output.shape[1]))
    for weight in problem.ours.parameters():
        weight.data = torch.stack([weight, -weight], dim=weight.dim()).detach()[..., 0]
    found = problem.run(problem.ours)
    for name, value in values(found).items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM", "PeepholeLSTM"])
def test_rows_that_overlap_in_memory(kind: str) -> None:
    # Windows over one recording, each beginning two steps after the one before.
    torch.manual_seed(3)
    module, recording = getattr(nn, kind)(5, 9), torch.randn(10, 5, requires_grad=True)
    found = []
    for windows in (
        recording.unfold(0, 4, 2).permute(2, 0, 1),
        recording[torch.arange(4)[:, None] + 2 * torch.arange(4)],
    ):
        output, _ = module(windows)
        found.append((output, *torch.autograd.grad(output.square().sum(), [recording, *module.parameters()])))
    assert found[0][0].shape == (4, 4, 9)
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(found[0][0], found[1][0])


def test_gradients_that_arrive_expanded(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    outputs, _ = problem.run(problem.ours)
    leaves = [*problem.ours.parameters(), *problem.rows]
    unused = {"allow_unused": True, "materialize_grads": True}
    expanded = torch.autograd.grad(sum(row.sum() for row in outputs), leaves, retain_graph=True, **unused)
    ones = [torch.ones_like(row) for row in outputs]
    for got, expected in zip(expanded, torch.autograd.grad(outputs, leaves, ones, **unused), strict=True):
        assert torch.equal(got, expected)


def test_extreme_values(case: Case) -> None:
    problem = Problem(replace(case, layout="dense"))
    problem.ours.eval(), problem.torchs.eval()
    for scale in (1e-40, 1e-20, 30.0, 1e4):
        problem.rows = [(row.detach() * scale).requires_grad_() for row in problem.rows]
        if case.cell == "rnn_relu" and scale > 1:
            continue  # nothing bounds it
        far = distance(values(problem.run(problem.ours)), values(problem.run_torch()), least=1e-6)
        assert near(far, 2e-6, problem.lost), (scale, far)
