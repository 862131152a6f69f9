"""Initial weights other than torch's uniform ones.

    orthogonal_      Uᵀ U = 1, gate by gate (Saxe, McClelland & Ganguli, ICLR 2014): the recurrent product neither
                     enlarges nor shrinks h
    forget_bias_     b_f = value (Gers, Schmidhuber & Cummins, 2000; Jozefowicz, Zaremba & Sutskever, ICML 2015):
                     the memory lasts from the first update on
    chrono_          b_f = log u,  b_i = −b_f,  u ~ U(1, longest − 1) (Tallec & Ollivier, ICLR 2018): memories of all
                     lengths up to the longest dependency

The update gate of a GRU keeps the state, h' = (1 − z) ⊙ n + z ⊙ h, so there b_z takes the place of b_f. Each function
changes a module in place and returns it.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

from anaphora.nn.engine.base import RecurrentBase

Module = TypeVar("Module", bound=RecurrentBase)


@torch.no_grad()
def orthogonal_(module: Module) -> Module:
    """Draw every gate's recurrent weights orthogonal, each (H, P) block of ``weight_hh``.

    Raises TypeError for a module that is not one of anaphora.nn.
    """
    for suffix in _suffixes(module, "orthogonal_"):
        weight = getattr(module, f"weight_hh_{suffix}")
        for block in weight.split(module.hidden_size):
            torch.nn.init.orthogonal_(block)
    return module


@torch.no_grad()
def forget_bias_(module: Module, value: float = 1.0) -> Module:
    """Set the bias (H,) of the forget gate to ``value``: all of it in ``bias_ih``, 0 in ``bias_hh``.

    Raises ValueError for a module without biases or without such a gate, TypeError for a module that is not one of
    anaphora.nn.
    """
    for suffix in _suffixes(module, "forget_bias_"):
        _bias(module, "forget_bias_", _keeper(module, "forget_bias_"), suffix).fill_(value)
    return module


@torch.no_grad()
def chrono_(module: Module, longest: int) -> Module:
    """Draw the biases (H,) of the forget and input gates for dependencies of up to ``longest`` steps.

    Raises ValueError for a module without biases or without such a gate, or if ``longest`` is under 3, TypeError for a
    module that is not one of anaphora.nn.
    """
    if longest < 3:
        raise ValueError(f"chrono_: expected the longest dependency in steps, 3 or more, got {longest}")
    suffixes, keeper = _suffixes(module, "chrono_"), _keeper(module, "chrono_")
    for suffix in suffixes:
        keep = _bias(module, "chrono_", keeper, suffix).uniform_(1, longest - 1).log_()
        if "input" in module.gates:
            _bias(module, "chrono_", "input", suffix).copy_(-keep)
    return module


def _suffixes(module: RecurrentBase, name: str) -> list[str]:
    if not isinstance(module, RecurrentBase):
        raise TypeError(f"{name}: expected a recurrent module of anaphora.nn, got {type(module).__name__}")
    return module.suffixes


def _keeper(module: RecurrentBase, name: str) -> str:
    for gate in ("forget", "update"):
        if gate in module.gates:
            return gate
    raise ValueError(f"{name}: expected a module with a gate that keeps, a GRU or an LSTM, got {type(module).__name__}")


def _bias(module: RecurrentBase, name: str, gate: str, suffix: str) -> Tensor:
    """One gate's part of bias_ih (H,); its part of bias_hh is set to 0."""
    if not module.bias:
        raise ValueError(f"{name}: expected a module with biases, got bias=False")
    H, at = module.hidden_size, module.gates.index(gate)
    getattr(module, f"bias_hh_{suffix}")[at * H : (at + 1) * H] = 0
    bias: Tensor = getattr(module, f"bias_ih_{suffix}")
    return bias[at * H : (at + 1) * H]
