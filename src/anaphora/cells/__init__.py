"""Worked examples of a cell of one's own.

    MinimalGatedUnit   one gate (Zhou et al. 2016)
    IndRNN             a unit sees no other unit's past (Li et al. 2018)
    MinGRU             gates see no past at all, so that time can be computed in parallel (Feng et al. 2024)

``anaphora.nn.Recurrent`` walks them, ``anaphora.nn.check_cell`` tries them; copy one and change it.
"""

from __future__ import annotations

from anaphora.cells.independent import IndRNN
from anaphora.cells.minimal_gated import MinimalGatedUnit
from anaphora.cells.minimal_gru import MinGRU

__all__ = ["IndRNN", "MinGRU", "MinimalGatedUnit"]
