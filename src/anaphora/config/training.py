"""The section of a config with the fields of training that every task shares."""

from __future__ import annotations

from typing import Any, Literal

from anaphora.config.declare import ConfigSection
from anaphora.config.network import option

EPOCHS = option(None, "maximum number of epochs; not set: chosen by the amount of data, fewer for more data", gt=0)


def averaged(share: float) -> Any:
    """Return the field for averaged weights, with its default."""
    meaning = "weight averaging over this last share of the run; the better of raw and averaged weights is kept; 0: off"
    return option(share, meaning, ge=0, le=1)


def decayed(rate: float) -> Any:
    """Return the field for weight decay, with its default."""
    meaning = "weight decay of AdamW, on weight matrices only (not on biases, embeddings and normalisation)"
    return option(rate, meaning, ge=0, le=10)


class Training(ConfigSection):
    """The fields of training that every task shares; a task adds the size of its batches."""

    learning_rate: float = option(3e-3, "peak learning rate of AdamW, after the warm-up", gt=0, le=10)
    final_rate: float = option(0.02, "learning rate of the last step, as a share of learning_rate", ge=0, le=1)
    warmup: float = option(0.02, "share of all steps in which the learning rate rises linearly from zero", ge=0, le=1)
    weight_decay: float = decayed(0.05)
    beta1: float = option(0.9, "AdamW's β₁, decay rate of the gradient's mean", ge=0, lt=1)
    beta2: float = option(0.99, "AdamW's β₂, decay rate of the squared gradient's mean", ge=0, lt=1)
    clip: float = option(1.0, "maximum norm of the gradient; 0: no clipping", ge=0)
    average: float = averaged(0.0)
    minutes: float | None = option(None, "time limit of the whole command in minutes, including the final score", gt=0)
    max_steps: int | None = option(None, "maximum number of optimiser steps", ge=1)
    epochs: float | None = option(
        None, "maximum number of epochs; 10 if epochs, minutes and max_steps are all not set", gt=0
    )
    folds: int | None = option(
        None,
        "cross-validation: train once for each of this many folds, which is the test of that training, before the"
        " model is trained on all data",
        ge=2,
    )
    evaluations: int = option(20, "number of validation passes, evenly spaced over the run", ge=1, le=10**6)
    accumulate: int = option(1, "gradient accumulation: number of batches per optimiser step", ge=1, le=2**16)
    checkpoint_minutes: float = option(
        5.0, "minutes between checkpoints; each validation writes a checkpoint, too", gt=0
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "device for training; auto: a CUDA GPU if there is one, else the CPU"
    )
    precision: Literal["float32", "bfloat16"] = option(
        "float32", "precision of matrix products; bfloat16 (mixed with float32) is for GPUs"
    )
    patience: int = option(
        0, "early stopping: number of validations without improvement before training stops; 0: off", ge=0
    )
    seed: int = option(0, "random seed of initial weights, dropout and data order", ge=0, lt=2**63)
