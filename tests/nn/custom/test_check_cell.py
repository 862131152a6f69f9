"""`check_cell` lets a right cell pass and says of a wrong one what is wrong: a broken cell for each way to break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from anaphora.nn import check_cell

I, H = 3, 4


class Right(torch.nn.Module):
    """Two states, one of them not differentiable, an output of another width; methods can be exchanged."""

    def __init__(self, **exchanged: Callable[..., Any]) -> None:
        super().__init__()
        self.input_size = I
        self.of_x, self.of_h, self.out = torch.nn.Linear(I, H), torch.nn.Linear(H, H), torch.nn.Linear(H, 2)
        self.drop = torch.nn.Dropout(0.5)
        self.seen = 0
        for name, method in exchanged.items():
            setattr(self, name, method.__get__(self))

    def inputs(self, x: Tensor) -> Any:
        return (self.drop(self.of_x(x)),)

    def step(self, pre: Any, state: Any) -> Any:
        h, steps = state
        h = torch.tanh(pre[0] + self.of_h(h) + steps.unsqueeze(1))
        return self.out(h), (h, steps + 1)

    def initial_state(self, batch: int, like: Tensor) -> Any:
        return like.new_zeros(batch, H), torch.zeros(batch, dtype=torch.int64)


def plain_step(self: Right, pre: Any, state: Any, h: Callable[[Any, Any], Tensor]) -> Any:
    new = torch.tanh(pre[0] + self.of_h(h(pre, state)))
    return self.out(new), (new, state[1] + 1)


def in_place(self: Right, pre: Any, state: Any) -> Any:
    state[0].mul_(0.5)
    return plain_step(self, pre, state, lambda _, state: state[0])


def in_place_same_value(self: Right, pre: Any, state: Any) -> Any:
    pre[0].mul_(1.0)
    return plain_step(self, pre, state, lambda _, state: state[0])


def remembers(self: Right, pre: Any, state: Any) -> Any:
    self.seen += 1
    return plain_step(self, pre, state, lambda _, state: state[0] * self.seen)


def random(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda _, state: torch.nn.functional.dropout(state[0], 0.5))


def normalised(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda _, state: state[0] - (state[0].sum(0) - state[0]) / 8)


def leaks_nan(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda _, state: state[0] + 0 * state[0].sum(0))


def detached(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda _, state: state[0].detach())


def detached_state(self: Right, pre: Any, state: Any) -> Any:
    y, (h, steps) = Right.step(self, pre, state)
    return y, (h.detach(), steps)


def half_detached(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda _, state: state[0] * torch.sigmoid(state[0].detach()))


def frozen(self: Right, x: Tensor) -> Any:
    return (torch.nn.functional.linear(x, self.of_x.weight.detach(), self.of_x.bias),)


def no_empty_batch(self: Right, pre: Any, state: Any) -> Any:
    return plain_step(self, pre, state, lambda pre, state: state[0] - 0 * pre[0].detach().max())


def counts_rows(self: Right, batch: int, like: Tensor) -> Any:
    return like.new_full((batch, H), float(batch)), torch.zeros(batch, dtype=torch.int64)


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "inputs-list",
        {"inputs": lambda self, x: [self.of_x(x)]},
        r"inputs returned something else: .* got \[float64 \(rows, 4\)\]",
    ),
    ("inputs-rows", {"inputs": lambda self, x: self.of_x(x).T}, r"inputs of 3 rows gave .* shape \(4, 3\)"),
    ("float32", {"initial_state": lambda self, batch, like: torch.zeros(batch, H)}, r"float32 .* like\.new_zeros"),
    (
        "form",
        {"step": lambda self, pre, state: (state[0], state[0])},
        r"step returned the state float64 \(rows, 4\) for the state \(",
    ),
    ("output", {"step": lambda self, pre, state: (state[0][0], state)}, r"gave the output float64 \(rows\), not"),
    ("in-place", {"step": in_place}, "changes no argument in place, but step wrote into its argument state"),
    ("in-place-same", {"step": in_place_same_value}, "step wrote into its argument pre"),
    ("remembers", {"step": remembers}, "its arguments alone, .* does the cell keep a value"),
    ("random", {"step": random}, "or draw random numbers"),
    ("shift", {"inputs": lambda self, x: (self.of_x(x).roll(1, 0),)}, "each line separately, but line 0 of 6"),
    ("mean", {"inputs": lambda self, x: (self.of_x(x - x.mean(0)),)}, "no mean, norm or shift over lines"),
    ("no-rows", {"step": no_empty_batch}, "a batch without rows, but step refuses a batch without rows: max"),
    (
        "rows-meet",
        {"step": normalised},
        r"row 0, of lengths \[3, 0, 5, 1\], gave another result .* step must not mix rows",
    ),
    ("nan", {"step": leaks_nan}, "a NaN in row 1 of 3 reached the output of another"),
    ("detached", {"step": detached}, r"no gradient flows from the output back to the state\[0\]"),
    ("detached-state", {"step": detached_state}, r"no gradient flows from the next state back to pre"),
    ("half-detached", {"step": half_detached}, r"step's gradient of the output by the state\[0\] is not its finite"),
    ("frozen", {"inputs": frozen}, r"from the result of inputs back to the parameter of_x\.weight"),
]


def test_a_right_cell_passes_and_is_left_alone() -> None:
    cell = Right().train()
    before = {name: parameter.clone() for name, parameter in cell.named_parameters()}
    random_state = torch.get_rng_state()
    laws = check_cell(cell)
    assert len(laws) == 10
    assert cell.training
    assert torch.equal(torch.get_rng_state(), random_state)
    for name, parameter in cell.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.grad is None


@pytest.mark.parametrize(("exchanged", "said"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_a_wrong_cell_is_told_why(exchanged: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_cell(Right(**exchanged))


def test_a_gradient_of_ones_own_that_is_wrong() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, h: Tensor) -> Tensor:
            return h.clone()

        @staticmethod
        def backward(ctx: Any, dh: Tensor) -> Tensor:
            return 2 * dh

    def step(self: Right, pre: Any, state: Any) -> Any:
        return plain_step(self, pre, state, lambda _, state: Doubled.apply(state[0]))

    with pytest.raises(AssertionError, match=r"gradient of the output by the state\[0\] is not its finite difference"):
        check_cell(Right(step=step))


def test_what_cannot_be_checked() -> None:
    cell = Right()
    del cell.input_size
    with pytest.raises(TypeError, match=r"Right has no input_size, so say it: check_cell\(cell, input_size\)"):
        check_cell(cell)
    assert check_cell(cell, I)
    with pytest.raises(TypeError, match="to have a method inputs"):
        check_cell(torch.nn.Linear(2, 2))


def test_weights_of_zero_hide_nothing() -> None:
    """The copy's parameters are moved, so what zeros would multiply away shows."""
    cell = Right(step=normalised)
    for parameter in cell.parameters():
        torch.nn.init.zeros_(parameter)
    with pytest.raises(AssertionError, match="step must not mix rows"):
        check_cell(cell)
