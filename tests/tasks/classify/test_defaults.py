"""What is filled in where nobody says how much is read at once, and how often."""

from __future__ import annotations

import numpy as np
import pytest

from anaphora.config import resolve
from anaphora.tasks.classify.network import BATCH_DEFAULTS
from anaphora.tasks.classify.settings import PRESETS, ClassifyConfig, Training
from anaphora.training import defaults


def with_defaults(config: ClassifyConfig, lengths: np.ndarray) -> Training:
    return defaults.with_defaults(config.training, lengths, BATCH_DEFAULTS)


@pytest.mark.parametrize(
    ("rows", "length", "batch", "epochs"),
    [
        (18_000, 7, 128, 37.8),  # names
        (9_600, 21, 48, 33.6),  # sentences
        (25_000, 230, 16, 14.5),  # reviews
        (1_000, 50, 20, 47.6),
        (1_437, 8, 48, 68.7),  # series of a digit's eight lines: a thirtieth
        (10_000, 0, 128, 200.0),
        (100, 0, 16, 200.0),
    ],
)
def test_short_rows_make_larger_batches_and_few_data_more_passes(
    rows: int, length: int, batch: int, epochs: float
) -> None:
    training = with_defaults(ClassifyConfig(), np.full(rows, length))
    assert (training.batch, training.epochs) == (batch, epochs)


def test_what_is_said_holds() -> None:
    lengths = np.full(1000, 20)
    said = resolve(ClassifyConfig, PRESETS, options=["--batch", "7", "--epochs", "2.5"])
    assert with_defaults(said, lengths) == said.training
    steps = with_defaults(resolve(ClassifyConfig, PRESETS, options=["--max-steps", "9"]), lengths)
    assert (steps.epochs, steps.max_steps) == (None, 9)
