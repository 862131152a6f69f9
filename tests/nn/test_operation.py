"""The raw operations and the roads to them: what torch checks of an operation, the same bits on every road, shapes
without numbers, tracing, compilation and export, for every cell.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from anaphora import kernels, nn
from anaphora.kernels.row_index import RowIndex
from anaphora.nn import functional
from anaphora.nn.engine import composed
from anaphora.nn.engine.cached_index import CachedIndex
from laws.layers import Options
from nn.operations import CELLS, Call, close, same

LENGTHS = [3, 0, 5, 1]
EVERY = [Options(cell, D, True, noise) for cell, noise in CELLS.items() for D in (1, 2)]
BOTH = EVERY[1::2]


def raw(call: Call, segment: int = 0, states: bool = True) -> tuple[Any, ...]:
    """What both raw operations begin with."""
    cell, x, weights, D, index, h0, c0, noise = call.given({n: leaf.detach() for n, leaf in call.leaves.items()})
    initial = (h0, c0) if states else (None, None)
    return (cell, D, index.T, index.whole, index.tensor, x, *initial, weights, *noise, segment)


@pytest.mark.parametrize("segment", [0, 2])
@pytest.mark.parametrize("options", EVERY, ids=str)
def test_torch_finds_no_fault_with_the_operations(options: Options, segment: int) -> None:
    call = Call(options, LENGTHS)
    states = segment == 0
    given, checks = raw(call, segment, states), ("test_schema", "test_faketensor")
    for save in (False, True):
        torch.library.opcheck(torch.ops.anaphora.recurrent_forward.default, (*given, save), test_utils=checks)
    y, _, c_n, saved = torch.ops.anaphora.recurrent_forward(*given, True)
    memory = kernels.TRAITS[options.kernel].memories > 0
    arriving = (torch.randn_like(y), None, torch.randn_like(c_n) if memory else None)
    for want in ([True, states, states and memory, True], [True, False, False, False], [False] * 3 + [True]):
        torch.library.opcheck(
            torch.ops.anaphora.recurrent_backward.default, (*given, 0.3, y, saved, *arriving, want), test_utils=checks
        )


@pytest.mark.parametrize("clip", [0.0, 0.15])
@pytest.mark.parametrize("options", EVERY, ids=str)
def test_values_and_gradients_equal_plain_torch_in_float64(options: Options, clip: float) -> None:
    exact = Call(options, LENGTHS, dtype=np.float64)
    ours = Call(options, LENGTHS)
    close(ours.run(functional.recurrent, clip), exact.run(composed.recurrent, clip), 1e-5)


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_every_road_gives_the_same_bits(options: Options) -> None:
    call = Call(options, LENGTHS)
    expected = call.run(functional.recurrent, 0.15)
    same(call.run(functional.recurrent, 0.15, segment=2), expected)
    same(call.run(partial(functional.recurrent, keep=True), 0.15), expected)
    with torch.overrides.BaseTorchFunctionMode():
        same(call.run(functional.recurrent, 0.15), expected)
    with torch.profiler.profile() as profile:
        same(call.run(functional.recurrent, 0.15), expected)
    names = {event.name for event in profile.events()}
    assert {"anaphora::recurrent_forward", "anaphora::recurrent_backward"} <= names
    for freed in (torch.no_grad, torch.inference_mode):
        with freed():
            results = call.outputs(functional.recurrent(*call.given(), 0.15))
            same(results, {name: expected[name] for name in results})
    for wanted in call.leaves:
        for name, leaf in call.leaves.items():
            leaf.requires_grad_(name == wanted)
        outputs = call.outputs(functional.recurrent(*call.given(), 0.15))
        loss = sum((y * d).sum() for y, d in zip(outputs.values(), call.arriving, strict=True))
        assert torch.equal(torch.autograd.grad(loss, call.leaves[wanted])[0], expected[wanted]), wanted


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_what_is_inspected_equals_plain_torch_and_has_no_gradient(options: Options) -> None:
    exact, call = Call(options, LENGTHS, dtype=np.float64), Call(options, LENGTHS)
    for freed in (torch.enable_grad, torch.no_grad):
        with freed():
            *_, saved = functional.recurrent(*call.given(), segment=2, keep=True)
            *_, expected = composed.recurrent(*exact.given())
            slots = kernels.saved_slots(options.kernel, call.noise)
            assert saved.shape == (options.D, call.N, slots * call.layer.H)
            assert not saved.requires_grad
            torch.testing.assert_close(saved[:, call.where].double(), expected[:, call.where], rtol=0, atol=1e-5)


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_second_derivatives_equal_plain_torchs(options: Options) -> None:
    found = []
    for dtype, operation in ((np.float32, functional.recurrent), (np.float64, composed.recurrent)):
        call = Call(options, LENGTHS, dtype=dtype)
        leaves, arriving = list(call.leaves.values()), [d.requires_grad_() for d in call.arriving]
        outputs = list(call.outputs(operation(*call.given())).values())
        first = torch.autograd.grad(outputs, leaves, arriving, create_graph=True)
        draw = torch.Generator().manual_seed(5)
        weighed = sum((d * torch.randn(d.shape, generator=draw, dtype=torch.float64).to(d.dtype)).sum() for d in first)
        names = [*call.leaves, *(f"d {number}" for number in range(len(arriving)))]
        found.append(dict(zip(names, torch.autograd.grad(weighed, [*leaves, *arriving]), strict=True)))
    close(*found, 2e-5)


# What torch.compile does inside warns of itself: that it makes a Function, that it looks for .grad.
compiling = (
    pytest.mark.filterwarnings("ignore:<class 'torch.autograd.function.Function'>:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),
)


def compiled_marks(test: Any) -> Any:
    for mark in compiling:
        test = mark(test)
    return test


@compiled_marks
@pytest.mark.parametrize("options", BOTH, ids=str)
def test_every_cell_compiles_into_one_graph(options: Options) -> None:
    torch._dynamo.reset()
    call = Call(options, LENGTHS)
    cell, x, weights, D, index, h0, c0, noise = call.given()
    T, B = index.T, index.rows

    def run(x: Tensor, weights: Any, h0: Tensor, c0: Any, noise: Any) -> Any:
        return functional.recurrent(cell, x, weights, D, CachedIndex.dense(T, B), h0, c0, noise, 0.15, 2)

    found = []
    for operation in (run, torch.compile(run, backend="aot_eager", fullgraph=True, dynamic=True)):
        outputs = call.outputs(operation(x, weights, h0, c0, noise))
        gradients = torch.autograd.grad(list(outputs.values()), list(call.leaves.values()), call.arriving)
        found.append(outputs | dict(zip(call.leaves, gradients, strict=True)))
    same(*found)


@compiled_marks
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


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_every_cell_is_exported_with_its_operation(options: Options) -> None:
    call = Call(options, LENGTHS)
    cell, x, weights, D, index, h0, c0, noise = call.given({name: leaf.detach() for name, leaf in call.leaves.items()})

    class Layer(torch.nn.Module):
        def forward(self, x: Tensor, weights: Any, h0: Tensor, c0: Any, noise: Any) -> Any:
            along = CachedIndex.dense(index.T, index.rows)
            results = functional.recurrent(cell, x, weights, D, along, h0, c0, noise)
            return results[:2] if c0 is None else results[:3]

    given = (x, weights, h0, c0, noise)
    exported = torch.export.export(Layer(), given)
    assert "anaphora.recurrent_forward" in str(exported.graph)
    for got, expected in zip(exported.module()(*given), Layer()(*given), strict=True):
        assert torch.equal(got, expected)


def test_elsewhere_the_equations_are_exported() -> None:
    module = nn.LayerNormLSTM(5, 9, bidirectional=True, dtype=torch.float64)
    exported = torch.export.export(module, (torch.zeros(4, 3, 5, dtype=torch.float64),))
    x = torch.randn(4, 3, 5, dtype=torch.float64)
    torch.testing.assert_close(exported.module()(x)[0], module(x)[0], rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_trace_holds_the_equations() -> None:
    module = nn.PeepholeLSTM(5, 9, bidirectional=True)
    traced = torch.jit.trace(module, (torch.randn(4, 3, 5),), check_trace=False)
    x = torch.randn(4, 3, 5)
    torch.testing.assert_close(traced(x)[0], module(x)[0], rtol=0, atol=2e-6)


def test_an_exported_module_keeps_its_operations() -> None:
    exported = torch.export.export(nn.GRU(5, 9), (torch.zeros(4, 3, 5),))
    assert "anaphora.recurrent_forward" in str(exported.graph)
    x = torch.randn(4, 3, 5)
    assert exported.module()(x)[0].shape == (4, 3, 9)


def test_a_walk_knows_whether_every_line_is_in_use() -> None:
    assert CachedIndex.dense(4, 3).whole
    assert CachedIndex.of(RowIndex.dense(4, 3, [4, 4, 4]), 12).whole
    assert not CachedIndex.of(RowIndex.dense(4, 3, [4, 0, 4]), 12).whole
    assert CachedIndex.of(RowIndex.ragged([4, 0, 4]), 8).whole
    assert (CachedIndex.dense(4, 3).rows, CachedIndex.dense(4, 3).T) == (3, 4)


def test_shapes_without_numbers() -> None:
    with FakeTensorMode():
        module = nn.LSTM(5, 9, 2, bidirectional=True, proj_size=4)
        output, (h_n, c_n) = module(torch.zeros(7, 3, 5))
        assert (output.shape, h_n.shape, c_n.shape) == ((7, 3, 8), (4, 3, 4), (4, 3, 9))
        output.sum().backward()
        assert module.weight_hr_l1.grad.shape == (4, 9)
