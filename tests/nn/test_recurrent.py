"""A cell of one's own through `Recurrent`: torch's modules are the oracle, and a loop over one row after another."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_sequence

from anaphora.nn import Ragged, Recurrent

Rows = list[Tensor]
I, H = 3, 5
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


class Gru(torch.nn.Module):
    """torch.nn.GRU's equations on torch.nn.GRUCell's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.GRUCell(I, H)
        self.rows_stepped = 0

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        return (x @ self.weights.weight_ih.T + self.weights.bias_ih).chunk(3, dim=1)

    def step(self, pre: tuple[Tensor, ...], h: Tensor) -> tuple[Tensor, Tensor]:
        self.rows_stepped += h.size(0)
        r, z, n = (h @ self.weights.weight_hh.T + self.weights.bias_hh).chunk(3, dim=1)
        r, z = torch.sigmoid(pre[0] + r), torch.sigmoid(pre[1] + z)
        h = (1 - z) * torch.tanh(pre[2] + r * n) + z * h
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        return like.new_zeros(batch, H)

    def reset_parameters(self) -> None:
        self.weights.reset_parameters()


class Memory(NamedTuple):
    h: Tensor
    c: Tensor


class Lstm(torch.nn.Module):
    """torch.nn.LSTM's equations on torch.nn.LSTMCell's weights, with a named state."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.LSTMCell(I, H)

    def inputs(self, x: Tensor) -> Tensor:
        return x @ self.weights.weight_ih.T + self.weights.bias_ih

    def step(self, pre: Tensor, state: Memory) -> tuple[Tensor, Memory]:
        i, f, g, o = (pre + state.h @ self.weights.weight_hh.T + self.weights.bias_hh).chunk(4, dim=1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, Memory(h, c)

    def initial_state(self, batch: int, like: Tensor) -> Memory:
        return Memory(like.new_zeros(batch, H), like.new_zeros(batch, H))


class Counting(torch.nn.Module):
    """A learned initial state, an output of another width, a state of three parts of which one counts."""

    def __init__(self) -> None:
        super().__init__()
        self.of_x, self.of_h, self.out = torch.nn.Linear(I, H), torch.nn.Linear(H, H), torch.nn.Linear(H, 2)
        self.start = torch.nn.Parameter(torch.randn(H))

    def inputs(self, x: Tensor) -> Tensor:
        return self.of_x(x)

    def step(self, pre: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, total, steps = state
        h = torch.tanh(pre + self.of_h(h) + steps.unsqueeze(1) / 8)
        return self.out(h + total), (h, total + h**2, steps + 1)

    def initial_state(self, batch: int, like: Tensor) -> tuple[Tensor, ...]:
        steps = torch.zeros(batch, dtype=torch.int64)
        return self.start.expand(batch, H), like.new_zeros(batch, H), steps


def double(cell: Any) -> Any:
    draw = torch.Generator().manual_seed(7)
    for parameter in cell.parameters():
        parameter.data = 0.7 * torch.randn(parameter.shape, dtype=torch.float64, generator=draw)
    return cell


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


class Wrong(Gru):
    """A cell with one thing exchanged."""

    def __init__(self, **methods: Any) -> None:
        super().__init__()
        for name, method in methods.items():
            setattr(self, name, method)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Wrong(inputs=lambda x: x[:1]), r"Wrong.inputs: expected 8 lines, as many as x has, got \[\(1, 3\)\]"),
        (Wrong(initial_state=lambda batch, like: like[:1]), r"Wrong.initial_state: expected 2 rows.*got \[\(1, 3\)\]"),
        (Wrong(step=lambda pre, h: (h[0], h)), r"Wrong.step: expected an output \(2, F\), got \[\(5,\)\]"),
        (Wrong(step=lambda pre, h: (h, h[:, :4])), r"next state of shapes \[\(2, 5\)\], got \[\(2, 4\)\]"),
    ],
)
def test_a_wrong_shape_is_named(cell: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recurrent(cell)(torch.zeros(4, 2, I))


def test_a_wrong_form_is_named() -> None:
    cell = Wrong(step=lambda pre, h: (h, (h,)))
    with pytest.raises(TypeError, match=r"next state as float32 \(rows, 5\), got \(float32 \(rows, 5\)\)"):
        Recurrent(cell)(torch.zeros(4, 2, I))


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected the cell to be a torch\.nn\.Module, got type"):
        Recurrent(Gru)
    with pytest.raises(TypeError, match="expected Linear to have a method inputs and step and initial_state"):
        Recurrent(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("batch", "options", "error", "said"),
    [
        (torch.zeros(4, 2, 1, I), {}, ValueError, "2D or 3D"),
        ("text", {}, TypeError, "got str"),
        (torch.zeros(4, 2, I), {"lengths": [5, 1]}, ValueError, "between 0 and T = 4, got 5 in row 0"),
        (torch.zeros(4, 2, I), {"reset": torch.zeros(2, 4, dtype=torch.bool)}, ValueError, r"reset \(4, 2\)"),
        (torch.zeros(4, 2, I), {"state": torch.zeros(3, H)}, ValueError, r"state of \[\(2, 5\)\], got \[\(3, 5\)\]"),
        (torch.zeros(4, I), {"state": torch.zeros(1, H)}, ValueError, r"state of \[\(1, 5\)\], got \[\(1, 1, 5\)\]"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(batch: Any, options: dict[str, Any], error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        Recurrent(Gru())(batch, **options)


def test_two_directions_want_two_states() -> None:
    layer = Recurrent(Gru(), bidirectional=True)
    with pytest.raises(TypeError, match=r"a pair of states, one for each direction, got float32 \(rows, 5\)"):
        layer(torch.zeros(4, 2, I), torch.zeros(2, H))
