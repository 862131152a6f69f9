"""Suggestions for the size of the data: a preset, and for texts batches, a time limit and a held-out share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anaphora.config.toml import Suggestion


def preset_for(size: int, small: int, large: int) -> str:
    """Return "small" for a size below `small`, "large" above `large`, otherwise "medium"."""
    return "small" if size < small else "large" if size > large else "medium"


@dataclass(frozen=True)
class TextSizes:
    """The sizes that a task suggests for texts, whose units it chooses."""

    small: int  # a shorter text needs only the small preset
    large: int
    batches: int  # in an epoch, at least
    shapes: Sequence[tuple[int, int]]  # rows and steps of a batch, the largest first
    held_out: int  # at most
    minutes: Mapping[str, float]  # by preset

    def suggest(
        self, size: int, steps: int, data: Mapping[str, Any], reasons: Mapping[str, str], limit: str
    ) -> Suggestion:
        """Suggest a config for a text of `size` units, which the network reads in `steps` steps; `data` and `reasons`
        are the task's own, and `limit` is the reason of the time limit.
        """
        preset = preset_for(size, self.small, self.large)
        fitting = [shape for shape in self.shapes if 0.9 * steps >= self.batches * shape[0] * shape[1]]
        batch, bptt = (*fitting, self.shapes[-1])[0]
        training = {"batch": batch, "bptt": bptt, "minutes": self.minutes[preset]}
        found = {
            **reasons,
            "data.encoding": "detected from the first bytes; `anaphora check` reads all of them",
            "training.batch": f"{self.batches} batches or more in one epoch" if fitting else "the text is short",
            "training.minutes": limit,
        }
        if 0.1 * size > self.held_out:
            data = {**data, "valid": float(f"{self.held_out / size:.1g}")}
            found["data.valid"] = "a smaller share of a long text is enough for a precise score"
        return Suggestion(preset, {"data": dict(data), "training": training}, found)
