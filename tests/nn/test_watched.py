"""Who watches a layer sees it as torch's own: hooks, checkpoints, versions, batches of gradients, other defaults."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from anaphora import nn
from anaphora.kernels.row_index import Noise
from anaphora.nn import functional
from laws.layers import Options
from nn.operations import CELLS, Call, close, same

LENGTHS = [3, 0, 5, 1]
BOTH = [Options(cell, 2, True, noise) for cell, noise in CELLS.items()]


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


def test_a_weight_changed_in_place_is_noticed() -> None:
    module = nn.LSTM(5, 9)
    output, _ = module(torch.randn(4, 3, 5))
    with torch.no_grad():
        module.weight_hh_l0.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_lengths_changed_in_place_change_no_walk_that_has_to_go_back() -> None:
    module, lengths = nn.LSTM(5, 9, bidirectional=True), torch.tensor([3, 1, 4])
    data = torch.randn(8, 5, generator=torch.Generator().manual_seed(7), requires_grad=True)
    found = []
    for changed in (False, True):
        output, _ = module(nn.Ragged(data, lengths))
        loss = output.data.square().sum()
        if changed:
            lengths.copy_(torch.tensor([4, 3, 1]))
        found.append(torch.autograd.grad(loss, data)[0])
    assert torch.equal(*found)


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_what_is_saved_goes_through_hooks_and_nowhere_else(options: Options) -> None:
    call = Call(options, LENGTHS)
    expected = call.run(functional.recurrent)
    packed: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> int:
        packed[len(packed)] = tensor.detach().clone()
        return len(packed) - 1

    with torch.autograd.graph.saved_tensors_hooks(pack, packed.__getitem__):
        outputs = call.outputs(functional.recurrent(*call.given()))
    given = [*call.leaves.values(), *(value for value in call.noise if value is not None)]
    assert len(packed) == 2 + len(given)  # and y, and what the steps saved
    with torch.no_grad():
        for tensor in (*given, *outputs.values()):
            tensor.data.fill_(torch.nan)  # unseen by versions: backward must read what was packed
    found = torch.autograd.grad(list(outputs.values()), list(call.leaves.values()), call.arriving)
    same(dict(zip(call.leaves, found, strict=True)), {name: expected[name] for name in call.leaves})


def test_a_checkpointed_layer_is_the_layer() -> None:
    module, x = nn.GRU(5, 9, bidirectional=True), torch.randn(4, 3, 5, requires_grad=True)
    leaves, found = [x, *module.parameters()], []
    for reentrant in (None, False, True):
        output = module(x)[0] if reentrant is None else checkpoint(lambda x: module(x)[0], x, use_reentrant=reentrant)
        for leaf in leaves:
            leaf.grad = None
        output.square().sum().backward()
        found.append([leaf.grad for leaf in leaves])
    for got in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(got, found[0], strict=True))


@pytest.mark.parametrize("options", BOTH, ids=str)
def test_a_pullback_kept_after_its_transform_is_the_gradient(options: Options) -> None:
    call = Call(options, LENGTHS)
    expected = call.run(functional.recurrent)
    leaves = {name: leaf.detach() for name, leaf in call.leaves.items()}
    outputs, pull = torch.func.vjp(
        lambda leaves: tuple(call.outputs(functional.recurrent(*call.given(leaves))).values()), leaves
    )
    assert len(outputs) == len(call.arriving)
    for freed in (torch.enable_grad, torch.no_grad):
        with freed():
            (found,) = pull(tuple(call.arriving))
        close(found, {name: expected[name] for name in leaves}, 1e-5)
        assert not any(leaf.requires_grad for leaf in leaves.values())


def test_a_batch_of_gradients_is_a_loop() -> None:
    call = Call(Options("lstm_peephole", 2, True, "all"), LENGTHS)
    y, *_ = functional.recurrent(*call.given())
    leaves = list(call.leaves.values())
    many = torch.randn(3, *y.shape, generator=torch.Generator().manual_seed(3))
    together = torch.autograd.grad(y, leaves, many, is_grads_batched=True, retain_graph=True)
    alone = [torch.autograd.grad(y, leaves, d, retain_graph=True) for d in many]
    for batched, each in zip(together, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(batched, torch.stack(each), rtol=0, atol=1e-5)


def test_other_defaults_and_odd_tensors_change_nothing() -> None:
    call = Call(Options("gru", 2, True, "mask"), LENGTHS)
    expected = call.run(functional.recurrent)
    torch.set_default_dtype(torch.float64)
    try:
        same(call.run(functional.recurrent), expected)
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        same(call.run(functional.recurrent), expected)
    kept = call.leaves["x"], call.arriving[0]
    call.leaves["x"] = torch._neg_view(-kept[0].detach()).requires_grad_()
    call.arriving[0] = torch._neg_view(-kept[1])
    same(call.run(functional.recurrent), expected)
    call.leaves["x"] = torch.stack([kept[0].detach()] * 2, dim=2)[:, :, 1].requires_grad_()
    call.arriving[0] = torch.stack([kept[1]] * 2, dim=2)[:, :, 0]
    same(call.run(functional.recurrent), expected)


@pytest.mark.filterwarnings("ignore:Anomaly Detection:UserWarning")
def test_anomaly_mode_names_the_layer() -> None:
    module = nn.LSTM(5, 9)
    with torch.autograd.detect_anomaly():
        output, _ = module(torch.full((4, 3, 5), torch.nan, requires_grad=True))
        with pytest.warns(UserWarning, match="Traceback of forward call"):
            with pytest.raises(RuntimeError, match="'FastRecurrentFunctionBackward' returned nan values"):
                output.sum().backward()


class _Subclass(Tensor):
    pass


def test_a_subclass_of_tensors_goes_through_the_dispatcher() -> None:
    module, x = nn.GRU(5, 9), torch.randn(4, 3, 5)
    output, _ = module(x.as_subclass(_Subclass))
    assert type(output) is _Subclass
    assert torch.equal(output.as_subclass(Tensor), module(x)[0])


def test_gradients_lie_in_the_memory_that_the_kernels_wrote() -> None:
    module = copy.deepcopy(nn.LSTM(5, 9))
    module(torch.randn(4, 3, 5))[0].sum().backward()
    for weight in module.parameters():  # taken over, not copied: the memory is NumPy's
        assert not weight.grad.untyped_storage().resizable()


@pytest.mark.parametrize("mapped", [("x",), ("mask",), ("keep_h",), ("x", "mask", "keep_h", "keep_c")], ids="+".join)
@pytest.mark.parametrize("noise", ["all", "expected"])
@pytest.mark.parametrize("segment", [0, 2])
@pytest.mark.parametrize("cell", ["gru", "lstm", "lstm_layer_norm"])
def test_noise_under_vmap_follows_its_rows(cell: str, segment: int, noise: str, mapped: tuple[str, ...]) -> None:
    call = Call(Options(cell, 2, True, noise), LENGTHS)
    kernel, x, weights, D, index, h0, c0, quiet = call.given()
    draw = torch.Generator().manual_seed(4)
    inputs = {"x": x, "mask": quiet.mask, "keep_h": quiet.keep_h, "keep_c": quiet.keep_c}
    if any(inputs[name] is None for name in mapped):
        mapped = tuple(name for name in mapped if inputs[name] is not None) or ("x",)
    dims = {name: number % 2 if name in mapped else None for number, name in enumerate(inputs)}
    many = {
        name: torch.rand((*value.shape, 3), generator=draw).movedim(-1, dims[name]) if name in mapped else value
        for name, value in inputs.items()
    }

    def run(x: Tensor, mask: Any, keep_h: Any, keep_c: Any) -> Any:
        noise = Noise(mask, keep_h, keep_c)
        results = functional.recurrent(kernel, x, weights, D, index, h0, c0, noise, 0.2, segment)
        return tuple(call.outputs(results).values())

    def picked(v: int) -> list[Any]:
        return [value if dims[name] is None else value.select(dims[name], v) for name, value in many.items()]

    def square(*results: Tensor) -> Tensor:
        return sum(result.square().sum() for result in results)  # type: ignore[return-value]

    in_dims, leaves = tuple(dims.values()), [leaf for name, leaf in call.leaves.items() if name != "x"]
    together = torch.vmap(run, in_dims=in_dims)(*many.values())
    alone = [run(*picked(v)) for v in range(3)]
    for result, each in zip(together, zip(*alone, strict=True), strict=True):
        assert torch.equal(result, torch.stack(each))
    found = torch.autograd.grad(square(*together), leaves)
    expected = torch.autograd.grad(sum(square(*results) for results in alone), leaves)
    for got, value in zip(found, expected, strict=True):
        torch.testing.assert_close(got, value, rtol=0, atol=1e-4)
    slopes = torch.vmap(torch.func.grad(lambda *inputs: square(*run(*inputs))), in_dims=in_dims)(*many.values())
    for v in range(3):
        torch.testing.assert_close(
            slopes[v], torch.func.grad(lambda *inputs: square(*run(*inputs)))(*picked(v)), rtol=0, atol=1e-4
        )


def test_a_mapped_gradient_of_inputs_alone_walks_once() -> None:
    call = Call(Options("lstm_coupled", 2, True, "zoneout"), LENGTHS)
    kernel, x, weights, D, index, h0, c0, noise = call.given(
        {name: leaf.detach() for name, leaf in call.leaves.items()}
    )
    many = torch.randn(3, *x.shape, generator=torch.Generator().manual_seed(3)).requires_grad_()

    def run(x: Tensor) -> Tensor:
        return functional.recurrent(kernel, x, weights, D, index, h0, c0, noise, segment=2)[0]

    together = torch.autograd.grad(torch.vmap(run)(many).square().sum(), many)[0]
    alone = torch.stack([torch.autograd.grad(run(x).square().sum(), many)[0][v] for v, x in enumerate(many)])
    np.testing.assert_array_equal(together.numpy(), alone.numpy())
