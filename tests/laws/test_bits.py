"""The same bits: a row's result never depends on the batch it rode in, its padding, the threads, or how it was cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from anaphora import nn
from anaphora.kernels import get_threads, set_threads
from laws.cases import MODULES, Case, Problem, values


@pytest.fixture
def threads() -> Iterator[None]:
    before = get_threads()
    yield
    set_threads(before)


def assert_same_bits(got: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert got.keys() == expected.keys()
    for name, value in got.items():
        assert torch.equal(value, expected[name]), name


def evaluated(case: Case, seed: int = 2, lengths: list[int] | None = None) -> Problem:
    problem = Problem(case, seed, lengths)
    problem.ours.eval()
    return problem


def test_each_row_as_if_alone(case: Case) -> None:
    problem = evaluated(case)
    together, alone = problem.run(problem.ours), problem.run_each_alone(problem.ours)
    assert_same_bits(values(together), values(alone))


def test_each_row_s_gradients_as_if_alone(case: Case) -> None:
    problem = evaluated(case)
    together = problem.gradients(problem.ours, problem.run(problem.ours))
    alone = problem.gradients(problem.ours, problem.run_each_alone(problem.ours))
    # Weight gradients are sums over the rows of a batch: their order belongs to the batch.
    ours = {name for name, _ in problem.ours.named_parameters()}
    assert_same_bits(
        {name: value for name, value in together.items() if name not in ours},
        {name: value for name, value in alone.items() if name not in ours},
    )


def test_the_order_of_rows_changes_nothing(case: Case) -> None:
    problem = evaluated(case)
    if case.layout == "packed":
        case = problem.case = Case(**{**vars(case), "layout": "unsorted"})
    outputs, states = problem.run(problem.ours)
    order = torch.randperm(len(problem.rows), generator=torch.Generator().manual_seed(3)).tolist()
    problem.rows = [problem.rows[b] for b in order]
    problem.lengths = [problem.lengths[b] for b in order]
    problem.states = [state[:, order] for state in problem.states]
    shuffled, ends = problem.run(problem.ours)
    assert_same_bits(
        values((shuffled, ends)), values(([outputs[b] for b in order], [state[:, order] for state in states]))
    )


def test_every_layout_gives_the_same_bits(case: Case) -> None:
    problem = evaluated(case)
    expected = problem.run(problem.ours)
    if case.layout == "unbatched" or 0 in problem.lengths:
        layouts = ["ragged", "lengths"]
    else:
        layouts = ["ragged", "lengths", "unsorted"]
    for layout in layouts:
        if problem.ours.batch_first and layout == "lengths":
            layout = "lengths_batch_first"
        problem.case = Case(**{**vars(case), "layout": layout})
        assert_same_bits(values(problem.run(problem.ours)), values(expected))


def test_split_is_whole(case: Case) -> None:
    if case.bidirectional:
        pytest.skip("the second direction needs the whole row")
    problem = evaluated(case)
    outputs, states = problem.run(problem.ours)
    for cut in (1, 3):
        first = [row[:cut] for row in problem.rows]
        rest = [row[cut:] for row in problem.rows]
        brought, _ = problem.bring(first, "ragged")
        initial = problem.initial(problem.ours)
        early, state = problem.ours(brought, initial[0] if len(initial) == 1 else tuple(initial))
        late, state = problem.ours(problem.bring(rest, "ragged")[0], state)
        joined = [torch.cat(pair) for pair in zip(early.rows(), late.rows(), strict=True)]
        ends = list(state) if isinstance(state, tuple) else [state]
        assert_same_bits(values((joined, ends)), values((outputs, states)))


def test_cells_step_by_step_are_the_layer(case: Case) -> None:
    if case.bidirectional or case.layers > 1 or case.proj or not case.torchs:
        pytest.skip("a cell is one layer, one direction, no projection")
    problem = evaluated(case)
    kind = {"rnn_tanh": "RNNCell", "rnn_relu": "RNNCell", "gru": "GRUCell", "lstm": "LSTMCell"}[case.cell]
    options: dict[str, Any] = {"nonlinearity": case.cell[4:]} if kind == "RNNCell" else {}
    cell = getattr(nn, kind)(case.width, case.H, bias=case.bias, **options)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in problem.ours.state_dict().items()})
    outputs, _ = problem.run(problem.ours)
    for b, row in enumerate(problem.rows):
        state = problem.hx(problem.states)
        if state is not None and case.layout == "unbatched":
            state = tuple(s[0] for s in state) if isinstance(state, tuple) else state[0]
        elif state is not None:
            state = tuple(s[0, b] for s in state) if isinstance(state, tuple) else state[0, b]
        for t, x in enumerate(row):
            state = cell(x, state)
            assert torch.equal((state[0] if isinstance(state, tuple) else state), outputs[b][t])


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 13, 33])
@pytest.mark.parametrize("cell", MODULES)
def test_the_height_of_a_batch_changes_nothing(cell: str, rows: int) -> None:
    case = Case(cell, "ragged", bidirectional=True, H=37)
    problem = evaluated(case, lengths=[(5 * b) % 11 for b in range(rows)])
    together = problem.run(problem.ours)
    alone = problem.run_each_alone(problem.ours)
    assert_same_bits(values(together), values(alone))


def test_threads_change_nothing(case: Case, threads: None) -> None:
    problem = Problem(case, seed=3)
    found = []
    for count in (1, 2, 3):
        set_threads(count)
        torch.manual_seed(5)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    assert_same_bits(found[1], found[0])
    assert_same_bits(found[2], found[0])


@pytest.mark.parametrize("cell", [cell for cell in MODULES if cell != "rnn_relu"])  # which grows beyond all bounds
@pytest.mark.parametrize("lengths", [[300], [40] * 24, [70, 3, 0, 55, 1, 64, 20, 9, 33, 2]], ids=["one", "many", "mix"])
def test_threads_change_nothing_in_larger_batches(cell: str, lengths: list[int], threads: None) -> None:
    problem = Problem(Case(cell, "ragged", bidirectional=True, width=48, H=64), lengths=lengths)
    found = []
    for count in (1, 2, 16):
        set_threads(count)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    assert_same_bits(found[1], found[0])
    assert_same_bits(found[2], found[0])


@pytest.mark.parametrize(("cell", "H"), [("rnn_tanh", 576), ("gru", 336), ("lstm", 288)])
def test_threads_that_share_a_row_change_nothing(cell: str, H: int, threads: None) -> None:
    # One row, and units enough for sixteen threads to share every step of it.
    problem = Problem(Case(cell, "ragged", width=8, H=H), lengths=[14])
    found = []
    for count in (1, 2, 3, 4, 5, 16):
        set_threads(count)
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    for several in found[1:]:
        assert_same_bits(several, found[0])


def test_repeated_runs_give_the_same_bits(case: Case) -> None:
    problem = evaluated(case)
    found = []
    for _ in range(2):
        forward = problem.run(problem.ours)
        found.append({**values(forward), **problem.gradients(problem.ours, forward)})
    assert_same_bits(found[1], found[0])
