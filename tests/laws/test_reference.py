"""The reference is right: in float64 it equals the equations written down once more, row by row, for torch's autograd
to differentiate, and torch.nn where torch knows the cell: values and every gradient to 1e-10. The kernels equal the
reference to the last gate.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from anaphora import kernels
from anaphora.kernels import reference
from anaphora.kernels.row_index import SILENT, Noise, RowIndex
from laws.layers import Layer, Options, pairwise
from laws.oracle import differentiated

CLOSE = 1e-10

LAYOUTS = {
    "ragged": RowIndex.ragged,
    "padded": lambda lengths: RowIndex.dense(max(lengths), len(lengths), lengths),
    "shuffled": lambda lengths: shuffled(lengths),
}


def shuffled(lengths: list[int]) -> RowIndex:
    """Rows laid out in another order than they are counted."""
    steps = np.array(lengths)
    order = np.argsort(np.arange(len(lengths)) * 5 % 7)
    starts = np.zeros(len(steps), np.int64)
    starts[order] = np.cumsum(steps[order]) - steps[order]
    return RowIndex(np.arange(steps.max()), starts, steps)


def walk(
    functions: Any, layer: Layer, lines: RowIndex, clip: float = 0.0, segment: int = 0, dtype: Any = np.float64
) -> dict[str, np.ndarray]:
    """Forward and backward of one layer through a module of functions: everything that it writes, by name."""
    layer = layer.astype(dtype)
    where = lines.row_by_row()
    N = int(where.max(initial=-1)) + 1
    cell, H, directions = layer.options.kernel, layer.H, layer.directions
    D, B, P = layer.h0.shape
    memory = layer.c0 is not None

    def placed(rows: np.ndarray | None) -> np.ndarray | None:
        if rows is None or len(rows) == 1 != len(where):
            return rows
        lines = np.full((N, rows.shape[1]), np.nan, dtype)
        lines[where] = rows
        return lines

    def blank(*shape: int) -> np.ndarray:
        return np.full(shape, np.nan, dtype)

    mask, keep_h, keep_c = layer.noise
    noise = SILENT if layer.options.noise == "none" else Noise(mask, placed(keep_h), placed(keep_c))
    x, dy = placed(layer.x), placed(layer.dy)
    y, h_n, c_n = blank(N, D * P), blank(D, B, P), blank(D, B, H) if memory else None
    segments = -(-lines.time_offset.size // segment) if segment else 0
    slots = functions.saved_slots(cell, noise)
    saved = blank(D, N, slots * H) if not segment else blank(D, segments, B, H) if memory else blank(0)
    packed = functions.pack(cell, directions)
    functions.forward(packed, x, lines, layer.h0, layer.c0, y, h_n, c_n, saved, noise, segment)
    dx, dh0, dc0 = blank(N, layer.x.shape[1]), blank(D, B, P), blank(D, B, H) if memory else None
    dweights = [w._make(None if array is None else np.full_like(array, np.nan) for array in w) for w in directions]
    given = (cell, directions, x, lines, layer.h0, layer.c0, y, saved, dy, layer.dh_n, layer.dc_n)
    functions.backward(*given, dx, dweights, dh0, dc0, noise, clip, segment)
    found = {"y": y[where], "h_n": h_n, "dx": dx[where], "h_0": dh0, "saved": saved if segment else saved[:, where]}
    if memory:
        found |= {"c_n": c_n, "c_0": dc0}
    for d, group in enumerate(dweights):
        found |= {f"{name} {d}": value for name, value in group._asdict().items() if value is not None}
    return found


def agree(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float) -> None:
    """All values within the tolerance, relative to the largest of a name where that is more than 1."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        bound = tolerance * max(1.0, np.abs(value).max(initial=0))
        np.testing.assert_allclose(found[name], value, rtol=0, atol=bound, err_msg=name)


