"""The section of a config with the fields of training that every task shares."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from anaphora.config.declare import Section


def averaged(share: float) -> Any:
    """Return the field for averaged weights, with its default."""
    meaning = "share of the run over which weights are also averaged, the better of both kept; 0: none"
    return Field(default=share, ge=0, le=1, description=meaning)


class Training(Section):
    """How any task is trained; a task adds what it cuts its batches by."""

    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="AdamW's rate at its height, after the warm-up")
    final_rate: float = Field(default=0.02, ge=0, le=1, description="the last step's rate, as a share of learning_rate")
    warmup: float = Field(default=0.02, ge=0, le=1, description="share of all steps in which the rate climbs from zero")
    weight_decay: float = Field(
        default=0.05, ge=0, le=10, description="AdamW's decay of matrices; biases, embeddings, norms: none"
    )
    beta1: float = Field(default=0.9, ge=0, lt=1, description="memory of AdamW's mean gradient")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="memory of AdamW's mean squared gradient")
    clip: float = Field(default=1.0, ge=0, description="largest norm of the whole gradient; 0: not clipped")
    average: float = averaged(0.0)
    minutes: float | None = Field(default=None, gt=0, description="time for the whole command, up to the saved model")
    max_steps: int | None = Field(default=None, ge=1, description="most steps of the optimiser")
    epochs: float | None = Field(
        default=None, gt=0, description="most passes over the data; 10 if neither this nor a time nor steps are set"
    )
    evaluations: int = Field(
        default=20, ge=1, le=10**6, description="how often the held-out part is looked at, evenly over the run"
    )
    accumulate: int = Field(
        default=1, ge=1, le=2**16, description="batches whose gradients are added up for one step of the optimiser"
    )
    checkpoint_minutes: float = Field(
        default=5.0, gt=0, description="time between checkpoints, besides those at each look; what a crash can cost"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="where it is trained; auto: a CUDA GPU if there is one, else this processor"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="of matrix products; bfloat16, mixed with float32, is for a GPU"
    )
    patience: int = Field(default=0, ge=0, description="stop after so many looks without a better one; 0: never")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of initial weights, dropout and order")
