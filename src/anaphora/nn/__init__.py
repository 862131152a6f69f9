"""Recurrent modules for torch: drop-in for ``torch.nn``, faster on the CPU, for rows of different lengths.

    RNN  GRU  LSTM                   a stack of layers over whole sequences
    LayerNormLSTM  LayerNormGRU      the same, each product normalised over its row
    PeepholeLSTM  CoupledLSTM        gates that depend on the memory; an input gate of 1 − forget
    ResetBeforeGRU                   the GRU of Cho et al. and of Keras
    RNNCell  GRUCell  LSTMCell       one step
    Ragged                           rows one after another, no padding

    zoneout  recurrent_dropout  weight_drop  learned_state  clip_gradients  recompute      change a module, return it
    orthogonal_  forget_bias_  chrono_                                                     draw other initial weights
    inspect                                                                                gates and states of each step

On the CPU in float32 they run anaphora's kernels, under autocast too. On other devices and in other dtypes torch's own
operation runs if torch has the cell, and else the same equations in plain torch.
"""

from __future__ import annotations

from importlib.util import find_spec

from anaphora.errors import MissingExtra

if find_spec("torch") is None:
    raise MissingExtra("train", "anaphora.nn", missing="torch")

from anaphora.nn.cell import GRUCell, LSTMCell, RNNCell
from anaphora.nn.custom.check import check_cell
from anaphora.nn.custom.recurrent import Cell, Recurrent
from anaphora.nn.gru import GRU
from anaphora.nn.initial import chrono_, forget_bias_, orthogonal_
from anaphora.nn.inspection import inspect
from anaphora.nn.lstm import LSTM
from anaphora.nn.modifiers.clipping import clip_gradients
from anaphora.nn.modifiers.learned_state import learned_state
from anaphora.nn.modifiers.recompute import recompute
from anaphora.nn.modifiers.recurrent_dropout import recurrent_dropout
from anaphora.nn.modifiers.weight_drop import weight_drop
from anaphora.nn.modifiers.zoneout import zoneout
from anaphora.nn.ragged import Ragged
from anaphora.nn.rnn import RNN
from anaphora.nn.variants.coupled import CoupledLSTM
from anaphora.nn.variants.layer_norm import LayerNormGRU, LayerNormLSTM
from anaphora.nn.variants.peephole import PeepholeLSTM
from anaphora.nn.variants.reset_before import ResetBeforeGRU

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "CoupledLSTM",
    "GRUCell",
    "LSTMCell",
    "LayerNormGRU",
    "LayerNormLSTM",
    "PeepholeLSTM",
    "RNNCell",
    "Ragged",
    "Recurrent",
    "ResetBeforeGRU",
    "check_cell",
    "chrono_",
    "clip_gradients",
    "forget_bias_",
    "inspect",
    "learned_state",
    "orthogonal_",
    "recompute",
    "recurrent_dropout",
    "weight_drop",
    "zoneout",
]
