"""The law of outputs: no command writes over what it reads, nor over an existing file of another kind.

    an output = an input, under any name                             refused
    an output inside a folder of inputs                              refused
    two outputs of one command = one file                            refused
    a name with another ending than those of a kind                  refused
    an existing file of another kind                                 refused, unless `--force` is given
    an existing file of another kind, through a symbolic link        refused, even with `--force`
    an existing file of the same kind                                replaced, with a note
    an existing folder                                               only if its kind says that the folder can be used

Two names are one file if they lead to the same place through links, or if they are hard links of one content.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from anaphora.errors import UsageError
from anaphora.files import atomic

Place = str | os.PathLike[str]
STANDARD_STREAM = "-"
_STREAMS = ("/dev/std", "/dev/fd/", "/proc/self/fd/")


class Kind(NamedTuple):
    """A kind of file, or of folder, that a command writes."""

    name: str  # such as "a model file"
    recognises: Callable[[Path], bool] | None  # whether an existing file with content is of this kind; None: no file is
    folder: bool = False
    makes_parents: bool = False  # missing folders on the way to it are made
    replaced: bool = True  # a note tells that an existing file is replaced
    endings: tuple[str, ...] = ()  # that its name may have; empty: any
    changed: Callable[[Path], bool] = lambda _: False  # whether somebody changed a file that was of this kind


class Output(NamedTuple):
    """A file, or a folder, that a command or a function is going to write."""

    option: str  # that names its place on the command line; empty in a Python program
    path: Place
    kind: Kind

    @property
    def with_option(self) -> str:
        """The option in a remedy: `Name another file with -o`."""
        return f" with {self.option}" if self.option else ""

    @property
    def in_brackets(self) -> str:
        """The option after a path: `'m.anaphora' (-o)`."""
        return f" ({self.option})" if self.option else ""


def check(outputs: Sequence[Output], inputs: Iterable[Place] = (), *, force: bool = False) -> list[str]:
    """Check that a command may write its outputs, before it begins; return a note for each file that it will replace.

    `inputs` are files and folders that the command reads; a name that does not exist is skipped. `force` permits to
    replace files of other kinds. Raises UsageError, with both names and the remedy.
    """
    read = [path for path in inputs if os.fspath(path) != STANDARD_STREAM and os.path.exists(path)]
    for output in outputs:
        _check_name(output)
        for path in read:
            _check_input(output, path)
    for at, output in enumerate(outputs):
        for other in outputs[:at]:
            _check_pair(other, output)
    for output in outputs:
        _check_ending(output)
    notes = [_check_existing(output, [Path(other.path) for other in outputs], force) for output in outputs]
    return [note for note in notes if note]


def check_standard_output(inputs: Iterable[Place]) -> None:
    """Raise UsageError if a shell leads standard output into a file that the command reads, such as by `>> FILE`."""
    try:
        out = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or not a file
        return
    for path in inputs if stat.S_ISREG(out.st_mode) else ():
        with contextlib.suppress(OSError):
            read = os.fstat(0) if os.fspath(path) == STANDARD_STREAM else os.stat(path)
            if os.path.samestat(out, read):
                name = "standard input" if os.fspath(path) == STANDARD_STREAM else f"the input '{path}'"
                raise UsageError(
                    f"Standard output goes into {name}: the command would read what it writes. Write to another file."
                )


def same(first: Place, second: Place) -> bool:
    """Return whether two names are one file, also through a folder that does not exist yet: `new/../a.csv`."""
    one, other = os.path.realpath(first), os.path.realpath(second)
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def _check_name(output: Output) -> None:
    """Raise UsageError for a name that cannot be a file's or a folder's."""
    name = os.fspath(output.path)
    what = "a folder" if output.kind.folder else "a file"
    if not name:
        raise UsageError(f"The name of {output.kind.name}{output.in_brackets} is empty: name {what}.")
    if name == STANDARD_STREAM or os.path.abspath(name).startswith(_STREAMS):
        raise UsageError(
            f"'{name}'{output.in_brackets} is a stream, which cannot hold {output.kind.name}: name {what}."
        )
    place = os.path.realpath(name)
    if output.kind.folder and os.path.exists(place) and not os.path.isdir(place):
        raise UsageError(f"'{name}' is a file: {output.option} takes a folder. Name another folder.")


def _check_input(output: Output, path: Place) -> None:
    """Raise UsageError if an output is an input, or lies inside it."""
    if same(output.path, path):
        linked = "" if os.path.abspath(output.path) == os.path.abspath(path) else ", which is the same file"
        raise UsageError(
            f"'{output.path}'{output.in_brackets} would be written over the input '{path}'{linked}. Name another place"
            f"{output.with_option}."
        )
    if os.path.isdir(path) and (_is_inside(output.path, path) or _is_linked(output.path, path)):
        raise UsageError(
            f"'{output.path}'{output.in_brackets} lies inside the input folder '{path}', where it would be read as data"
            f" the next time. Name a place outside of '{path}'{output.with_option}."
        )


def _check_pair(first: Output, second: Output) -> None:
    """Raise UsageError if two outputs are one file, or if one would lie inside a file."""
    if same(first.path, second.path):
        raise UsageError(
            f"'{first.path}'{first.in_brackets} and '{second.path}'{second.in_brackets} are one place for two things:"
            f" {first.kind.name} and {second.kind.name}. Name another place{second.with_option}."
        )
    for outer, inner in ((first, second), (second, first)):
        if not outer.kind.folder and _is_inside(inner.path, outer.path):
            raise UsageError(
                f"'{inner.path}'{inner.in_brackets} would lie inside the file '{outer.path}'{outer.in_brackets}."
                f" Name another place{inner.with_option}."
            )


def _check_ending(output: Output) -> None:
    """Raise UsageError unless the name has one of the endings of its kind."""
    endings = output.kind.endings
    if endings and Path(output.path).suffix.lower() not in endings:
        known = " or ".join(filter(None, [", ".join(endings[:-1]), endings[-1]]))
        raise UsageError(f"{output.option} takes a file that ends in {known}; it was given '{output.path}'.")


def _check_existing(output: Output, all_outputs: Sequence[Path], force: bool) -> str:
    """Raise UsageError if something of another kind would be lost or the place cannot be written; return a note about
    a file that is replaced.
    """
    path, kind = Path(output.path), output.kind
    place = Path(os.path.realpath(path))
    if kind.folder:
        _check_folder(output)
        left = [name for name in _content(place) if not any(same(place / name, other) for other in all_outputs)]
        if left and not _recognised(place, kind):
            raise UsageError(
                f"The folder '{path}'{output.in_brackets} is not empty{_lack(place, kind)}: it holds '{left[0]}'. Name"
                f" a new or an empty folder{output.with_option}."
            )
        return ""
    atomic.writable(path, makes_parents=kind.makes_parents)
    if not place.parent.exists():
        return f"The folder '{path.parent}' does not exist and is made for '{path.name}'."
    if not place.exists() or not place.stat().st_size:
        return ""
    is_link = os.path.islink(path)
    named = f"'{path}', a link to '{place}'," if is_link else f"'{path}'"
    if _recognised(place, kind):
        return f"{named} exists and is replaced by the new one." if kind.replaced else ""
    if is_link:
        raise UsageError(
            f"{named} exists{_lack(place, kind)}: name another file{output.with_option}. Through a link, no file of"
            " another kind is replaced; name the file itself to replace it."
        )
    if not force:
        permit = "add --force" if output.option else "pass force=True"
        raise UsageError(
            f"'{path}' exists{_lack(place, kind)}: name another file{output.with_option}, or {permit} to replace it."
        )
    return f"'{path}' exists{_lack(place, kind)}; it is replaced, as --force permits."


def _check_folder(output: Output) -> None:
    """Raise UsageError, which names the folder, if no file could be written in it."""
    try:
        atomic.writable(Path(output.path) / "file", makes_parents=True)
    except UsageError as error:
        reason = str(error).partition(" cannot be written")[2]
        raise UsageError(f"The folder '{output.path}'{output.in_brackets} cannot be written{reason}") from error


def _lack(place: Path, kind: Kind) -> str:
    if place.is_file() and os.access(place, os.R_OK) and kind.changed(place):
        return " and was changed after anaphora wrote it"
    return f" and is not {kind.name}" if kind.recognises else ""


def _recognised(path: Path, kind: Kind) -> bool:
    try:
        return kind.recognises is not None and kind.recognises(path)
    except OSError:  # a file that cannot be read is of no known kind
        return False


def _is_inside(path: Place, folder: Place) -> bool:
    """Return whether a path, which need not exist, leads into a folder."""
    return any(same(parent, folder) for parent in Path(os.path.realpath(path)).parents)


def _is_linked(path: Place, folder: Place) -> bool:
    """Return whether a file of a folder is this existing file under another name."""
    if not os.path.isfile(os.path.realpath(path)):
        return False
    return any(same(path, Path(inside, name)) for inside, _, names in os.walk(folder) for name in names)


def _content(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"The folder '{folder}' cannot be read: {error.strerror or error}. Name another.") from error
