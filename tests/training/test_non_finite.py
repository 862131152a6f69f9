"""Where a number stopped being finite, in whatever layout rows are brought."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from anaphora.nn.build import build
from anaphora.nn.ragged import Ragged
from anaphora.training.non_finite import explained

TREE = {
    "kind": "stack",
    "name": "model",
    "blocks": [
        {"kind": "embedding", "name": "embedding", "vocabulary": 9, "size": 4},
        {"kind": "gru", "name": "recurrent", "input_size": 4, "hidden_size": 5},
        {"kind": "pooling", "name": "pooling", "over": "max"},
        {"kind": "linear", "name": "output", "input_size": 5, "output_size": 2},
    ],
}
ROWS = [[1, 2, 3, 1], [5], [], [2, 2, 8, 3, 3], [3], [6, 7, 1]]


def loss(model: nn.Module, batch: Any, carry: None) -> tuple[Tensor, None]:
    return model(batch)[0].square().sum(), None


def named(batch: Any, row: int, part: str = "") -> str:
    return f"{part}[{row}]"


def said(spoil: str, entry: Any, batch: Any) -> str:
    torch.manual_seed(0)
    model = build(TREE)
    with torch.no_grad():
        model.get_parameter(spoil)[entry] = torch.nan
    return explained(model, loss, [batch], None, named)


@pytest.mark.parametrize("symbol", [3, 8])
def test_rows_that_lie_end_to_end_are_told_apart(symbol: int) -> None:
    batch = Ragged.from_list([torch.tensor(row, dtype=torch.int64) for row in ROWS])
    hit = [f"embedding[{at}], step {row.index(symbol) + 1}" for at, row in enumerate(ROWS) if symbol in row]
    assert said("embedding.weight", symbol, batch) == f"The output of 'embedding' was not finite: {'; '.join(hit)}."


def test_what_walks_gives_steps_and_what_is_pooled_gives_rows_alone() -> None:
    batch = Ragged.from_list([torch.tensor(row, dtype=torch.int64) for row in ROWS])
    begun = "recurrent[0], step 1; recurrent[1], step 1; recurrent[3], step 1 and 2 more"
    assert said("recurrent.bias_ih_l0", 2, batch) == f"The output of 'recurrent' was not finite: {begun}."
    assert (
        said("output.bias", 1, batch)
        == "The output of 'output' was not finite: output[0]; output[1]; output[2] and 3 more."
    )


def test_rows_side_by_side() -> None:
    batch = torch.tensor([[1, 2, 4], [3, 2, 4], [3, 2, 3]])
    found = "embedding[0], step 2; embedding[2], step 3"
    assert said("embedding.weight", 3, batch) == f"The output of 'embedding' was not finite: {found}."
