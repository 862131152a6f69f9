"""The tree of errors that anaphora raises on purpose.

::

    AnaphoraError                1
    ├── UsageError               2    a wrong option, value or argument
    │   ├── WrongArgument        2    a wrong value of an argument or a field; also a ValueError
    │   ├── WrongCall            2    a wrong argument in a Python program; also a TypeError
    │   └── MissingExtra         2    a command whose optional packages are not installed
    ├── DataError                3    a wrong text, table, sound or picture
    ├── Diverged                 4    the loss is no longer a finite number
    ├── BundleError              5    a wrong model file
    │   ├── CorruptBundle        5    its bytes differ from the bytes that were written
    │   └── IncompatibleBundle   5    its bytes are whole, but this version cannot use them
    ├── WorkerGone               1    another process of the same training has ended
    ├── Interrupted            130    Ctrl-C (128 + SIGINT)
    └── Terminated             143    a request to terminate (128 + SIGTERM)

The number is the exit code of the command line. A message says what was expected, what was found, where, and what to
do.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import ClassVar

_NEAR = 0.65  # of the characters of two similar words are equal


class AnaphoraError(Exception):
    """The root of all errors that anaphora raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(AnaphoraError):
    """A wrong option, value or argument."""

    exit_code = 2


class MissingExtra(UsageError):
    """Optional packages are not installed; the message gives the command that installs them.

    >>> print(MissingExtra("train", "anaphora train", missing="torch"))
    anaphora train needs torch, which is not installed. Install it with:
        pip install "anaphora[train]"
    """

    def __init__(self, extra: str, wanted_by: str, missing: str | Sequence[str] = ()) -> None:
        names = [missing] if isinstance(missing, str) else list(missing)
        what = f"{' and '.join(names)}, which {'is' if len(names) == 1 else 'are'}" if names else "packages that are"
        super().__init__(
            f'{wanted_by} needs {what} not installed. Install it with:\n    pip install "anaphora[{extra}]"'
        )
        self.extra = extra


class WrongArgument(UsageError, ValueError):
    """A value that an argument of a function, or a field of a config, does not accept."""


class WrongCall(UsageError, TypeError):
    """A call without a needed argument, or with an unknown one."""


class DataError(AnaphoraError):
    """The user's data cannot be read or are not enough."""

    exit_code = 3


class Diverged(AnaphoraError):
    """Training produced a loss that is not a finite number."""

    exit_code = 4


class BundleError(AnaphoraError):
    """A model file cannot be used."""

    exit_code = 5


class CorruptBundle(BundleError):
    """The bytes of the file differ from the bytes that were written."""


class IncompatibleBundle(BundleError):
    """The file is whole, but this version of anaphora cannot use its content."""


class WorkerGone(AnaphoraError):
    """Another process of the same training has ended, and therefore this process ends, too.

    `code` is the exit code of this process. `reported` says that another process reports the cause.
    """

    def __init__(self, text: str, code: int = 1, *, reported: bool = False) -> None:
        super().__init__(text)
        self.code, self.reported = code, reported


class Interrupted(AnaphoraError):
    """Ctrl-C stopped the program."""

    exit_code = 130


class Terminated(AnaphoraError):
    """A request to terminate stopped the program."""

    exit_code = 143


class DataWarning(UserWarning):
    """Data that are probably not as intended, or that a model did not use as a whole."""


def warn_caller(text: str, category: type[Warning]) -> None:
    """Warn at the line that called this package, however deep in it this function is called."""
    level, frame = 1, sys._getframe()
    while (
        frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __name__.partition(".")[0]
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most similar to `word`, or None if no known word is similar: for "did you mean".

    Upper and lower case and the kind of dash (``-``, ``_``, en and em dash) make no difference. Words with dots are
    compared part by part; the last part alone is compared with a word without dots.

    >>> closest("hiden", ["hidden", "layers"])
    'hidden'
    >>> closest("—Minutes", ["--minutes", "--seed"])
    '--minutes'
    >>> closest("--model.units", ["--model.dropout", "--units"])
    '--units'
    >>> closest("--tset", ["--test", "--text"])
    '--test'
    >>> closest("nope.txt", ["demo.txt"]) is None
    True
    """

    def rank(name: str) -> tuple[float, bool, str]:
        """Of words that are equally similar, the one whose letters were only swapped comes first."""
        own, other = _plain(word), _plain(name)
        return _similarity(own, other), sorted(own) == sorted(other), other

    best = max(known, key=rank, default=None)
    return best if best is not None and _similarity(_plain(word), _plain(best)) >= _NEAR else None


def _similarity(word: str, name: str) -> float:
    """Return a share of equal characters, 0 … 1: of the least similar part, if both have equally many parts."""
    parts, others = word.split("."), name.split(".")
    if len(parts) != len(others):
        parts, others = (parts[-1:], others) if len(others) == 1 else ([word], [name])
    return min(difflib.SequenceMatcher(None, b, a).ratio() for a, b in zip(parts, others, strict=True))


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the last sentence of a message about an unknown word, with a space before it; empty if none is similar.

    >>> did_you_mean("hiden", ["hidden", "layers"]), did_you_mean(3, ["hidden"])
    (" Did you mean 'hidden'?", '')
    """
    nearest = closest(word, known) if isinstance(word, str) else None
    return f" Did you mean '{nearest}'?" if nearest else ""


def _plain(word: str) -> str:
    for dash in "_\u2010\u2011\u2012\u2013\u2014\u2015\u2212":
        word = word.replace(dash, "-")
    return word.strip("-").casefold()
