"""The language model: loss and gradients against plain torch.nn, carried state, and whole trainings from text to
file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from anaphora.config import resolve
from anaphora.nn.build import build
from anaphora.tasks.language import training as language
from anaphora.tasks.language import windows
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.training.initial import initialise
from anaphora.training.initialise import expect
from drawn import Drawn

TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog.\n" * 40
TINY = "--batch 4 --bptt 16 --hidden 12 --layers 1 --embedding 6 --evaluation-units 150 --max-steps 24 --evaluations 4"


def config(*options: str) -> LanguageConfig:
    return resolve(LanguageConfig, PRESETS, options=[*TINY.split(), *options])


class PlainTied(nn.Module):
    """The same model written with torch.nn alone."""

    def __init__(self, cell: str, tied: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 6)
        self.recurrent = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell](6, 5, 2)
        if tied:
            self.projection = nn.Linear(5, 6, bias=False)
        self.output = nn.Linear(6 if tied else 5, 9)

    def forward(self, ids: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        h, state = self.recurrent(self.embedding(ids), state)
        h = self.projection(h) if hasattr(self, "projection") else h
        return self.output(h), state


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("tied", [False, True])
def test_loss_and_every_gradient_are_those_of_plain_torch(cell: str, tied: bool, rng: np.random.Generator) -> None:
    torch.manual_seed(7)
    options = f"--cell {cell} --hidden 5 --layers 2 --dropout 0 --output-dropout 0 --embedding-dropout 0"
    settings = config(*options.split(), "--tied" if tied else "--no-tied")
    ours = build(language.specification(settings, 9))
    theirs = PlainTied(cell, tied)
    if tied:
        theirs.output.weight = theirs.embedding.weight
    weights = dict(ours.state_dict())
    theirs.load_state_dict({**weights, "output.weight": weights["embedding.weight"]} if tied else weights)
    batches = windows.Windows(rng.integers(9, size=130), batch=4, steps=8, seed=0)
    carry = state = None
    for position in range(batches.per_epoch + 2):
        window = batches.at(position)
        ours.zero_grad()
        loss, carry = language.loss(ours, window, carry)
        loss.backward()
        theirs.zero_grad()
        logits, state = theirs(torch.from_numpy(window.inputs), None if window.begins else state)
        state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        targets = torch.from_numpy(window.targets)
        nats = -logits.log_softmax(-1).gather(-1, targets[..., None])
        nats.sum().backward()
        assert loss.item() == pytest.approx(nats.sum().item(), rel=2e-6)
        gradients = dict(theirs.named_parameters())
        for name, parameter in ours.named_parameters():
            expected = gradients[name].grad
            assert parameter.grad is not None
            assert expected is not None
            largest = float(expected.abs().max())
            np.testing.assert_allclose(parameter.grad, expected, rtol=0, atol=1e-5 * largest, err_msg=name)


def test_windows_of_any_length_carry_one_unbroken_run(rng: np.random.Generator) -> None:
    settings = config("--dropout", "0", "--output-dropout", "0", "--embedding-dropout", "0", "--layers", "2")
    model = build(language.specification(settings, 9))
    ids = rng.integers(9, size=130)
    losses = {}
    for steps in (5, 32):
        batches = windows.Windows(ids, batch=4, steps=steps, seed=0)
        carry, total = None, 0.0
        for position in range(batches.per_epoch):
            window = batches.at(position)
            loss, carry = language.loss(model, window, carry)
            total += loss.item()
        losses[steps] = total
    assert losses[5] == pytest.approx(losses[32], rel=1e-6)


def test_no_gradient_crosses_a_windows_edge() -> None:
    model = build(language.specification(config(), 9))
    batches = windows.Windows(np.arange(130) % 9, batch=4, steps=8, seed=0)
    _, carry = language.loss(model, batches.at(0), None)
    assert not any(part.requires_grad for parts in carry.values() for part in parts)


def test_evaluation_is_the_mean_of_the_sampled_units(rng: np.random.Generator) -> None:
    torch.manual_seed(3)
    model = build(language.specification(config(), 9)).eval()
    ids = rng.integers(9, size=5000)
    pieces = windows.sample(len(ids), 2500)
    nats = []
    with torch.no_grad():
        found = language.mean_nats(model, windows.rows(ids, pieces), 9)
        for piece in pieces:
            logits, _ = model(torch.from_numpy(ids[piece.start : piece.stop - 1, None]))
            log_p = logits[:, 0].double().log_softmax(-1).numpy()
            kept = slice(piece.first - 1 - piece.start, None)
            nats.append(-log_p[kept][np.arange(piece.stop - piece.first), ids[piece.first : piece.stop]])
    assert found == pytest.approx(float(np.concatenate(nats).mean()), rel=1e-6)


def test_first_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(monkeypatch)
    settings = config("--tied", "--embedding", "400")
    model = build(language.specification(settings, 50))
    initialise(model)
    expect(model, "output.bias", np.arange(50))
    weights = model.state_dict()
    H = 12
    np.testing.assert_array_equal(weights["recurrent.bias_ih_l0"], np.repeat([0, 1, 0, 0], H))
    np.testing.assert_array_equal(weights["recurrent.bias_hh_l0"], np.zeros(4 * H))
    assert drawn.of(model.get_parameter("embedding.weight")) == (0.0, 1 / 20)
    np.testing.assert_allclose(weights["output.bias"].exp(), (np.arange(50) + 1) / (np.arange(50) + 1).sum(), rtol=1e-5)
