"""AdamW against its equations in NumPy, what it decays, clipping, and the running average."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from anaphora.config import Training
from anaphora.nn.build import build
from anaphora.training.optim import Average, clip, optimiser, set_rate

TREE = {
    "kind": "stack",
    "name": "model",
    "blocks": [
        {"kind": "embedding", "name": "table", "vocabulary": 7, "size": 5},
        {"kind": "gru", "name": "walk", "input_size": 5, "hidden_size": 5},
        {"kind": "tied_output", "name": "output", "embedding": "table"},
    ],
}


def test_biases_embeddings_and_norms_are_not_decayed() -> None:
    model = nn.ModuleDict({"stack": build(TREE), "norm": nn.LayerNorm(3)})
    adam = optimiser(model, Training(weight_decay=0.3))
    decay = {id(p): group["weight_decay"] for group in adam.param_groups for p in group["params"]}
    by_name = {name: decay[id(parameter)] for name, parameter in model.named_parameters()}
    assert {name for name, value in by_name.items() if value == 0.3} == {
        "stack.walk.weight_ih_l0",
        "stack.walk.weight_hh_l0",
    }
    assert set(by_name.values()) == {0.0, 0.3}
    assert len(decay) == len(list(model.parameters()))


def test_adamw_follows_its_equations(rng: np.random.Generator) -> None:
    model = nn.Linear(4, 3, dtype=torch.float64)
    training = Training(weight_decay=0.2, beta1=0.8, beta2=0.95)
    adam = optimiser(model, training)
    expected = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    mean = {name: np.zeros_like(w) for name, w in expected.items()}
    square = {name: np.zeros_like(w) for name, w in expected.items()}
    for step, rate in enumerate([0.01, 0.03, 0.002], 1):
        set_rate(adam, rate)
        for name, parameter in model.named_parameters():
            gradient = rng.normal(size=parameter.shape)
            parameter.grad = torch.from_numpy(gradient)
            w = expected[name]
            w -= rate * (0.2 if name == "weight" else 0.0) * w
            mean[name] = 0.8 * mean[name] + 0.2 * gradient
            square[name] = 0.95 * square[name] + 0.05 * gradient**2
            w -= rate * (mean[name] / (1 - 0.8**step)) / (np.sqrt(square[name] / (1 - 0.95**step)) + 1e-8)
        adam.step()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.detach().numpy(), expected[name], rtol=1e-6)


@pytest.mark.parametrize("most", [0.0, 0.5, 100.0])
def test_the_whole_gradient_is_clipped_to_its_norm(most: float, rng: np.random.Generator) -> None:
    model = nn.Linear(4, 3, dtype=torch.float64)
    gradients = {name: rng.normal(size=p.shape) for name, p in model.named_parameters()}
    for name, parameter in model.named_parameters():
        parameter.grad = torch.from_numpy(gradients[name].copy())
    norm = float(np.sqrt(sum(np.sum(g**2) for g in gradients.values())))
    assert clip(model, most).item() == pytest.approx(norm, rel=1e-12)
    scale = min(1.0, most / (norm + 1e-6)) if most else 1.0
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[name] * scale, rtol=1e-9)


def test_the_average_is_a_mean_at_first_and_then_forgets(rng: np.random.Generator) -> None:
    model = nn.Linear(2, 2, dtype=torch.float64)
    average = Average(model, share=0.5)
    seen = []
    expected = np.zeros((2, 2))
    for n in range(1, 12):
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(rng.normal(size=(2, 2))))
        seen.append(model.weight.detach().numpy().copy())
        average.update(total_steps=10)
        expected += (seen[-1] - expected) * max(1 / n, 1 / 5)
        if n <= 5:
            np.testing.assert_allclose(expected, np.mean(seen, axis=0), rtol=1e-12)
        before = model.weight.detach().clone()
        with average.in_place():
            np.testing.assert_allclose(model.weight.detach().numpy(), expected, rtol=1e-12)
        assert torch.equal(model.weight, before)


def test_weights_come_back_even_if_judging_fails() -> None:
    model = nn.Linear(2, 2)
    average = Average(model, share=0.5)
    with torch.no_grad():
        model.weight.add_(1.0)
    before = model.weight.detach().clone()
    with pytest.raises(RuntimeError, match="on purpose"), average.in_place():
        raise RuntimeError("on purpose")
    assert torch.equal(model.weight, before)
