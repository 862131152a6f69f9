"""The bits contract of the kernels, over anything Hypothesis can think of: a row's numbers are the row's own.

Batch make-up, row order, layout, what lies in the padding, directions, threads, masks and zoneout that are given,
clipped gradients, segments walked again. Compared bit for bit; weight gradients are sums over the rows of a batch, so
they are held against the same batch on other threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora import kernels
from anaphora.kernels.row_index import Noise, RowIndex, Weights

sizes = st.sampled_from([1, 2, 3, 7, 8, 9, 16, 17, 33])
Bits = dict[str, np.ndarray]


class Row(NamedTuple):
    """All that a row brings, by step where it has steps: nothing of it is shared with another row."""

    x: np.ndarray  # (n, I)
    h0: np.ndarray  # (D, P)
    c0: np.ndarray  # (D, H)
    dy: np.ndarray  # (n, D·P)
    dh: np.ndarray  # (D, P)
    dc: np.ndarray  # (D, H)
    mask: np.ndarray  # (D, P)
    keep_h: np.ndarray  # (n, D·P)
    keep_c: np.ndarray  # (n, D·H)


class Problem(NamedTuple):
    """One layer, its rows, and which of the options of a walk are on."""

    cell: str
    directions: list[Weights]
    rows: list[Row]
    masked: bool
    zoned: str  # "", "h", "c" or "hc"
    clip: float

    @property
    def memory(self) -> bool:
        return kernels.TRAITS[self.cell].memories > 0


@st.composite
def problems(draw: st.DrawFn, cell: str, directions: Sequence[int] = (1, 2)) -> Problem:
    """A layer with random weights and some rows, of length 0 too."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    D, I, H, bias = draw(st.sampled_from(directions)), draw(sizes), draw(sizes), draw(st.booleans())
    P = draw(st.integers(1, H)) if cell == "lstm" and draw(st.booleans()) else 0
    lengths = draw(st.lists(st.integers(0, 12), min_size=1, max_size=9))
    G, V, width = kernels.TRAITS[cell].gates, kernels.TRAITS[cell].own, P or H

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    def uniform(*shape: int) -> np.ndarray:
        return rng.random(shape, dtype=np.float32)

    weights = [
        Weights(
            normal(G * H, I),
            normal(G * H, width),
            normal(G * H) if bias else None,
            normal(G * H) if bias else None,
            normal(P, H) if P else None,
            normal(V * H) if V else None,
        )
        for _ in range(D)
    ]
    rows = [
        Row(
            normal(n, I),
            *(normal(D, width), normal(D, H), normal(n, D * width), normal(D, width), normal(D, H)),
            *(uniform(D, width), uniform(n, D * width), uniform(n, D * H)),
        )
        for n in lengths
    ]
    zoned = "" if P else draw(st.sampled_from(["", "h", "c", "hc"] if kernels.TRAITS[cell].memories else ["", "h"]))
    return Problem(cell, weights, rows, draw(st.booleans()), zoned, draw(st.sampled_from([0.0, 0.1])))


def laid(layout: str, lengths: list[int], spare: int) -> tuple[RowIndex, int]:
    """Where the steps of these rows lie, and how many lines there are."""
    B, T = len(lengths), max(lengths) + spare
    if layout == "dense":
        return RowIndex.dense(T, B, lengths), T * B
    if layout == "batch first":
        return RowIndex.batch_first(B, T, lengths), T * B
    if layout == "ragged":
        return RowIndex.ragged(lengths), sum(lengths)
    order = np.argsort([-n for n in lengths], kind="stable")
    sizes = [sum(n > t for n in lengths) for t in range(max(lengths))]
    lines = RowIndex.packed(sizes, np.argsort(order, kind="stable"))  # knows no row of length 0 at its end
    return RowIndex(lines.time_offset, np.argsort(order, kind="stable"), np.array(lengths)), sum(lengths)


