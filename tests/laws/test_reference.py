"""The reference is right: in float64 it equals torch's float64, values and every gradient, to 1e-10."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from anaphora import kernels, reference
from anaphora.lines import Lines, Weights
from laws.cases import Case, Problem

CLOSE = 1e-10


def directions_of(module: torch.nn.RNNBase) -> list[Weights]:
    groups = []
    for names in module._all_weights:
        named = {name.split("_l0")[0]: getattr(module, name).detach().numpy() for name in names}
        order = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        groups.append(Weights(*[named.get(name) for name in order]))  # type: ignore[arg-type]
    return groups


def walk(functions: Any, problem: Problem, module: torch.nn.RNNBase, lines: Lines) -> dict[str, np.ndarray]:
    """Forward and backward of one layer through a module of functions: everything that it writes, by name."""
    case = problem.case
    directions = directions_of(module)
    dtype = directions[0].w_ih.dtype
    N = int(lines.lengths.sum())
    where = lines.row_by_row()
    D, B, H, P = len(directions), len(problem.lengths), case.H, case.P
    lstm = case.cell == "lstm"

    def placed(rows: list[torch.Tensor]) -> np.ndarray:
        joined = np.empty((N, rows[0].shape[1]), dtype)
        joined[where] = torch.cat(rows).detach().numpy()
        return joined

    h0, dh_n = problem.states[0].detach().numpy(), problem.d_states[0].numpy()
    c0, dc_n = (problem.states[1].detach().numpy(), problem.d_states[1].numpy()) if lstm else (None, None)
    x, dy = placed(problem.rows), placed(problem.d_rows)
    y, h_n = np.full((N, D * P), np.nan, dtype), np.full((D, B, P), np.nan, dtype)
    c_n = np.full((D, B, H), np.nan, dtype) if lstm else None
    saved = np.full((D, N, functions.saved_slots(case.cell) * H), np.nan, dtype)
    functions.forward(functions.pack(case.cell, directions), x, lines, h0, c0, y, h_n, c_n, saved)
    dx, dh0 = np.full_like(x, np.nan), np.full_like(h_n, np.nan)
    dc0 = None if c_n is None else np.full_like(c_n, np.nan)
    dweights = [Weights(*[None if w is None else np.full_like(w, np.nan) for w in group]) for group in directions]
    given = (case.cell, directions, x, lines, h0, c0, y, saved, dy, dh_n, dc_n)
    functions.backward(*given, dx, dweights, dh0, dc0)
    found = {"y": y[where], "h_n": h_n, "dx": dx[where], "h_0": dh0, "saved": saved[:, where]}
    if lstm:
        found |= {"c_n": c_n, "c_0": dc0}
    for d, group in enumerate(dweights):
        found |= {f"{name} {d}": value for name, value in group._asdict().items() if value is not None}
    return found


def one_layer(cell: str, bidirectional: bool, bias: bool, proj: bool) -> Problem:
    case = Case(cell, "ragged", 1, bidirectional, bias, proj=proj, width=4, H=9)
    return Problem(case, lengths=[3, 6, 0, 1, 4, 5])


OPTIONS = [
    (cell, bidirectional, bias, proj)
    for cell in reference.CELLS
    for bidirectional in (False, True)
    for bias in (False, True)
    for proj in ((False, True) if cell == "lstm" else (False,))
]


@pytest.mark.parametrize(("cell", "bidirectional", "bias", "proj"), OPTIONS)
def test_reference_equals_torch_in_float64(cell: str, bidirectional: bool, bias: bool, proj: bool) -> None:
    problem = one_layer(cell, bidirectional, bias, proj).double()
    found = walk(reference, problem, problem.torchs, Lines.ragged(problem.lengths))
    outputs, states = problem.run_each_alone(problem.torchs)
    gradients = problem.gradients(problem.torchs, (outputs, states))
    expected = {"y": torch.cat(outputs), "h_n": states[0], "h_0": gradients["h_0"]}
    expected["dx"] = torch.cat([gradients[f"row {b}"] for b in range(len(problem.rows))])
    if cell == "lstm":
        expected |= {"c_n": states[1], "c_0": gradients["c_0"]}
    names = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh", "weight_hr": "w_hr"}
    for name, _ in problem.torchs.named_parameters():
        expected[f"{names[name.split('_l0')[0]]} {int(name.endswith('reverse'))}"] = gradients[name]
    assert found.keys() - {"saved"} == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value.detach().numpy(), rtol=0, atol=CLOSE, err_msg=name)


@pytest.mark.parametrize(("cell", "bidirectional", "bias", "proj"), OPTIONS)
def test_kernels_equal_the_reference_to_the_last_gate(cell: str, bidirectional: bool, bias: bool, proj: bool) -> None:
    problem = one_layer(cell, bidirectional, bias, proj)
    exact = problem.double()
    for lines in (Lines.ragged(problem.lengths), shuffled(problem.lengths)):
        found = walk(kernels, problem, problem.ours, lines)
        expected = walk(reference, exact, exact.ours, lines)
        for name, value in expected.items():
            tolerance = 1e-5 * max(1.0, np.abs(value).max(initial=0))
            np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance, err_msg=name)


def shuffled(lengths: list[int]) -> Lines:
    """Rows laid out in another order than they are counted."""
    steps = np.array(lengths)
    order = np.array([4, 2, 0, 5, 1, 3])
    starts = np.zeros(len(steps), np.int64)
    starts[order] = np.cumsum(steps[order]) - steps[order]
    return Lines(np.arange(steps.max()), starts, steps)


@pytest.mark.parametrize("bias", [False, True])
def test_linear(bias: bool, rng: np.random.Generator) -> None:
    weight, x = rng.normal(size=(13, 29)), rng.normal(size=(7, 29))
    b = rng.normal(size=13) if bias else None
    exact, fast = np.full((7, 13), np.nan), np.full((7, 13), np.nan, np.float32)
    reference.linear(reference.pack_linear(weight, b), x, exact)
    np.testing.assert_allclose(exact, np.einsum("ok,nk->no", weight, x) + (0 if b is None else b), atol=1e-12)
    floats = [None if a is None else a.astype(np.float32) for a in (weight, b, x)]
    kernels.linear(kernels.pack_linear(*floats[:2]), floats[2], fast)
    np.testing.assert_allclose(fast, exact, atol=1e-5)
