"""The torch builders of the model spec: what the blocks compute beyond their own tests."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from anaphora import nn
from anaphora.bundle import spec
from anaphora.nn.build import build
from anaphora.nn.pooling import Attention, Pooling
from small_models import BOTH_WAYS, POOLED, TREES, random_inputs

TIED = {
    "kind": "stack",
    "name": "model",
    "blocks": [
        {"kind": "embedding", "name": "table", "vocabulary": 7, "size": 5},
        {"kind": "lstm", "name": "walk", "input_size": 5, "hidden_size": 5, "num_layers": 2},
        {"kind": "tied_output", "name": "output", "embedding": "table"},
    ],
}


def test_tied_logits_are_the_tables_rows_times_h(rng: np.random.Generator) -> None:
    torch.manual_seed(1)
    model = build(TIED).double()
    with torch.no_grad():
        model.get_parameter("output.bias").copy_(torch.from_numpy(rng.normal(size=7)))
    ids = torch.from_numpy(rng.integers(7, size=(4, 3)))
    table = model.get_parameter("table.weight")
    walk = model.get_submodule("walk")
    h, _ = walk(table[ids])
    expected = torch.einsum("tbh,vh->tbv", h, table) + model.get_parameter("output.bias")
    logits, _ = model(ids)
    np.testing.assert_allclose(logits.detach(), expected.detach(), rtol=1e-12, atol=1e-12)


def test_the_table_learns_from_both_of_its_uses(rng: np.random.Generator) -> None:
    torch.manual_seed(2)
    model = build(TIED).double()
    ids = torch.from_numpy(rng.integers(7, size=(4, 3)))
    model(ids)[0].square().sum().backward()
    assert sum(parameter.numel() for parameter in model.parameters()) == sum(
        int(np.prod(shape)) for shape in spec.tensors(spec.check(TIED)).values()
    )
    table = model.get_parameter("table.weight")
    nudged = copy.deepcopy(model)
    step = 1e-6
    with torch.no_grad():
        nudged.get_parameter("table.weight")[2, 3] += step
        slope = (nudged(ids)[0].square().sum() - model(ids)[0].square().sum()) / step
    assert table.grad is not None
    np.testing.assert_allclose(table.grad[2, 3], slope, rtol=1e-4)


def test_a_copy_ties_its_own_table() -> None:
    model = build(TIED)
    twin = copy.deepcopy(model)
    ids = torch.zeros(2, 1, dtype=torch.int64)
    before = model(ids)[0]
    with torch.no_grad():
        twin.get_parameter("table.weight").zero_()
        twin.get_parameter("output.bias").zero_()
    assert torch.count_nonzero(twin(ids)[0]) == 0
    assert torch.count_nonzero(before) == before.numel()
    assert torch.equal(model(ids)[0], before)


def test_carrying_the_state_is_one_unbroken_run(rng: np.random.Generator) -> None:
    torch.manual_seed(3)
    for kind in ("rnn", "gru", "lstm"):
        model = build(spec.KINDS[kind].example if kind != "gru" else TIED)
        ids = torch.from_numpy(rng.integers(7, size=(9, 3)))
        whole, last = model(ids)
        first, state = model(ids[:4])
        second, state = model(ids[4:], state)
        assert torch.equal(torch.cat([first, second]), whole)
        assert state.keys() == last.keys()
        for path in last:
            assert all(torch.equal(a, b) for a, b in zip(state[path], last[path], strict=True))


LENGTHS = [5, 0, 2, 1]
OVER = {
    "last": lambda row: row[-1],
    "mean": lambda row: sum(row) / len(row),
    "max": lambda row: np.array([max(entry) for entry in zip(*row, strict=True)]),
    "ends": lambda row: np.array([row[-1][0], row[0][1], row[0][2]]),
}


@pytest.mark.parametrize("over", OVER)
def test_pooling_is_what_each_row_s_own_steps_say(over: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 4, 3))
    pooled = Pooling(over)(torch.from_numpy(x), torch.tensor(LENGTHS))
    expected = [OVER[over](x[:n, b]) if n else np.zeros(3) for b, n in enumerate(LENGTHS)]
    np.testing.assert_allclose(pooled, expected, rtol=1e-14)
    whole = Pooling(over)(torch.from_numpy(x))
    np.testing.assert_allclose(whole, [OVER[over](x[:, b]) for b in range(4)], rtol=1e-14)


def test_attention_weighs_each_row_s_own_steps(rng: np.random.Generator) -> None:
    torch.manual_seed(4)
    attention = Attention(3, 6).double()
    W, b, q = (attention.get_parameter(name).detach().numpy() for name in ("weight", "bias", "query"))
    x = rng.normal(size=(5, 4, 3))
    pooled = attention(torch.from_numpy(x), torch.tensor(LENGTHS)).detach()
    for row, steps in enumerate(LENGTHS):
        weights = [np.exp(q @ np.tanh(W @ x[t, row] + b)) for t in range(steps)]
        expected = sum((a / sum(weights) * x[t, row] for t, a in enumerate(weights)), np.zeros(3))
        np.testing.assert_allclose(pooled[row], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("pool", [*map(Pooling, OVER), Attention(3, 6)], ids=[*OVER, "attention"])
def test_what_is_past_an_end_changes_nothing_and_learns_nothing(pool: Any, rng: np.random.Generator) -> None:
    x = torch.from_numpy(rng.normal(size=(5, 4, 3)).astype(np.float32))
    clean = pool(x, torch.tensor(LENGTHS))
    for b, n in enumerate(LENGTHS):
        x[n:, b] = float("nan")
    x.requires_grad_()
    dirty = pool(x, torch.tensor(LENGTHS))
    assert torch.equal(dirty, clean)
    (gradient,) = torch.autograd.grad(dirty.square().sum(), x)
    for b, n in enumerate(LENGTHS):
        assert torch.count_nonzero(gradient[n:, b]) == 0
        if n == 0:
            continue
        alone = x.detach()[:n, b : b + 1].requires_grad_()
        (expected,) = torch.autograd.grad(pool(alone, torch.tensor([n])).square().sum(), alone)
        torch.testing.assert_close(gradient[:n, b : b + 1], expected, rtol=1e-6, atol=1e-7)
    assert torch.count_nonzero(pool(x[:0], torch.zeros(4, dtype=torch.int64))) == 0


def test_zoneout_and_the_learned_state_are_the_module_s_own() -> None:
    fields = {"kind": "lstm", "name": "walk", "input_size": 3, "hidden_size": 4, "num_layers": 2}
    changes = {"zoneout_hidden": 0.1, "zoneout_memory": 0.4, "learned_state": True}
    torch.manual_seed(5)
    model = build({"kind": "stack", "name": "model", "input_size": 3, "blocks": [{**fields, **changes}]}).eval()
    torch.manual_seed(5)
    walk = nn.learned_state(nn.zoneout(nn.LSTM(3, 4, 2), 0.1, 0.4)).eval()
    for module in (model.get_submodule("walk"), walk):
        torch.nn.init.constant_(module.get_parameter("h_0"), 0.3)
        torch.nn.init.constant_(module.get_parameter("c_0"), -0.7)
    x = torch.randn(6, 2, 3)
    assert torch.equal(model(x)[0], walk(x)[0])


@pytest.mark.parametrize("name", [*POOLED, *BOTH_WAYS])
def test_ragged_rows_give_what_padded_ones_give(name: str, rng: np.random.Generator) -> None:
    torch.manual_seed(3)
    model = build(TREES[name]).eval()
    lengths = torch.tensor([3, 0, 5, 1])
    padded = torch.from_numpy(random_inputs(TREES[name], rng, 5, 4))
    ragged = nn.Ragged.from_padded(padded, lengths)
    expected, states = model(padded, None, lengths)
    found, after = model(ragged)
    if isinstance(found, nn.Ragged):
        assert found.lengths.tolist() == lengths.tolist()
        found, expected = found.data, nn.Ragged.from_padded(expected, lengths).data
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for path, parts in states.items():
        for part, other in zip(parts, after[path], strict=True):
            torch.testing.assert_close(part, other, rtol=1e-5, atol=1e-6)


def test_the_ends_are_where_each_direction_ended(rng: np.random.Generator) -> None:
    layer = nn.GRU(3, 4, bidirectional=True)
    y, h_n = layer(nn.Ragged.from_list([torch.randn(length, 3) for length in (2, 5, 1)]))
    torch.testing.assert_close(Pooling("ends")(y), torch.cat([h_n[0], h_n[1]], dim=1))
