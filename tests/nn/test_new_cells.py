"""Cells that the table does not have, in plain torch: numbers of gates and of memories that no cell has today.

Both run in float64, each against a loop over rows and steps in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from anaphora.kernels.equations import STEPS, Arrays, Made, Start
from anaphora.kernels.traits import TRAITS, CellTraits
from anaphora.nn import inspect, learned_state, zoneout
from anaphora.nn.variants.variant import Variant

I, H, LENGTHS = 3, 4, [5, 2, 0]
Floats = NDArray[np.float64]
Step = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]  # pre (G·H,), h (H,), c (M·H,) -> h, c


class TwoGates(Variant):
    """f = σ(W_f x + U_f h), h' = (1 − f) ⊙ h + f ⊙ tanh(W_g x + U_g h)."""

    cell = "two_gates"
    gates = ("forget", "cell")


class ThreeMemories(Variant):
    """c' = f ⊙ c + i ⊙ g, n' = f ⊙ n + i, m' = o ⊙ m + (1 − o) ⊙ c', h' = o ⊙ tanh(c' + n' ⊙ m')."""

    cell = "three_memories"
    gates = ("input", "forget", "cell", "output")


def two_gates(xp: Arrays, w: Any, at: Start) -> Made:
    f, g = xp.split(at.product + xp.product(at.met, w.w_hh, w.b_hh), 2)
    f, g = xp.sigmoid(f), xp.tanh(g)
    return Made((1 - f) * at.h + f * g, at.c, (f, g))


def three_memories(xp: Arrays, w: Any, at: Start) -> Made:
    i, f, g, o = xp.split(at.product + xp.product(at.met, w.w_hh, w.b_hh), 4)
    c, n, m = xp.split(at.c, 3)
    i, f, g, o = xp.sigmoid(i), xp.sigmoid(f), xp.tanh(g), xp.sigmoid(o)
    c, n = f * c + i * g, f * n + i
    m = o * m + (1 - o) * c
    return Made(o * xp.tanh(c + n * m), torch.cat([c, n, m], dim=-1), (i, f, g, o, c, n, m))


def logistic(a: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-a)))


