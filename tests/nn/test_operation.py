"""The raw operations: what torch checks of an operation, shapes without numbers, tracing and compilation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from anaphora import nn
from anaphora.lines import Lines
from anaphora.nn.functional import Walk

CELLS = {"rnn_tanh": 1, "gru": 3, "lstm": 4}


def inputs(cell: str, walk: Walk, N: int, states: bool) -> tuple[Any, ...]:
    draw = torch.Generator().manual_seed(6)
    shapes = [(CELLS[cell] * 8, 5), (CELLS[cell] * 8, 8), (CELLS[cell] * 8,), (CELLS[cell] * 8,)] * 2
    weights = [torch.randn(shape, generator=draw) * 0.3 for shape in shapes]
    h0 = torch.randn(2, walk.rows, 8, generator=draw) if states else None
    c0 = torch.randn(2, walk.rows, 8, generator=draw) if states and cell == "lstm" else None
    return (cell, 2, *walk, torch.randn(N, 5, generator=draw), h0, c0, weights)


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_torch_finds_no_fault_with_the_operations(cell: str, states: bool) -> None:
    walk = Walk.of(Lines.dense(4, 3, [4, 0, 2]), 12)
    given = inputs(cell, walk, 12, states)
    checks = ("test_schema", "test_faketensor")
    for save in (False, True):
        torch.library.opcheck(torch.ops.anaphora.recurrent_forward.default, (*given, save), test_utils=checks)
    y, _, c_n, saved = torch.ops.anaphora.recurrent_forward(*given, True)
    arriving = (torch.randn_like(y), None, torch.randn_like(c_n) if cell == "lstm" else None)
    for want in ([True, states, states and cell == "lstm", True], [True, False, False, False], [False] * 3 + [True]):
        torch.library.opcheck(
            torch.ops.anaphora.recurrent_backward.default, (*given, y, saved, *arriving, want), test_utils=checks
        )


def test_a_walk_knows_whether_every_line_is_in_use() -> None:
    assert Walk.dense(4, 3).whole
    assert Walk.of(Lines.dense(4, 3, [4, 4, 4]), 12).whole
    assert not Walk.of(Lines.dense(4, 3, [4, 0, 4]), 12).whole
    assert Walk.of(Lines.ragged([4, 0, 4]), 8).whole
    assert (Walk.dense(4, 3).rows, Walk.dense(4, 3).T) == (3, 4)


def test_shapes_without_numbers() -> None:
    with FakeTensorMode():
        module = nn.LSTM(5, 9, 2, bidirectional=True, proj_size=4)
        output, (h_n, c_n) = module(torch.zeros(7, 3, 5))
        assert (output.shape, h_n.shape, c_n.shape) == ((7, 3, 8), (4, 3, 4), (4, 3, 9))
        output.sum().backward()
        assert module.weight_hr_l1.grad.shape == (4, 9)


# What torch.compile does inside warns of itself: that it makes a Function, that it looks for .grad.
@pytest.mark.filterwarnings("ignore:<class 'torch.autograd.function.Function'>:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize(
    ("kind", "batch_first", "whole"), [("RNN", True, False), ("GRU", False, True), ("LSTM", True, True)]
)
def test_a_compiled_module_is_the_module(kind: str, batch_first: bool, whole: bool) -> None:
    torch._dynamo.reset()
    torch.manual_seed(1)
    module = getattr(nn, kind)(5, 9, 2, bidirectional=True, batch_first=batch_first)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=whole, dynamic=True)
    for T in (4, 6):
        x = torch.randn(3, T, 5)
        # torch.compile leaves every RNN, GRU and LSTM out of its graphs, ours too, unless it is asked to look inside.
        with torch._dynamo.config.patch(allow_rnn=whole):
            got, _ = compiled(x)
        expected, _ = module(x)
        assert torch.equal(got, expected)
        leaves = list(module.parameters())
        grads = [torch.autograd.grad(y.square().sum(), leaves) for y in (got, expected)]
        assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_an_exported_module_keeps_its_operations() -> None:
    exported = torch.export.export(nn.GRU(5, 9), (torch.zeros(4, 3, 5),))
    assert "anaphora.recurrent_forward" in str(exported.graph)
    x = torch.randn(4, 3, 5)
    assert exported.module()(x)[0].shape == (4, 3, 9)


def test_a_gradient_hook_and_a_retained_graph() -> None:
    module = nn.GRU(5, 9)
    x = torch.randn(4, 3, 5, requires_grad=True)
    output, _ = module(x)
    seen: list[torch.Tensor] = []
    output.register_hook(seen.append)
    loss = output.sum()
    first = torch.autograd.grad(loss, x, retain_graph=True)[0]
    second = torch.autograd.grad(loss, x)[0]
    assert torch.equal(first, second)
    assert len(seen) == 2
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(loss, x)


def test_an_output_changed_in_place_is_noticed() -> None:
    module = nn.GRU(5, 9)
    output, _ = module(torch.randn(4, 3, 5))
    output.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()
