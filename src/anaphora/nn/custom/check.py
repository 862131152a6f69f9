"""The laws that ``Recurrent`` relies on, tested on a custom cell in float64 with small random numbers.

    every cell must obey every law · a cell that breaks one gives wrong numbers in some batch

The cell is copied. The copy is in ``eval`` mode, and its parameters are moved a little, so that none is zero or equal
to another. A law comes after the laws that it depends on, and the message explains the first one that is broken.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import gradcheck

from anaphora.nn.custom.recurrent import Recurrent
from anaphora.nn.custom.states import describe, in_form_of, map_tensors, same_form, tensors_of
from anaphora.nn.ragged import Ragged

LENGTHS = [3, 0, 5, 1]  # unsorted, one row empty
TOLERANCE = 1e-9  # of float64 sums in another order; a broken law is off by nearly 1


def check_cell(cell: Any, input_size: int | None = None) -> tuple[str, ...]:
    """Test every law on a cell and return their names; ``input_size`` if the cell has no attribute of that name.

    Raises AssertionError for the first law that is broken, with the way it is broken and the likely cause, and
    TypeError for an object that is not a cell.
    """
    name = type(cell).__name__
    Recurrent(cell)
    size = getattr(cell, "input_size", None) if input_size is None else input_size
    if not isinstance(size, int):
        raise TypeError(f"check_cell: {name} has no input_size, so say it: check_cell(cell, input_size)")
    with torch.random.fork_rng(devices=[]):
        subject = _Subject(cell, size)
        for law, try_ in LAWS.items():
            for complaint in try_(subject):
                raise AssertionError(f"{name}: {law}, but {complaint}")
    return tuple(LAWS)


class _Subject:
    """A copy of the cell, and random numbers for it, new ones for every law."""

    def __init__(self, cell: Any, input_size: int) -> None:
        self.cell: Any = copy.deepcopy(cell).to("cpu", torch.float64).eval()
        self.input_size = input_size
        self.draw = torch.Generator().manual_seed(0)
        for parameter in self.cell.parameters():
            parameter.requires_grad_()
            parameter.data += self.numbers(*parameter.shape, scale=0.1)

    def numbers(self, *shape: int, scale: float = 0.5) -> Tensor:
        """Return normal random numbers of ``shape`` with standard deviation ``scale``."""
        return scale * torch.randn(shape, dtype=torch.float64, generator=self.draw)

    def like(self, value: Any) -> Any:
        """Return random leaves in the form of a state (B, …); integers stay."""
        return map_tensors(lambda part: self.leaf(*part.shape) if part.is_floating_point() else part.clone(), value)

    def leaf(self, *shape: int) -> Tensor:
        return self.numbers(*shape).requires_grad_()

    def step(self, rows: int) -> tuple[Any, Any]:
        """Return arguments for ``step``: pre and state of ``rows`` rows, tensors (B, …)."""
        pre = self.cell.inputs(self.numbers(rows, self.input_size))
        return self.like(pre), self.like(self.cell.initial_state(rows, self.numbers(rows, self.input_size)))

    def rows(self, lengths: list[int]) -> tuple[list[Tensor], Any]:
        """Return input rows (T_b, I) of these lengths, and a state (B, …) that is not the initial one."""
        rows = [self.leaf(length, self.input_size) for length in lengths]
        return rows, self.like(self.cell.initial_state(len(rows), rows[0]))


def _form(subject: _Subject) -> Iterator[str]:
    cell, x = subject.cell, subject.numbers(3, subject.input_size)
    for said, value in (("inputs", cell.inputs(x)), ("initial_state", cell.initial_state(3, x))):
        try:
            tensors = tensors_of(value)
        except TypeError as error:
            yield f"{said} returned something else: {error}"
            return
        for tensor in tensors:
            if tensor.shape[:1] != (3,):
                yield f"{said} of 3 rows gave a tensor of shape {tuple(tensor.shape)}"
            if tensor.is_floating_point() and tensor.dtype is not x.dtype:
                yield (
                    f"{said} gave {tensor.dtype} for an input of {x.dtype}: make new tensors with like.new_zeros(...) "
                    "or like.new_ones(...)"
                )
    before = cell.initial_state(3, x)
    y, after = cell.step(cell.inputs(x), before)
    if not isinstance(y, Tensor) or y.dim() != 2 or y.size(0) != 3:
        yield f"step of 3 rows gave the output {describe(y)}, not (3, F)"
    elif not same_form(before, after) or describe(before) != describe(after):
        yield f"step returned the state {describe(after)} for the state {describe(before)}: both must have one form"


def _in_place(subject: _Subject) -> Iterator[str]:
    pre, state = (map_tensors(lambda part: part.detach(), value) for value in subject.step(3))
    held = [
        (said, part, part._version, part.clone())
        for said, value in (("pre", pre), ("state", state))
        for part in tensors_of(value)
    ]
    subject.cell.step(pre, state)
    for said, part, version, was in held:
        if part._version != version or not _equal(part, was):
            yield (
                f"step wrote into its argument {said}, which the caller still uses: make new tensors, h = h + x "
                "instead of h += x"
            )


def _repeats(subject: _Subject) -> Iterator[str]:
    pre, state = subject.step(3)
    first, second = (_results(subject.cell.step(pre, state)) for _ in range(2))
    if not all(map(_equal, first, second)):
        yield (
            "a second call of step with the same arguments gave other numbers: does the cell keep a value of the first "
            "call, or draw random numbers in eval mode?"
        )


def _line_by_line(subject: _Subject) -> Iterator[str]:
    x = subject.numbers(6, subject.input_size)
    together = subject.cell.inputs(x)
    for line in range(6):
        alone = subject.cell.inputs(x[line : line + 1])
        if not _alike(map_tensors(lambda part, line=line: part[line : line + 1], together), alone):
            yield (
                f"line {line} of 6 gave another result than alone: lines are steps of many rows in any order, so take "
                "no mean, norm or shift over lines"
            )


def _no_rows(subject: _Subject) -> Iterator[str]:
    pre, state = (map_tensors(lambda part: part[:0], value) for value in subject.step(2))
    try:
        y, after = subject.cell.step(pre, state)
    except (RuntimeError, ValueError, IndexError) as error:
        yield f"step refuses a batch without rows: {error}"
    else:
        if y.shape[:1] != (0,) or describe(after) != describe(state):
            yield f"step of no rows gave the output {tuple(y.shape)} and the state {describe(after)}"


def _alone(subject: _Subject) -> Iterator[str]:
    rows, state = subject.rows(LENGTHS)
    walk = Recurrent(subject.cell)
    y, end = walk(Ragged.from_list(rows), state)
    leaves = [*rows, *(part for part in tensors_of(state) if part.requires_grad), *subject.cell.parameters()]
    single, ends = zip(*(walk(row, _row(state, b)) for b, row in enumerate(rows)), strict=True)
    for b, (together, alone) in enumerate(zip(y.rows(), single, strict=True)):
        if not _alike(together, alone):
            yield f"row {b}, of lengths {LENGTHS}, gave another result than alone: {_MEET}"
        if not _alike(_row(end, b), ends[b]):
            yield f"row {b}, of lengths {LENGTHS}, ended in another state than alone: {_MEET}"
    weight = subject.numbers(*y.data.shape)
    by = [(weight * y.data).sum(), (weight * torch.cat(single)).sum()]
    if by[0].requires_grad:
        for one, other in zip(*(_gradients(total, leaves) for total in by), strict=True):
            if not _alike(one, other):
                yield f"rows of lengths {LENGTHS} had other gradients than alone: {_MEET}"


def _any_order(subject: _Subject) -> Iterator[str]:
    rows, state = subject.rows([4] * 4)
    order = torch.tensor([2, 0, 3, 1])
    walk, x = Recurrent(subject.cell), torch.stack(rows, dim=1)
    y, end = walk(x, state)
    moved, moved_end = walk(x[:, order], map_tensors(lambda part: part[order], state))
    if not _alike(moved, y[:, order]) or not _alike(moved_end, map_tensors(lambda part: part[order], end)):
        yield f"rows in another order gave other numbers: {_MEET}"


def _split(subject: _Subject) -> Iterator[str]:
    rows, state = subject.rows([6] * 3)
    walk, x = Recurrent(subject.cell), torch.stack(rows, dim=1)
    whole, end = walk(x, state)
    first, carried = walk(x[:2], state)
    second, last = walk(x[2:], carried)
    if not _alike(torch.cat([first, second]), whole) or not _alike(last, end):
        yield (
            "6 steps gave another result than 2 steps followed by 4: the state must hold everything that a step needs "
            "of the past"
        )


def _nan_stays(subject: _Subject) -> Iterator[str]:
    rows, state = subject.rows([4] * 3)
    walk, x = Recurrent(subject.cell), torch.stack(rows, dim=1).detach()
    hurt = x.clone()
    hurt[1, 1] = torch.nan
    results = []
    for batch in (x, hurt):
        leaf = batch.requires_grad_()
        y, end = walk(leaf, state)
        others = y[:, [0, 2]]
        (gradient,) = _gradients(others.sum(), [leaf]) if others.requires_grad else (y,)
        results.append((others, *(part[[0, 2]] for part in tensors_of(end)), gradient[:, [0, 2]]))
    for said, clean, now in zip(["output", *["state"] * (len(results[0]) - 2), "gradient"], *results, strict=True):
        if not _alike(clean, now):
            yield f"a NaN in row 1 of 3 reached the {said} of another: {_MEET}"


def _gradients_are_right(subject: _Subject) -> Iterator[str]:
    cell = subject.cell
    weights = {f"the parameter {name}": parameter for name, parameter in cell.named_parameters()}
    x = subject.leaf(3, subject.input_size)
    yield from _derivatives("inputs", lambda: tensors_of(cell.inputs(x)), {"x": x, **weights})
    pre, state = subject.step(3)
    leaves = {**_named("pre", pre), **_named("the state", state), **weights}
    yield from _derivatives("step", lambda: _results(cell.step(pre, state)), leaves)


def _derivatives(method: str, function: Callable[[], tuple[Tensor, ...]], leaves: dict[str, Tensor]) -> Iterator[str]:
    """Complaints about gradients, of each result by each leaf, that differ from the finite difference."""
    for at, result in enumerate(function()):
        if not result.is_floating_point():
            continue
        said = "the result of inputs" if method == "inputs" else "the next state" if at else "the output"
        for name, leaf in leaves.items():

            def of_leaf(_: Tensor, at: int = at) -> Tensor:
                return function()[at]

            if leaf.is_floating_point() and not gradcheck(of_leaf, leaf, fast_mode=True, **_QUIET):
                if _gradients(function()[at].sum(), [leaf])[0].any():
                    yield f"{method}'s gradient of {said} by {name} is not its finite difference"
                else:
                    yield (
                        f"no gradient flows from {said} back to {name}, although it changes with it: look for detach, "
                        f"no_grad, .data, .item() or NumPy in {method}"
                    )


_QUIET: Any = {"raise_exception": False, "check_undefined_grad": False}
_MEET = "step must not mix rows, so look for a mean, norm or softmax over the first dimension"

LAWS: dict[str, Callable[[_Subject], Iterator[str]]] = {
    "a cell returns tensors of the same shape and dtype, rows first": _form,
    "a step changes no argument in place": _in_place,
    "a step depends on its arguments alone": _repeats,
    "inputs treats each line separately": _line_by_line,
    "step accepts a batch without rows": _no_rows,
    "a row in a ragged batch gives the result of the row alone": _alone,
    "the order of rows changes no result": _any_order,
    "a sequence in two parts gives the result of the whole": _split,
    "a NaN in one row reaches no other row": _nan_stays,
    "gradients equal numerical derivatives": _gradients_are_right,
}


def _results(stepped: tuple[Tensor, Any]) -> tuple[Tensor, ...]:
    y, state = stepped
    return y, *tensors_of(state)


def _named(name: str, value: Any) -> dict[str, Tensor]:
    tensors = tensors_of(value)
    return {name if len(tensors) == 1 else f"{name}[{at}]": tensor for at, tensor in enumerate(tensors)}


def _row(state: Any, row: int) -> Any:
    return in_form_of(state, [part[row] for part in tensors_of(state)])


def _gradients(total: Tensor, leaves: list[Tensor]) -> tuple[Tensor, ...]:
    if not total.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True, retain_graph=True)


def _equal(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


def _alike(one: Any, other: Any) -> bool:
    pairs = zip(tensors_of(one), tensors_of(other), strict=True)
    return all(torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE) for a, b in pairs)
