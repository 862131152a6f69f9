"""XLA: the same equations in jax, `lax.scan` over time, jitted for this shape.

    pre = x Wᵀ + b for all steps at once;   h_t = cell(pre_t, h_{t−1} Uᵀ)   inside the scan

Weights and input are arguments of the compiled function; a training call returns the gradients of all of them. The
scan is unrolled 1 and 4 times and the faster taken, found on one layer of the same size (16 times was never ahead
and takes ten seconds to compile). Rows of different lengths lie padded under a mask: past its end, a row keeps its
state. XLA takes as many threads as torch has: PJRT_NPROC says so before its first use.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import torch

from measure.case import GATES, Case, Outputs, Problem, Rival
from measure.turns import Side, seconds_of

os.environ["PJRT_NPROC"] = os.environ["NPROC"] = str(torch.get_num_threads())
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp

UNROLL = (1, 4)
TRIALS = 4


def rnn(w: Any, state: Any, pre: Any) -> Any:
    """h' = tanh(pre + U h)."""
    return (jnp.tanh(pre + state[0] @ w["u"].T),)


def gru(w: Any, state: Any, pre: Any) -> Any:
    """r, z = σ(pre + U h);  n = tanh(pre_n + r ⊙ (U_n h + b_hn));  h' = (1 − z) n + z h."""
    (h,) = state
    H = h.shape[1]
    product = h @ w["u"].T
    r, z = jnp.split(jax.nn.sigmoid(pre[:, : 2 * H] + product[:, : 2 * H]), 2, axis=1)
    n = jnp.tanh(pre[:, 2 * H :] + r * (product[:, 2 * H :] + w["b_n"]))
    return (n + z * (h - n),)


def lstm(w: Any, state: Any, pre: Any) -> Any:
    """i, f, g, o = pre + U h;  c' = σ(f) c + σ(i) tanh(g);  h' = σ(o) tanh(c')."""
    h, c = state
    i, f, g, o = jnp.split(pre + h @ w["u"].T, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


CELLS = {"rnn": rnn, "gru": gru, "lstm": lstm}


def direction(cell: str, w: Any, x: Any, mask: Any, reverse: bool, unroll: int) -> Any:
    """One walk through time: (T, B, I) to (T, B, H)."""
    zeros = jnp.zeros((x.shape[1], w["u"].shape[1]), x.dtype)

    def step(state: Any, at: Any) -> Any:
        pre, here = at
        new = CELLS[cell](w, state, pre)
        if here is None:
            return new, new[0]
        kept = tuple(jnp.where(here, after, before) for after, before in zip(new, state, strict=True))
        return kept, jnp.where(here, new[0], 0)

    state = (zeros, zeros) if cell == "lstm" else (zeros,)
    return jax.lax.scan(step, state, (x @ w["w"].T + w["b"], mask), reverse=reverse, unroll=unroll)[1]


def stack(cell: str, unroll: int, weights: Any, x: Any, mask: Any) -> Any:
    """All layers, each one or two directions side by side."""
    for layer in weights:
        walks = [direction(cell, w, x, mask, reverse == 1, unroll) for reverse, w in enumerate(layer)]
        x = walks[0] if len(walks) == 1 else jnp.concatenate(walks, axis=2)
    return x


def step_of_training(cell: str, unroll: int, weights: Any, x: Any, mask: Any, dy: Any) -> Any:
    """The output, and its gradients by the weights and the input."""
    y, pull = jax.vjp(lambda weights, x: stack(cell, unroll, weights, x, mask), weights, x)
    return y, *pull(dy)


infer = jax.jit(stack, static_argnums=(0, 1))
train = jax.jit(step_of_training, static_argnums=(0, 1))


def names(layer: int, reverse: int) -> list[str]:
    """torch's names of one direction's weights."""
    end = f"l{layer}{'_reverse' * reverse}"
    return [f"{kind}_{end}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def weights_of(problem: Problem) -> list[list[dict[str, Any]]]:
    """Our layer's weights: the two biases are one where the equations allow it."""
    case, held = problem.case, problem.layer.state_dict()
    tree = []
    for layer in range(case.layers):
        tree.append([])
        for reverse in range(case.directions):
            w, u, b_ih, b_hh = (held[name].numpy().copy() for name in names(layer, reverse))
            found = {"w": w, "u": u, "b": b_ih + b_hh}
            if case.cell == "gru":
                found["b"][2 * case.H :] = b_ih[2 * case.H :]
                found["b_n"] = b_hh[2 * case.H :]
            tree[-1].append({name: jnp.asarray(array) for name, array in found.items()})
    return tree


def gradients(case: Case, found: Any) -> Outputs:
    """jax's gradients under torch's names."""
    named: Outputs = {}
    for layer, directions in enumerate(found):
        for reverse, arrays in enumerate(directions):
            db_hh = arrays["b"]
            if case.cell == "gru":
                db_hh = np.concatenate([arrays["b"][: 2 * case.H], arrays["b_n"]])
            each = arrays["w"], arrays["u"], arrays["b"], db_hh
            named |= {name: np.asarray(array) for name, array in zip(names(layer, reverse), each, strict=True)}
    assert len(named) == 4 * case.layers * case.directions
    assert named["weight_hh_l0"].shape == (GATES[case.cell] * case.H, case.H)
    return named


def compiled(problem: Problem, unroll: int) -> Rival:
    """One way of unrolling it."""
    case = problem.case
    mask = jnp.asarray(problem.mask.numpy()[:, :, None]) if case.ragged else None
    arguments = case.cell, unroll, weights_of(problem), jnp.asarray(problem.x.numpy()), mask
    dy = jnp.asarray(problem.dy.numpy())

    def call() -> Any:
        found = train(*arguments, dy) if case.mode == "train" else infer(*arguments)
        return jax.block_until_ready(found)

    def outputs() -> Outputs:
        if case.mode == "infer":
            return {"y": np.asarray(call())}
        y, dweights, dx = call()
        return {"y": np.asarray(y), "x": np.asarray(dx), **gradients(case, dweights)}

    return Rival("XLA", Side(call), outputs, f"unroll {unroll}")


@cache
def best_unroll(plain: Case) -> int:
    """The faster way for one dense layer and direction, by a few calls of each, in turn."""
    sides = {unroll: compiled(Problem(plain), unroll).side for unroll in UNROLL}
    for side in sides.values():
        seconds_of(side)
    trials = [{unroll: seconds_of(side) for unroll, side in sides.items()} for _ in range(TRIALS)]
    return min(UNROLL, key=lambda unroll: min(trial[unroll] for trial in trials))


def rival(problem: Problem) -> Rival:
    """XLA on the same problem, unrolled as is best for it."""
    plain = problem.case._replace(ragged=False, layers=1, directions=1)
    return compiled(problem, best_unroll(plain))
