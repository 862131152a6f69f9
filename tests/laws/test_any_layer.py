"""The bits contract of `nn`, over anything Hypothesis can think of: what a module says of a row is the row's own.

Every recurrent module, its layers, directions and layouts, evaluating; outputs, states, and the gradients of each row's
input and state, bit for bit. `test_any_batch` does the same for the kernels underneath, with masks given and in
training.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from anaphora import kernels, nn
from anaphora.nn.engine.base import RecurrentBase

EXPORTED = {name: getattr(nn, name) for name in nn.__all__}
MODULES = {name: kind for name, kind in EXPORTED.items() if isinstance(kind, type) and issubclass(kind, RecurrentBase)}
Bits = dict[str, Tensor]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = kernels.get_threads()
    yield
    kernels.set_threads(before)


@st.composite
def modules(draw: st.DrawFn, name: str, directions: tuple[int, ...] = (1, 2)) -> Any:
    torch.manual_seed(draw(st.integers(0, 2**32 - 1)))
    module = MODULES[name](
        *(draw(st.sampled_from([1, 5, 8, 17])), draw(st.sampled_from([1, 7, 8, 16, 33])), draw(st.integers(1, 3))),
        bias=draw(st.booleans()),
        batch_first=draw(st.booleans()),
        bidirectional=draw(st.sampled_from(directions)) == 2,
    )
    if draw(st.booleans()):
        module = nn.learned_state(module)
        for parameter in (module.h_0, getattr(module, "c_0", module.h_0)):
            torch.nn.init.normal_(parameter)
    return (nn.zoneout(module) if draw(st.booleans()) else module).eval()


def states_of(module: Any, B: int) -> list[Tensor]:
    lines = module.num_layers * (2 if module.bidirectional else 1)
    return [torch.randn(lines, B, width) for width in (module.hidden_size, module.memory_width) if width]


def told(module: Any, rows: list[Tensor], states: list[Tensor] | None, layout: str = "ragged") -> list[Bits]:
    """Run rows (n, I) in a layout, send gradients back that belong to the rows, and say what belongs to each."""
    leaves = [row.clone().requires_grad_() for row in rows]
    begun = None if states is None else [state.clone().requires_grad_() for state in states]
    hx = None if begun is None else (tuple(begun) if module.has_memory else begun[0])
    batch: Any = nn.Ragged.from_list(leaves)
    if layout == "packed":
        batch = batch.to_packed()
    elif layout == "padded":
        padding = torch.full((max(map(len, rows)) + 2, len(rows), module.input_size), float("nan"))
        steps = torch.arange(len(padding))[:, None] < batch.lengths
        padded = torch.where(steps[..., None], batch.to_padded(steps_at_least=len(padding)), padding)
        batch, lengths = (padded.transpose(0, 1) if module.batch_first else padded), batch.lengths
    output, state = module(batch, hx, lengths=lengths) if layout == "padded" else module(batch, hx)
    if layout == "packed":
        output = nn.Ragged.from_packed(output)
    elif layout == "padded":
        output = nn.Ragged.from_padded(output, lengths, module.batch_first)
    ends = list(state) if module.has_memory else [state]
    loss = sum((y * torch.cos(y.detach())).sum() for y in [output.data, *ends])
    found = torch.autograd.grad(loss, [*leaves, *(begun or [])])
    by_row = {f"end {i}": end for i, end in enumerate(ends)} | {
        f"d_begin {i}": begin for i, begin in enumerate(found[len(rows) :])
    }
    return [
        {"y": y.detach(), "dx": dx, **{name: part[:, b].detach() for name, part in by_row.items()}}
        for b, (y, dx) in enumerate(zip(output.rows(), found, strict=False))
    ]


def same(ours: Bits, expected: Bits) -> None:
    assert ours.keys() == expected.keys()
    for name, value in ours.items():
        assert torch.equal(value.contiguous().view(torch.int32), expected[name].contiguous().view(torch.int32)), name


@pytest.mark.parametrize("name", MODULES)
@given(data=st.data())
def test_a_row_in_any_batch_is_the_row_alone(name: str, data: st.DataObject) -> None:
    module = data.draw(modules(name))
    layout = data.draw(st.sampled_from(["ragged", "packed", "padded"]))
    shortest = 1 if layout == "packed" else 0
    lengths = data.draw(st.lists(st.integers(shortest, 9), min_size=1, max_size=8))
    rows = [torch.randn(n, module.input_size) for n in lengths]
    states = data.draw(st.sampled_from([None, states_of(module, len(rows))]))
    order = data.draw(st.permutations(range(len(rows))))
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3])))
    shuffled = None if states is None else [state[:, order] for state in states]
    together = told(module, [rows[b] for b in order], shuffled, layout)
    kernels.set_threads(1)
    for place, b in enumerate(order):
        (alone,) = told(module, [rows[b]], None if states is None else [state[:, [b]] for state in states])
        same(together[place], alone)


@pytest.mark.parametrize("name", MODULES)
@given(data=st.data())
def test_cut_anywhere_in_time(name: str, data: st.DataObject) -> None:
    module = data.draw(modules(name, directions=(1,)))
    lengths = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    rows = [torch.randn(n, module.input_size) for n in lengths]
    whole = told(module, rows, None)
    cuts = [data.draw(st.integers(0, n)) for n in lengths]
    early = told(module, [row[:cut] for row, cut in zip(rows, cuts, strict=True)], None)
    states = [torch.stack([row[f"end {i}"] for row in early], dim=1) for i in range(2 if module.has_memory else 1)]
    late = told(module, [row[cut:] for row, cut in zip(rows, cuts, strict=True)], states)
    for before, after, expected in zip(early, late, whole, strict=True):
        joined = {"y": torch.cat([before["y"], after["y"]]), **{k: v for k, v in after.items() if k.startswith("end")}}
        same(joined, {name: expected[name] for name in joined})
