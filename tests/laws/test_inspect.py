"""What ``inspect`` shows are the gates of the equations, computed by hand in float64 from the states it shows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from anaphora import nn
from laws.cases import KEPT, MODULES, RAGGED, Case, Problem

FIELDS = {
    "rnn": ("hidden",),
    "gru": ("reset", "update", "new", "hidden"),
    "lstm": ("input", "forget", "cell", "output", "memory", "hidden"),
}
CLOSE = 3e-6  # gates are below 1 and memories below 10


def gates(cell: str, held: dict[str, Tensor], suffix: str, x: Tensor, h: Tensor, c: Tensor) -> dict[str, Tensor]:
    """The activations of one step: x (I,), the state h (H,) and the memory c (H,) before it."""
    w = {name.removesuffix(suffix): value for name, value in held.items() if name.endswith(suffix)}
    from_x, from_h = w["weight_ih"] @ x, w["weight_hh"] @ h
    if cell.endswith("layer_norm"):
        from_x = w["gain_ih"] * layer_norm(from_x, from_x.shape)
        from_h = w["gain_hh"] * layer_norm(from_h, from_h.shape)
    from_x, from_h = from_x + w.get("bias_ih", 0.0), from_h + w.get("bias_hh", 0.0)
    H = len(c)
    if cell.startswith("gru"):
        r, z = torch.sigmoid((from_x + from_h)[: 2 * H]).split(H)
        met = from_h[2 * H :] * r
        if cell == "gru_reset_before":
            met = w["weight_hh"][2 * H :] @ (r * h) + (w["bias_hh"][2 * H :] if "bias_hh" in w else 0.0)
        return {"reset": r, "update": z, "new": torch.tanh(from_x[2 * H :] + met)}
    parts = list((from_x + from_h).split(H))
    if cell == "lstm_coupled":
        forget = torch.sigmoid(parts[0])
        found = {"input": 1 - forget, "forget": forget, "cell": torch.tanh(parts[1])}
    else:
        p = w["weight_peephole"].split(H) if cell == "lstm_peephole" else [torch.zeros(H)] * 3
        i, f = torch.sigmoid(parts[0] + p[0] * c), torch.sigmoid(parts[1] + p[1] * c)
        found = {"input": i, "forget": f, "cell": torch.tanh(parts[2])}
    found["memory"] = found["forget"] * c + found["input"] * found["cell"]
    last = parts[-1] + (w["weight_peephole"][2 * H :] * found["memory"] if cell == "lstm_peephole" else 0.0)
    return {**found, "output": torch.sigmoid(last)}


def laid(field: Tensor, problem: Problem) -> list[Tensor]:
    """A field as rows (T_b, D, H)."""
    case = problem.case
    if case.layout == "unbatched":
        return [field]
    if case.layout in ("ragged", "packed", "unsorted"):
        batch, _ = problem.bring(problem.rows)
        return problem.take(batch.with_data(field) if case.layout == "ragged" else batch._replace(data=field))
    padded = field.transpose(0, 1) if case.batch_first else field
    return [padded[:T, b] for b, T in enumerate(problem.lengths)]


def look(problem: Problem) -> Any:
    batch, keywords = problem.bring(problem.rows, resets=problem.resets)
    return nn.inspect(problem.ours, batch, problem.hx(problem.states), **keywords)


def test_gates_by_hand(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    seen = look(problem)
    outputs, states = problem.run(problem.ours)
    assert all(torch.equal(a, b) for a, b in zip(problem.take(seen.output), outputs, strict=True))
    shown = seen.state if isinstance(seen.state, tuple) else (seen.state,)
    assert all(torch.equal(a.reshape(b.shape), b) for a, b in zip(shown, states, strict=True))
    assert len(seen.layers) == case.layers
    held = {name: value.detach().double() for name, value in problem.ours.state_dict().items()}
    inputs, kept = [row.detach().double() for row in problem.rows], KEPT if "zoneout" in case.modifiers else 0.0
    D, initial = 2 if case.bidirectional else 1, [s.detach().double() for s in problem.initial(problem.ours)]
    for layer, gated in enumerate(seen.layers):
        names = FIELDS[case.cell.split("_")[0]]
        fields = {name: laid(getattr(gated, name).detach().double(), problem) for name in names}
        assert all(name in (*gated._fields, "input") for name in names)
        for b, d in [(b, d) for b in range(len(inputs)) for d in range(D)]:
            at, suffix = layer * D + d, f"_l{layer}" + ("_reverse" if d else "")
            h, c = initial[0][at, b], initial[1][at, b] if len(initial) > 1 else torch.zeros(case.H).double()
            steps = range(problem.lengths[b])
            for t in reversed(steps) if d else steps:
                if len(names) > 1:
                    for name, value in gates(case.cell, held, suffix, inputs[b][t], h, c).items():
                        value = kept * c + (1 - kept) * value if name == "memory" else value
                        far = (fields[name][b][t, d] - value).abs().max().item()
                        assert far <= CLOSE * (10 if name == "memory" else 1), (layer, b, d, t, name, far)
                h = fields["hidden"][b][t, d]
                c = fields["memory"][b][t, d] if "memory" in fields else c
        inputs = [row.flatten(1) for row in fields["hidden"]]


@pytest.mark.parametrize("layout", ["dense", "batch_first", "unbatched", "ragged", "unsorted", "lengths"])
@pytest.mark.parametrize("cell", MODULES)
def test_fields_are_views_in_the_layout_of_the_input(cell: str, layout: str) -> None:
    case = Case(cell, layout, layers=2, bidirectional=True)
    problem = Problem(case)
    batch, _ = problem.bring(problem.rows)
    shape = batch.shape[:-1] if isinstance(batch, Tensor) else batch.data.shape[:1]
    for gated in look(problem).layers:
        assert all(field.shape == (*shape, 2, case.H) for field in gated)
        memories = {field.untyped_storage().data_ptr() for field in gated[:-1]}
        assert len(memories) == (0 if cell.startswith("rnn") else 1)
        assert gated.hidden.requires_grad
        assert not any(field.requires_grad for field in gated[:-1])


@pytest.mark.parametrize("cell", [cell for cell in MODULES if not cell.startswith("rnn")])
def test_past_an_end_gates_are_zero(cell: str) -> None:
    for T in (50, 3):  # memory that is kept between calls, and numpy's
        module, x = Case(cell, "dense", width=64, H=64).module(), torch.randn(T, 40, 64)
        module(torch.full_like(x, torch.nan))[0].sum().backward()  # soils what is kept
        module.zero_grad()
        seen = nn.inspect(module, x, lengths=[T - b % T for b in range(40)])
        for b in range(40):
            assert all(torch.count_nonzero(field[T - b % T :, b]) == 0 for field in seen.layers[0])
        seen.output.sum().backward()
        assert all(torch.isfinite(weight.grad).all() for weight in module.parameters())


@pytest.mark.parametrize("layout", ["dense", *RAGGED])
@pytest.mark.parametrize("cell", ["rnn_relu", "gru_layer_norm", "lstm", "lstm_peephole"])
def test_elsewhere_and_reset_inspect_sees_the_same(cell: str, layout: str) -> None:
    modifier = "zoneout" if cell == "lstm_peephole" else ""
    problem = Problem(Case(cell, layout, layers=2, bidirectional=True, modifier=modifier))
    problem.ours.eval()
    problem.resets = [torch.arange(len(row)) % 3 == 1 for row in problem.rows]
    exact = problem.double()
    exact.ours.eval()
    here, there = look(problem), look(exact)
    assert there.layers[0].hidden.dtype is torch.float64
    for ours, theirs in zip(here.layers, there.layers, strict=True):
        for got, expected in zip(ours, theirs, strict=True):
            torch.testing.assert_close(got.double(), expected, rtol=0, atol=3e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", MODULES)
def test_where_there_is_nothing_to_see(cell: str, bidirectional: bool) -> None:
    module = Case(cell, "dense", bidirectional=bidirectional).module()
    for T, B in ((0, 2), (3, 0)):
        seen = nn.inspect(module, torch.zeros(T, B, 5))
        assert all(field.shape == (T, B, 1 + bidirectional, 17) for field in seen.layers[0])
        ends = seen.state if isinstance(seen.state, tuple) else (seen.state,)
        assert all(torch.equal(end, torch.zeros(1 + bidirectional, B, 17)) for end in ends)


def test_looking_leaves_gradients_and_training_alone() -> None:
    problem = Problem(Case("lstm", "dense", layers=2, dropout=True, modifier="every"))
    torch.manual_seed(3)
    plain = problem.gradients(problem.ours, problem.run(problem.ours))
    torch.manual_seed(3)
    seen = look(problem)
    for name, gradient in problem.gradients(problem.ours, (problem.take(seen.output), list(seen.state))).items():
        assert torch.equal(gradient, plain[name]), name
    with torch.no_grad():
        assert not look(problem).layers[0].hidden.requires_grad


def test_only_our_modules_are_looked_into() -> None:
    with pytest.raises(TypeError, match=r"inspect: expected a recurrent module of anaphora.nn, got Linear"):
        nn.inspect(torch.nn.Linear(2, 2), torch.zeros(1, 1, 2))  # type: ignore[arg-type]
