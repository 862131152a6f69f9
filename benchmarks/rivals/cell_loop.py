"""A cell unrolled by hand, as users do, and the same under `torch.compile`: the loop as a whole, or its step.

    for x_t in x:   h = cell(x_t, h)                                   rows of one length
    for x_t in x:   h' = cell(x_t, h),   h = m_t h' + (1 − m_t) h      padded rows under a mask

Beside them, a cell that has a parallel form.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from measure.case import Outputs, Problem, Rival, torch_side
from measure.turns import seconds_of


class Loop(torch.nn.Module):
    """The cell's own step in a loop; ``hoisted`` takes its products of all inputs out of it."""

    def __init__(self, cell: Any, mask: Tensor | None, hoisted: bool) -> None:
        super().__init__()
        self.cell = cell
        self.mask = None if mask is None else mask.float().unsqueeze(2)
        self.hoisted = hoisted

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pres = self.each_step(self.cell.inputs(x)) if self.hoisted else (self.cell.inputs(x_t) for x_t in x.unbind(0))
        h, outputs = self.cell.initial_state(x.size(1), x), []
        for t, pre in enumerate(pres):
            y, h = self.advance(pre, h, None if self.mask is None else self.mask[t])
            outputs.append(y)
        return torch.stack(outputs), h

    def advance(self, pre: Any, h: Tensor, m: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step of all rows."""
        y, after = self.cell.step(pre, h)
        return y, after if m is None else m * after + (1 - m) * h

    @staticmethod
    def each_step(pre: Any) -> Any:
        return pre.unbind(0) if isinstance(pre, Tensor) else zip(*(part.unbind(0) for part in pre), strict=True)


class Parallel(torch.nn.Module):
    """The cell's own parallel form."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cell.parallel(x)


def side(name: str, problem: Problem, module: torch.nn.Module, note: str = "") -> Rival:
    """Any of them on the padded batch; what it says past a row's end doesn't count."""
    leaf = problem.x.clone().requires_grad_()
    found = torch_side(name, problem, module, leaf, leaf, problem.dy)

    def outputs() -> Outputs:
        arrays = found.outputs()
        return arrays | {"y": arrays["y"] * problem.mask.numpy()[:, :, None]}

    return found._replace(outputs=outputs, note=note)


def loop(problem: Problem, hoisted: bool = False) -> Loop:
    return Loop(problem.layer.cell, problem.mask if problem.case.ragged else None, hoisted)


def plain(problem: Problem) -> Rival:
    return side("loop", problem, loop(problem))


def hoisted(problem: Problem) -> Rival:
    return side("loop, hoisted", problem, loop(problem, hoisted=True))


def parallel(problem: Problem) -> Rival:
    return side("ours, parallel", problem, Parallel(problem.layer.cell))


def compiled(problem: Problem) -> Rival:
    """The whole hoisted loop compiled, T steps long."""
    return _compiled("torch.compile", problem, "forward")


def compiled_step(problem: Problem) -> Rival:
    """One step compiled, called T times."""
    return _compiled("torch.compile, step", problem, "advance")


def _compiled(name: str, problem: Problem, method: str) -> Rival:
    """The hoisted loop with one method compiled; how long that took is noted."""
    torch._dynamo.reset()
    torch.compiler.config.force_disable_caches = True  # what an earlier run compiled would not count
    warnings.filterwarnings("ignore", message="dynamo_pgo force disabled")
    module: Any = loop(problem, hoisted=True)
    setattr(module, method, torch.compile(getattr(module, method), dynamic=False))
    found = side(name, problem, module)
    return found._replace(note=f"compiled in {seconds_of(found.side):.0f} s")
