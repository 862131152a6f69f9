"""A layer over a custom cell: the cell gives one step, the layer walks through time over any batch.

    pre = inputs(x),   (y_t, s_t) = step(pre_t, s_{t−1}),   s_{−1} = initial_state

``inputs`` takes the lines of all steps at once, one product instead of T. ``step`` takes only the rows that have a step
t. Rows are sorted by length inside, and their lines stand step after step, so the rows of a step are a slice. Nothing
is masked, and the cost is that of the steps. The second direction takes the same slices backwards; each row joins at
its own end.

Differs from ``torch.nn``: one layer, any state, and the states of two directions are a pair. All operations are torch's
own, so the layer runs on every device of the cell and has derivatives of every order. The kernels of ``RNN``, ``GRU``
and ``LSTM`` are several times faster.
"""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from torch import Tensor

from anaphora.nn.custom.states import describe, in_form_of, map_tensors, same_form, tensors_of
from anaphora.nn.engine.batch_layout import BatchLayout
from anaphora.nn.engine.order import StepOrder
from anaphora.nn.engine.read_batch import Lengths, read_batch, read_reset


class Cell(Protocol):
    """The methods of a custom cell, which is a ``torch.nn.Module``, so that its parameters are found.

    A state is a tensor or a tuple of tensors (a named tuple too), rows first (B, …). ``inputs`` returns a value of such
    a form, with lines in place of rows.
    """

    def inputs(self, x: Tensor) -> Any:
        """Return the part of a step that depends on x alone, for all lines x (N, I) at once: tensors (N, …)."""

    def step(self, pre: Any, state: Any) -> tuple[Tensor, Any]:
        """Return outputs (B, F) and next states of one step of B rows, from lines of ``inputs`` (B, …) and states."""

    def initial_state(self, batch: int, like: Tensor) -> Any:
        """Return the initial states of ``batch`` rows (B, …), of the dtype and on the device of ``like`` (N, I)."""


class Recurrent(torch.nn.Module):
    """A cell walked over (T, B, I), (B, T, I) with ``batch_first``, (T, I), a ``PackedSequence`` or a ``Ragged``.

    With ``bidirectional`` a copy of the cell, ``reverse``, walks each row from its own end, and its outputs stand after
    the cell's; the copy draws weights of its own if the cell has a method ``reset_parameters``.
    """

    def __init__(self, cell: Any, bidirectional: bool = False, batch_first: bool = False) -> None:
        super().__init__()
        if not isinstance(cell, torch.nn.Module):
            raise TypeError(f"Recurrent: expected the cell to be a torch.nn.Module, got {type(cell).__name__}")
        missing = [name for name in ("inputs", "step", "initial_state") if not callable(getattr(cell, name, None))]
        if missing:
            raise TypeError(f"Recurrent: expected {type(cell).__name__} to have a method {' and '.join(missing)}")
        self.bidirectional, self.batch_first = bidirectional, batch_first
        self.cell: Any = cell
        if bidirectional:
            reverse: Any = copy.deepcopy(cell)
            if callable(getattr(reverse, "reset_parameters", None)):
                reverse.reset_parameters()
            self.reverse = reverse

    def forward(  # torch's name for the first argument
        self,
        input: Any,  # noqa: A002
        state: Any = None,
        *,
        lengths: Lengths | None = None,
        reset: Any = None,
    ) -> tuple[Any, Any]:
        """Walk through time.

        ``input``: (T, B, I), (B, T, I) with ``batch_first``, (T, I), a ``PackedSequence`` or a ``Ragged``.
        ``state``: in the form of the cell's ``initial_state``, rows (B, …) in the caller's order, without B for one
        sequence (T, I); a pair for two directions; None stands for ``initial_state`` itself.
        ``lengths``: (B,) in steps, with a padded input. Output past a row's end is 0; a row of length 0 keeps its
        state.
        ``reset``: a boolean for each step, shaped like ``input`` without its features, (N,) along the data of
        ``Ragged`` and ``PackedSequence``. Before that step the state returns to ``initial_state``, also if ``state`` is
        given. The second direction comes from the other side and returns at the step before.

        Returns the output (…, F) in the type of the input, and the state after each row's last step in the form of
        ``state``. Raises TypeError or ValueError for a wrong batch or state, with the expected value and the value that
        came.
        """
        turned = self.batch_first and isinstance(input, Tensor) and input.dim() == 3
        x, layout = read_batch(input.transpose(0, 1) if turned else input, lengths, False, type(self).__name__)
        order = _order(layout, x.device, input, lengths, reset, turned)
        x = x.flatten(0, -2)
        x = x if order.lines is None else x.index_select(0, order.lines)
        cells = [self.cell, self.reverse] if self.bidirectional else [self.cell]
        given = _for_each(cells, state)
        outputs, ends = [], []
        for cell, start, reverse in zip(cells, given, (False, True), strict=False):
            if start is not None and not layout.batched:
                start = map_tensors(lambda tensor: tensor.unsqueeze(0), start)
            y, end = _unroll(cell, _inputs(cell, x), order.sizes, _begin(cell, start, x, order, reverse), reverse)
            place = order.first if reverse else order.last
            if place is not None:
                end = _take(end, place)
            outputs.append(y)
            ends.append(end if layout.batched else map_tensors(lambda tensor: tensor.squeeze(0), end))
        y = torch.cat(outputs, dim=1) if self.bidirectional else outputs[0]
        if order.lines is not None:
            y = y.new_zeros(layout.N, y.size(1)).index_copy(0, order.lines, y)
        output: Any = layout.restore(y.unflatten(0, layout.shape))
        return output.transpose(0, 1) if turned else output, tuple(ends) if self.bidirectional else ends[0]

    def extra_repr(self) -> str:
        """Return the options that are set."""
        asked = [name for name in ("bidirectional", "batch_first") if getattr(self, name)]
        return ", ".join(f"{name}=True" for name in asked)


