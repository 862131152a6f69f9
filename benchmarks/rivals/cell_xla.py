"""The example cells in jax: products of all inputs first, `lax.scan` over time, jitted for this shape.

Weights and input are arguments of the compiled function; a training call returns the gradients of all of them. The
scan is unrolled 1 and 4 times and the faster taken. Padded rows walk under a mask. XLA takes as many threads as torch
has: PJRT_NPROC says so before its first use.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch

from measure.case import Outputs, Problem, Rival
from measure.turns import Side, seconds_of

os.environ["PJRT_NPROC"] = os.environ["NPROC"] = str(torch.get_num_threads())
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp

UNROLL = (1, 4)
TRIALS = 4


def minimal_gated(w: Any, pre: Any, h: Any) -> Any:
    f_pre, new_pre = jnp.split(pre, 2, axis=1)
    f = jax.nn.sigmoid(f_pre + h @ w["gate_of_h"].T)
    return h + f * (jnp.tanh(new_pre + (f * h) @ w["new_of_h"].T) - h)


def independent(w: Any, pre: Any, h: Any) -> Any:
    return jax.nn.relu(pre + w["of_h"] * h)


def minimal_gru(w: Any, pre: Any, h: Any) -> Any:
    z_pre, new = jnp.split(pre, 2, axis=1)
    return h + jax.nn.sigmoid(z_pre) * (new - h)


CELLS = {"mgu": minimal_gated, "indrnn": independent, "mingru": minimal_gru}


def walk(cell: str, unroll: int, w: Any, x: Any, mask: Any) -> Any:
    """(T, B, I) to (T, B, H)."""
    pre = x @ w["of_x.weight"].T + w["of_x.bias"]
    H = pre.shape[2] if cell == "indrnn" else pre.shape[2] // 2

    def step(h: Any, at: Any) -> Any:
        pre, here = at
        new = CELLS[cell](w, pre, h)
        if here is not None:
            new = jnp.where(here, new, h)
        return new, new

    return jax.lax.scan(step, jnp.zeros((x.shape[1], H), x.dtype), (pre, mask), unroll=unroll)[1]


def step_of_training(cell: str, unroll: int, w: Any, x: Any, mask: Any, dy: Any) -> Any:
    """The output, and its gradients by the weights and the input."""
    y, pull = jax.vjp(lambda w, x: walk(cell, unroll, w, x, mask), w, x)
    return y, *pull(dy)


infer = jax.jit(walk, static_argnums=(0, 1))
train = jax.jit(step_of_training, static_argnums=(0, 1))


def compiled(problem: Problem, unroll: int) -> Rival:
    """One way of unrolling it."""
    case = problem.case
    weights = {name: jnp.asarray(w.detach().numpy().copy()) for name, w in problem.layer.cell.named_parameters()}
    mask = jnp.asarray(problem.mask.numpy()[:, :, None]) if case.ragged else None
    arguments = case.cell, unroll, weights, jnp.asarray(problem.x.numpy()), mask
    dy = jnp.asarray(problem.dy.numpy())

    def call() -> Any:
        return jax.block_until_ready(train(*arguments, dy) if case.mode == "train" else infer(*arguments))

    def outputs() -> Outputs:
        y, *gradients = call() if case.mode == "train" else (call(),)
        found = {"y": np.asarray(y) * problem.mask.numpy()[:, :, None]}
        if gradients:
            found |= {f"cell.{name}": np.asarray(array) for name, array in gradients[0].items()}
            found["x"] = np.asarray(gradients[1])
        return found

    return Rival("XLA", Side(call), outputs, f"unroll {unroll}")


def rival(problem: Problem) -> Rival:
    """The faster of the ways, by a few calls of each, in turn."""
    ways = [compiled(problem, unroll) for unroll in UNROLL]
    for way in ways:
        seconds_of(way.side)
    trials = [[seconds_of(way.side) for way in ways] for _ in range(TRIALS)]
    return ways[int(np.argmin(np.min(trials, axis=0)))]