CELLS = [*kernels.TRAITS, "lstm_projected"]
NOISES = ("none", "mask", "zoneout", "all")
EQUATIONS = [
    Options(cell, D, bias, noise)
    for cell, D, bias, noise in itertools.product(CELLS, (1, 2), (False, True), NOISES)
    if cell != "lstm_projected" or noise in ("none", "mask")
]


@pytest.mark.parametrize("options", EQUATIONS, ids=str)
def test_reference_equals_its_equations(options: Options) -> None:
    layer = Layer.random(options, I=4, H=5, lengths=[3, 0, 4, 1])
    free = walk(reference, layer, RowIndex.ragged(layer.lengths))
    saved = free.pop("saved")
    assert not np.isnan(saved).any()
    agree(free, differentiated(layer), CLOSE)
    limit = 0.15
    held = walk(reference, layer, RowIndex.ragged(layer.lengths), clip=limit)
    np.testing.assert_array_equal(held.pop("saved"), saved)
    agree(held, differentiated(layer, limit), CLOSE)
    assert not np.allclose(held["w_hh 0"], free["w_hh 0"], atol=1e-3), "nothing was clipped"


@pytest.mark.parametrize("cell", CELLS)
def test_checkpoints_are_the_memories_before_each_segment(cell: str) -> None:
    noise = "none" if cell == "lstm_projected" else "all"
    layer = Layer.random(Options(cell, 2, True, noise), I=3, H=4, lengths=[6, 0, 5, 1, 7])
    lines = RowIndex.ragged(layer.lengths)
    whole = walk(reference, layer, lines)
    slots = whole.pop("saved")
    for segment in (1, 3, 7, 100):
        cut = walk(reference, layer, lines, segment=segment)
        checkpoints = cut.pop("saved")
        for name, value in whole.items():
            np.testing.assert_array_equal(cut[name], value, err_msg=name)
        if cell != "lstm_projected" and not kernels.TRAITS[cell].memories:
            assert checkpoints.shape == (0,)
            continue
        for d, j, b in np.ndindex(checkpoints.shape[:3]):
            step, T, start = j * segment, layer.lengths[b], sum(layer.lengths[:b])
            if step == 0 < T:
                np.testing.assert_array_equal(checkpoints[d, j, b], layer.c0[d, b])
            elif step < T:
                line = start + (T - step if d == 1 else step - 1)
                slot = -1 if noise == "all" else 4
                np.testing.assert_array_equal(checkpoints[d, j, b], slots[d, line].reshape(-1, layer.H)[slot])


TORCHS = {"rnn_tanh": "RNN", "rnn_relu": "RNN", "gru": "GRU", "lstm": "LSTM", "lstm_projected": "LSTM"}


def torch_module(layer: Layer) -> torch.nn.RNNBase:
    """Torch's own layer with these weights."""
    kind, more = TORCHS[layer.options.cell], {}
    if kind == "RNN":
        more["nonlinearity"] = layer.options.cell.removeprefix("rnn_")
    if layer.options.cell == "lstm_projected":
        more["proj_size"] = layer.h0.shape[2]
    D, I = len(layer.directions), layer.x.shape[1]
    module = getattr(torch.nn, kind)(
        I, layer.H, bias=layer.options.bias, bidirectional=D == 2, dtype=torch.float64, **more
    )
    for d, w in enumerate(layer.directions):
        for name, array in w._asdict().items():
            if array is not None:
                getattr(module, torch_name(name, d)).data = torch.from_numpy(array)
    return module


