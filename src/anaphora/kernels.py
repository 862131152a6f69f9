"""The compiled kernels as numpy functions: pack weights, walk forward, walk back, one linear map.

    y, h_n, c_n = walk(x; W, U, b, h_0, c_0)            forward
    dx, dW, dU, db, dh_0, dc_0 = walk back(dy, dh_n, dc_n)      backward

All arrays are float32 and C-contiguous, indices int64; the caller allocates what is written. What each letter means,
who owns what and in which order each row is summed stands in ``csrc/kernels.h``; ``reference.py`` has the same
functions in plain numpy. Every function releases the GIL while it computes. A wrong shape raises ``ValueError`` naming
the array, what was expected and what came; a wrong dtype or layout raises ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import _kernels
from anaphora.errors import UsageError
from anaphora.lines import Lines, Weights

try:
    _kernels.arch()
    _kernels.get_threads()
except RuntimeError as error:  # ANAPHORA_ARCH or ANAPHORA_THREADS asks for what there is not
    raise UsageError(f"{error}.") from error

CELLS = ("rnn_tanh", "rnn_relu", "gru", "lstm")
GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
SAVED_SLOTS = {"rnn_tanh": 0, "rnn_relu": 0, "gru": 4, "lstm": 5}

Float = NDArray[np.float32]
Packed = _kernels.Packed
PackedLinear = _kernels.PackedLinear

set_threads = _kernels.set_threads
get_threads = _kernels.get_threads
threads_source = _kernels.threads_source
share_threads = _kernels.share_threads
arch = _kernels.arch
buffer = _kernels.buffer


def saved_slots(cell: str) -> int:
    """How many values of size H ``forward`` saves per line: gru r z n m (m = U_n h + b_hn), lstm i f g o c, rnn 0."""
    return SAVED_SLOTS[cell]


def flat(directions: Sequence[Weights]) -> list[Any]:
    """One list of the arrays of all directions, in the order of ``Weights``, as the extension takes them."""
    return [array for direction in directions for array in direction]


def pack(cell: str, directions: Sequence[Weights]) -> Packed:
    """Lay out the weights of one (D = 1) or both directions for the walk; later changes of the arrays are not seen."""
    return _kernels.pack(cell, flat(directions))


def forward(
    packed: Packed,
    x: Float,  # (N, I)
    lines: Lines,
    h0: Float | None,  # (D, B, P), None for zeros
    c0: Float | None,  # (D, B, H), None for zeros
    y: Float,  # (N, D·P)
    h_n: Float,  # (D, B, P)
    c_n: Float | None,  # (D, B, H), lstm only
    saved: Float | None = None,  # (D, N, S·H), S = saved_slots(cell); None when no gradient is wanted
) -> None:
    """Walk every row through its steps; the second direction walks each row from its own end to its start.

    Writes y on the lines in use and the last state of every row: h_0 and c_0 themselves for a row of length 0.
    """
    _kernels.forward(packed, x, *lines, h0, c0, y, h_n, c_n, saved)


def backward(
    cell: str,
    directions: Sequence[Weights],
    x: Float,
    lines: Lines,
    h0: Float | None,
    c0: Float | None,
    y: Float,
    saved: Float,
    dy: Float | None,  # (N, D·P)
    dh_n: Float | None,  # (D, B, P)
    dc_n: Float | None,  # (D, B, H)
    dx: Float | None,  # (N, I), the sum over directions
    dweights: Sequence[Weights] | None,
    dh0: Float | None,
    dc0: Float | None,
) -> None:
    """Backpropagation through time: the gradients of ``forward``, given its arguments, its y and what it saved.

    A gradient that is None counts as zeros, an output that is None is not computed. Lines not in use are not written.
    """
    gradients = [] if dweights is None else flat(dweights)
    _kernels.backward(cell, flat(directions), x, *lines, h0, c0, y, saved, dy, dh_n, dc_n, dx, gradients, dh0, dc0)


def pack_linear(weight: Float, bias: Float | None = None) -> PackedLinear:
    """Lay out W (O, K) and b (O,) for ``linear``."""
    return _kernels.pack_linear(weight, bias)


def linear(packed: PackedLinear, x: Float, y: Float) -> None:
    """y = b + x Wᵀ, each row summed in one order (b, then k ascending) whatever the other rows: x (N, K), y (N, O)."""
    _kernels.linear(packed, x, y)
