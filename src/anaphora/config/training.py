"""The section of a config with the fields of training that every task shares."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from anaphora.config.declare import ConfigSection


def averaged(share: float) -> Any:
    """Return the field for averaged weights, with its default."""
    meaning = "weight averaging over this last share of the run; the better of raw and averaged weights is kept; 0: off"
    return Field(default=share, ge=0, le=1, description=meaning)


def decayed(rate: float) -> Any:
    """Return the field for weight decay, with its default."""
    meaning = "weight decay of AdamW, on weight matrices only (not on biases, embeddings and normalisation)"
    return Field(default=rate, ge=0, le=10, description=meaning)


class Training(ConfigSection):
    """The fields of training that every task shares; a task adds the size of its batches."""

    learning_rate: float = Field(
        default=3e-3, gt=0, le=10, description="peak learning rate of AdamW, after the warm-up"
    )
    final_rate: float = Field(
        default=0.02, ge=0, le=1, description="learning rate of the last step, as a share of learning_rate"
    )
    warmup: float = Field(
        default=0.02, ge=0, le=1, description="share of all steps in which the learning rate rises linearly from zero"
    )
    weight_decay: float = decayed(0.05)
    beta1: float = Field(default=0.9, ge=0, lt=1, description="AdamW's β₁, decay rate of the gradient's mean")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="AdamW's β₂, decay rate of the squared gradient's mean")
    clip: float = Field(default=1.0, ge=0, description="maximum norm of the gradient; 0: no clipping")
    average: float = averaged(0.0)
    minutes: float | None = Field(
        default=None, gt=0, description="time limit of the whole command in minutes, including the final score"
    )
    max_steps: int | None = Field(default=None, ge=1, description="maximum number of optimiser steps")
    epochs: float | None = Field(
        default=None, gt=0, description="maximum number of epochs; 10 if epochs, minutes and max_steps are all not set"
    )
    evaluations: int = Field(
        default=20, ge=1, le=10**6, description="number of validation passes, evenly spaced over the run"
    )
    accumulate: int = Field(
        default=1, ge=1, le=2**16, description="gradient accumulation: number of batches per optimiser step"
    )
    checkpoint_minutes: float = Field(
        default=5.0, gt=0, description="minutes between checkpoints; each validation writes a checkpoint, too"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="device for training; auto: a CUDA GPU if there is one, else the CPU"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="precision of matrix products; bfloat16 (mixed with float32) is for GPUs"
    )
    patience: int = Field(
        default=0,
        ge=0,
        description="early stopping: number of validations without improvement before training stops; 0: off",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="random seed of initial weights, dropout and data order")
