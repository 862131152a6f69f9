"""The variants as modules: names, shapes and first weights, and life with what torch does to modules."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parametrize

from anaphora import nn

H, I = 6, 4
OWN = {
    "LayerNormLSTM": {"gain_ih": 4 * H, "gain_hh": 4 * H, "gain_c": H, "shift_c": H},
    "LayerNormGRU": {"gain_ih": 3 * H, "gain_hh": 3 * H},
    "PeepholeLSTM": {"weight_peephole": 3 * H},
    "CoupledLSTM": {},
    "ResetBeforeGRU": {},
}
GATES = {"LayerNormLSTM": 4, "LayerNormGRU": 3, "PeepholeLSTM": 4, "CoupledLSTM": 3, "ResetBeforeGRU": 3}


def every_change(module: Any) -> Any:
    nn.zoneout(module, 0.2, 0.3), nn.recurrent_dropout(module, 0.1), nn.weight_drop(module, 0.4)
    return nn.recompute(nn.clip_gradients(nn.learned_state(module), 0.5), 7)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", OWN)
def test_names_and_shapes_are_torchs_and_its_own(kind: str, bias: bool) -> None:
    module = getattr(nn, kind)(I, H, 2, bias=bias, bidirectional=True)
    expected = {}
    for suffix, features in (("l0", I), ("l0_reverse", I), ("l1", 2 * H), ("l1_reverse", 2 * H)):
        expected[f"weight_ih_{suffix}"] = (GATES[kind] * H, features)
        expected[f"weight_hh_{suffix}"] = (GATES[kind] * H, H)
        expected |= {f"bias_{side}_{suffix}": (GATES[kind] * H,) for side in ("ih", "hh") if bias}
        expected |= {f"{name}_{suffix}": (size,) for name, size in OWN[kind].items()}
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == expected
    assert sum(len(group) for group in module.all_weights) == len(expected)
    assert not isinstance(module, torch.nn.LSTM | torch.nn.GRU | torch.nn.RNN)
    assert isinstance(nn.zoneout(nn.LSTM(I, H)), torch.nn.LSTM)


@pytest.mark.parametrize("kind", OWN)
def test_first_weights(kind: str) -> None:
    torch.manual_seed(3)
    module = getattr(nn, kind)(I, 64)
    again = copy.deepcopy(module)
    for _ in range(2):
        for name, value in again.named_parameters():
            if name.startswith("gain"):
                assert torch.equal(value, torch.ones_like(value))
            elif name.startswith("shift"):
                assert torch.equal(value, torch.zeros_like(value))
            else:
                assert value.abs().max() <= 1 / 8
                assert value.abs().max() > 1 / 8 * 0.9
        with torch.no_grad():
            for value in again.parameters():
                value.fill_(7.0)
        again.reset_parameters()
    common = {
        name: value for name, value in module.named_parameters() if name.startswith(("weight_ih", "weight_hh", "b"))
    }
    torch.manual_seed(3)
    plain = dict((nn.LSTM if GATES[kind] == 4 else nn.GRU)(I, 64).named_parameters())
    assert all(torch.equal(value, plain[name]) for name, value in common.items())


def test_arguments_are_those_of_torch_without_a_projection() -> None:
    module = nn.PeepholeLSTM(I, H, 2, True, True, 0.5, True, dtype=torch.float64)
    assert repr(module) == "PeepholeLSTM(4, 6, num_layers=2, batch_first=True, dropout=0.5, bidirectional=True)"
    assert module.weight_peephole_l1_reverse.dtype is torch.float64
    with pytest.raises(TypeError, match="proj_size"):
        nn.PeepholeLSTM(I, H, proj_size=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="hidden_size must be greater than zero"):
        nn.CoupledLSTM(I, 0)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", *OWN])
def test_modifiers_are_shown_kept_by_a_copy_and_taken_away(kind: str) -> None:
    module = every_change(getattr(nn, kind)(I, H))
    memory = "0.3" if "LSTM" in kind else "0.0"
    shown = (
        f"{kind}(4, 6, clip_gradients=0.5, learned_state=True, recompute=7, recurrent_dropout=0.1, "
        f"weight_drop=0.4, zoneout=(0.2, {memory}))"
    )
    twin = copy.deepcopy(module)
    assert repr(twin) == repr(module) == shown
    x = torch.randn(5, 3, I)
    torch.manual_seed(1)
    expected, _ = module(x)
    torch.manual_seed(1)
    assert torch.equal(twin(x)[0], expected)
    nn.zoneout(twin, 0, 0), nn.recurrent_dropout(twin, 0), nn.weight_drop(twin, 0)
    nn.recompute(nn.clip_gradients(twin, 0), 0)
    assert re.sub("learned_state=True", "", repr(twin)) == f"{kind}(4, 6, )"
    assert repr(module) == shown
    assert not torch.equal(twin(x)[0], expected)


def test_a_learned_state_begins_at_zero_once() -> None:
    module = nn.learned_state(nn.LSTM(I, H, 2, bidirectional=True))
    assert {name: tuple(value.shape) for name, value in module.named_parameters() if name.endswith("_0")} == {
        "h_0": (4, 1, H),
        "c_0": (4, 1, H),
    }
    with torch.no_grad():
        module.h_0.fill_(0.5)
    assert nn.learned_state(module).h_0.min() == 0.5
    module.reset_parameters()
    assert torch.count_nonzero(module.h_0) == torch.count_nonzero(module.c_0) == 0
    projected = nn.learned_state(nn.LSTM(I, H, proj_size=2))
    assert (projected.h_0.shape, projected.c_0.shape) == ((1, 1, 2), (1, 1, H))
    assert "c_0" not in dict(nn.learned_state(nn.GRU(I, H)).named_parameters())


class Twice(torch.nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight * 2


@pytest.mark.parametrize("kind", OWN)
def test_parametrized_vectors_are_seen_and_learn(kind: str) -> None:
    module, x = getattr(nn, kind)(I, H), torch.randn(5, 3, I)
    doubled = copy.deepcopy(module)
    with torch.no_grad():
        for value in doubled.parameters():
            value.mul_(2)
    for name in [name for name, _ in module.named_parameters()]:
        parametrize.register_parametrization(module, name, Twice())
    outputs = [one(x)[0] for one in (module, doubled)]
    assert torch.equal(*outputs)
    for output in outputs:
        output.square().sum().backward()
    for name, value in doubled.named_parameters():
        learnt = module.get_parameter(f"parametrizations.{name}.original").grad
        torch.testing.assert_close(learnt, 2 * value.grad)  # type: ignore[operator]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("kind", ["LSTM", *OWN])
def test_distributed_data_parallel(kind: str, alone: None) -> None:
    torch.manual_seed(2)
    module = every_change(getattr(nn, kind)(I, H, 2, bidirectional=True))
    shared, x = DistributedDataParallel(copy.deepcopy(module)), torch.randn(5, 3, I)
    for one in (module, shared):
        torch.manual_seed(1)
        one(x)[0].square().sum().backward()
    for mine, theirs in zip(module.parameters(), shared.parameters(), strict=True):
        assert mine.grad is not None
        assert torch.equal(mine.grad, theirs.grad)


# What torch.compile does inside warns of itself: that it makes a Function, that it looks for .grad.
@pytest.mark.filterwarnings("ignore:<class 'torch.autograd.function.Function'>:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("kind", ["LayerNormLSTM", "PeepholeLSTM", "ResetBeforeGRU"])
def test_a_compiled_changed_module_is_the_module(kind: str) -> None:
    torch._dynamo.reset()
    torch.manual_seed(1)
    module = every_change(getattr(nn, kind)(5, 9, 2, bidirectional=True))
    compiled, x = torch.compile(module, backend="aot_eager", fullgraph=True), torch.randn(4, 3, 5)
    found = []
    for one in (compiled, module):
        torch.manual_seed(6)
        output, _ = one(x)
        found.append([output, *torch.autograd.grad(output.square().sum(), list(module.parameters()))])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("kind", OWN)
def test_training_learns_what_stood_two_steps_ago(kind: str) -> None:
    torch.manual_seed(4)
    layer, head = nn.forget_bias_(nn.orthogonal_(getattr(nn, kind)(5, 24))), torch.nn.Linear(24, 5)
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    for _ in range(120):
        ids = torch.randint(5, (12, 32))
        scores = head(layer(torch.nn.functional.one_hot(ids, 5).float())[0])
        loss = torch.nn.functional.cross_entropy(scores[2:].flatten(0, 1), ids[:-2].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1  # guessing costs ln 5 = 1.6
