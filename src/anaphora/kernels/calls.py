"""The compiled kernels as numpy functions: pack weights, walk forward, walk back, one linear map.

    y, h_n, c_n = walk(x; W, U, b, h_0, c_0)            forward
    dx, dW, dU, db, dh_0, dc_0 = walk back(dy, dh_n, dc_n)      backward

All arrays are float32 and C-contiguous, indices int64; torch's CPU tensors are taken as they are. The caller allocates
what is written. What each letter means, who owns what and in which order each row is summed stands in
``csrc/kernels.h``; ``reference.py`` has the same functions in plain numpy. Every function releases the GIL while it
computes. A wrong shape raises ``ValueError`` naming the array, what was expected and what came, and so does memory that
an array to be written shares with any other; a wrong dtype or layout raises ``TypeError``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import _kernels
from anaphora.arguments.accept import check, whole
from anaphora.errors import UsageError
from anaphora.kernels.row_index import SILENT, Noise, RowIndex, Weights

try:
    _kernels.arch()
    _kernels.get_threads()
except RuntimeError as error:  # ANAPHORA_ARCH or ANAPHORA_THREADS asks for what there is not
    raise UsageError(f"{error}.") from error

Float = NDArray[np.float32]
Directions = Sequence[Weights] | Sequence[Sequence[Any]]
Packed = _kernels.Packed
PackedLinear = _kernels.PackedLinear
Stepper = _kernels.Stepper
"""``Stepper(layers, x (B, I), states, y (B, P), keeps=[])`` holds on to its arrays.

Each ``step()`` reads x, replaces the states (for every layer h (1, B, P), and c (1, B, M·H) or None) in place and
writes y, without allocating. ``keeps`` has for every layer keep_h and keep_c, each (1, width), (B, width) or None. The
bits are those of ``forward``.
"""


def set_threads(n: int) -> None:
    """Compute on n threads from now on, whatever torch, the machine and ANAPHORA_THREADS say; no bit depends on it.

    Raises UsageError, which is also a ValueError, for other than a whole number of at least 1.
    """
    check("n", n, whole(least=1))
    _kernels.set_threads(n)


def get_threads() -> int:
    """Return how many threads compute: the number of ``set_threads``, else of torch, else of the processors allowed."""
    return _kernels.get_threads()


def threads_source() -> str:
    """Return the source of that number, in words."""
    return _kernels.threads_source()


def share_threads() -> bool:
    """Work on the process's OpenMP threads from now on, torch's where torch is; False where there are none."""
    return _kernels.share_threads()


def arch() -> str:
    """Return the instruction set that computes: avx512, avx2, baseline or neon; ANAPHORA_ARCH chooses it."""
    return _kernels.arch()


def empty(shape: Sequence[int]) -> Float:
    """Return an array for results, in memory kept between calls, because fresh pages cost more than filling them."""
    return np.empty(shape, np.float32) if math.prod(shape) < _SMALL else _kernels.buffer(shape)


_SMALL = 2**12  # floats below which NumPy's own memory is as good


def flat(directions: Directions) -> list[Any]:
    """Return one list of the arrays of all directions, in the order of ``Weights``, as the extension takes them.

    Arrays of both directions that stand in one list already are taken as they stand.
    """
    return [array for direction in directions for array in direction]


def pack(cell: str, directions: Directions) -> Packed:
    """Lay out the weights of one (D = 1) or both directions for the walk; later changes of the arrays are not seen."""
    return _kernels.pack(cell, flat(directions))


def forward(
    packed: Packed,
    x: Float,  # (N, I), or of any shape that is N lines
    lines: RowIndex,
    h0: Float | None,  # (D, B, P), None for zeros
    c0: Float | None,  # (D, B, M·H), None for zeros
    y: Float,  # (N, D·P)
    h_n: Float,  # (D, B, P)
    c_n: Float | None,  # (D, B, M·H), only a cell with M memories
    saved: Float | None = None,  # (D, N, S·H), with a segment (D, ⌈T/segment⌉, B, M·H); None if no gradient is wanted
    noise: Noise = SILENT,
    segment: int = 0,
) -> None:
    """Walk every row through its steps; the second direction walks each row from its own end to its start.

    Reads x (N, I), h0 (D, B, P) and c0 (D, B, M·H). Writes y (N, D·P) on the lines in use, and the last state of every
    row, h_n (D, B, P) and c_n (D, B, M·H): h0 and c0 themselves for a row of length 0. ``saved`` takes the
    S = ``saved_slots(cell, noise)`` values of each unit that backward needs of every line, (D, N, S·H). With
    ``segment`` = k > 0 it takes only the memories before every k-th step, (D, ⌈T/k⌉, B, M·H), or nothing, (0,), for a
    cell without memories, and backward walks each segment again. ``noise`` are factors of the states (see ``Noise``).
    Raises ValueError for a shape that does not fit.
    """
    _kernels.forward(packed, x, *lines, h0, c0, y, h_n, c_n, saved, *noise, segment)


def backward(
    cell: str,
    directions: Directions,
    x: Float,
    lines: RowIndex,
    h0: Float | None,
    c0: Float | None,
    y: Float,
    saved: Float,
    dy: Float | None,  # (N, D·P)
    dh_n: Float | None,  # (D, B, P)
    dc_n: Float | None,  # (D, B, M·H)
    dx: Float | None,  # (N, I), the sum over directions
    dweights: Directions | None,
    dh0: Float | None,
    dc0: Float | None,
    noise: Noise = SILENT,
    clip: float = 0.0,
    segment: int = 0,
) -> None:
    """Backpropagate through time: compute the gradients of ``forward`` from its arguments, its y and its ``saved``.

    Reads dy (N, D·P), dh_n (D, B, P) and dc_n (D, B, M·H); writes dx (N, I), dweights in the shapes of the weights, dh0
    (D, B, P) and dc0 (D, B, M·H). A gradient that is None counts as zeros, an output that is None is not computed.
    Lines not in use are not written. ``noise`` and ``segment`` are those of ``forward``. With ``clip`` > 0 the gradient
    of every product with x or h is held between −clip and clip at every step. Raises ValueError for a shape that does
    not fit.
    """
    gradients = [] if dweights is None else flat(dweights)
    given = (cell, flat(directions), x, *lines, h0, c0, y, saved, dy, dh_n, dc_n)
    _kernels.backward(*given, dx, gradients, dh0, dc0, *noise, clip, segment)


def pack_linear(weight: Float, bias: Float | None = None) -> PackedLinear:
    """Lay out W (O, K) and b (O,) for ``linear``."""
    return _kernels.pack_linear(weight, bias)


def linear(packed: PackedLinear, x: Float, y: Float) -> None:
    """y = b + x Wᵀ, each row summed in one order (b, then k ascending) whatever the other rows: x (N, K), y (N, O)."""
    _kernels.linear(packed, x, y)
