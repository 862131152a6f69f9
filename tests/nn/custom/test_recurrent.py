"""A cell of one's own through `Recurrent`: torch's modules are the oracle, and a loop over one row after another."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_sequence

from anaphora.nn import GRU, LSTM, Ragged, Recurrent
from nn.own_cells import Counting, Gru, H, I, Lstm, Memory, double

Rows = list[Tensor]
LENGTHS = {
    "dense": [6] * 4,
    "batch_first": [6] * 4,
    "unbatched": [6],
    "sorted": [7, 5, 5, 2],
    "packed": [2, 7, 5, 5],
    "ragged": [4, 0, 8, 1, 7, 0, 7],
    "lengths": [4, 0, 8, 1, 7, 0, 7],
    "lengths_batch_first": [4, 0, 8, 1, 7, 0, 7],
}
EXACT = {"rtol": 0, "atol": 1e-12}  # float64, numbers near 1, sums in another order


def draw_rows(lengths: list[int], seed: int = 0) -> Rows:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(n, I, dtype=torch.float64, generator=draw).requires_grad_() for n in lengths]


def batch_of(layout: str, rows: Rows) -> tuple[Any, dict[str, Any]]:
    if layout == "unbatched":
        return rows[0], {}
    if layout == "ragged":
        return Ragged.from_list(rows), {}
    if layout in ("sorted", "packed"):
        return pack_sequence(rows, enforce_sorted=layout == "sorted"), {}
    padded = pad_sequence(rows, batch_first="first" in layout, padding_value=float("nan"))
    return padded, {"lengths": [len(row) for row in rows]} if "lengths" in layout else {}


def rows_of(layout: str, output: Any, lengths: list[int]) -> Rows:
    """The output's rows; past their ends it must be zero."""
    if layout == "unbatched":
        return [output]
    if isinstance(output, Ragged):
        return output.rows()
    if isinstance(output, PackedSequence):
        return Ragged.from_packed(output).rows()
    rows = list(output if "first" in layout else output.transpose(0, 1))
    assert not any(row[n:].count_nonzero() for row, n in zip(rows, lengths, strict=True))
    return [row[:n] for row, n in zip(rows, lengths, strict=True)]


def torchs(cell: Any, layer: Recurrent) -> Any:
    """torch's module of the same weights."""
    kind = torch.nn.GRU if isinstance(cell, Gru) else torch.nn.LSTM
    module = kind(I, H, bidirectional=layer.bidirectional, dtype=torch.float64)
    ours = [layer.cell, layer.reverse] if layer.bidirectional else [layer.cell]
    parameters = [parameter for each in ours for parameter in each.weights.parameters()]
    for theirs, mine in zip(module.parameters(), parameters, strict=True):
        theirs.data = mine.data
    return module


@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("kind", [Gru, Lstm])
@pytest.mark.parametrize("layout", LENGTHS)
def test_torchs_cells_written_anew_are_torchs_modules(layout: str, kind: Any, both: bool) -> None:
    lengths = LENGTHS[layout]
    layer = Recurrent(double(kind()), bidirectional=both, batch_first="first" in layout)
    if both:
        double(layer)
    module = torchs(layer.cell, layer)
    draw = torch.Generator().manual_seed(5)
    D, parts = 1 + both, 1 if kind is Gru else 2
    states = torch.randn(parts, D, len(lengths), H, dtype=torch.float64, generator=draw).requires_grad_()
    weights = [torch.randn(n, D * H, dtype=torch.float64, generator=draw) for n in lengths]

    rows = draw_rows(lengths)
    batch, options = batch_of(layout, rows)
    given = [states[:, d, 0] if layout == "unbatched" else states[:, d] for d in range(D)]
    given = [state[0] if kind is Gru else Memory(*state) for state in given]
    output, end = layer(batch, tuple(given) if both else given[0], **options)
    assert type(output) is type(batch)
    ours = rows_of(layout, output, lengths)
    ends = [torch.stack(list(e) if parts > 1 else [e]) for e in (end if both else (end,))]
    ends = [e.unsqueeze(1) if layout == "unbatched" else e for e in ends]
    total = sum((w * y).sum() for w, y in zip(weights, ours, strict=True)) + sum((e**2).sum() for e in ends)
    found = torch.autograd.grad(total, [*rows, states, *layer.parameters()])

    theirs, last = [], []
    for b, row in enumerate(rows):
        if not len(row):
            theirs.append(row.new_zeros(0, D * H))
            last.append(states[:, :, b])
            continue
        y, hx = module(row, states[0, :, b] if kind is Gru else (states[0, :, b], states[1, :, b]))
        theirs.append(y)
        last.append(torch.stack([hx] if kind is Gru else list(hx)))
    expected = sum((w * y).sum() for w, y in zip(weights, theirs, strict=True)) + sum((e**2).sum() for e in last)
    gradients = torch.autograd.grad(expected, [*rows, states, *module.parameters()], materialize_grads=True)

    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, **EXACT)
    torch.testing.assert_close(torch.stack(ends, dim=1), torch.stack(last, dim=2), **EXACT)
    for mine, other in zip(found, gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-11)


