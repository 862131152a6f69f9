"""The parts of data: training, held-out and test part, drawn from the examples or read from files of their own.

    examples  =  training part  +  held-out part (--valid)  +  test part (--test)

The held-out part chooses the stopping point, and so its score is slightly optimistic. Nothing looks at the test part
before the final score. A share for the test part is taken from the training part, so that the held-out part is the same
with and without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from anaphora.data.examples import Indices, checked_share
from anaphora.errors import AnaphoraError, DataError, UsageError, WrongArgument
from anaphora.formatting import as_sentence, comma_separated

_SHARE = re.compile(r"(\d+[.,]\d+|\d+(?=\s*%))\s*(%?)")


class Examples(Protocol):
    """Examples of which some can be taken by their numbers."""

    def take(self, rows: Any) -> Any:
        """Return the examples numbered `rows` (n,)."""


E = TypeVar("E", bound=Examples)


class Parts(NamedTuple, Generic[E]):
    """Examples in two parts, or in three."""

    train: E
    held_out: E
    test: E | None


def divided(
    examples: E,
    data: Any,
    takes: str,
    draw: Callable[[E, float], tuple[Indices, Indices]],
    read: Callable[[Sequence[str]], E] | None = None,
) -> Parts[E]:
    """Return examples in their parts, by the fields `valid` and `test` of a config's section `data`.

    `takes` says in words which values these options accept, `draw` returns the numbers (n,) of the rows that stay and
    (m,) of the share of rows that leaves, and `read` returns the examples of files, or is None for data in memory.
    Raises UsageError for a share that is not between 0 and 1, or for shares that leave nothing to train on.
    """
    share = 0.0 if isinstance(data.valid, str) and read else checked_share(data.valid, takes)
    tested = share_of_test(data.test, takes, share, files=read is not None)
    train, held_out = examples, None
    if share:
        stay, leave = draw(examples, share)
        train, held_out = examples.take(stay), examples.take(leave)
    elif read:
        held_out = read(valid_paths(data.valid))
    test = None
    if tested:
        stay, leave = draw(train, tested / (1 - share))
        train, test = train.take(stay), train.take(leave)
    elif read and isinstance(data.test, str):
        test = _as_training_data(read, test_paths(data.test))
    return Parts(train, held_out, test)


def _as_training_data(read: Callable[[Sequence[str]], E], files: Sequence[str]) -> E:
    """Return the examples of files of the test part; errors name the option, and what its files must have."""
    try:
        return read(files)
    except AnaphoraError as error:
        if type(error) not in (DataError, UsageError):
            raise
        like = "--test takes files like those of the training part: the same layout, and columns of the same names."
        raise type(error)(f"{as_sentence(str(error))} {like}") from error


def share_of_test(test: float | str | None, takes: str, share: float, files: bool = True) -> float:
    """Return the share of the examples in the test part, 0 for none or for `files`; `share` is that of the held-out
    part; raises as `divided` does.
    """
    if test is None or (files and isinstance(test, str)):
        return 0.0
    tested = checked_share(test, takes, "--test")
    if share + tested >= 1:
        raise WrongArgument(
            f"--valid {share:g} and --test {tested:g} leave nothing to train on: together they must be less than 1."
        )
    return tested


def valid_paths(valid: str) -> list[str]:
    """Return the held-out files: one file, or several with commas between them; raises UsageError for no file, and for
    a share that is written as a percentage or with a comma.
    """
    return _paths(valid, "--valid")


def test_paths(test: str) -> list[str]:
    """Return the files of the test part, as `valid_paths` does."""
    return _paths(test, "--test")


def held_out_files(config: Any) -> list[str]:
    """Return the held-out files that a config names; none if it gives a share."""
    valid = config.data.valid
    return valid_paths(valid) if isinstance(valid, str) else []


def test_files(config: Any) -> list[str]:
    """Return the files of the test part that a config names; none if it gives a share, or has no test part."""
    test = getattr(config.data, "test", None)
    return test_paths(test) if isinstance(test, str) else []


def part_files(config: Any) -> list[str]:
    """Return the files that a config names for the held-out part and for the test part."""
    return [*held_out_files(config), *test_files(config)]


def _paths(named: str, flag: str) -> list[str]:
    paths = comma_separated(named)
    if not paths:
        raise WrongArgument(f"{flag} names no file: it was given {named!r}. Name a file, or give a share: {flag} 0.1.")
    if Path(named).exists():
        return [named]
    share = _SHARE.fullmatch(named.strip())
    if share and not all(Path(path).exists() for path in paths):
        number = float(share[1].replace(",", ".")) / (100 if share[2] else 1)
        raise WrongArgument(f"{flag} takes a share as a number: write {number:g}, not '{named}'.")
    return paths
