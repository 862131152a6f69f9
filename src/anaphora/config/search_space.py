"""What a search may try for a knob: a range of numbers, or a few values.

training.learning_rate                      as the task declares it
training.learning_rate=1e-4..1e-2           from … to; tried evenly by factors where the range spans a hundredfold
model.layers=1..3                           whole numbers
model.cell=gru,lstm                         one of these
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from anaphora.errors import UsageError, closest

Value = int | float | str | bool
_FACTORS = 100.0  # a range that spans so much is tried evenly by factors


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; whole numbers if both are. `log`: evenly by factors; `step`: a grid."""

    low: float
    high: float
    log: bool = False
    step: int | None = None

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]


Space = Range | Choice


def chosen(words: list[str], declared: Mapping[str, Space], known: list[str]) -> dict[str, Space]:
    """The knobs to search, as they were named on the command line; none: all that the task declares.

    Raises UsageError for a knob that there is not, or that the task declares no range for and none is given.
    """
    return dict(_one(word, declared, known) for word in words) if words else dict(declared)


def _one(word: str, declared: Mapping[str, Space], known: list[str]) -> tuple[str, Space]:
    name, given, text = word.partition("=")
    name = name.replace("-", "_")
    if name not in known:
        near = closest(name, known)
        raise UsageError(f"--knob {word}: there is no knob '{name}'.{f' Did you mean {near}?' if near else ''}")
    if given:
        return name, _parsed(word, text)
    if name not in declared:
        raise UsageError(
            f"--knob {name}: say what to try, as {name}=LOW..HIGH or {name}=A,B,C. Ranges are declared for"
            f" {', '.join(declared)}."
        )
    return name, declared[name]


def _parsed(word: str, text: str) -> Space:
    low, between, high = text.partition("..")
    if not between:
        values = tuple(_value(each) for each in text.split(",") if each)
        if len(set(values)) < 2:
            raise UsageError(f"--knob {word}: expected LOW..HIGH, or at least two values as A,B,C; got '{text}'.")
        return Choice(values)
    ends = _value(low), _value(high)
    if any(isinstance(end, str | bool) for end in ends) or not float(ends[0]) < float(ends[1]):
        raise UsageError(f"--knob {word}: expected two numbers, the lower one first, got '{text}'.")
    least, most = (end if isinstance(end, int) else float(end) for end in ends)
    return Range(least, most, log=least > 0 and most >= _FACTORS * least)


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
