"""The whole state of a run as tensors and facts: the content of a checkpoint, restored bit for bit.

    model/…  optimiser/i/…  average/i  best/…  carry/i  random

`of_run` takes all of it from the parts of a loop, and `put_run_back` gives it to others like them. A nested value of
tensors is taken apart into a list of them and a description that JSON can hold; put together it is the same value on
the same kind of device.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.data.worker_rows import share
from anaphora.errors import IncompatibleBundle
from anaphora.training.optim import Average
from anaphora.training.outcome import Best
from anaphora.training.plan import Plan
from anaphora.training.update import Updater

Arrays = dict[str, NDArray[Any]]


@dataclass
class Where:
    """The position of a run between two steps, without tensors and plans: numbers, and lists of numbers."""

    step: int = 0
    due: bool = False  # the a validation is due
    worse: int = 0  # validations in a row without a better one
    losses: list[float] = field(default_factory=list)  # since the last validation
    clipped: list[bool] = field(default_factory=list)  # since the last measured step
    seconds: float = 0.0  # of training until here
    evaluation_seconds: float = 0.0  # of the last validation


def of_run(
    at: Where, updater: Updater[Any], average: Average | None, best: Best | None, plans: Sequence[Plan]
) -> tuple[Arrays, dict[str, Any]]:
    """Return the whole state of a run: tensors, and facts for JSON; the states of all workers are gathered."""
    workers = updater.workers
    parts: list[Tensor] = []
    carry = take_apart(updater.carry, parts)
    gathered = {str(i): workers.gather(part, 1).cpu().numpy() for i, part in enumerate(parts)}
    random = workers.gather(torch.from_numpy(random_array())[None], 0).numpy()
    own = best is not None and (best.step, best.weights) != (at.step, "raw")
    tensors = {
        **under("model", as_arrays(updater.model)),
        **under("optimiser", optimiser_arrays(updater.adam)),
        **under("average", average_arrays(average)),
        **under("best", dict(best.tensors) if best is not None and own else {}),
        **under("carry", gathered),
        "random": random,
    }
    facts = {
        **asdict(at),
        "averaged": 0 if average is None else average.updates,
        "plans": [asdict(plan) for plan in plans],
        "best": facts_of(best),
        "carry": carry,
    }
    return tensors, facts


def put_run_back(
    tensors: Arrays, facts: Mapping[str, Any], updater: Updater[Any], average: Average | None
) -> tuple[Where, Best | None, list[Plan]]:
    """Restore updater and average from the output of `of_run`, tensors (N, …) and facts; return the rest of it.

    Raises IncompatibleBundle if the state is of another model.
    """
    model = within("model", tensors)
    put_back(updater.model, model)
    put_optimiser_back(updater.adam, within("optimiser", tensors))
    put_average_back(average, within("average", tensors), facts["averaged"])
    device = next(updater.model.parameters()).device
    rank, ranks = updater.workers.rank, updater.workers.ranks
    carry = within("carry", tensors)
    whole = [torch.from_numpy(carry[str(i)].copy()) for i in range(len(carry))]
    mine = [part[:, share(part.shape[1], rank, ranks)].contiguous().to(device) for part in whole]
    updater.carry = put_together(facts["carry"], mine)
    if rank < len(tensors["random"]):  # another one begins with numbers of its own
        put_random_back(tensors["random"][rank])
    at = Where(**{name: facts[name] for name in asdict(Where())})
    return at, best_of(within("best", tensors), model, facts["best"]), [Plan(**plan) for plan in facts["plans"]]


def as_arrays(model: nn.Module) -> Arrays:
    """Return a model's tensors as numpy arrays on the CPU, with the names of its state_dict."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


def put_back(model: nn.Module, arrays: Arrays) -> None:
    """Restore a model's weights from the output of `as_arrays`, such as W_ih (G·H, I).

    Raises IncompatibleBundle if the weights are of another model.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: array.shape for name, array in arrays.items()}
    if wanted != found:
        other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise IncompatibleBundle(
            f"The checkpoint holds another model: {other[0]} is {found.get(other[0])}, expected {wanted.get(other[0])}."
        )
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def optimiser_arrays(adam: torch.optim.Optimizer) -> Arrays:
    """Return an optimiser's state of every parameter, by the parameter's number."""
    states: Mapping[int, Mapping[str, Tensor]] = adam.state_dict()["state"]
    return {f"{number}/{key}": tensor.cpu().numpy() for number, kept in states.items() for key, tensor in kept.items()}


def put_optimiser_back(adam: torch.optim.Optimizer, arrays: Arrays) -> None:
    """Restore an optimiser's state from arrays such as (G·H, I)."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, array in arrays.items():
        number, _, key = name.partition("/")
        states.setdefault(int(number), {})[key] = torch.from_numpy(array.copy())
    adam.load_state_dict({**adam.state_dict(), "state": states})


def average_arrays(average: Average | None) -> Arrays:
    """Return the averaged weights, by number; empty if nothing is averaged."""
    return {} if average is None else {str(i): mean.cpu().numpy() for i, mean in enumerate(average.mean)}


def put_average_back(average: Average | None, arrays: Arrays, updates: int) -> None:
    """Restore an average's weights, such as W_ih (G·H, I), and its number of updates."""
    if average is not None:
        average.updates = updates
        for number, mean in enumerate(average.mean):
            mean.copy_(torch.from_numpy(arrays[str(number)]))


def facts_of(best: Best | None) -> dict[str, Any] | None:
    """Return the facts of the best validation, for JSON."""
    if best is None:
        return None
    return {"step": best.step, "loss": best.loss if math.isfinite(best.loss) else None, "weights": best.weights}


def best_of(arrays: Arrays, model: Arrays, facts: Mapping[str, Any] | None) -> Best | None:
    """Return the best validation of a checkpoint; its weights, such as W_ih (G·H, I), are the model's own if they are
    not stored apart.
    """
    if facts is None:
        return None
    loss = facts["loss"]
    kept = arrays or {name: array.copy() for name, array in model.items()}
    return Best(facts["step"], math.nan if loss is None else loss, facts["weights"], kept)


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the same arrays, such as (G·H, I), with names `prefix/name`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def within(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays, such as (G·H, I), whose names begin with `prefix/`, without the prefix."""
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def take_apart(value: Any, parts: list[Tensor]) -> Any:
    """Append a nested value's tensors, such as a state (L, B, H), to `parts`, and return a description for JSON."""
    if isinstance(value, Tensor):
        parts.append(value)
        return {"tensor": len(parts) - 1}
    if isinstance(value, tuple):
        return {"tuple": [take_apart(item, parts) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[key, take_apart(item, parts)] for key, item in value.items()]}
    assert value is None or isinstance(value, int | float | str | bool), type(value)
    return {"plain": value}


def put_together(described: Mapping[str, Any], parts: list[Tensor]) -> Any:
    """Return the value that `take_apart` described; `parts` are its tensors, such as a state (L, B, H)."""
    ((kind, inside),) = described.items()
    if kind == "tensor":
        return parts[inside]
    if kind == "tuple":
        return tuple(put_together(item, parts) for item in inside)
    if kind == "dict":
        return {key: put_together(item, parts) for key, item in inside}
    return inside


def random_array() -> NDArray[np.uint8]:
    """Return the state of torch's random generator."""
    return torch.get_rng_state().numpy()


def put_random_back(array: NDArray[np.uint8]) -> None:
    """Set the state (n,) of torch's random generator."""
    torch.set_rng_state(torch.from_numpy(array.copy()))
