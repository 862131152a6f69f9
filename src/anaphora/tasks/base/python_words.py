"""Messages in the words of a Python program: options of the command line become arguments.

raise --max-length                 raise max_length
train with --missing mean          train with missing='mean'
name it with --label kind.         name it with label='kind'.
add --no-header                    add header=False
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, ParamSpec, TypeVar

from anaphora.arguments.accept import Rule, accepts
from anaphora.checks.findings import Finding
from anaphora.config import Config, config_fields
from anaphora.errors import AnaphoraError

P = ParamSpec("P")
R = TypeVar("R")
_OPTION = re.compile(r"--(?P<name>[a-z][a-z0-9_.-]*[a-z0-9])(?:[ =](?P<value>[\w.+-]*\w))?|(?<![\w-])-o\b")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")
_RENAMED = {"following": "count", "baseline_text": "training_text"}
"""Name of an option → name of the argument of a model's method."""


_DECLARED: list[tuple[type[Config], Sequence[Any]]] = []
"""The config and the options of every task that was imported."""


class _Argument(NamedTuple):
    name: str
    is_truth: bool
    choices: tuple[str, ...]


def declare(config: type[Config], options: Sequence[Any]) -> None:
    """Make the fields and options of a task known."""
    _DECLARED.append((config, options))


def reworded(text: str) -> str:
    """Return a message with the names of arguments in place of options."""
    return _OPTION.sub(_as_argument, text)


def in_python(finding: Finding) -> Finding:
    """Return a finding in the words of a Python program."""
    return replace(finding, message=reworded(finding.message), remedy=reworded(finding.remedy))


@contextmanager
def python_words() -> Iterator[None]:
    """Reword the errors that are raised in a `with` block."""
    try:
        yield
    except AnaphoraError as error:
        error.args = (reworded(str(error)), *error.args[1:])
        raise


def public(**rules: Rule) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the decorator of a function for Python programs: wrong arguments are refused, as `accepts` does, and
    errors name arguments.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        checked = accepts(**rules)(function)

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with python_words():
                return checked(*args, **kwargs)

        return called

    return decorate


def _as_argument(found: re.Match[str]) -> str:
    if found["name"] is None:
        return "output"
    known, name, value = _arguments(), f"--{found['name'].replace('_', '-')}", found["value"]
    rest = "" if value is None else found[0][len(found["name"]) + 2 :]
    if name not in known and f"--{name[5:]}" in known and name.startswith("--no-"):
        return f"{known[f'--{name[5:]}'].name}=False{rest}"
    if name not in known:
        return found[0]
    argument = known[name]
    if argument.is_truth:
        return f"{argument.name}=True{rest}"
    if value is not None and _NUMBER.fullmatch(value):
        return f"{argument.name}={value}"
    before, after = found.string[: found.start()], found.string[found.end() :]
    closes = value is not None and before.endswith("with ") and after[:1] in ".,;"  # an end of the text is one, too
    return f"{argument.name}={value!r}" if closes or value in argument.choices else f"{argument.name}{rest}"


def _arguments() -> dict[str, _Argument]:
    """Return the argument of every option of the command line."""
    own = ("output", "run_dir", "preset", "config")
    found = {f"--{name.replace('_', '-')}": _Argument(name, False, ()) for name in own}
    for _, options in _DECLARED:
        for option in options:
            found[option.flags] = _Argument(_RENAMED.get(option.name, option.name), option.type is bool, ())
    for config, _ in _DECLARED:
        for field in config_fields(config):
            for flag in (field.flag, field.short):
                if flag:
                    choices = (*found[flag].choices, *field.choices) if flag in found else field.choices
                    found[flag] = _Argument(field.key, field.is_truth, choices)
    return found
