"""The way back: one operation, nothing made for gradients that don't arrive, nothing marked that isn't there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from anaphora import kernels
from anaphora.nn import functional
from laws.layers import Options
from nn.operations import CELLS, Call

LENGTHS = [3, 0, 5, 1]
BOTH = [Options(cell, 2, True, noise) for cell, noise in CELLS.items()]
WITHOUT_MEMORY = ("aten::detach", "aten::lift_fresh")
ROADS = {"at hand": nullcontext, "by the dispatcher": torch.overrides.BaseTorchFunctionMode}


class Seen(TorchDispatchMode):
    """The names of all operations that run."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, operation: Any, types: Any, given: Any = (), options: Any = None) -> Any:
        self.names.append(operation.name())
        return operation(*given, **(options or {}))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("options", BOTH, ids=str)
def test_gradients_that_do_not_arrive_are_not_made(options: Options, road: str) -> None:
    call = Call(options, LENGTHS)
    with ROADS[road]():
        outputs = call.outputs(functional.recurrent(*call.given(), keep=True))
    for name, arriving in zip(outputs, call.arriving, strict=True):
        with Seen() as seen:
            torch.autograd.grad(outputs[name], list(call.leaves.values()), arriving, retain_graph=True)
        assert [one for one in seen.names if one not in WITHOUT_MEMORY] == ["anaphora::recurrent_backward"], name


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("options", BOTH, ids=str)
def test_what_has_no_gradient_says_so(options: Options, road: str) -> None:
    call = Call(options, LENGTHS)
    with ROADS[road]():
        y, h_n, c_n, saved = functional.recurrent(*call.given(), keep=True)
    assert y.requires_grad
    assert h_n.requires_grad
    assert not saved.requires_grad
    if kernels.TRAITS[options.kernel].memories:
        assert c_n.requires_grad
    else:
        assert c_n is None or (c_n.numel() == 0 and not c_n.requires_grad)