def torch_name(name: str, d: int) -> str:
    kind, part = name.split("_")
    return f"{'weight' if kind == 'w' else 'bias'}_{part}_l0{'_reverse' if d else ''}"


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("D", [1, 2])
@pytest.mark.parametrize("cell", TORCHS)
def test_reference_equals_torch_in_float64(cell: str, D: int, bias: bool) -> None:
    layer = Layer.random(Options(cell, D, bias), I=4, H=9, lengths=[3, 6, 1, 4])
    found = walk(reference, layer, RowIndex.ragged(layer.lengths))
    del found["saved"]
    module = torch_module(layer)
    states = [torch.from_numpy(s).requires_grad_() for s in (layer.h0, layer.c0) if s is not None]
    x = torch.from_numpy(layer.x).requires_grad_()
    outputs: list[Tensor] = []
    ends: list[list[Tensor]] = []
    for b, row in enumerate(x.split(layer.lengths)):
        mine = [state[:, b] for state in states]
        output, end = module(row, mine[0] if len(mine) == 1 else tuple(mine))
        outputs.append(output)
        ends.append(list(end) if isinstance(end, tuple) else [end])
    finals = [torch.stack(column, dim=1) for column in zip(*ends, strict=True)]
    y = torch.cat(outputs)
    arrived = [torch.from_numpy(a) for a in (layer.dy, layer.dh_n, layer.dc_n) if a is not None]
    sum((value * d).sum() for value, d in zip((y, *finals), arrived, strict=True)).backward()
    expected = dict(zip(("y", "h_n", "c_n"), (y, *finals), strict=False))
    expected |= dict(zip(("dx", "h_0", "c_0"), (x.grad, *[s.grad for s in states]), strict=False))
    for d, w in enumerate(layer.directions):
        for name, array in w._asdict().items():
            if array is not None:
                expected[f"{name} {d}"] = getattr(module, torch_name(name, d)).grad
    agree(found, {name: value.detach().numpy() for name, value in expected.items()}, CLOSE)


KERNELS = pairwise(
    {
        "cell": CELLS,
        "D": [1, 2],
        "bias": [False, True],
        "noise": ["none", "mask", "zoneout", "expected", "hidden", "memory", "all"],
        "clip": [0.0, 0.15],
        "segment": [0, 1, 3, 100],
        "layout": list(LAYOUTS),
        "H": [1, 9, 16, 33],
    }
)


@pytest.mark.parametrize("choice", KERNELS, ids=lambda choice: "-".join(map(str, choice.values())))
def test_kernels_equal_the_reference_to_the_last_gate(choice: dict[str, Any]) -> None:
    options = Options(choice["cell"], choice["D"], choice["bias"], choice["noise"])
    layer = Layer.random(options, I=4, H=choice["H"], lengths=[3, 6, 0, 1, 4, 5]).astype(np.float32)
    lines = LAYOUTS[choice["layout"]](layer.lengths)
    how = {"clip": choice["clip"], "segment": choice["segment"]}
    found = walk(kernels, layer, lines, **how, dtype=np.float32)
    expected = walk(reference, layer, lines, **how)
    if choice["segment"]:
        whole = walk(kernels, layer, lines, clip=choice["clip"], dtype=np.float32)
        for name in found.keys() - {"saved"}:
            np.testing.assert_array_equal(found[name], whole[name], err_msg=name)
        reached = ~np.isnan(expected["saved"])
        found["saved"], expected["saved"] = found["saved"][reached], expected["saved"][reached]
    agree(found, expected, 1e-5)


@pytest.mark.parametrize("bias", [False, True])
def test_linear(bias: bool, rng: np.random.Generator) -> None:
    weight, x = rng.normal(size=(13, 29)), rng.normal(size=(7, 29))
    b = rng.normal(size=13) if bias else None
    exact, fast = np.full((7, 13), np.nan), np.full((7, 13), np.nan, np.float32)
    reference.linear(reference.pack_linear(weight, b), x, exact)
    np.testing.assert_allclose(exact, np.einsum("ok,nk->no", weight, x) + (0 if b is None else b), atol=1e-12)
    floats = [None if a is None else a.astype(np.float32) for a in (weight, b, x)]
    kernels.linear(kernels.pack_linear(*floats[:2]), floats[2], fast)
    np.testing.assert_allclose(fast, exact, atol=1e-5)
