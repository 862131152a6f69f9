"""Decoding of a translation: greedy, by a beam, or by sampling.

    greedy  y_t = argmax p        beam  the largest rank score        sample  y_t ~ p, with a seed for each text

See `anaphora.decode`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora import decode
from anaphora.arguments.accept import TRUTH, real, whole
from anaphora.errors import UsageError
from anaphora.tasks.base.python_words import public


@dataclass(frozen=True)
class DecodingOptions:
    """Options of decoding; raises UsageError for an option outside its range, or for two incompatible options."""

    beam: int = 1
    length_penalty: float = 1.0
    coverage: float = 0.0
    no_repeat: int = 0
    best: int = 1  # so many of the beam's translations
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        decode.check_settings(self.temperature, self.top_k, self.top_p)
        if self.beam < 1 or self.length_penalty < 0 or self.coverage < 0 or self.no_repeat < 0:
            raise UsageError(
                "Expected a beam of 1 or more, and a length penalty, a coverage and an n-gram of 0 or more; got"
                f" {self.beam}, {self.length_penalty}, {self.coverage} and {self.no_repeat}."
            )
        if not 1 <= self.best <= self.beam:
            raise UsageError(
                f"--n-best {self.best} is more than a beam of {self.beam} keeps: raise --beam to {self.best}."
            )
        if self.sample and self.beam > 1:
            raise UsageError(
                "--sample draws one translation, and --beam searches for the most probable one: use one of them."
            )

    @property
    def greedy(self) -> bool:
        """Whether each symbol is the most probable one."""
        return not self.sample and self.beam == 1 and not self.coverage and not self.no_repeat

    def __str__(self) -> str:
        """Return the options in the words of a score."""
        decoding = "greedy" if self.greedy else f"beam {self.beam}, length penalty {self.length_penalty:g}"
        return f"{decoding}, coverage {self.coverage:g}" if self.coverage else decoding

    def choice(self, seeds: Sequence[int]) -> decode.ChooseTokens:
        """Return the function that picks the next symbols: the most probable, or drawn with the seed of the row."""
        if self.greedy:
            return decode.likeliest
        drawn = [np.random.default_rng([self.seed, seed]) for seed in seeds]

        def choose(logits: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
            likely = (decode.distribution(row, self.temperature, self.top_k, self.top_p) for row in logits)
            return np.array([decode.draw(p, drawn[row]) for p, row in zip(likely, rows.tolist(), strict=True)])

        return choose


GREEDY = DecodingOptions()
_RULES = {
    "beam": whole(least=1), "length_penalty": real(least=0), "coverage": real(least=0), "no_repeat": whole(least=0),
    "best": whole(least=1), "sample": TRUTH, "temperature": real(least=0), "top_k": whole(least=0),
    "top_p": real(above=0, most=1), "seed": whole(least=0),
}  # fmt: skip


def decoding_options(given: Mapping[str, Any]) -> DecodingOptions:
    """Return the options with these names; raises UsageError for an unknown name, and as `DecodingOptions` does."""
    return public(**_RULES)(DecodingOptions)(**given)


class Translation(NamedTuple):
    """An output: its symbols without the end, Σ log p with the end, its rank score (nan without a beam), and whether
    the network ended it; otherwise it stops at its greatest length.
    """

    text: str
    symbols: tuple[int, ...]
    score: float
    rank_score: float
    ended: bool = True
