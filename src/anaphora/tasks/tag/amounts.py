"""How much is read at once and how often, where nobody says.

    sentences of a batch = as many as have about 500 words together, 8 to 64
    passes               = 15 · (words of the training part / 200,000)^(−1/4), 4 to 60

A small batch makes more steps of the same time, and words of little data must be met more often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.tasks.tag.settings import TagConfig, Training

WORDS = 500
FEWEST, MOST = 8, 64
PASSES, LEAST_PASSES, MOST_PASSES = 15.0, 4.0, 60.0


def settled(config: TagConfig, lengths: NDArray[np.int64]) -> Training:
    """The knobs of training, with what was left open filled in for sentences of these lengths."""
    training = config.training
    filled: dict[str, float] = {}
    if training.batch is None:
        filled["batch"] = int(np.clip(round(WORDS / max(1.0, float(lengths.mean()))), FEWEST, MOST))
    if training.epochs is None and training.max_steps is None:
        passes = PASSES * (max(1, int(lengths.sum())) / 200_000) ** -0.25
        filled["epochs"] = round(float(np.clip(passes, LEAST_PASSES, MOST_PASSES)), 1)
    return training.model_copy(update=filled)
