"""Is the past alone as good beside both sides as it would be by itself? Train it both ways, each in the same time.

    python benchmarks/fill.py TEXT... --minutes 10 [any option of `anaphora train fill`]

First the gap filler as it is, whose forward stack learns for both sides and for the past. Then the same stack with the
past's output alone: a one-sided language model of that size, judged by its own held-out loss, whose every step costs
less, so that it takes more of them. What is printed is what the saved weights score on the held-out part, on the
runtime; the two rows of the past should be alike, or the comparison of both sides with it would not be fair.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anaphora.config import resolve
from anaphora.formatting import columns, duration_text
from anaphora.tasks.fill.data import read
from anaphora.tasks.fill.score import MethodScore
from anaphora.tasks.fill.settings import TASK, FillConfig
from anaphora.tasks.fill.training import FillTraining, logits_of, read_before
from anaphora.tasks.fill.windows import Ids
from anaphora.training import run

AT_ONCE = 1024  # gaps of a validation


class Alone(FillTraining):
    """The past's output on the forward stack, and nothing else."""

    def batch_loss(self, model: nn.Module, batch: Ids, carry: None) -> tuple[Tensor, None]:
        gaps = np.flatnonzero(self.words[batch].reshape(-1))
        targets = torch.from_numpy(batch.reshape(-1)[gaps]).long()
        logits = logits_of(model, "past", gaps, read_before(model, self.hidden(batch))[1])
        return nn.functional.cross_entropy(logits, targets.to(logits.device), reduction="sum"), None

    def validation_loss(self, model: nn.Module) -> float:
        gaps, total = self.validated, 0.0
        before = read_before(model, gaps.rows.padded())[1]
        row, step = gaps.rows.locate(gaps.places)
        at = step * len(gaps.rows.lengths) + row
        for begin in range(0, len(gaps), AT_ONCE):
            logits = logits_of(model, "past", at[begin : begin + AT_ONCE], before)
            targets = torch.from_numpy(gaps.target[begin : begin + AT_ONCE]).to(logits.device)
            total += float(nn.functional.cross_entropy(logits, targets, reduction="sum"))
        return total / len(gaps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", help="text files")
    parser.add_argument("--only", choices=("together", "alone"), help="train one of the two")
    asked, options = parser.parse_known_args()
    config = resolve(FillConfig, TASK.presets, preset=TASK.default_preset, options=options)
    rows = []
    for name, kind in (("together", FillTraining), ("alone", Alone)):
        if asked.only in (None, name):
            began, used = time.monotonic(), time.process_time()
            found = trained(kind(config, read(config, asked.texts)), began)
            wall, processor = duration_text(time.monotonic() - began), duration_text(time.process_time() - used)
            took = f"{wall} ({processor} of the processor)"
            sides = (found.score.both, found.score.past) if kind is FillTraining else (found.score.past,)
            rows += [row(f"{side.name}, trained {name}", side, found.steps, took) for side in sides]
    print("\n".join(columns(["", "accuracy", "top 5", "perplexity", "steps", "time"], rows, right=(1, 2, 3, 4))))


def trained(work: FillTraining, began: float) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return run.train(work, Path(folder) / "model.anaphora", started=began)


def row(name: str, side: MethodScore, steps: int, took: str) -> list[str]:
    figures = [f"{side.accuracy:.4f}", f"{side.top_5:.4f}", f"{side.perplexity:.1f}"]
    return [name, *figures, f"{steps:,}", took]


if __name__ == "__main__":
    main()
