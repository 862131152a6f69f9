"""Derivatives beyond the first, derivatives of transforms, and one that is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from laws.cases import LEAST, Case, Problem, Rows, distance, near


def test_forward_mode_refuses_by_name(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    batch, keywords = problem.bring([row.detach() for row in problem.rows], "dense" if len(problem.rows) == 1 else None)
    if not isinstance(batch, Tensor):
        pytest.skip("torch.func.jvp takes tensors")
    hx = problem.hx([state.detach() for state in problem.states]) if len(problem.rows) > 1 else None

    def run(x: Tensor) -> Tensor:
        return problem.ours(x, hx, **keywords)[0]

    with pytest.raises(NotImplementedError, match="no forward-mode derivative"):
        torch.func.jvp(run, (batch,), (torch.ones_like(batch),))
    for grad_mode in (torch.enable_grad, torch.no_grad):
        with grad_mode(), forward_ad.dual_level(), pytest.raises(NotImplementedError, match="no forward-mode"):
            run(forward_ad.make_dual(batch, torch.ones_like(batch)))
    with pytest.raises(NotImplementedError, match="no forward-mode derivative"):
        torch.func.jacfwd(run)(batch)


def test_forward_mode_runs_in_float64() -> None:
    problem = Problem(Case("gru", "dense")).double()
    batch, _ = problem.bring([row.detach() for row in problem.rows])
    direction = torch.randn_like(batch)
    _, along = torch.func.jvp(lambda x: problem.ours(x)[0], (batch,), (direction,))
    step = 1e-6
    numeric = (problem.ours(batch + step * direction)[0] - problem.ours(batch - step * direction)[0]) / (2 * step)
    assert torch.allclose(along, numeric, atol=1e-8)


def test_second_derivatives_equal_torchs(case: Case) -> None:
    if "clip_gradients" in case.modifiers:
        pytest.skip("a clipped gradient is no derivative, and its own depends on where the sums are cut")
    problem = Problem(case)
    exact = problem.double()

    def second(one: Problem, module: Any, found: tuple[Rows, list[Tensor]]) -> dict[str, Tensor]:
        first = one.gradients(module, found, create_graph=True)
        draw = torch.Generator().manual_seed(5)
        weighed = sum((d * torch.randn(d.shape, generator=draw).to(d.dtype)).sum() for d in first.values())
        leaves = [*module.parameters(), *one.rows, *one.states]
        gradients = torch.autograd.grad(weighed, leaves, allow_unused=True, materialize_grads=True)
        return {str(number): d for number, d in enumerate(gradients)}

    def theirs() -> dict[str, Tensor]:
        return second(problem, problem.torchs, problem.run_torch())

    for module in (problem.ours, problem.torchs, exact.torchs):
        module.eval()
    true = second(exact, exact.torchs, exact.run_torch())
    far = distance(second(problem, problem.ours, problem.run(problem.ours)), true, least=1.0)
    assert near(far, 1e-5, lambda: max(distance(theirs(), true, least=1.0).values())), far


def test_create_graph_gives_the_same_first_derivative(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    plain = problem.gradients(problem.ours, problem.run(problem.ours))
    graph = problem.gradients(problem.ours, problem.run(problem.ours), create_graph=True)
    far = distance(graph, plain, LEAST)
    assert near(far, 1e-5, problem.lost_in_gradients), far


def test_func_grad_equals_autograd(case: Case) -> None:
    problem = Problem(replace(case, layout="dense", dropout=False))
    problem.ours.eval()
    batch, _ = problem.bring(problem.rows)
    weights = {name: weight.detach() for name, weight in problem.ours.named_parameters()}

    def loss(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return torch.func.functional_call(problem.ours, weights, (x, problem.hx(problem.states)))[0].square().sum()

    by_func = torch.func.grad(loss)(weights, batch.detach())
    names, leaves = zip(*problem.ours.named_parameters(), strict=True)
    output, _ = problem.ours(batch, problem.hx(problem.states))
    by_autograd = torch.autograd.grad(output.square().sum(), leaves, allow_unused=True, materialize_grads=True)
    far = distance(by_func, dict(zip(names, by_autograd, strict=True)), LEAST)
    assert max(far.values()) <= 1e-5, far


def test_second_derivatives_by_func_equal_autograds(case: Case) -> None:
    if "clip_gradients" in case.modifiers:
        pytest.skip("a clipped gradient is no derivative, and its own depends on where the sums are cut")
    problem = Problem(replace(case, layout="dense", dropout=False))
    problem.ours.eval()
    x = problem.bring(problem.rows)[0].detach()
    along = torch.randn(x.shape, generator=torch.Generator().manual_seed(3))

    def loss(x: Tensor) -> Tensor:
        return problem.ours(x, problem.hx(problem.states))[0].square().sum()

    by_func = torch.func.grad(lambda x: (torch.func.grad(loss)(x) * along).sum())(x)
    leaf = x.clone().requires_grad_()
    first = torch.autograd.grad(loss(leaf), leaf, create_graph=True)[0]
    by_autograd = torch.autograd.grad((first * along).sum(), leaf)[0]
    far = distance({"x": by_func}, {"x": by_autograd}, least=1.0)
    assert max(far.values()) <= 1e-5, far


def test_vmap_over_inputs_is_a_loop(case: Case) -> None:
    problem = Problem(replace(case, layout="dense", dropout=False))
    problem.ours.eval()
    many = torch.randn(3, 4, 2, case.width, generator=torch.Generator().manual_seed(1))
    together = torch.vmap(lambda x: problem.ours(x)[0])(many)
    assert torch.equal(together, torch.stack([problem.ours(x)[0] for x in many]))
    states = torch.vmap(lambda x: problem.ours(x)[1], in_dims=1, out_dims=1)(many.transpose(0, 1))
    assert torch.equal(
        states[0] if isinstance(states, tuple) else states,
        torch.stack([s[0] if isinstance(s, tuple) else s for s in (problem.ours(x)[1] for x in many)], dim=1),
    )


def test_gradients_per_sample_are_a_loop(case: Case) -> None:
    problem = Problem(replace(case, layout="dense", dropout=False))
    problem.ours.eval()
    many = torch.randn(3, 4, case.width, generator=torch.Generator().manual_seed(1))
    weights = {name: weight.detach() for name, weight in problem.ours.named_parameters()}

    def loss(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return torch.func.functional_call(problem.ours, weights, (x,))[0].square().sum()

    together = torch.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, many)
    for number, x in enumerate(many):
        alone = torch.func.grad(loss)(weights, x)
        far = distance({name: value[number] for name, value in together.items()}, alone)
        assert max(far.values()) <= 1e-5, far


def test_gradients_through_vmap_are_a_loop(case: Case) -> None:
    problem = Problem(replace(case, layout="dense", dropout=False))
    problem.ours.eval()
    many = torch.randn(3, 4, 2, case.width, generator=torch.Generator().manual_seed(1)).requires_grad_()
    leaves = [*problem.ours.parameters(), many]
    together = torch.autograd.grad(torch.vmap(lambda x: problem.ours(x)[0])(many).square().sum(), leaves)
    loop = torch.autograd.grad(sum(problem.ours(x)[0].square().sum() for x in many), leaves)
    far = distance(dict(enumerate(together)), dict(enumerate(loop)))  # type: ignore[arg-type]
    assert max(far.values()) <= 1e-5, far


def test_an_ensemble_under_vmap_is_a_loop(case: Case) -> None:
    one, other = (Problem(replace(case, layout="dense", dropout=False), seed) for seed in (1, 2))
    one.ours.eval(), other.ours.eval()
    weights, _ = torch.func.stack_module_state([one.ours, other.ours])
    x = torch.randn(4, 2, case.width, generator=torch.Generator().manual_seed(1))

    def run(weights: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(one.ours, weights, (x,))[0]

    together = torch.vmap(run)(weights)
    assert torch.equal(together, torch.stack([one.ours(x)[0], other.ours(x)[0]]))