def two_gates_by_hand(pre: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
    f = logistic(pre[:H])
    return h + f * (np.tanh(pre[H:]) - h), c


def three_memories_by_hand(pre: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
    i, f, o = (logistic(pre[at * H : (at + 1) * H]) for at in (0, 1, 3))
    first = f * c[:H] + i * np.tanh(pre[2 * H : 3 * H])
    second = f * c[H : 2 * H] + i
    third = o * c[2 * H :] + (1 - o) * first
    return o * np.tanh(first + second * third), np.concatenate([first, second, third])


def loop(
    layer: Variant, step: Step, x: Floats, h: Floats, c: Floats, kept: tuple[float, float] = (0.0, 0.0)
) -> tuple[list[Floats], list[Floats]]:
    """Return h (H,) and c (M·H,) before the first step of one row x (T, I) and after each step."""
    w_ih, w_hh, b_ih, b_hh = (parameter.detach().numpy() for parameter in list(layer.parameters())[:4])
    hs, cs = [h], [c]
    for entering in x:
        h, c = step(w_ih @ entering + w_hh @ hs[-1] + b_ih + b_hh, hs[-1], cs[-1])
        hs.append(kept[0] * hs[-1] + (1 - kept[0]) * h)
        cs.append(kept[1] * cs[-1] + (1 - kept[1]) * c)
    return hs, cs


@pytest.fixture(autouse=True)
def in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAITS, "two_gates", CellTraits(2, 2, 0, 0, 0))
    monkeypatch.setitem(STEPS, "two_gates", two_gates)
    monkeypatch.setitem(TRAITS, "three_memories", CellTraits(4, 7, 0, 3, 3))
    monkeypatch.setitem(STEPS, "three_memories", three_memories)


def test_two_gates_have_weights_of_their_own_shape_and_range(rng: np.random.Generator) -> None:
    torch.manual_seed(3)
    layer = TwoGates(I, 400, num_layers=2, dtype=torch.float64)
    shapes = {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}
    assert shapes == {
        "weight_ih_l0": (800, I),
        "weight_hh_l0": (800, 400),
        "bias_ih_l0": (800,),
        "bias_hh_l0": (800,),
        "weight_ih_l1": (800, 400),
        "weight_hh_l1": (800, 400),
        "bias_ih_l1": (800,),
        "bias_hh_l1": (800,),
    }
    for weight in layer.parameters():  # uniform between ±H^−1/2, as torch draws
        assert float(weight.detach().abs().max()) == pytest.approx(0.05, rel=0.01)
        assert float(weight.detach().abs().max()) <= 0.05
    assert not layer.has_memory


def test_two_gates_walk_as_their_equations(rng: np.random.Generator) -> None:
    layer, x, h0 = TwoGates(I, H, dtype=torch.float64), rng.standard_normal((5, 3, I)), rng.standard_normal((1, 3, H))
    y, h_n = layer(torch.from_numpy(x), torch.from_numpy(h0), lengths=LENGTHS)
    for b, length in enumerate(LENGTHS):
        hs, _ = loop(layer, two_gates_by_hand, x[:length, b], h0[0, b], np.zeros(0))
        np.testing.assert_allclose(y.detach()[:length, b], np.reshape(hs[1:], (length, H)), rtol=0, atol=1e-13)
        np.testing.assert_allclose(h_n.detach()[0, b], hs[-1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("kept", [(0.0, 0.0), (0.3, 0.0), (0.0, 0.6), (0.3, 0.6)])
@pytest.mark.parametrize("learned", [False, True])
def test_three_memories_in_every_place(rng: np.random.Generator, kept: tuple[float, float], learned: bool) -> None:
    layer, x = ThreeMemories(I, H, dtype=torch.float64), rng.standard_normal((5, 3, I))
    h0, c0 = rng.standard_normal((1, 3, H)), rng.standard_normal((1, 3, 3 * H))
    hx: Any = (torch.from_numpy(h0), torch.from_numpy(c0))
    if learned:
        learned_state(layer)
        assert (layer.h_0.shape, layer.c_0.shape) == ((1, 1, H), (1, 1, 3 * H))
        h0[:], c0[:], hx = h0[:, :1], c0[:, :1], None
        layer.load_state_dict({"h_0": torch.from_numpy(h0[:, :1]), "c_0": torch.from_numpy(c0[:, :1])}, strict=False)
    if any(kept):
        zoneout(layer, *kept)
    layer.eval()
    seen = inspect(layer, torch.from_numpy(x), hx, lengths=LENGTHS)
    (gates,), (h_n, c_n) = seen.layers, seen.state
    assert gates.memory.shape == (5, 3, 1, 3 * H)
    for b, length in enumerate(LENGTHS):
        hs, cs = loop(layer, three_memories_by_hand, x[:length, b], h0[0, b], c0[0, b], kept)
        for found, expected in ((seen.output[:length, b], hs[1:]), (gates.memory[:length, b, 0], cs[1:])):
            np.testing.assert_allclose(found.detach(), np.reshape(expected, found.shape), rtol=0, atol=1e-13)
        np.testing.assert_allclose(h_n.detach()[0, b], hs[-1], rtol=0, atol=1e-13)
        np.testing.assert_allclose(c_n.detach()[0, b], cs[-1], rtol=0, atol=1e-13)


def test_zoneout_of_three_memories_keeps_each_entry_of_c_or_none(rng: np.random.Generator) -> None:
    layer = zoneout(ThreeMemories(I, H, dtype=torch.float64), 0.0, 0.5)
    x, c0 = torch.from_numpy(rng.standard_normal((1, 40, I))), torch.from_numpy(rng.standard_normal((1, 40, 3 * H)))
    h0 = torch.zeros(1, 40, H, dtype=torch.float64)
    _, (_, c_n) = layer(x, (h0, c0))
    zoneout(layer, 0.0, 0.0)
    _, (_, made) = layer(x, (h0, c0))
    stayed, moved = c_n == c0, c_n == made
    assert bool((stayed ^ moved).all())
    assert 0.35 < float(stayed.double().mean()) < 0.65
    for one, other in ((0, 1), (0, 2), (1, 2)):  # each of the three memories has masks of its own
        agree = stayed[0, :, one * H : (one + 1) * H] == stayed[0, :, other * H : (other + 1) * H]
        assert 0.3 < float(agree.double().mean()) < 0.7


def test_a_state_with_one_memory_of_three_is_refused(rng: np.random.Generator) -> None:
    layer, x = ThreeMemories(I, H, dtype=torch.float64), torch.zeros(2, 3, I, dtype=torch.float64)
    states = torch.zeros(1, 3, H, dtype=torch.float64), torch.zeros(1, 3, H, dtype=torch.float64)
    with pytest.raises(RuntimeError, match=r"Expected hidden\[1\] size \(1, 3, 12\), got \[1, 3, 4\]"):
        layer(x, states)
