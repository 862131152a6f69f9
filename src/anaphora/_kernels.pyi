"""Types of the compiled extension (csrc/module.cpp); `anaphora.kernels` says what each function does."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Float = NDArray[np.float32]
_Index = NDArray[np.int64]

CELLS: dict[str, tuple[int, int, int, int, int]]  # name -> the fields of ``kernels.traits.CellTraits``

class Packed: ...
class PackedLinear: ...

class Stepper:
    def __init__(
        self,
        layers: Sequence[Packed],
        x: _Float,
        states: Sequence[tuple[_Float, _Float | None]],
        y: _Float,
        keeps: Sequence[tuple[_Float | None, _Float | None]] = ...,
    ) -> None: ...
    def step(self) -> None: ...

def pack(cell: str, weights: Sequence[_Float | None]) -> Packed: ...
def forward(
    packed: Packed,
    x: _Float,
    time_offset: _Index,
    row_offset: _Index,
    lengths: _Index,
    h0: _Float | None,
    c0: _Float | None,
    y: _Float,
    h_n: _Float,
    c_n: _Float | None,
    saved: _Float | None,
    mask: _Float | None,
    keep_h: _Float | None,
    keep_c: _Float | None,
    segment: int,
) -> None: ...
def backward(
    cell: str,
    weights: Sequence[_Float | None],
    x: _Float,
    time_offset: _Index,
    row_offset: _Index,
    lengths: _Index,
    h0: _Float | None,
    c0: _Float | None,
    y: _Float,
    saved: _Float,
    dy: _Float | None,
    dh_n: _Float | None,
    dc_n: _Float | None,
    dx: _Float | None,
    dweights: Sequence[_Float | None],
    dh0: _Float | None,
    dc0: _Float | None,
    mask: _Float | None,
    keep_h: _Float | None,
    keep_c: _Float | None,
    clip: float,
    segment: int,
) -> None: ...
def pack_linear(weight: _Float, bias: _Float | None) -> PackedLinear: ...
def linear(packed: PackedLinear, x: _Float, y: _Float) -> None: ...
def buffer(shape: Sequence[int]) -> _Float: ...
def cut(
    time_offset: _Index, row_offset: _Index, lengths: _Index, reset: NDArray[np.bool_]
) -> NDArray[np.int64] | None: ...
def set_threads(n: int, /) -> None: ...
def get_threads() -> int: ...
def share_threads() -> bool: ...
def threads_source() -> str: ...
def arch() -> str: ...
