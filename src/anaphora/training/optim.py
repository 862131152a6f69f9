"""AdamW, its decayed parameters, and a running average of the weights.

AdamW (Loshchilov and Hutter, 2019) shrinks a weight by lr·λ in every step, whether or not the step's data had
anything to say about it. For a matrix that every step uses, that balances its growth. Not decayed are:

    biases and gains   one number per unit sets a threshold or a scale; pulling it to zero favours no simpler function
    embeddings         a rare symbol's row has a gradient only in steps that hold it; the pull comes in all, and wins
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from anaphora.config import Training


def optimiser(model: nn.Module, training: Training) -> torch.optim.AdamW:
    """Return AdamW over all parameters, with those that are not decayed in a group of their own."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for parameter in model.parameters():
        (kept if parameter.ndim < 2 or id(parameter) in tables else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": training.weight_decay}, {"params": kept, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=training.learning_rate,
        betas=(training.beta1, training.beta2),
        fused=True,
    )


def set_rate(adam: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next steps."""
    for group in adam.param_groups:
        group["lr"] = rate


def clip(model: nn.Module, most: float) -> Tensor:
    """Scale the whole gradient down to norm `most` if it is longer (Pascanu et al., 2013), and return the norm before;
    0 only measures.
    """
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if most > 0:
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), most, norm)
    return norm


class Average:
    """A running mean of the weights over about the last `share` of the run.

        a ← a + (w − a) · max(1/n, 1/(share·steps))

    so it is the plain mean at first and then forgets at the rate of its horizon; n counts updates. Averaging along
    the path finds what a lower learning rate would (Polyak and Juditsky, 1992), without having to wait for it.
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        self.share = share
        self.updates = 0
        self._live = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.mean = [parameter.detach().clone() for parameter in self._live]

    def update(self, total_steps: int) -> None:
        """Include the present weights."""
        self.updates += 1
        weight = max(1 / self.updates, 1 / max(1.0, self.share * total_steps))
        torch._foreach_lerp_(self.mean, [parameter.detach() for parameter in self._live], weight)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model the averaged weights inside a `with` block."""
        kept = [parameter.detach().clone() for parameter in self._live]
        try:
            self._assign(self.mean)
            yield
        finally:
            self._assign(kept)

    def _assign(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._live, values, strict=True):
                parameter.copy_(value)
