"""Where our kernels don't run: torch's own operation, or the equations in plain torch; autocast computes in float32."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from anaphora import nn
from laws.cases import MODULES, OURS, PLAIN, TORCHS, Case, Problem, distance, values
from laws.twins import Twin

CASES = [
    Case(cell, layout, layers, bidirectional)
    for cell, layers, bidirectional in (("rnn_tanh", 1, True), ("gru", 2, False), ("lstm", 2, True))
    for layout in TORCHS + OURS
]
CASES += [Case(cell, layout, 2, True) for cell in MODULES if cell not in PLAIN for layout in ("dense", "packed", *OURS)]
CASES += [
    Case(cell, layout, 2, True, states=False, modifier=modifier)
    for cell, modifier in (
        ("gru", "zoneout"),
        ("lstm", "learned_state"),
        ("rnn_tanh", "clip_gradients"),
        ("lstm", "every"),
    )
    for layout in TORCHS + OURS
]


DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_float64_in_every_layout(case: Case, device: str) -> None:
    exact = Problem(case).double(device)
    exact.ours.train(not case.random), exact.torchs.train(not case.random)
    ours, theirs = exact.run(exact.ours), exact.run_torch()
    far = distance(values(ours), values(theirs))
    assert max(far.values()) <= 1e-12, far
    far = distance(exact.gradients(exact.ours, ours), exact.gradients(exact.torchs, theirs))
    assert max(far.values()) <= 1e-11, far


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_float64_without_any_step_keeps_the_state(kind: str) -> None:
    module = getattr(nn, kind)(3, 4, dtype=torch.float64)
    h0 = torch.randn(1, 2, 4, dtype=torch.float64)
    for given in (None, h0):
        hx = (given, given) if kind == "LSTM" and given is not None else given
        output, state = module(torch.zeros(5, 2, 3, dtype=torch.float64), hx, lengths=[0, 0])
        assert torch.equal(output, torch.zeros(5, 2, 4, dtype=torch.float64))
        for end in state if isinstance(state, tuple) else (state,):
            assert torch.equal(end, torch.zeros_like(h0) if given is None else h0)
    with pytest.raises(ValueError, match="expected 2 lengths"):
        module(torch.zeros(5, 2, 3, dtype=torch.float64), lengths=[1])
    with pytest.raises(ValueError, match="lengths go with a padded tensor"):
        module(torch.zeros(5, 3, dtype=torch.float64), lengths=[1])
    with pytest.raises(ValueError, match="lengths go with a padded tensor"):
        module(nn.Ragged(torch.zeros(5, 3, dtype=torch.float64), torch.tensor([5])), lengths=[1])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell", MODULES)
def test_float64_is_reset_and_looked_into(cell: str, device: str) -> None:
    for layout in (*TORCHS, *OURS):
        problem = Problem(Case(cell, layout, 2, True)).double(device)
        problem.resets = [torch.arange(len(row)) % 3 == 1 for row in problem.rows]
        twin = Twin(problem.case, (0.0, 0.0), 0.0).double().to(device)
        twin.load_state_dict(problem.ours.state_dict())
        ours, by_hand = problem.run(problem.ours), problem.run(twin)
        assert max(distance(values(ours), values(by_hand)).values()) <= 1e-12
        batch, keywords = problem.bring(problem.rows, resets=problem.resets)
        seen = nn.inspect(problem.ours, batch, problem.hx(problem.states), **keywords)
        assert all(torch.equal(a, b) for a, b in zip(problem.take(seen.output), ours[0], strict=True))
        assert all(field.device.type == device for field in seen.layers[1])
        far = distance(problem.gradients(problem.ours, ours), problem.gradients(twin, by_hand))
        assert max(far.values()) <= 1e-11, far


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("layout", TORCHS + OURS)
def test_noise_in_training_is_the_seed_s(layout: str, device: str) -> None:
    """In float64 and in our kernels one seed of the CPU draws the same masks; elsewhere it repeats its own."""
    found = []
    for again in range(3):
        problem = Problem(Case("lstm_peephole", layout, 2, True, states=False, modifier="every"))
        problem = problem if again == 2 and device == "cpu" else problem.double(device)
        torch.manual_seed(3)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    assert max(distance(found[1], found[0]).values()) == 0
    assert max(distance(found[2], found[0], least=0.1).values()) <= 1e-5


@pytest.mark.parametrize("cell", ["gru_layer_norm", "lstm_peephole"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_runs_and_is_near(cell: str, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    module, x = Case(cell, "dense", H=16).module().to(dtype), torch.randn(6, 3, 5)
    output, _ = module(x.to(dtype))
    assert output.dtype is dtype
    expected, _ = module.float()(x.to(dtype).float())
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("layout", TORCHS)
@pytest.mark.parametrize("cell", PLAIN)
def test_what_torch_can_do_it_does(cell: str, layout: str) -> None:
    """A learned state, recompute, a limit where no gradient is wanted: torch's own operation still runs, bit by bit."""
    problem = Problem(Case(cell, layout, 2, True, states=False)).double()
    module = nn.clip_gradients(nn.recompute(nn.learned_state(problem.ours), 3), 0.1)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in ("h_0", "c_0"):
                parameter.normal_()
        outputs, states = problem.run(module)
        batch, _ = problem.bring(problem.rows)
        given = replace(problem.case, states=True)
        begun = problem.initial(module)
        problem.case = given
        expected = problem.torchs(batch, problem.hx(begun))
    ends = expected[1] if cell == "lstm" else (expected[1],)
    assert all(torch.equal(a, b) for a, b in zip(outputs, problem.take(expected[0]), strict=True))
    assert all(torch.equal(a.flatten(), b.flatten()) for a, b in zip(states, ends, strict=True))


