"""What `Recurrent` refuses: cells that aren't cells, and batches that don't fit, each by its name."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from anaphora.nn import Recurrent
from nn.own_cells import Gru, H, I


class Wrong(Gru):
    """A cell with one thing exchanged."""

    def __init__(self, **methods: Any) -> None:
        super().__init__()
        for name, method in methods.items():
            setattr(self, name, method)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Wrong(inputs=lambda x: x[:1]), r"Wrong.inputs: expected 8 lines, as many as x has, got \[\(1, 3\)\]"),
        (Wrong(initial_state=lambda batch, like: like[:1]), r"Wrong.initial_state: expected 2 rows.*got \[\(1, 3\)\]"),
        (Wrong(step=lambda pre, h: (h[0], h)), r"Wrong.step: expected an output \(2, F\), got \[\(5,\)\]"),
        (Wrong(step=lambda pre, h: (h, h[:, :4])), r"next state of shapes \[\(2, 5\)\], got \[\(2, 4\)\]"),
    ],
)
def test_a_wrong_shape_is_named(cell: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recurrent(cell)(torch.zeros(4, 2, I))


def test_a_wrong_form_is_named() -> None:
    cell = Wrong(step=lambda pre, h: (h, (h,)))
    with pytest.raises(TypeError, match=r"next state as float32 \(rows, 5\), got \(float32 \(rows, 5\)\)"):
        Recurrent(cell)(torch.zeros(4, 2, I))


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected the cell to be a torch\.nn\.Module, got type"):
        Recurrent(Gru)
    with pytest.raises(TypeError, match="expected Linear to have a method inputs and step and initial_state"):
        Recurrent(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("batch", "options", "error", "said"),
    [
        (torch.zeros(4, 2, 1, I), {}, ValueError, "2D or 3D"),
        ("text", {}, TypeError, "got str"),
        (torch.zeros(4, 2, I), {"lengths": [5, 1]}, ValueError, "between 0 and T = 4, got 5 in row 0"),
        (torch.zeros(4, 2, I), {"reset": torch.zeros(2, 4, dtype=torch.bool)}, ValueError, r"reset \(4, 2\)"),
        (torch.zeros(4, 2, I), {"state": torch.zeros(3, H)}, ValueError, r"state of \[\(2, 5\)\], got \[\(3, 5\)\]"),
        (torch.zeros(4, I), {"state": torch.zeros(1, H)}, ValueError, r"state of \[\(1, 5\)\], got \[\(1, 1, 5\)\]"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(batch: Any, options: dict[str, Any], error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        Recurrent(Gru())(batch, **options)


def test_two_directions_want_two_states() -> None:
    layer = Recurrent(Gru(), bidirectional=True)
    with pytest.raises(TypeError, match=r"a pair of states, one for each direction, got float32 \(rows, 5\)"):
        layer(torch.zeros(4, 2, I), torch.zeros(2, H))
