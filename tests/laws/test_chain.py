"""The chain of labels against every sequence there is: log Z, marginals, gradients, the best and the n best; the same
numbers in both towers, the same bits in any company.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from anaphora.bundle import spec
from anaphora.nn.build import assemble
from anaphora.nn.convolution import Convolution
from anaphora.nn.crf import CRF, log_partition, path_score
from anaphora.nn.ragged import Ragged
from anaphora.runtime.crf import Chain

K = 4
LENGTHS = np.array([3, 0, 5, 1, 4])
EXACT = 1e-12  # float64 against sums over all sequences


class Case:
    """Weights and scores at random; with `limited` some transitions, beginnings and ends are impossible."""

    def __init__(self, rng: np.random.Generator, limited: bool, scale: float = 2.0) -> None:
        self.W, self.a, self.b = (scale * rng.normal(size=shape) for shape in ((K, K), K, K))
        self.no = [np.zeros(shape, np.bool_) for shape in ((K, K), K, K)]
        if limited:
            self.no[0][[0, 1, 2], [3, 1, 0]] = self.no[1][2] = self.no[2][1] = True
        self.scores = (scale * rng.normal(size=(LENGTHS.sum(), K))).astype(np.float32)
        self.labels = rng.integers(K, size=LENGTHS.sum())

    def rows(self) -> list[np.ndarray]:
        return np.split(self.scores.astype(np.float64), np.cumsum(LENGTHS)[:-1])

    def padded(self) -> np.ndarray:
        table = np.full((LENGTHS.max(), len(LENGTHS), K), np.nan, np.float32)
        for b, row in enumerate(self.rows()):
            table[: len(row), b] = row
        return table

    def score(self, e: np.ndarray, path: tuple[int, ...], heat: float = 1.0) -> float:
        """s(y | x), −∞ where something is impossible."""
        if any(self.no[0][pair] for pair in itertools.pairwise(path)) or self.no[1][path[0]] or self.no[2][path[-1]]:
            return -math.inf
        total = self.a[path[0]] + self.b[path[-1]] + sum(e[t, label] for t, label in enumerate(path))
        return float(total + sum(self.W[pair] for pair in itertools.pairwise(path))) / heat

    def all(self, e: np.ndarray, heat: float = 1.0) -> dict[tuple[int, ...], float]:
        """ln p of every sequence of labels that is possible."""
        found = {path: self.score(e, path, heat) for path in itertools.product(range(K), repeat=len(e))}
        log_z = math.log(sum(math.exp(score) for score in found.values()))
        return {path: score - log_z for path, score in found.items() if score > -math.inf}

    def module(self) -> CRF:
        module, names = CRF(K).double(), ("transitions", "start", "end")
        module.load_state_dict(
            {name: torch.from_numpy(x) for name, x in zip(names, (self.W, self.a, self.b), strict=True)}
        )
        module.forbid(*map(torch.from_numpy, self.no))
        return module

    def chain(self, heat: float = 1.0) -> Chain:
        return Chain(self.W, self.a, self.b).limited(*self.no, heat)


@pytest.fixture(params=[False, True], ids=["free", "limited"])
def made(request: pytest.FixtureRequest, rng: np.random.Generator) -> Case:
    return Case(rng, request.param)


@pytest.mark.parametrize("heat", [1.0, 1.7])
def test_log_z_and_loss_are_sums_over_all_sequences(made: Case, heat: float) -> None:
    labels = np.zeros_like(made.labels)
    possible = [3, 3, 3]  # allowed everywhere
    begins = np.cumsum(LENGTHS) - LENGTHS
    for b, length in enumerate(LENGTHS):
        labels[begins[b] : begins[b] + length] = (possible * 2)[:length]
    module, chain = made.module(), made.chain(heat)
    ragged = Ragged(torch.from_numpy(made.scores), torch.from_numpy(LENGTHS))
    loss = module(ragged, torch.from_numpy(labels), heat).detach().numpy()
    log_z = chain.log_partition(made.padded(), LENGTHS)
    table = np.zeros((LENGTHS.max(), len(LENGTHS)), np.int64)
    for b, row in enumerate(made.rows()):
        table[: len(row), b] = labels[begins[b] : begins[b] + len(row)]
        if len(row):
            path = tuple(labels[begins[b] : begins[b] + len(row)].tolist())
            expected = made.all(row, heat)
            assert log_z[b] == pytest.approx(made.score(row, path, heat) - expected[path], abs=1e-11)
            assert loss[b] == pytest.approx(-expected[path], abs=1e-11)
        else:
            assert (log_z[b], loss[b]) == (0.0, 0.0)
    np.testing.assert_allclose(chain.log_probabilities(made.padded(), LENGTHS, table), -loss, rtol=0, atol=1e-11)


def test_marginals_and_gradients(made: Case) -> None:
    module = made.module()
    data = torch.from_numpy(made.scores).double().requires_grad_()
    labels = torch.full((len(data),), 3)
    module(Ragged(data, torch.from_numpy(LENGTHS)), labels).sum().backward()
    assert data.grad is not None
    d_W, begin = np.zeros((K, K)), 0
    for row in made.rows():
        n = len(row)
        marginals = np.zeros((n, K))
        for path, log_p in made.all(row).items() if n else ():
            marginals[np.arange(n), path] += math.exp(log_p)
            for pair in itertools.pairwise(path):
                d_W[pair] += math.exp(log_p)
        np.testing.assert_allclose(made.chain().marginals(row.astype(np.float32)), marginals, rtol=0, atol=EXACT)
        right = np.eye(K)[np.full(n, 3)]
        np.testing.assert_allclose(data.grad[begin : begin + n], marginals - right, rtol=0, atol=EXACT)
        d_W[3, 3] -= max(0, n - 1)
        begin += n
    assert module.transitions.grad is not None
    np.testing.assert_allclose(module.transitions.grad, d_W, rtol=0, atol=EXACT)


def test_gradients_by_differences(rng: np.random.Generator) -> None:
    made = Case(rng, limited=False)
    module = made.module()
    labels = torch.from_numpy(made.labels)

    def loss(e: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        named = dict(zip(("transitions", "start", "end"), weights, strict=True))
        rows = Ragged(e, torch.from_numpy(LENGTHS))
        found: torch.Tensor = torch.func.functional_call(module, named, (rows, labels))
        return found

    inputs = [torch.from_numpy(x).double().requires_grad_() for x in (made.scores, made.W, made.a, made.b)]
    assert torch.autograd.gradcheck(loss, inputs)


def test_the_best_and_the_n_best(made: Case) -> None:
    chain = made.chain()
    best = chain.best(made.padded(), LENGTHS)
    for b, row in enumerate(made.rows()):
        if not len(row):
            assert (best[b].labels.tolist(), best[b].log_probability) == ([], 0.0)
            continue
        expected = sorted(made.all(row).items(), key=lambda pair: -pair[1])
        several = chain.several(row.astype(np.float32), 7)
        assert [tuple(path.labels.tolist()) for path in several] == [path for path, _ in expected[:7]]
        np.testing.assert_allclose(
            [path.log_probability for path in several], [log_p for _, log_p in expected[:7]], rtol=0, atol=1e-11
        )
        assert tuple(best[b].labels.tolist()) == expected[0][0]
        assert best[b].log_probability == pytest.approx(expected[0][1], abs=1e-11)
        every = chain.several(row.astype(np.float32), K**5 + 1)
        assert len(every) == len(expected)
        assert sum(math.exp(path.log_probability) for path in every) == pytest.approx(1, abs=1e-12)


def test_of_equal_sequences_the_lower_number_wins() -> None:
    chain = Chain(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    (path,) = chain.best(np.zeros((3, 1, K), np.float32), [3])
    assert (path.labels.tolist(), path.log_probability) == ([0, 0, 0], pytest.approx(-3 * math.log(K)))


def test_the_same_bits_in_any_company(made: Case) -> None:
    chain, padded = made.chain(), made.padded()
    log_z, best = chain.log_partition(padded, LENGTHS), chain.best(padded, LENGTHS)
    for b, length in enumerate(LENGTHS):
        alone = padded[:length, [b]]
        assert chain.log_partition(alone, [length])[0].tobytes() == log_z[b].tobytes()
        (path,) = chain.best(alone, [length])
        assert path.labels.tolist() == best[b].labels.tolist()
        assert path.log_probability == best[b].log_probability


def test_scores_far_apart_stay_finite(rng: np.random.Generator) -> None:
    made = Case(rng, limited=True)
    made.scores *= 400
    data = torch.from_numpy(made.scores).double().requires_grad_()
    loss = made.module()(Ragged(data, torch.from_numpy(LENGTHS)), torch.full((len(data),), 3))
    loss.sum().backward()
    assert data.grad is not None
    assert bool(torch.isfinite(loss).all())
    assert bool(torch.isfinite(data.grad).all())
    begin = 0
    for b, row in enumerate(made.rows()):
        if len(row):  # so far apart that the best is all there is
            path = (3,) * len(row)
            best = max(made.score(row, each) for each in itertools.product(range(K), repeat=len(row)))
            assert loss[b].item() == pytest.approx(best - made.score(row, path), rel=1e-9)
        begin += len(row)


def test_a_sum_too_small_for_a_number_is_made_another_way() -> None:
    no = np.zeros((2, 2), np.bool_), np.zeros(2, np.bool_), np.zeros(2, np.bool_)
    no[0][0] = True  # after label 0, by far the likelier, nothing can follow
    chain = Chain(np.zeros((2, 2)), np.zeros(2), np.zeros(2)).limited(*no)
    scores = np.array([[[900.0, 0.0]], [[1.0, 2.0]]], np.float32)
    assert chain.log_partition(scores, [2])[0] == pytest.approx(math.log(math.exp(1) + math.exp(2)), abs=1e-12)
    np.testing.assert_allclose(chain.marginals(scores[:, 0])[0], [0, 1], rtol=0, atol=EXACT)


def test_the_chain_is_a_part_of_its_own(rng: np.random.Generator) -> None:
    tree = spec.check(spec.KINDS["crf"].example)
    assert spec.tensors(tree)["chain.transitions"] == (4, 4)
    module: Any = assemble(tree)
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == spec.tensors(tree)


@pytest.mark.parametrize("width", [1, 3, 5])
def test_windows_are_those_of_a_convolution(width: int, rng: np.random.Generator) -> None:
    module = Convolution(3, 5, width)
    rows = [torch.from_numpy(rng.normal(size=(n, 3)).astype(np.float32)) for n in (4, 0, 1, 9)]
    found = module(Ragged.from_list(rows))
    assert isinstance(found, Ragged)
    for row, ours in zip(rows, found.rows(), strict=True):
        if len(row):
            theirs = torch.nn.functional.conv1d(row.mT, module.weight, module.bias, padding=width // 2).mT
            np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=0, atol=1e-6)


def test_what_is_hundreds_of_nats_apart_is_still_summed(rng: np.random.Generator) -> None:
    # The only way from label 2 leads through labels that are 900 nats less likely than what stands beside them.
    made = Case(rng, limited=False)
    made.no[0][:] = True
    made.no[0][[0, 0, 1, 2, 3], [0, 3, 2, 1, 2]] = False
    made.scores[:, :] += np.array([900, 0, -900, 0], np.float32) * (np.arange(len(made.scores)) % 2)[:, None]
    made.no[1][0] = True
    module, e = made.module(), torch.from_numpy(made.scores.astype(np.float64)).requires_grad_()
    rows = Ragged(e, torch.from_numpy(LENGTHS))
    leaves = [e, module.transitions, module.start, module.end]
    total = torch.zeros((), dtype=torch.float64)
    for row in e.split(LENGTHS.tolist()):
        ways = [path for path in itertools.product(range(K), repeat=len(row)) if len(row)]
        possible = [path for path in ways if made.score(row.detach().numpy(), path) > -math.inf]
        scores = [
            module.start[path[0]] + module.end[path[-1]] + sum(row[t, label] for t, label in enumerate(path))
            + sum(module.transitions[pair] for pair in itertools.pairwise(path))
            for path in possible
        ]  # fmt: skip
        total = total + (torch.stack(scores).logsumexp(0) if scores else 0.0)
    expected = torch.autograd.grad(total, leaves)
    impossible = map(torch.from_numpy, made.no)
    limits = (each.masked_fill(no, -torch.inf) for each, no in zip(leaves[1:], impossible, strict=True))
    found = log_partition(rows, *limits).sum()
    assert found.item() == pytest.approx(total.item(), rel=EXACT)
    for got, true in zip(torch.autograd.grad(found, leaves), expected, strict=True):
        torch.testing.assert_close(got, true, rtol=1e-9, atol=1e-12)


def test_the_loss_of_certain_labels_is_never_below_zero(rng: np.random.Generator) -> None:
    crf, lengths = CRF(7), torch.arange(1, 41)
    labels = torch.from_numpy(rng.integers(7, size=820))
    scores = torch.from_numpy(rng.normal(size=(820, 7)) * 5) + 60.0 * torch.nn.functional.one_hot(labels, 7)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.from_numpy(3 * rng.normal(size=parameter.shape)))
    scores.requires_grad_()
    rows = Ragged(scores, lengths)
    raw = log_partition(rows, crf.transitions.double(), crf.start.double(), crf.end.double()) - path_score(
        rows, labels, crf.transitions.double(), crf.start.double(), crf.end.double()
    )
    assert (raw < 0).any()  # rounding
    loss = crf(rows, labels)
    assert [math.copysign(1.0, value) for value in loss.tolist()] == [1.0] * 40
    torch.testing.assert_close(loss, raw.clamp(min=0), rtol=0, atol=0)
    ours, theirs = (torch.autograd.grad(each.sum(), scores, retain_graph=True)[0] for each in (loss, raw))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
