"""Recurrent modules for torch: drop-in for ``torch.nn``, faster on the CPU, at home with rows of different lengths.

    RNN  GRU  LSTM           a stack of layers over whole sequences
    RNNCell GRUCell LSTMCell one step
    Ragged                   rows one after another, no padding

On the CPU in float32 they run anaphora's kernels, under autocast too; on other devices and in other dtypes torch's own.
"""

from __future__ import annotations

from importlib.util import find_spec

from anaphora.errors import MissingExtra

if find_spec("torch") is None:
    raise MissingExtra("train", "anaphora.nn", missing="torch")

from anaphora.nn.cell import GRUCell, LSTMCell, RNNCell
from anaphora.nn.gru import GRU
from anaphora.nn.lstm import LSTM
from anaphora.nn.ragged import Ragged
from anaphora.nn.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell", "Ragged"]
