"""Blocks that join parts: the same numbers in both towers and by hand, the same bits in any company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from anaphora.bundle import Bundle, spec
from anaphora.errors import IncompatibleBundle
from anaphora.nn.build import assemble
from anaphora.nn.cross_attention import CrossAttention
from anaphora.nn.ragged import Ragged
from anaphora.runtime import parts
from anaphora.runtime.cross_attention import CrossAttention as Running
from small_models import random_tensors

CLOSE = 1e-5  # as for every block: two orders of summing float32
Q, M, A = 6, 10, 7
TARGETS, SOURCES = np.array([4, 1, 0, 3]), np.array([5, 17, 2, 1])


def tree(score: str) -> dict[str, Any]:
    attention = {"kind": "cross_attention", "name": "attention", "query_size": Q, "memory_size": M, "score": score}
    embedding = {"kind": "embedding", "name": "target", "vocabulary": 9, "size": Q}
    decoder = {"kind": "stack", "name": "decoder", "blocks": [embedding]}
    output = {"kind": "shared_output", "name": "output", "embedding": "target"}
    return spec.check(
        {"kind": "parts", "name": "model", "parts": [decoder, {**attention, "attention_size": A}, output]}
    )


def by_hand(own: dict[str, np.ndarray], score: str, q: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = {name: tensor.astype(np.float64) for name, tensor in own.items()}
    scores = []
    for m in memory.astype(np.float64):
        if score == "general":
            scores.append(sum(q[i] * wide["weight"][i, j] * m[j] for i in range(Q) for j in range(M)))
        else:
            inner = wide["weight"] @ m + wide["query_weight"] @ q.astype(np.float64) + wide["bias"]
            scores.append(float(wide["score"] @ np.tanh(inner)))
    weights = np.exp(scores) / np.exp(scores).sum()
    return weights @ memory.astype(np.float64), weights


@pytest.mark.parametrize("score", ["general", "additive"])
def test_attention_by_hand_in_both_towers(score: str, rng: np.random.Generator) -> None:
    tensors = random_tensors(tree(score), seed=3)
    own = {name.removeprefix("attention."): each for name, each in tensors.items() if name.startswith("attention.")}
    queries = rng.normal(size=(TARGETS.sum(), Q)).astype(np.float32)
    memory = rng.normal(size=(SOURCES.sum(), M)).astype(np.float32)
    module = CrossAttention(Q, M, score, A)
    module.load_state_dict({name: torch.from_numpy(each) for name, each in own.items()})
    sides = (Ragged(torch.from_numpy(x), torch.from_numpy(n)) for x, n in ((queries, TARGETS), (memory, SOURCES)))
    with torch.no_grad():
        found, weights = module(*sides)
    running = Running(score, own)
    rows = np.split(memory, np.cumsum(SOURCES)[:-1])
    of = np.repeat(np.arange(4), TARGETS)
    ours, looked = running.look(queries, running.memory(rows), of)
    np.testing.assert_allclose(ours, found.data, rtol=0, atol=CLOSE * float(found.data.abs().max()))
    step = np.concatenate([np.arange(n) for n in TARGETS])
    for line, (b, t) in enumerate(zip(of, step, strict=True)):
        context, expected = by_hand(own, score, queries[line], rows[b])
        np.testing.assert_allclose(ours[line], context, rtol=0, atol=1e-5)
        np.testing.assert_allclose(looked[line], expected, rtol=0, atol=1e-6)
        np.testing.assert_allclose(weights[b, t, : SOURCES[b]], expected, rtol=0, atol=1e-6)
        assert not weights[b, t, SOURCES[b] :].any()


@pytest.mark.parametrize("score", ["general", "additive"])
def test_a_query_finds_the_same_bits_in_any_company(score: str, rng: np.random.Generator) -> None:
    tensors = random_tensors(tree(score), seed=5)
    own = {name.removeprefix("attention."): each for name, each in tensors.items() if name.startswith("attention.")}
    running = Running(score, own)
    rows = [rng.normal(size=(n, M)).astype(np.float32) for n in (5, 17, 130, 1)]
    of = np.array([0, 0, 0, 1, 2, 2, 3])
    queries = rng.normal(size=(7, Q)).astype(np.float32)
    together, _ = running.look(queries, running.memory(rows), of)
    for line, b in enumerate(of):
        alone, _ = running.look(queries[[line]], running.memory([rows[b]]), np.array([0]))
        np.testing.assert_array_equal(alone[0].view(np.int32), together[line].view(np.int32))


def test_a_query_without_memory_finds_nothing(rng: np.random.Generator) -> None:
    module = CrossAttention(Q, M)
    queries = torch.from_numpy(rng.normal(size=(3, Q)).astype(np.float32))
    lengths = torch.tensor([1, 2]), torch.tensor([0, 2])
    found, weights = module(Ragged(queries, lengths[0]), Ragged(torch.randn(2, M), lengths[1]))
    assert not found.data[0].any()
    assert not weights[0].any()
    running = Running("general", {"weight": module.weight.detach().numpy()})
    ours, _ = running.look(queries[:1].numpy(), running.memory([np.zeros((0, M), np.float32)]), np.array([0]))
    assert not ours.any()


def test_what_is_past_a_row_s_end_gets_no_gradient(rng: np.random.Generator) -> None:
    module = CrossAttention(Q, M).double()
    queries = torch.from_numpy(rng.normal(size=(5, Q))).requires_grad_()
    memory = torch.from_numpy(rng.normal(size=(7, M))).requires_grad_()

    def found(q: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
        return module(Ragged(q, torch.tensor([2, 3])), Ragged(m, torch.tensor([3, 4])))[0].data

    assert torch.autograd.gradcheck(found, (queries, memory))
    (slope,) = torch.autograd.grad(found(queries, memory)[:2].sum(), memory)
    step, whole = 1e-6, memory.detach()
    with torch.no_grad():
        nudges = step * torch.eye(whole.numel(), dtype=whole.dtype).view(-1, *whole.shape)
        sums = [found(queries, whole + nudge)[:2].sum() - found(queries, whole - nudge)[:2].sum() for nudge in nudges]
    torch.testing.assert_close(slope[:3].flatten(), torch.stack(sums)[: 3 * M] / (2 * step), rtol=1e-6, atol=1e-8)
    assert not slope[3:].any()


def test_an_output_writes_with_the_embedding_of_another_part(rng: np.random.Generator) -> None:
    checked = tree("general")
    tensors = random_tensors(checked, seed=7)
    assert tensors["output.bias"].shape == (9,)
    h = rng.normal(size=(4, Q)).astype(np.float32)
    expected = h.astype(np.float64) @ tensors["decoder.target.weight"].astype(np.float64).T + tensors["output.bias"]
    running: Any = parts(Bundle(tensors, {"version": 1, "task": "translate", "model": checked}))["output"]
    np.testing.assert_allclose(running.of(h), expected, rtol=0, atol=1e-5)
    module: Any = assemble(checked)
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == spec.tensors(checked)
    module.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    np.testing.assert_allclose(module.output(torch.from_numpy(h)).detach(), expected, rtol=0, atol=1e-5)


def test_an_output_of_no_embedding_is_refused() -> None:
    embedding = {"kind": "embedding", "name": "target", "vocabulary": 9, "size": Q}
    decoder = {"kind": "stack", "name": "decoder", "blocks": [embedding]}
    output = {"kind": "shared_output", "name": "output", "embedding": "tarket"}
    with pytest.raises(IncompatibleBundle, match=r"ties its weights to an embedding 'tarket'.*Did you mean 'target'"):
        spec.check({"kind": "parts", "name": "model", "parts": [decoder, output]})