def test_bfloat16_is_torchs_own() -> None:
    ours, theirs = nn.GRU(5, 9).bfloat16(), torch.nn.GRU(5, 9).bfloat16()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(4, 2, 5).bfloat16()
    assert torch.equal(ours(x)[0], theirs(x)[0])


@pytest.mark.parametrize("kind", [*sorted({*MODULES.values()}), "RNNCell", "GRUCell", "LSTMCell"])
def test_under_autocast_a_layer_computes_in_float32(kind: str) -> None:
    module: Any = getattr(nn, kind)(5, 9)
    x = torch.randn(*(() if kind.endswith("Cell") else (4,)), 2, 5, generator=torch.Generator().manual_seed(2))
    x = x.bfloat16().requires_grad_()
    plain = module(x.float())
    with torch.autocast("cpu", torch.bfloat16):
        mixed = module(x)
        loss = sum(part.sum() for part in torch.utils._pytree.tree_leaves(mixed))
        (first,) = torch.autograd.grad(loss, x, create_graph=True)
    for got, expected in zip(*map(torch.utils._pytree.tree_leaves, (mixed, plain)), strict=True):
        assert got.dtype is torch.float32
        assert torch.equal(got, expected)
    assert first.dtype is torch.bfloat16
    expected = torch.autograd.grad(sum(part.sum() for part in torch.utils._pytree.tree_leaves(plain)), x)[0]
    torch.testing.assert_close(first, expected, rtol=1e-2, atol=1e-2)


def test_on_the_meta_device_shapes_come_out() -> None:
    output, (h_n, c_n) = nn.LSTM(5, 9, 2, bidirectional=True, device="meta")(torch.zeros(7, 3, 5, device="meta"))
    assert output.shape == (7, 3, 18)
    assert h_n.shape == c_n.shape == (4, 3, 9)
    for kind in sorted({*MODULES.values()}):
        module = nn.zoneout(getattr(nn, kind)(5, 9, 2, bidirectional=True, device="meta"))
        output, state = module(torch.zeros(7, 3, 5, device="meta"), lengths=[7, 0, 2])
        assert output.shape == (7, 3, 18)
        assert all(end.shape == (4, 3, 9) for end in (state if isinstance(state, tuple) else (state,)))
