"""The table of cells in ``csrc/cells.hpp``, as the extension gives it: each cell in numbers."""

from __future__ import annotations

from typing import NamedTuple

from anaphora import _kernels
from anaphora.kernels.row_index import SILENT, Noise


class CellTraits(NamedTuple):
    """One row of the table."""

    gates: int  # G
    saved_slots: int  # values of size H that ``forward`` saves per line, without zoneout
    own: int  # V, vectors of size H beside weights and biases
    memories: int  # M, arrays of size H that a row carries beside h


TRAITS = {name: CellTraits(*row) for name, row in _kernels.CELLS.items()}
CELLS = tuple(TRAITS)


def saved_slots(cell: str, noise: Noise = SILENT) -> int:
    """How many values of size H ``forward`` saves per line: its gates, its memories, the products a normaliser takes.

    gru r z n m (m = U_n h + b_hn), lstm i f g o c, coupled lstm f g o c, rnn none; layer-normalised cells also W x and
    U h, gate by gate. Under zoneout a cell with memories saves them once more, as the next step meets them, and an rnn
    saves its output before zoneout.
    """
    of = TRAITS[cell]
    if of.memories:
        return of.saved_slots + (0 if noise.keep_h is noise.keep_c is None else of.memories)
    return of.saved_slots + (noise.keep_h is not None and not of.saved_slots)
