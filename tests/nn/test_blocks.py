"""The torch builders of the model spec: what the blocks compute beyond their own tests."""

from __future__ import annotations

import copy

import numpy as np
import torch

from anaphora import spec
from anaphora.nn.blocks import build

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
    with torch.no_grad():
        twin.get_parameter("table.weight").zero_()
        twin.get_parameter("output.bias").zero_()
    ids = torch.zeros(2, 1, dtype=torch.int64)
    assert twin(ids)[0].abs().max() == 0
    assert model(ids)[0].abs().max() > 0


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
