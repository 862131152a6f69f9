"""The tests' lists have every cell: a cell that is missing from one would not be tested, and nothing would say so."""

from __future__ import annotations

from anaphora import nn
from anaphora.bundle.recurrent_kinds import RECURRENT_CELLS
from anaphora.kernels.traits import TRAITS
from anaphora.nn.variants.variant import Variant
from frozen.layers import CELLS as FROZEN
from frozen.runtimes import _KINDS as FROZEN_KINDS
from laws.cases import MODULES
from nn.operations import CELLS as OPERATIONS
from nn.test_initial import KEEPERS
from nn.test_refusals import VARIANTS as REFUSING
from nn.test_variants import GATES, OWN
from small_models import VARIANTS as SMALL

CLASSES = {name for name in nn.__all__ if isinstance(kind := getattr(nn, name), type) and issubclass(kind, Variant)}
GATED = {name for name in CLASSES if {"forget", "update"} & set(getattr(nn, name).gates)}


def test_every_cell_of_the_kernels() -> None:
    assert set(MODULES) == set(TRAITS)
    assert set(OPERATIONS) == {*TRAITS, "lstm_projected"}


def test_every_module() -> None:
    assert set(MODULES.values()) == {"RNN", "GRU", "LSTM", *CLASSES}
    assert set(OWN) == set(GATES) == set(REFUSING) == CLASSES
    assert set(KEEPERS) == {"GRU", "LSTM", *GATED}
    assert {kind for kind, _ in FROZEN.values()} == set(MODULES.values())


def test_every_kind_of_a_model_file() -> None:
    assert set(SMALL) == set(RECURRENT_CELLS) - {"rnn", "gru", "lstm"}
    assert set(FROZEN_KINDS) == set(RECURRENT_CELLS)
