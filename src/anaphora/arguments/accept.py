"""Checks of the arguments of public functions: a wrong value is named with its argument and the accepted values.

@accepts(count=whole(least=1))
def next(self, prompt: str, count: int = 5) -> …

model.next("a", count=0)       count takes a whole number, at least 1; it was given 0.
model.next("a", cuont=3)       next() has no argument 'cuont'. Did you mean 'count'?
"""

from __future__ import annotations

import functools
import inspect
import math
import os
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple, ParamSpec, TypeVar

from anaphora.arguments.instead import instead
from anaphora.arguments.synonyms import argument_meant
from anaphora.errors import WrongArgument, WrongCall, closest

P = ParamSpec("P")
R = TypeVar("R")
_SHOWN = 60  # characters of a wrong value


class Rule(NamedTuple):
    """The values that an argument accepts: in words, and as a test."""

    expected: str
    accepts: Callable[[Any], bool]
    instead: Callable[[Any], str] = lambda _: ""  # what to give in place of a wrong value, after a space


def whole(least: int | None = None, most: int | None = None) -> Rule:
    """Accept whole numbers."""

    def fits(value: Any) -> bool:
        return type(value) is not bool and isinstance(value, Integral) and _within(int(value), least, most)

    return Rule(f"a whole number{_range(least, most)}", fits)


def real(least: float | None = None, most: float | None = None, above: float | None = None) -> Rule:
    """Accept finite numbers."""

    def fits(value: Any) -> bool:
        if type(value) is bool or not isinstance(value, Real) or not math.isfinite(float(value)):
            return False
        return _within(float(value), least, most) and (above is None or float(value) > above)

    return Rule(f"a number{_range(least, most, above)}", fits)


def optional(rule: Rule) -> Rule:
    """Accept None, too."""
    return Rule(f"{rule.expected}, or None", lambda value: value is None or rule.accepts(value))


def instance(expected: str, *kinds: type) -> Rule:
    """Accept instances of these classes."""
    return Rule(expected, lambda value: isinstance(value, kinds))


TRUTH = Rule("True or False", lambda value: isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"))
TEXT = instance("a text (str)", str)._replace(instead=functools.partial(instead, one=True))
PATH = instance("a path (str or pathlib.Path)", str, os.PathLike)
BYTES = instance("bytes", bytes)


def accepts(**rules: Rule) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that refuses other values of these arguments, and wrong arguments.

    Raises WrongArgument, a ValueError, for a value; WrongCall, a TypeError, for an unknown or a missing argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise _wrong_call(function.__name__, signature, kwargs, error) from None
            for name, rule in rules.items():
                if name in given:
                    check(name, given[name], rule)
            return function(*args, **kwargs)

        return checked

    return decorate


def check(name: str, value: Any, rule: Rule) -> None:
    """Raise WrongArgument for a value that a rule does not accept."""
    if not rule.accepts(value):
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        raise WrongArgument(f"{name} takes {rule.expected}; it was given {shown}.{rule.instead(value)}")


def _wrong_call(called: str, signature: inspect.Signature, given: Mapping[str, Any], error: TypeError) -> WrongCall:
    known = [name for name in signature.parameters if name != "self"]
    strange = next((name for name in given if name not in known), None)
    if strange is None:
        return WrongCall(f"{called}({', '.join(known)}): {error}.")
    near = argument_meant(strange, known) or closest(strange, known)
    hint = f"Did you mean {near!r}?" if near else f"It has: {', '.join(known)}."
    return WrongCall(f"{called}() has no argument {strange!r}. {hint}")


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(least: float | None, most: float | None, above: float | None = None) -> str:
    bounds = (("at least", least), ("more than", above), ("at most", most))
    parts = [f"{word} {bound:,}" for word, bound in bounds if bound is not None]
    return f", {' and '.join(parts)}" if parts else ""
