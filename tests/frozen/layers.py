"""The record of the kernels: outputs, last states and every gradient of each layer of `anaphora.nn`, in many setups.

Weights, inputs and what arrives from above are drawn from one generator per setup; masks of noise from torch's.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from frozen import digest, normal
from frozen.doors import nn

Records = dict[str, list[str]]
CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "rnn-tanh": ("RNN", {}),
    "rnn-relu": ("RNN", {"nonlinearity": "relu"}),
    "gru": ("GRU", {}),
    "gru-reset-before": ("ResetBeforeGRU", {}),
    "gru-layer-norm": ("LayerNormGRU", {}),
    "lstm": ("LSTM", {}),
    "lstm-peephole": ("PeepholeLSTM", {}),
    "lstm-coupled": ("CoupledLSTM", {}),
    "lstm-layer-norm": ("LayerNormLSTM", {}),
}


class Setup(NamedTuple):
    """How a layer is made, changed and called."""

    options: Mapping[str, Any] = MappingProxyType({})
    lengths: tuple[int, ...] = (7,) * 5
    batch: str = "dense"  # dense, ragged, lengths or one
    states: bool = False
    reset: bool = False
    change: Callable[[Any], Any] | None = None
    H: int = 17
    dtype: torch.dtype = torch.float32
    evaluating: bool = False


_ROWS = (4, 0, 8, 1, 7, 0, 7)
_LONG = (61, 3, 130, 17)
_DEEP = {"num_layers": 2, "bidirectional": True}
SETUPS = {
    "plain": Setup(),
    "one step of one row": Setup(lengths=(1,), states=True),
    "one row": Setup(batch="one", lengths=(9,), states=True),
    "batch first, without bias": Setup({"batch_first": True, "bias": False}, states=True),
    "two layers both ways": Setup(_DEEP, states=True),
    "two layers both ways, dropout": Setup({**_DEEP, "dropout": 0.4}, batch="ragged", lengths=_ROWS),
    "rows of unlike lengths": Setup(batch="ragged", lengths=_ROWS, states=True),
    "padded rows both ways": Setup({"bidirectional": True}, batch="lengths", lengths=_ROWS, states=True),
    "long rows": Setup(batch="ragged", lengths=_LONG, H=64),
    "many rows": Setup({"bidirectional": True}, lengths=(12,) * 37, H=33),
    "wide": Setup(lengths=(5,) * 3, H=130),
    "narrow": Setup(lengths=(6,) * 3, H=8, states=True),
    "resets": Setup({"bidirectional": True}, batch="ragged", lengths=_LONG, reset=True, states=True),
    "zoneout": Setup(_DEEP, batch="ragged", lengths=_ROWS, change=lambda layer: nn.zoneout(layer, 0.3, 0.4)),
    "zoneout, evaluating": Setup(states=True, change=lambda layer: nn.zoneout(layer, 0.3, 0.4), evaluating=True),
    "weight drop": Setup({"num_layers": 2}, states=True, change=lambda layer: nn.weight_drop(layer, 0.3)),
    "recurrent dropout": Setup(batch="ragged", lengths=_ROWS, change=lambda layer: nn.recurrent_dropout(layer, 0.3)),
    "learned state": Setup(_DEEP, batch="ragged", lengths=_ROWS, change=lambda layer: nn.learned_state(layer)),
    "limited gradients": Setup(lengths=_LONG, batch="ragged", change=lambda layer: nn.clip_gradients(layer, 0.1)),
    "recomputed": Setup(_DEEP, lengths=_LONG, batch="ragged", change=lambda layer: nn.recompute(layer, 3)),
    "float64": Setup(_DEEP, batch="ragged", lengths=_ROWS, states=True, dtype=torch.float64),
}
PROJECTED = {
    "projected": Setup({"proj_size": 6, **_DEEP}, batch="ragged", lengths=_ROWS, states=True),
    "projected, long, resets": Setup({"proj_size": 9}, batch="ragged", lengths=_LONG, reset=True, H=40),
}


def records() -> Records:
    """A file per cell: of each setup every tensor."""
    found: Records = {}
    for name, (kind, options) in CELLS.items():
        setups = SETUPS | (PROJECTED if kind == "LSTM" else {})
        of_cell = {each: tensors(kind, options, setup, f"{name} {each}") for each, setup in setups.items()}
        of_cell["as first drawn"] = first_weights(kind, options)
        found[f"layers/{name}.json"] = normal.lay_out(of_cell)
    return found


def tensors(kind: str, options: dict[str, Any], setup: Setup, name: str) -> dict[str, str]:
    """Digests of output, states, gates and gradients of one layer in one setup."""
    draw = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    layer = getattr(nn, kind)(5, setup.H, **options, **setup.options).to(setup.dtype)
    layer = layer if setup.change is None else setup.change(layer)
    layer.train(not setup.evaluating)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draw) * (weight.shape[-1] ** -0.5 + 0.1))
    rows = [torch.randn(length, 5, generator=draw).to(setup.dtype) for length in setup.lengths]
    batch, keywords, source = brought(rows, setup, draw)
    given = states(layer, setup, draw) if setup.states else []
    torch.manual_seed(11)
    output, ended = layer(batch, _one_or_pair(given), **keywords)
    lines = output.data if isinstance(output, nn.Ragged) else output
    ends = list(ended) if isinstance(ended, tuple) else [ended]
    above = [torch.randn(each.shape, generator=draw).to(setup.dtype) for each in (lines, *ends)]
    sum((each * d).sum() for each, d in zip((lines, *ends), above, strict=True)).backward()
    found = {"output": lines, **dict(zip(("h", "c"), ends, strict=False)), "d input": source.grad}
    found |= {f"d {part}_0": each.grad for part, each in zip("hc", given, strict=False)}
    found |= by_layer({part: weight.grad for part, weight in layer.named_parameters()}, "d ")
    if setup.dtype == torch.float32 and not layer.training:
        seen = nn.inspect(layer, batch, _one_or_pair(given), **keywords)
        found |= {f"inspected {i}": each for i, each in enumerate(flat(seen))}
    return {part: digest.of_array(each) for part, each in found.items() if each is not None}


def brought(rows: list[Tensor], setup: Setup, draw: torch.Generator) -> tuple[Any, dict[str, Any], Tensor]:
    """Rows as the setup calls for them, the keywords that go with them, and the leaf that gradients arrive at."""
    if setup.batch == "one":
        source = rows[0].requires_grad_()
        return source, {}, source
    lengths = torch.tensor(setup.lengths)
    if setup.batch == "ragged":
        source = torch.cat(rows).requires_grad_()
        keywords = {"reset": torch.rand(len(source), generator=draw) < 0.2} if setup.reset else {}
        return nn.Ragged(source, lengths), keywords, source
    first = bool(setup.options.get("batch_first"))
    source = torch.nn.utils.rnn.pad_sequence(rows, batch_first=first).requires_grad_()
    return source, {"lengths": lengths} if setup.batch == "lengths" else {}, source


def states(layer: Any, setup: Setup, draw: torch.Generator) -> list[Tensor]:
    """The states that rows begin with."""
    lines = layer.num_layers * (2 if layer.bidirectional else 1)
    rows = () if setup.batch == "one" else (len(setup.lengths),)
    widths = [getattr(layer, "proj_size", 0) or setup.H, *([setup.H] if layer.has_memory else [])]
    drawn = [torch.randn(lines, *rows, width, generator=draw).to(setup.dtype) for width in widths]
    return [each.requires_grad_() for each in drawn]


def _one_or_pair(given: list[Tensor]) -> Any:
    return None if not given else given[0] if len(given) == 1 else tuple(given)


def flat(seen: Any) -> list[Tensor]:
    """The tensors in nested tuples, in order."""
    if isinstance(seen, Tensor):
        return [seen]
    return [tensor for part in seen if part is not None for tensor in flat(part)] if isinstance(seen, tuple) else []


def first_weights(kind: str, options: dict[str, Any]) -> dict[str, str]:
    """The weights that a new layer draws, and those of the named initialisations."""
    torch.manual_seed(3)
    layer = getattr(nn, kind)(4, 6, num_layers=2, bidirectional=True, **options)
    found = {name: digest.of_array(each) for name, each in by_layer(dict(layer.named_parameters()), "").items()}
    for change in (nn.orthogonal_, nn.forget_bias_, lambda layer: nn.chrono_(layer, 50)):
        torch.manual_seed(4)
        try:
            change(layer)
        except (TypeError, ValueError) as error:
            found[f"refused {len(found)}"] = str(error)
    named = by_layer(dict(layer.named_parameters()), "initialised ")
    return found | {name: digest.of_array(each) for name, each in named.items()}


def by_layer(named: dict[str, Tensor], what: str) -> dict[str, Tensor]:
    """Weights or their gradients as one row of numbers per layer and direction, in their order: l0, l0_reverse, …"""
    found: dict[str, list[Tensor]] = {}
    for name, tensor in named.items():
        layer = name[name.rindex("_l") + 1 :] if "_l" in name else name
        found.setdefault(f"{what}{layer}", []).append(tensor.detach().flatten())
    return {name: torch.cat(tensors) for name, tensors in found.items()}