def walk(p: Problem, layout: str = "ragged", spare: int = 0, segment: int = 0) -> tuple[list[Bits], Bits]:
    """Everything that belongs to each row, and the gradients of the weights."""
    B, D, H = len(p.rows), len(p.directions), p.directions[0].w_ih.shape[0] // kernels.TRAITS[p.cell].gates
    lengths = [len(row.x) for row in p.rows]
    lines, N = laid(layout, lengths, spare)
    where = [lines.time_offset[:n] + lines.row_offset[b] for b, n in enumerate(lengths)]

    def by_line(name: str) -> np.ndarray:
        array = np.full((N, getattr(p.rows[0], name).shape[1]), np.nan, dtype=np.float32)
        for here, row in zip(where, p.rows, strict=True):
            array[here] = getattr(row, name)
        return array

    def by_row(name: str) -> np.ndarray:
        return np.ascontiguousarray(np.stack([getattr(row, name) for row in p.rows], axis=1))

    x, h0, c0 = by_line("x"), by_row("h0"), by_row("c0") if p.memory else None
    noise = Noise(
        by_row("mask") if p.masked else None,
        by_line("keep_h") if "h" in p.zoned else None,
        by_line("keep_c") if "c" in p.zoned else None,
    )
    y, h_n, c_n = np.full_like(by_line("dy"), np.nan), np.empty_like(h0), None if c0 is None else np.empty_like(c0)
    slots = kernels.saved_slots(p.cell, noise) * H
    saved = np.empty((D, N, slots), dtype=np.float32)
    if segment:
        count = -(-max(lengths) // segment)
        saved = np.empty((D, count, B, H) if p.memory else (0,), dtype=np.float32)
    kernels.forward(kernels.pack(p.cell, p.directions), x, lines, h0, c0, y, h_n, c_n, saved, noise, segment)
    dx, dh0, dc0 = np.full_like(x, np.nan), np.empty_like(h0), None if c0 is None else np.empty_like(c0)
    dweights = [Weights(*(None if w is None else np.empty_like(w) for w in each)) for each in p.directions]
    arriving = by_line("dy"), by_row("dh"), by_row("dc") if p.memory else None
    kernels.backward(
        *(p.cell, p.directions, x, lines, h0, c0, y, saved, *arriving),
        *(dx, dweights, dh0, dc0, noise, p.clip, segment),
    )
    used = np.zeros(N, dtype=bool)
    used[np.concatenate(where)] = True
    for array in (y, dx):
        assert np.isfinite(array[used]).all()
        assert np.isnan(array[~used]).all(), "a line past an end was written"
    states = {"h_n": h_n, "c_n": c_n, "dh_0": dh0, "dc_0": dc0}
    of_rows = [
        {"y": y[here], "dx": dx[here], **{name: part[:, b] for name, part in states.items() if part is not None}}
        for b, here in enumerate(where)
    ]
    names = [f"{name} {d}" for d in range(D) for name in Weights._fields]
    of_weights = zip(names, (w for each in dweights for w in each), strict=True)
    return of_rows, {name: w for name, w in of_weights if w is not None}


def same(ours: Bits, expected: Bits) -> None:
    assert ours.keys() == expected.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(
            np.ascontiguousarray(value).view(np.uint8), np.ascontiguousarray(expected[name]).view(np.uint8), name
        )


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = kernels.get_threads()
    yield
    kernels.set_threads(before)


@pytest.mark.parametrize("cell", kernels.TRAITS)
@given(data=st.data())
def test_a_row_in_any_batch_is_the_row_alone(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    order = data.draw(st.permutations(range(len(problem.rows))))
    layout = data.draw(st.sampled_from(["dense", "batch first", "ragged", "packed"]))
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3, 16])))
    shuffled = problem._replace(rows=[problem.rows[b] for b in order])
    together, _ = walk(shuffled, layout, spare=data.draw(st.integers(0, 2)))
    kernels.set_threads(1)
    for place, b in enumerate(order):
        (alone,), _ = walk(problem._replace(rows=[problem.rows[b]]))
        same(together[place], alone)


@pytest.mark.parametrize("cell", kernels.TRAITS)
@given(data=st.data())
def test_gradients_of_weights_know_no_threads_and_no_segments(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    layout = data.draw(st.sampled_from(["dense", "ragged"]))
    kernels.set_threads(1)
    expected = walk(problem, layout)
    for threads, segment in [(2, 0), (3, 0), (1, data.draw(st.integers(1, 5))), (2, data.draw(st.integers(1, 5)))]:
        kernels.set_threads(threads)
        rows, weights = walk(problem, layout, segment=segment)
        same(weights, expected[1])
        for ours, other in zip(rows, expected[0], strict=True):
            same(ours, other)


@pytest.mark.parametrize("cell", kernels.TRAITS)
@given(data=st.data())
def test_cut_anywhere_in_time(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell, directions=[1]))
    whole, _ = walk(problem)
    cuts = [data.draw(st.integers(0, len(row.x))) for row in problem.rows]
    by_step: Any = ("x", "dy", "keep_h", "keep_c")
    first = [
        row._replace(**{name: getattr(row, name)[:cut] for name in by_step})
        for row, cut in zip(problem.rows, cuts, strict=True)
    ]
    early, _ = walk(problem._replace(rows=first))
    rest = [
        row._replace(h0=was["h_n"], c0=was.get("c_n", row.c0), **{name: getattr(row, name)[cut:] for name in by_step})
        for row, cut, was in zip(problem.rows, cuts, early, strict=True)
    ]
    late, _ = walk(problem._replace(rows=rest))
    for before, after, expected in zip(early, late, whole, strict=True):
        joined = {"y": np.concatenate([before["y"], after["y"]]), **{k: after[k] for k in ("h_n", "c_n") if k in after}}
        same(joined, {name: expected[name] for name in joined})
