"""Worked examples of a custom cell.

    MinimalGatedUnit   one gate (Zhou et al. 2016)
    IndRNN             each unit depends on its own past alone (Li et al. 2018)
    MinGRU             gates depend on the input alone, so all steps can run at once (Feng et al. 2024)

``anaphora.nn.Recurrent`` walks them through time, and ``anaphora.nn.check_cell`` tests them. Copy one and change it.
"""

from __future__ import annotations

from anaphora.cells.independent import IndRNN
from anaphora.cells.minimal_gated import MinimalGatedUnit
from anaphora.cells.minimal_gru import MinGRU

__all__ = ["IndRNN", "MinGRU", "MinimalGatedUnit"]
