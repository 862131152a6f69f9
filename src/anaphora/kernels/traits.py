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
    zoneout_slots: int  # values of size H that ``forward`` saves besides under zoneout


TRAITS = {name: CellTraits(*row) for name, row in _kernels.CELLS.items()}


# The names of a cell's own vectors in modules and bundles: name -> how many of size H, in the order of the kernels.
OWN_VECTORS: dict[str, dict[str, int]] = {
    "gru_layer_norm": {"gain_ih": 3, "gain_hh": 3},
    "lstm_peephole": {"weight_peephole": 3},
    "lstm_layer_norm": {"gain_ih": 4, "gain_hh": 4, "gain_c": 1, "shift_c": 1},
}
for _cell, _traits in TRAITS.items():
    assert sum(OWN_VECTORS.get(_cell, {}).values()) == _traits.own, f"OWN_VECTORS: {_cell} has {_traits.own} vectors"


def saved_slots(cell: str, noise: Noise = SILENT) -> int:
    """Return how many values of size H ``forward`` saves per line.

    They are the gates, the memories, and the products that a normaliser takes:
    gru r z n m (m = U_n h + b_hn), lstm i f g o c, coupled lstm f g o c, rnn none; layer-normalised cells also W x and
    U h, gate by gate. Under zoneout a cell with memories saves them once more, as the next step meets them, and an rnn
    saves its output before zoneout.
    """
    of = TRAITS[cell]
    return of.saved_slots + (0 if noise.keep_h is noise.keep_c is None else of.zoneout_slots)
