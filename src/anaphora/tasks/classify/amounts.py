"""How much is read at once and how often, where nobody says.

    rows of a batch = as many as have about a thousand steps together, a thirtieth of all at most; 16 to 128
    passes          = 40 · (steps of the training part / 100,000)^(−1/4), at most 200

A pass over little data is still about thirty steps of the optimiser. Of little data there is less to learn from each
pass, and a pass is cheap; dropout, averaged weights and the looks at the held-out part keep many of them from doing
harm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.tasks.classify.settings import ClassifyConfig, Training

STEPS = 1000
FEWEST, MOST = 16, 128
SHARE = 1 / 30  # of all rows
PASSES, MOST_PASSES = 40.0, 200.0


def settled(config: ClassifyConfig, lengths: NDArray[np.int64]) -> Training:
    """The knobs of training, with what was left open filled in for rows of these lengths."""
    training = config.training
    filled: dict[str, float] = {}
    if training.batch is None:
        rows = min(STEPS / max(1.0, float(lengths.mean())), SHARE * len(lengths))
        filled["batch"] = int(np.clip(round(rows), FEWEST, MOST))
    if training.epochs is None and training.max_steps is None:
        passes = PASSES * (max(1, int(lengths.sum())) / 100_000) ** -0.25
        filled["epochs"] = round(min(passes, MOST_PASSES), 1)
    return training.model_copy(update=filled)
