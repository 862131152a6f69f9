"""One layer as the kernels see it: arrays of one cell, with rows, states, noise and the gradients that arrive."""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anaphora import kernels
from anaphora.kernels.row_index import Noise, Weights


@dataclass(frozen=True)
class Options:
    """``noise``: none, mask, zoneout (of h and c, line by line), expected (the same for all lines), hidden or memory
    (zoneout of one), all (a mask and zoneout).
    """

    cell: str
    D: int = 1
    bias: bool = True
    noise: str = "none"

    def __str__(self) -> str:
        return "-".join((self.cell, f"D{self.D}", "bias" if self.bias else "nobias", self.noise))

    @property
    def kernel(self) -> str:
        return self.cell.removesuffix("_projected")

    @property
    def possible(self) -> bool:
        """A memory is kept only where there is one, and a projected state not at all."""
        if self.cell == "lstm_projected":
            return self.noise in ("none", "mask")
        return self.noise != "memory" or kernels.TRAITS[self.cell].memories > 0


@dataclass(frozen=True)
class Layer:
    """Rows stand one after another in x, dy and the noise that comes line by line."""

    options: Options
    H: int
    lengths: list[int]
    directions: list[Weights]
    x: np.ndarray  # (Σ lengths, I)
    h0: np.ndarray  # (D, B, P)
    c0: np.ndarray | None  # (D, B, H)
    dy: np.ndarray  # (Σ lengths, D·P)
    dh_n: np.ndarray
    dc_n: np.ndarray | None
    noise: Noise

    @classmethod
    def random(cls, options: Options, I: int, H: int, lengths: list[int]) -> Layer:
        rng = np.random.default_rng(zlib.crc32(f"{options} {I} {H} {lengths}".encode()))
        cell, D, B, N = options.kernel, options.D, len(lengths), sum(lengths)
        G, memory = kernels.TRAITS[cell].gates, kernels.TRAITS[cell].memories > 0
        P = max(1, H // 2) if options.cell == "lstm_projected" else H

        def vector(count: int, shift: float = 0.0) -> np.ndarray:
            return rng.normal(shift, 0.7, size=count * H)

        def weights() -> Weights:
            return Weights(
                rng.normal(size=(G * H, I)) * I**-0.5,
                rng.normal(size=(G * H, P)) * 1.2 * P**-0.5,
                vector(G) if options.bias else None,
                vector(G, 0.2) if options.bias else None,
                rng.normal(size=(P, H)) * H**-0.5 if options.cell == "lstm_projected" else None,
                vector(kernels.TRAITS[cell].own, 0.4) if kernels.TRAITS[cell].own else None,
            )

        def states() -> tuple[np.ndarray, np.ndarray | None]:
            return rng.normal(size=(D, B, P)), rng.normal(size=(D, B, H)) if memory else None

        def kept(lines: int, width: int) -> np.ndarray:
            """Zoneout draws 0 and 1 while it trains and keeps a fraction of each when it evaluates."""
            shape = (lines, D * width)
            return np.where(rng.random(shape) < 0.4, rng.integers(0, 2, shape), rng.uniform(0.1, 0.7, shape))

        which, lines = options.noise, 1 if options.noise == "expected" else N
        zones = which in ("zoneout", "expected", "all")
        noise = Noise(
            (rng.random((D, B, P)) < 0.6) / 0.6 if which in ("mask", "all") else None,
            kept(lines, P) if zones or which == "hidden" else None,
            kept(lines, H) if memory and (zones or which == "memory") else None,
        )
        directions, (h0, c0), (dh_n, dc_n) = [weights() for _ in range(D)], states(), states()
        x, dy = rng.normal(size=(N, I)), rng.normal(size=(N, D * P))
        return cls(options, H, lengths, directions, x, h0, c0, dy, dh_n, dc_n, noise)

    def astype(self, dtype: Any) -> Layer:
        def cast(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array.astype(dtype)

        return Layer(
            self.options,
            self.H,
            self.lengths,
            [Weights(*map(cast, w)) for w in self.directions],
            *map(cast, (self.x, self.h0, self.c0, self.dy, self.dh_n, self.dc_n)),  # type: ignore[arg-type]
            Noise(*map(cast, self.noise)),
        )


def pairwise(choices: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Few combinations in which every two choices that are possible together meet.

    One pair that is missing, the rest drawn at random: of thirty such the one with most pairs unseen; and so on.
    """
    draw = random.Random(7)

    def possible(some: Mapping[str, Any]) -> bool:
        return Options(some.get("cell", "lstm"), noise=some.get("noise", "none")).possible

    ones = [(name, value) for name, values in choices.items() for value in values]
    missing = [pair for pair in itertools.combinations(ones, 2) if pair[0][0] != pair[1][0] and possible(dict(pair))]
    chosen = []
    while missing:
        found: list[dict[str, Any]] = []
        while len(found) < 30:
            other = {name: draw.choice(values) for name, values in choices.items()} | dict(missing[0])
            found += [other] if possible(other) else []
        seen = [set(itertools.combinations(one.items(), 2)) for one in found]
        best = max(range(30), key=lambda i: sum(pair in seen[i] for pair in missing))
        chosen.append(found[best])
        missing = [pair for pair in missing if pair not in seen[best]]
    return chosen
