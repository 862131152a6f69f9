"""One layer of the laws as ``nn``'s operations take it: tensors on lines that are padded, shuffled or ragged."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from anaphora.kernels.row_index import SILENT, Noise, RowIndex
from anaphora.nn.engine.cached_index import CachedIndex
from laws.layers import Layer, Options

CELLS = {  # and the noise that each is tried with
    "rnn_tanh": "mask",
    "rnn_relu": "expected",
    "gru": "all",
    "gru_reset_before": "mask",
    "gru_layer_norm": "zoneout",
    "lstm": "all",
    "lstm_projected": "mask",
    "lstm_peephole": "expected",
    "lstm_coupled": "memory",
    "lstm_layer_norm": "hidden",
}


class Call:
    """The arguments of ``functional.recurrent`` for one layer, its leaves by name, and the gradients that arrive."""

    def __init__(self, options: Options, lengths: list[int], I: int = 3, H: int = 4, dtype: Any = np.float32) -> None:
        self.layer = layer = Layer.random(options, I, H, lengths).astype(dtype)
        self.lines = RowIndex.dense(max(lengths) + 1, len(lengths), lengths)  # time-major; no row takes the last step
        self.where = torch.from_numpy(self.lines.row_by_row())
        self.N = (max(lengths) + 1) * len(lengths)
        self.index = CachedIndex.of(self.lines, self.N)
        self.leaves = {"x": self.laid(layer.x), "h_0": torch.from_numpy(layer.h0)}
        if layer.c0 is not None:
            self.leaves["c_0"] = torch.from_numpy(layer.c0)
        for d, weights in enumerate(layer.directions):
            for name, weight in weights._asdict().items():
                if weight is not None:
                    self.leaves[f"{name} {d}"] = torch.from_numpy(weight)
        for leaf in self.leaves.values():
            leaf.requires_grad_()
        arriving = (self.laid(layer.dy), layer.dh_n, layer.dc_n)
        self.arriving = [torch.as_tensor(d) for d in arriving if d is not None]
        mask, *keeps = layer.noise
        if options.noise != "none":
            placed = (
                None if keep is None else self.laid(keep) if len(keep) > 1 else torch.as_tensor(keep) for keep in keeps
            )
            self.noise = Noise(None if mask is None else torch.as_tensor(mask), *placed)
        else:
            self.noise = SILENT

    def laid(self, rows: np.ndarray) -> Tensor:
        """Rows one after another on this call's lines; what lies on the others must not matter."""
        return torch.full((self.N, rows.shape[1]), 7.0, dtype=torch.as_tensor(rows).dtype).index_copy(
            0, self.where, torch.from_numpy(rows)
        )

    def given(self, leaves: dict[str, Tensor] | None = None) -> tuple[Any, ...]:
        """cell, x, weights, directions, index, h_0, c_0, noise."""
        leaves = self.leaves if leaves is None else leaves
        names = [f"{name} {d}" for d, w in enumerate(self.layer.directions) for name in w._fields]
        weights = [leaves.get(name) for name in names]
        D = len(self.layer.directions)
        states = (leaves["h_0"], leaves.get("c_0"))
        return (self.layer.options.kernel, leaves["x"], weights, D, self.index, *states, self.noise)

    def run(self, operation: Any, clip: float = 0.0, segment: int = 0) -> dict[str, Tensor]:
        """Every output and every gradient, by name."""
        outputs = self.outputs(operation(*self.given(), clip, segment))
        found = torch.autograd.grad(list(outputs.values()), list(self.leaves.values()), self.arriving)
        return {name: y.detach() for name, y in outputs.items()} | dict(zip(self.leaves, found, strict=True))

    def outputs(self, results: tuple[Tensor, ...]) -> dict[str, Tensor]:
        names = ("y", "h_n", "c_n") if self.layer.c0 is not None else ("y", "h_n")
        return dict(zip(names, results, strict=False))


def close(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    """All values within the tolerance, relative to the largest of a name where that is more than 1."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        bound = tolerance * max(1.0, float(value.detach().abs().max())) if value.numel() else 0.0
        torch.testing.assert_close(
            found[name].to(value.dtype), value, rtol=0, atol=bound, msg=lambda m, n=name: f"{n}: {m}"
        )


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """The same bits."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
