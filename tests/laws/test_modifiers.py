"""Modifiers: masks drawn by a seed and put in by hand, the same bits whatever the batch, and no other effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F

from anaphora import nn
from anaphora.kernels.row_index import Noise, RowIndex
from anaphora.nn import functional
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.modifiers import random_masks
from laws.cases import HIDDEN, KEPT, MODULES, OURS, TORCHS, Case, Problem, distance, values
from laws.twins import MEMORY, Masks, Twin


def assert_close(problem: Problem, ours: Any, by_hand: Any, twin: Twin) -> None:
    far = distance(values(ours), values(by_hand))
    assert max(far.values()) <= 2e-6, far
    far = distance(problem.gradients(problem.ours, ours), problem.gradients(twin, by_hand), least=1.0)
    assert max(far.values()) <= 1e-5, far


def by_time(drawn: Tensor, lengths: list[int]) -> list[Tensor]:
    """What was drawn step after step, in each step row after row, as rows."""
    steps = [(t, b) for t in range(max(lengths)) for b in range(len(lengths)) if t < lengths[b]]
    assert len(steps) == len(drawn)
    return [drawn[[line for line, (_, row) in enumerate(steps) if row == b]] for b in range(len(lengths))]


def coins(shape: tuple[int, ...], keep: float) -> Tensor:
    """Ones with probability ``keep``, four from each number that torch draws, the lowest bits first."""
    count = torch.Size(shape).numel()
    numbers = torch.randint(-(2**63), 2**63 - 1, (-(-count // 4),)).tolist()
    parts = [(number >> 16 * part) % 2**16 for number in numbers for part in range(4)]
    signed = [part - 2**16 if part >= 2**15 else part for part in parts]
    return torch.tensor([float(part < round(keep * 2**16) - 2**15) for part in signed[:count]]).view(shape)


@pytest.mark.parametrize("keep", [0.0, 1e-4, 0.3, 0.5, 0.9999, 1.0])
def test_coins_fall_as_often_as_they_should(keep: float) -> None:
    torch.manual_seed(2)
    drawn = random_masks.ones((500, 1001), keep, torch.zeros(1, dtype=torch.float64))
    assert drawn.dtype is torch.float64
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    error = 4 * (keep * (1 - keep) / drawn.numel()) ** 0.5 + 2**-16
    assert abs(drawn.mean().item() - keep) <= error
    # Neighbours, which come from one number, and columns know nothing of each other.
    for one, other in ((drawn[:, :-1], drawn[:, 1:]), (drawn[:-1], drawn[1:])):
        assert abs((one * other).mean().item() - keep**2) <= 4 * error
    torch.manual_seed(2)
    torch.testing.assert_close(random_masks.dropout((500, 1001), 1 - keep, drawn), drawn / max(keep, 1e-9))


@pytest.mark.parametrize("layout", TORCHS + OURS)
@pytest.mark.parametrize("cell", MODULES)
def test_zoneout_in_training_is_the_mask_of_the_seed(cell: str, layout: str) -> None:
    case = Case(cell, layout, layers=2, bidirectional=True, width=7, H=7, modifier="zoneout")
    problem, twin = Problem(case), Twin(case, (0.0, 0.0), 0.0)
    twin.load_state_dict(problem.ours.state_dict())
    torch.manual_seed(5)
    ours = problem.run(problem.ours)
    torch.manual_seed(5)
    n, masks = sum(problem.lengths), []
    for _ in range(2):
        keep_h = coins((n, 2 * case.P), HIDDEN)
        keep_c = coins((n, 2 * case.H), KEPT) if cell in MEMORY else torch.zeros(n, 2 * case.H)
        masks.append(Masks(None, by_time(keep_h, problem.lengths), by_time(keep_c, problem.lengths)))
    assert_close(problem, ours, twin.walk(problem.rows, problem.states, masks=masks), twin)


@pytest.mark.parametrize("cell", MODULES)
def test_recurrent_dropout_is_one_mask_for_all_steps(cell: str) -> None:
    case = Case(cell, "ragged", layers=2, bidirectional=True, modifier="recurrent_dropout")
    problem, twin = Problem(case), Twin(case, (0.0, 0.0), 0.0)
    twin.load_state_dict(problem.ours.state_dict())
    torch.manual_seed(5)
    ours = problem.run(problem.ours)
    torch.manual_seed(5)
    masks = [Masks(coins((2, len(problem.rows), case.P), 0.7) / 0.7) for _ in range(2)]
    assert_close(problem, ours, twin.walk(problem.rows, problem.states, masks=masks), twin)


@pytest.mark.parametrize("cell", MODULES)
def test_weight_drop_is_a_module_with_other_weights(cell: str) -> None:
    case = Case(cell, "dense", layers=2, bidirectional=True, modifier="weight_drop")
    problem, plain = Problem(case), replace(case, modifier="").module()
    torch.manual_seed(5)
    ours = problem.run(problem.ours)
    torch.manual_seed(5)
    kept = {}
    for name, weight in problem.ours.state_dict().items():
        kept[name] = coins(tuple(weight.shape), 0.7) / 0.7 if "weight_hh" in name else torch.ones_like(weight)
    plain.load_state_dict({name: weight * kept[name] for name, weight in problem.ours.state_dict().items()})
    dropped = problem.run(plain)
    assert all(torch.equal(value, values(ours)[name]) for name, value in values(dropped).items())
    gradients, expected = problem.gradients(problem.ours, ours), problem.gradients(plain, dropped)
    for name, gradient in gradients.items():
        assert torch.equal(gradient, expected[name] * kept[name] if name in kept else expected[name]), name


@pytest.mark.parametrize("cell", ["rnn_tanh", "gru", "lstm"])
def test_evaluating_zoneout_is_what_training_does_on_average(cell: str) -> None:
    module = nn.zoneout(Case(cell, "dense", width=3, H=4).module(), HIDDEN, 0.0)
    draw, many = torch.Generator().manual_seed(3), 20000
    x, states = torch.randn(1, 1, 3, generator=draw), [torch.randn(1, 1, 4, generator=draw) for _ in range(2)]

    def run(rows: int) -> Tensor:
        begun = [state.expand(1, rows, 4) for state in states]
        output, _ = module(x.expand(1, rows, 3), tuple(begun) if cell == "lstm" else begun[0])
        return output[0].detach()

    torch.manual_seed(8)
    trained = run(many)
    assert len(trained.unique(dim=0)) == 2**4
    error = trained.std(0) / many**0.5
    assert ((run(1) if module.eval() else trained)[0] - trained.mean(0)).abs().le(4 * error).all()


@pytest.mark.parametrize("cell", MODULES)
def test_given_masks_a_row_has_its_bits_in_any_batch(cell: str) -> None:
    case = Case(cell, "ragged", bidirectional=True)
    problem = Problem(case)
    draw = torch.Generator().manual_seed(6)
    B, N, F2 = len(problem.rows), sum(problem.lengths), 2 * case.H
    mask = F.dropout(torch.ones(2, B, case.P), 0.4)
    keep_h = torch.rand(N, F2, generator=draw).round()
    keep_c = torch.rand(N, F2, generator=draw).round() if cell in MEMORY else None
    weights, x = problem.ours._weights(), torch.cat(problem.rows)
    h0, c0 = problem.states[0], problem.states[1] if cell in MEMORY else None

    def walk(rows: list[int]) -> tuple[Any, ...]:
        starts = [sum(problem.lengths[:b]) for b in range(B)]
        lines = [starts[b] + t for b in rows for t in range(problem.lengths[b])]
        noise: Any = Noise(mask[:, rows], keep_h[lines], None if keep_c is None else keep_c[lines])  # type: ignore[arg-type]
        along = CachedIndex.of(RowIndex.ragged([problem.lengths[b] for b in rows]), len(lines))
        state = [None if s is None else s[:, rows] for s in (h0, c0)]
        y, h_n, c_n, _ = functional.recurrent(cell, x[lines], weights, 2, along, *state, noise)
        return y, h_n, c_n

    y, h_n, c_n = walk(list(range(B)))
    for b, row in enumerate(y.split(problem.lengths)):
        if problem.lengths[b]:
            alone = walk([b])
            assert torch.equal(alone[0], row)
            assert torch.equal(alone[1], h_n[:, b : b + 1])
            assert cell not in MEMORY or torch.equal(alone[2], c_n[:, b : b + 1])


def test_a_seed_repeats_every_mask(case: Case) -> None:
    found = []
    for seed in (1, 1, 2):
        problem = Problem(case)
        torch.manual_seed(seed)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())
    differs = any(not torch.equal(value, found[2][name]) for name, value in found[0].items())
    assert differs == (case.random or case.dropout) or case.H == 1  # one unit may be kept twice


@pytest.mark.parametrize("cell", MODULES)
def test_modifiers_compose_in_any_order(cell: str) -> None:
    found, x = [], torch.randn(6, 3, 5, generator=torch.Generator().manual_seed(1))
    for first, second in ((nn.zoneout, nn.recurrent_dropout), (nn.recurrent_dropout, nn.zoneout)):
        torch.manual_seed(4)
        module = Case(cell, "dense").module()
        first(module, 0.2), second(module, 0.2)
        found.append(module(x)[0])
        assert "recurrent_dropout=0.2, zoneout=(0.2, " in repr(module)
    assert torch.equal(*found)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_recompute_changes_no_bit(case: Case, steps: int) -> None:
    found = []
    for k in (0, steps):
        problem = Problem(case)
        nn.recompute(problem.ours, k)
        torch.manual_seed(1)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    for name, value in found[0].items():
        assert torch.equal(value, found[1][name]), name


@pytest.mark.parametrize(("cell", "kept"), [("rnn_tanh", 0), ("gru", 0), ("lstm", 7), ("lstm_layer_norm", 7)])
def test_recompute_saves_the_memory_of_each_segment(cell: str, kept: int) -> None:
    """Beside x, y, states and weights: c before steps 0, 8, …, 48 of 50."""
    module, x = Case(cell, "dense", width=32, H=32).module(), torch.randn(50, 4, 32, requires_grad=True)
    slots = {"rnn_tanh": 0, "gru": 4, "lstm": 5, "lstm_layer_norm": 13}[cell]
    saved = []
    for steps in (0, 8):
        sizes: list[int] = []
        with saved_tensors_hooks(lambda tensor, sizes=sizes: sizes.append(tensor.numel()) or tensor, lambda t: t):
            nn.recompute(module, steps)(x)
        saved.append(sum(sizes))
    assert saved[0] - saved[1] == 50 * 4 * 32 * slots - kept * 4 * 32


@pytest.mark.parametrize("cell", MODULES)
def test_a_limit_that_is_never_met_changes_no_bit(cell: str) -> None:
    case = Case(cell, "lengths", layers=2, bidirectional=True)
    problem = Problem(case)
    plain = problem.gradients(problem.ours, problem.run(problem.ours))
    nn.clip_gradients(problem.ours, 1e9)
    for name, gradient in problem.gradients(problem.ours, problem.run(problem.ours)).items():
        assert torch.equal(gradient, plain[name]), name


def test_a_limit_holds_an_explosion() -> None:
    torch.manual_seed(1)
    module = nn.RNN(1, 20, nonlinearity="relu")
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.eye(20) * 1.5)
        for weight in (module.weight_ih_l0, module.bias_ih_l0, module.bias_hh_l0):  # no unit is ever at rest
            weight.abs_()
    x = torch.rand(100, 1, 1, requires_grad=True)
    (free,) = torch.autograd.grad(module(x)[0][-1].sum(), x)
    (held,) = torch.autograd.grad(nn.clip_gradients(module, 0.01)(x)[0][-1].sum(), x)
    slope = module.weight_ih_l0.detach().sum()
    grown = 1.5 ** torch.arange(99, -1, -1, dtype=torch.float64)  # up to 2.7e17
    torch.testing.assert_close(free.flatten().double(), grown * slope, rtol=1e-4, atol=0)
    torch.testing.assert_close(held.flatten(), (0.01 * slope).expand(100), rtol=1e-5, atol=0)


def test_learned_states_are_given_states(case: Case) -> None:
    case = replace(case, states=False, modifier="learned_state")
    problem, plain = Problem(case), replace(case, modifier="", states=True).module()
    plain.load_state_dict({k: v for k, v in problem.ours.state_dict().items() if k not in ("h_0", "c_0")})
    learned = [getattr(problem.ours, name) for name in ("h_0", "c_0")[: len(problem.states)]]
    given = Problem(replace(case, states=True, modifier=""))
    given.ours, given.rows, given.d_rows, given.d_states = plain, problem.rows, problem.d_rows, problem.d_states
    given.states = [
        state.detach().expand_as(s).clone().requires_grad_() for state, s in zip(learned, problem.states, strict=True)
    ]
    problem.ours.eval(), plain.eval()
    ours, expected = problem.run(problem.ours), given.run(plain)
    assert all(torch.equal(value, values(expected)[name]) for name, value in values(ours).items())
    gradients, wanted = problem.gradients(problem.ours, ours), given.gradients(plain, expected)
    for at, name in enumerate(("h_0", "c_0")[: len(learned)]):
        torch.testing.assert_close(gradients[name], wanted[f"hx {at}"].sum(1, keepdim=True), rtol=1e-6, atol=1e-6)


def test_nan_in_one_row_stays_in_it(case: Case) -> None:
    problem, spoilt = Problem(case), Problem(case)
    if len(problem.rows) == 1:
        pytest.skip("one row")
    hurt = max(range(len(problem.rows)), key=lambda b: len(problem.rows[b]))
    with torch.no_grad():
        spoilt.rows[hurt][2] = float("nan")
    found = []
    for one in (problem, spoilt):
        torch.manual_seed(9)
        forward = one.run(one.ours)
        found.append((forward, one.gradients(one.ours, forward)))
    (clean, gradients), (dirty, dirty_gradients) = found
    assert dirty[0][hurt][2].isnan().any()
    others = [b for b in range(len(problem.rows)) if b != hurt]
    for b in others:
        assert torch.equal(dirty[0][b], clean[0][b])
        assert torch.equal(dirty_gradients[f"row {b}"], gradients[f"row {b}"])
    for end, expected in zip(dirty[1], clean[1], strict=True):
        assert torch.equal(end[:, others], expected[:, others])
