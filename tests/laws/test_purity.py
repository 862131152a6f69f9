"""A call changes nothing but what it returns, and sees the weights as they are at that moment."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch.nn.utils import parametrize

from laws.cases import LEAST, Case, Problem, distance, near, values


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if hasattr(value, "data"):
        return [value.data]
    return [tensor for each in value for tensor in tensors(each)]


def memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def test_inputs_are_left_as_they_were_and_nothing_aliases(case: Case) -> None:
    problem = Problem(case)
    batch, keywords = problem.bring(problem.rows)
    hx = problem.hx(problem.states)
    given = [*tensors(batch), *([] if hx is None else tensors(hx)), *problem.ours.parameters()]
    before = [tensor.detach().clone() for tensor in given]
    output, state = problem.ours(batch, hx, **keywords)
    returned = [*tensors(output), *tensors(state)]
    sum(tensor.sum() for tensor in returned).backward()
    assert all(torch.equal(tensor, copied) for tensor, copied in zip(given, before, strict=True))
    given_memory = {memory(tensor) for tensor in given if tensor.numel()}
    assert given_memory.isdisjoint(memory(tensor) for tensor in returned)
    gradients = [tensor.grad for tensor in given if tensor.is_leaf and tensor.grad is not None and tensor.numel()]
    assert given_memory.isdisjoint(map(memory, gradients))
    assert len({tensor.data_ptr() for tensor in gradients}) == len(gradients)
    assert len({memory(tensor) for tensor in returned}) == len(returned)


def test_weights_changed_between_calls_are_seen(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval(), problem.torchs.eval()
    weights = list(problem.ours.parameters())
    changes = {
        "nothing": lambda: None,
        "through .data": lambda: weights[0].data.mul_(-0.5),
        "through a NumPy alias": lambda: weights[1].detach().numpy().__imul__(np.float32(-1.5)),
        "by another parameter": lambda: setattr(problem.ours, "weight_ih_l0", torch.nn.Parameter(-0.7 * weights[0])),
        "by load_state_dict": lambda: problem.ours.load_state_dict(Problem(case, seed=9).ours.state_dict()),
    }
    for how, change in changes.items():
        change()
        problem.torchs.load_state_dict(problem.ours.state_dict())
        far = distance(values(problem.run(problem.ours)), values(problem.run_torch()), LEAST)
        assert near(far, 2e-6, problem.lost), (how, far)


def test_functional_call_and_parametrizations_are_seen(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    batch, keywords = problem.bring(problem.rows)
    hx = problem.hx(problem.states)
    halved = {name: weight * 0.5 for name, weight in problem.ours.named_parameters()}
    expected = case.module().eval()
    expected.load_state_dict(halved)
    output, _ = expected(batch, hx, **keywords)
    called, _ = torch.func.functional_call(problem.ours, halved, (batch, hx), keywords)
    for name in halved:
        parametrize.register_parametrization(problem.ours, name, Half())
    again, _ = problem.ours(batch, hx, **keywords)
    for got in (called, again):
        assert all(torch.equal(a, b) for a, b in zip(tensors(output), tensors(got), strict=True))


class Half(torch.nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight * 0.5


def test_state_dicts_go_both_ways(case: Case) -> None:
    if not case.torchs:
        pytest.skip("torch has no such module")
    torch.manual_seed(3)
    ours = case.module()
    torch.manual_seed(3)
    theirs = case.module(torch.nn)
    # The same seed draws the same weights, under the same names, in the same order.
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert isinstance(ours, type(theirs))
    assert repr(ours) == repr(theirs)
    assert [[w.shape for w in layer] for layer in ours.all_weights] == [
        [w.shape for w in layer] for layer in theirs.all_weights
    ]
    other = case.module(torch.nn)
    other.load_state_dict(ours.state_dict())
    ours.load_state_dict(other.state_dict())
    ours.load_state_dict(safetensors.torch.load(safetensors.torch.save(dict(theirs.state_dict()))))


def test_a_state_dict_is_enough_for_another_module(case: Case) -> None:
    problem = Problem(case)
    other = case.module()
    other.load_state_dict(safetensors.torch.load(safetensors.torch.save(dict(problem.ours.state_dict()))))
    assert repr(other) == repr(problem.ours)
    outputs, _ = problem.run(problem.ours.eval())
    assert all(torch.equal(a, b) for a, b in zip(problem.run(other.eval())[0], outputs, strict=True))


def test_a_copy_is_its_own(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    twin = copy.deepcopy(problem.ours)
    expected = problem.run(problem.ours)
    with torch.no_grad():
        for weight in problem.ours.parameters():
            weight.zero_()
    assert all(torch.equal(a, b) for a, b in zip(problem.run(twin)[0], expected[0], strict=True))


def test_nothing_is_kept_when_no_gradient_is_wanted(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    expected = values(problem.run(problem.ours))
    with torch.no_grad():
        quiet = values(problem.run(problem.ours))
    with torch.inference_mode():
        quieter = values(problem.run(problem.ours))
    for weight in problem.ours.parameters():
        weight.requires_grad_(False)
    problem.rows, problem.states = ([t.detach() for t in group] for group in (problem.rows, problem.states))
    frozen = values(problem.run(problem.ours))
    for got in (quiet, quieter, frozen):
        assert all(torch.equal(value, expected[name]) for name, value in got.items())
        assert all(value.grad_fn is None and not value.requires_grad for value in got.values())


def test_only_the_wanted_gradients_come(case: Case) -> None:
    problem = Problem(case)
    problem.ours.eval()
    expected = problem.gradients(problem.ours, problem.run(problem.ours))
    leaves = [dict(problem.ours.named_parameters()), {"row 0": problem.rows[0]}]
    leaves += [{f"hx {at}": state} for at, state in enumerate(problem.states)]
    every = [*problem.ours.parameters(), *problem.rows, *problem.states]
    for wanted in leaves:
        for leaf in every:
            leaf.requires_grad_(any(leaf is each for each in wanted.values()))
        outputs, states = problem.run(problem.ours)
        if not outputs[0].requires_grad:
            assert not case.states
            assert list(wanted) in (["hx 0"], ["hx 1"])
            continue
        arrived = [*problem.d_rows, *problem.d_states]
        loss = sum((value * d).sum() for value, d in zip([*outputs, *states], arrived, strict=True))
        found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True, materialize_grads=True)
        for name, gradient in zip(wanted, found, strict=True):
            assert torch.equal(gradient, expected[name]), name
