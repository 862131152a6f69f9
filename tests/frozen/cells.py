"""The record of single steps, and of cells of one's own that are walked by `nn.Recurrent`."""

from __future__ import annotations

import torch

from frozen import digest, normal
from frozen.doors import OWN_CELLS, nn
from frozen.layers import flat

ROWS = (4, 0, 8, 1, 7, 0, 7)


def records() -> dict[str, list[str]]:
    """One file: of each cell every tensor."""
    return {"layers/steps.json": normal.lay_out({**single_steps(), **own_cells()})}


def single_steps() -> dict[str, dict[str, str]]:
    """The cells that take one step, as `torch.nn` has them."""
    found = {}
    for kind in ("RNNCell", "GRUCell", "LSTMCell"):
        torch.manual_seed(5)
        cell = getattr(nn, kind)(5, 9)
        x = torch.randn(4, 5, requires_grad=True)
        state = cell(x)
        state = cell(x, state)
        ends = flat(state)
        sum((end * (at + 1)).sum() for at, end in enumerate(ends)).backward()
        named = {f"state {at}": end for at, end in enumerate(ends)} | {"d input": x.grad}
        named |= {f"d {name}": weight.grad for name, weight in cell.named_parameters()}
        found[kind] = {name: digest.of_array(tensor) for name, tensor in named.items()}
    return found


def own_cells() -> dict[str, dict[str, str]]:
    """The worked examples of cells, walked both ways over rows of unlike lengths."""
    found = {}
    for kind in OWN_CELLS:
        torch.manual_seed(6)
        layer = nn.Recurrent(kind(5, 9), bidirectional=True)
        source = torch.randn(sum(ROWS), 5, requires_grad=True)
        output, ended = layer(nn.Ragged(source, torch.tensor(ROWS)))
        (output.data.sin().sum() + sum((end * end).sum() for end in flat(ended))).backward()
        named = {"output": output.data, "d input": source.grad}
        named |= {f"state {at}": end for at, end in enumerate(flat(ended))}
        named |= {f"d {name}": weight.grad for name, weight in layer.named_parameters()}
        found[kind.__name__] = {name: digest.of_array(tensor) for name, tensor in named.items()}
    return found
