"""Options that have an effect only beside some values of another option: given without effect, they are refused.

Requirement(("dropout",), "layers", least=2)                             dropout between layers needs two layers
Requirement(("attention",), "pooling", values=("attention",))            the size of what is there only then
no_effect(("vocabulary",), "units", "byte")                              bytes have a vocabulary of their own

Fields of a config and options of `run` and `eval` have the same requirements. Only given values are refused: a default
or the value of a preset may be without effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Requirement(NamedTuple):
    """Options that have an effect only if another option is at least `least`, or is one of `values`; or only if not.

    The value of an option that is in `always` agrees with every value of the other one. `least` may be a function of
    the option's value.
    """

    names: tuple[str, ...]
    other: str
    least: float | Callable[[Any], float] = 1
    values: tuple[Any, ...] = ()
    forbidden: bool = False  # the other option must not have these values
    always: tuple[Any, ...] = ()

    def refusal(
        self, flags: Mapping[str, str], given: Mapping[str, Any], settings: Mapping[str, Any] | None = None
    ) -> str | None:
        """Return the reason to refuse the given options, with their names on the command line; None if they agree.

        `settings` are all values, given or not; without them the options that are not given are off.
        """
        useless = [name for name in self.names if given.get(name) is not None and given[name] not in self.always]
        if not useless:
            return None
        value = (given if settings is None else settings).get(self.other)
        least = self.least(given[useless[0]]) if callable(self.least) else self.least
        there = value in self.values if self.values else (value or 0) >= least
        if there != self.forbidden:
            return None
        option, other = flags[useless[0]], flags[self.other]
        if self.forbidden:
            beside = f"{other} {value:g}" if isinstance(value, float) else f"{other} {value}" if self.values else other
            return f"{option} has no effect with {beside}: leave one of them out."
        needed = " or ".join(map(str, self.values)) or (f"{least:g} or more" if least != 1 else "")
        wanted = f"{other} {needed}".rstrip()
        return f"{option} has no effect without {wanted}: set {wanted}, or leave {option} out."


def no_effect(names: tuple[str, ...], other: str, value: Any, always: tuple[Any, ...] = ()) -> Requirement:
    """Return the requirement that these options are not given beside this value of another option."""
    return Requirement(names, other, values=(value,), forbidden=True, always=always)


DROPOUT = Requirement(("model.dropout",), "model.layers", least=2, always=(0,))
PATIENCE = Requirement(("training.patience",), "training.evaluations", least=lambda patience: patience + 1, always=(0,))
"""The first validation is always the best so far."""