def alone(cell: Any, row: Tensor, state: Any, marks: list[bool], reverse: bool) -> tuple[Tensor, Any]:
    """One row of a reset sequence, a step at a time."""
    outputs = []
    order = range(len(row))
    for t in reversed(order) if reverse else order:
        if marks[t] and not reverse:
            state = cell.initial_state(1, row)
        y, state = cell.step(cell.inputs(row[t : t + 1]), state)
        outputs.append(y)
        if marks[t] and reverse and t > 0:
            state = cell.initial_state(1, row)
    outputs = outputs[::-1] if reverse else outputs
    return torch.cat(outputs) if outputs else row.new_zeros(0, 2), state


@pytest.mark.parametrize("given", [False, True], ids=["initial", "given"])
@pytest.mark.parametrize("layout", LENGTHS)
def test_a_reset_returns_to_the_initial_state(layout: str, given: bool) -> None:
    lengths = LENGTHS[layout]
    layer = double(Recurrent(Counting(), bidirectional=True, batch_first="first" in layout))
    rows, draw = draw_rows(lengths), torch.Generator().manual_seed(3)
    marks = [torch.rand(n, generator=draw) < 0.4 for n in lengths]
    marks[0][0], marks[-1][-1] = True, True
    first = "first" in layout
    reset = {
        "unbatched": lambda: marks[0],
        "ragged": lambda: torch.cat(marks),
        "sorted": lambda: pack_sequence(marks).data,
        "packed": lambda: pack_sequence(marks, enforce_sorted=False).data,
    }.get(layout, lambda: pad_sequence(marks, batch_first=first, padding_value=True))()
    starts = [cell.initial_state(len(rows), rows[0]) for cell in (layer.cell, layer.reverse)]
    if given:
        starts = [(h + 1, total + d, steps + d) for d, (h, total, steps) in enumerate(starts)]
    batch, options = batch_of(layout, rows)
    handed = [tuple(part[0] for part in start) for start in starts] if layout == "unbatched" else starts
    output, ends = layer(batch, tuple(handed) if given else None, reset=reset, **options)
    ours = rows_of(layout, output, lengths)
    other = []
    for b, row in enumerate(rows):
        both = [
            alone(cell, row, tuple(part[b : b + 1] for part in start), marks[b].tolist(), reverse)
            for cell, start, reverse in zip((layer.cell, layer.reverse), starts, (False, True), strict=True)
        ]
        other.append(torch.cat([y for y, _ in both], dim=1))
        torch.testing.assert_close(ours[b], other[b], **EXACT)
        for end, (_, expected) in zip(ends, both, strict=True):
            for part, its in zip(end, expected, strict=True):
                torch.testing.assert_close(part if layout == "unbatched" else part[b], its[0], **EXACT)
    leaves = [*rows, *layer.parameters()]
    found, expected = (
        torch.autograd.grad(torch.cat(ys).sin().sum(), leaves, materialize_grads=True) for ys in (ours, other)
    )
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("given", [False, True], ids=["initial", "given"])
@pytest.mark.parametrize("kind", [Gru, Lstm])
@pytest.mark.parametrize("layout", LENGTHS)
def test_a_reset_means_what_it_means_to_the_modules(layout: str, kind: Any, given: bool) -> None:
    lengths = LENGTHS[layout]
    layer = double(Recurrent(kind(), bidirectional=True, batch_first="first" in layout))
    module = (GRU if kind is Gru else LSTM)(
        I, H, bidirectional=True, batch_first="first" in layout, dtype=torch.float64
    )
    for theirs, mine in zip(module.parameters(), layer.parameters(), strict=True):
        theirs.data = mine.data
    draw = torch.Generator().manual_seed(9)
    batch, options = batch_of(layout, draw_rows(lengths))
    shape = batch.shape[:-1] if isinstance(batch, Tensor) else batch.data.shape[:1]
    reset = torch.rand(shape, generator=draw) < 0.35
    states = torch.randn(1 if kind is Gru else 2, 2, len(lengths), H, dtype=torch.float64, generator=draw)
    states = states[:, :, 0] if layout == "unbatched" else states
    pair, hx = zip(*states, strict=True), tuple(states) if kind is Lstm else states[0]
    handed = tuple(state[0] if kind is Gru else Memory(*state) for state in pair)
    output, ends = layer(batch, handed if given else None, reset=reset, **options)
    expected, last = module(batch, hx if given else None, reset=reset, **options)
    torch.testing.assert_close(output.data, expected.data, **EXACT)
    parts = [torch.stack(end) for end in zip(*ends, strict=True)] if kind is Lstm else [torch.stack(ends)]
    for mine, theirs in zip(parts, last if kind is Lstm else (last,), strict=True):
        torch.testing.assert_close(mine, theirs, **EXACT)