def _order(
    layout: BatchLayout, device: torch.device, batch: Any, lengths: Lengths | None, reset: Any, turned: bool
) -> StepOrder:
    dense = isinstance(batch, Tensor)
    if dense and lengths is None and reset is None:
        return StepOrder.dense(layout.row_index.T, layout.row_index.rows)
    mask = None
    if reset is not None:
        mask = read_reset(reset, batch.shape[:-1] if dense else batch.data.shape[:1], "Recurrent")
        mask = mask.reshape(batch.shape[:2]).T.reshape(-1) if turned else mask
    return StepOrder.of(layout.row_index.arrays, mask, layout.N, device)


def _for_each(cells: list[Any], state: Any) -> tuple[Any, ...]:
    """The state that is given for each direction."""
    if len(cells) == 1 or state is None:
        return (state,) * len(cells)
    if not isinstance(state, tuple) or len(state) != len(cells):
        raise TypeError(f"Recurrent: expected a pair of states, one for each direction, got {describe(state)}")
    return state


def _inputs(cell: Any, x: Tensor) -> Any:
    pre = cell.inputs(x)
    if any(tensor.shape[:1] != x.shape[:1] for tensor in tensors_of(pre)):
        raise ValueError(
            f"{type(cell).__name__}.inputs: expected {x.size(0)} lines, as many as x has, got {_shapes(pre)}"
        )
    return pre


def _begin(cell: Any, given: Any, x: Tensor, order: StepOrder, reverse: bool) -> Any:
    """The states of all places before their first step, (places, …)."""
    begin = cell.initial_state(order.places, x)
    if any(tensor.shape[:1] != (order.places,) for tensor in tensors_of(begin)):
        raise ValueError(
            f"{type(cell).__name__}.initial_state: expected {order.places} rows, as many as asked for, "
            f"got {_shapes(begin)}"
        )
    if given is None:
        return begin
    enter = order.last if reverse else order.enter
    rows = order.places if enter is None else enter.numel()
    expected = [(rows, *tensor.shape[1:]) for tensor in tensors_of(begin)]
    if _shapes(given) != expected:
        raise ValueError(f"Recurrent: expected a state of {expected}, got {_shapes(given)}")
    if enter is None:
        return in_form_of(begin, tensors_of(given))
    return map_tensors(lambda all_, some: all_.index_copy(0, enter, some.to(all_.dtype)), begin, given)


def _shapes(state: Any) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in tensors_of(state)]


def _unroll(cell: Any, pre: Any, sizes: list[int], state: Any, reverse: bool) -> tuple[Tensor, Any]:
    """The outputs (N, F), step after step, and the states of all places after their last step."""
    aside: list[Any] = []  # states of places that have no step now, the last places first
    steps = _split(pre, sizes)
    rows = tensors_of(state)[0].size(0)
    if reverse:
        steps.reverse()
        for size in sizes:
            if size < rows:
                state, rows = _set_aside(state, rows, size, aside), size
    outputs: list[Tensor] = []
    for lines, size in steps:
        if size < rows:
            state, rows = _set_aside(state, rows, size, aside), size
        elif size > rows:
            state, rows = _join(state, aside.pop()), size
        y, after = cell.step(lines, state)
        if not outputs:
            _check(cell, size, y, state, after)
        outputs.append(y)
        state = after
    if not outputs:
        y, _ = cell.step(map_tensors(lambda tensor: tensor[:0], pre), map_tensors(lambda tensor: tensor[:0], state))
        return y, state
    outputs = outputs[::-1] if reverse else outputs
    return torch.cat(outputs), _join(state, *reversed(aside)) if aside else state


def _split(pre: Any, sizes: list[int]) -> list[tuple[Any, int]]:
    """Each step's slice of all lines, and its number of rows."""
    if not sizes:
        return []
    slices = zip(*(tensor.split(sizes) for tensor in tensors_of(pre)), strict=True)
    return [(in_form_of(pre, tensors), size) for tensors, size in zip(slices, sizes, strict=True)]


def _set_aside(state: Any, rows: int, size: int, aside: list[Any]) -> Any:
    """The first ``size`` of the state's ``rows`` rows; the others are appended to ``aside``."""
    stay, rest = zip(*(tensor.split([size, rows - size]) for tensor in tensors_of(state)), strict=True)
    aside.append(in_form_of(state, rest))
    return in_form_of(state, stay)


def _join(*states: Any) -> Any:
    return map_tensors(lambda *tensors: torch.cat(tensors), *states)


def _take(state: Any, places: Tensor) -> Any:
    return map_tensors(lambda tensor: tensor.index_select(0, places), state)


def _check(cell: Any, rows: int, y: Any, before: Any, after: Any) -> None:
    """Raise TypeError or ValueError if the first step's output or next state is not of the form that a step needs."""
    name = f"{type(cell).__name__}.step"
    if not isinstance(y, Tensor) or y.dim() != 2 or y.size(0) != rows:
        raise ValueError(f"{name}: expected an output ({rows}, F), got {_shapes(y)}")
    if not same_form(before, after):
        raise TypeError(f"{name}: expected the next state as {describe(before)}, got {describe(after)}")
    if _shapes(before) != _shapes(after):
        raise ValueError(f"{name}: expected the next state of shapes {_shapes(before)}, got {_shapes(after)}")
