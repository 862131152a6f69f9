"""The search space of a field: a range of numbers, or a few values.

training.learning_rate               the range that the task declares
training.learning_rate=1e-4..1e-2    a range, on a logarithmic scale if its ends differ by a factor of 100
model.layers=1..3                    a range of whole numbers
model.cell=gru,lstm                  one of these values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from anaphora.errors import UsageError, closest

Value = int | float | str | bool
_FACTORS = 100.0  # a range with this ratio of its ends is searched on a logarithmic scale


@dataclass(frozen=True)
class SearchRange:
    """A range from `low` to `high`, both included; whole numbers if both are whole.

    `log` asks for a logarithmic scale, `step` for a grid.
    """

    low: float
    high: float
    log: bool = False
    step: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the range holds whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True)
class SearchChoice:
    """One of a few values."""

    values: tuple[Value, ...]


Space = SearchRange | SearchChoice


def chosen(words: list[str], declared: Mapping[str, Space], known: list[str]) -> dict[str, Space]:
    """Return the fields to search, as the command line names them; if it names no field, all that the task declares.

    Raises UsageError for an unknown field, and for a field without a range if the task declares no range for it.
    """
    return dict(_parse_option(word, declared, known) for word in words) if words else dict(declared)


def _parse_option(word: str, declared: Mapping[str, Space], known: list[str]) -> tuple[str, Space]:
    name, given, text = word.partition("=")
    name = name.replace("-", "_")
    if name not in known:
        near = closest(name, known)
        raise UsageError(f"--option {word}: there is no field '{name}'.{f' Did you mean {near}?' if near else ''}")
    if given:
        return name, _parsed(word, text)
    if name not in declared:
        raise UsageError(
            f"--option {name}: say what to try, as {name}=LOW..HIGH or {name}=A,B,C. Ranges are declared for"
            f" {', '.join(declared)}."
        )
    return name, declared[name]


def _parsed(word: str, text: str) -> Space:
    low, between, high = text.partition("..")
    if not between:
        values = tuple(_value(each) for each in text.split(",") if each)
        if len(set(values)) < 2:
            raise UsageError(f"--option {word}: expected LOW..HIGH, or at least two values as A,B,C; got '{text}'.")
        return SearchChoice(values)
    ends = _value(low), _value(high)
    if any(isinstance(end, str | bool) for end in ends) or not float(ends[0]) < float(ends[1]):
        raise UsageError(f"--option {word}: expected two numbers, the lower one first, got '{text}'.")
    least, most = (end if isinstance(end, int) else float(end) for end in ends)
    return SearchRange(least, most, log=least > 0 and most >= _FACTORS * least)


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
