"""Every name of anaphora, and of the other tests, that the frozen record goes through.

These are the public doors: the program's `main`, `import anaphora`, its `nn` and its `runtime`. Whatever else is needed
stands here too, so that a module that moves is followed in this one file.
"""

from __future__ import annotations

import anaphora
from anaphora import nn, runtime
from anaphora.bundle import write as write_bundle
from anaphora.bundle.spec import check as check_tree
from anaphora.bundle.spec import tensors as tree_tensors
from anaphora.cells.independent import IndRNN
from anaphora.cells.minimal_gated import MinimalGatedUnit
from anaphora.cells.minimal_gru import MinGRU
from anaphora.cli import main
from anaphora.errors import Interrupted
from anaphora.kernels import arch
from bad.planted import CLASSIFY, LANGUAGE, Planted, plant
from bad.planted_pairs import FILL, TRANSLATE
from bad.planted_tags import TAG

PLANTED: dict[str, list[Planted]] = {
    "language": LANGUAGE,
    "classify": CLASSIFY,
    "tag": TAG,
    "fill": FILL,
    "translate": TRANSLATE,
}
OWN_CELLS = (IndRNN, MinimalGatedUnit, MinGRU)  # the worked examples

__all__ = [
    "OWN_CELLS",
    "PLANTED",
    "Interrupted",
    "anaphora",
    "arch",
    "check_tree",
    "main",
    "nn",
    "plant",
    "runtime",
    "tree_tensors",
    "write_bundle",
]