@pytest.mark.parametrize("layout", LENGTHS)
def test_the_cost_is_that_of_the_steps(layout: str) -> None:
    lengths = LENGTHS[layout]
    layer = Recurrent(Gru().double(), bidirectional=True, batch_first="first" in layout)
    batch, options = batch_of(layout, draw_rows(lengths))
    layer(batch, **options)
    assert (layer.cell.rows_stepped, layer.reverse.rows_stepped) == (sum(lengths), sum(lengths))


@pytest.mark.parametrize("lengths", [[0, 0], [3, 2]])
@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
def test_rows_without_steps_end_where_they_began(lengths: list[int], both: bool) -> None:
    layer = double(Recurrent(Counting(), bidirectional=both))
    rows = [row[:0] for row in draw_rows(lengths)]
    start = tuple(part + 2 for part in layer.cell.initial_state(2, rows[0]))
    output, end = layer(Ragged.from_list(rows), (start, start) if both else start)
    assert output.data.shape == (0, 4 if both else 2)
    for state in end if both else (end,):
        assert all(map(torch.equal, state, start))


@pytest.mark.parametrize(("T", "B"), [(0, 3), (4, 0), (0, 0)])
@pytest.mark.parametrize("options", [{}, {"lengths": True}, {"reset": True}])
def test_no_steps_or_no_rows(T: int, B: int, options: dict[str, Any]) -> None:
    layer = double(Recurrent(Lstm(), bidirectional=True))
    asked = {"lengths": [T] * B, "reset": torch.ones(T, B, dtype=torch.bool)}
    y, ends = layer(torch.zeros(T, B, I, dtype=torch.float64), **{name: asked[name] for name in options})
    assert y.shape == (T, B, 2 * H)
    assert [part.shape for end in ends for part in end] == [(B, H)] * 4


def test_a_second_derivative() -> None:
    layer = double(Recurrent(Gru(), bidirectional=True))
    rows = draw_rows([3, 0, 2])

    def walk(*leaves: Tensor) -> tuple[Tensor, ...]:
        y, ends = layer(Ragged.from_list(list(leaves)))
        return y.data, *ends

    assert torch.autograd.gradcheck(walk, rows)
    assert torch.autograd.gradgradcheck(walk, rows)


def test_per_sample_gradients() -> None:
    layer = double(Recurrent(Gru()))
    x = torch.stack(draw_rows([4, 4, 4], seed=2)).detach()
    weights = dict(layer.named_parameters())

    def loss(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        return torch.func.functional_call(layer, weights, (row,))[0].square().sum()

    together = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, x)
    for b, row in enumerate(x):
        single = torch.autograd.grad(loss(weights, row), list(weights.values()))
        for mine, theirs in zip(together.values(), single, strict=True):
            torch.testing.assert_close(mine[b], theirs, **EXACT)


def test_the_copy_for_the_second_direction_draws_its_own_weights() -> None:
    layer = Recurrent(Gru(), bidirectional=True)
    assert not torch.equal(layer.cell.weights.weight_hh, layer.reverse.weights.weight_hh)
    alike = Recurrent(Lstm(), bidirectional=True)  # which has no reset_parameters
    assert torch.equal(alike.cell.weights.weight_hh, alike.reverse.weights.weight_hh)
    assert alike.cell.weights.weight_hh is not alike.reverse.weights.weight_hh


def test_a_layer_is_a_module_like_others() -> None:
    layer = Recurrent(Gru(), bidirectional=True, batch_first=True)
    x = torch.randn(2, 4, I)
    other = copy.deepcopy(layer)
    fresh = Recurrent(Gru(), bidirectional=True, batch_first=True)
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x)[0], other(x)[0])
    assert torch.equal(layer(x)[0], fresh(x)[0])
    assert [name for name, _ in layer.named_children()] == ["cell", "reverse"]
    assert "bidirectional=True, batch_first=True" in repr(layer)


def test_a_state_may_be_of_half_precision() -> None:
    layer = Recurrent(Gru().bfloat16())
    y, h = layer(Ragged.from_list([torch.randn(n, I).bfloat16() for n in (2, 5)]))
    assert (y.data.dtype, h.dtype) == (torch.bfloat16, torch.bfloat16)


def test_a_layer_stays_on_its_device() -> None:
    with torch.device("meta"):
        layer = Recurrent(Gru(), bidirectional=True)
        x = torch.zeros(12, I)
    y, ends = layer(Ragged(x, torch.tensor([3, 0, 7, 2])), reset=torch.zeros(12, dtype=torch.bool))
    assert {y.data.device.type, *(end.device.type for end in ends)} == {"meta"}
    y, _ = layer(x.view(4, 3, I), lengths=[2, 0, 4])
    assert y.device.type == "meta"


def test_a_compiled_layer_gives_the_same() -> None:
    layer, x = Recurrent(Gru()), torch.randn(3, 2, I, generator=torch.Generator().manual_seed(0))
    got, end = torch.compile(layer, backend="eager", fullgraph=True)(x)
    torch.testing.assert_close(got, layer(x)[0])
    torch.testing.assert_close(end, got[-1])
