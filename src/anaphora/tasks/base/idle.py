"""Fields that have no effect on the data that were read: refused where they were given.

of memory     the encoding, the line of names and the format of files
of files      the line of names of layouts without one, the encoding of binary layouts
of a task     as the task declares
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from anaphora.config import config_fields, given_fields
from anaphora.data.files.frames import LAYOUTS as BINARY
from anaphora.data.files.parallel import LAYOUT as PARALLEL
from anaphora.data.in_memory import columns
from anaphora.data.taken import Taken
from anaphora.errors import UsageError

_OF_FILES = ("data.encoding", "data.header", "data.format")
_OF_COLUMNS = ("data.source", "data.target", "data.token", "data.tag")
_OF_LAYOUTS = {
    "data.encoding": BINARY,
    "data.header": ("Parquet", "Arrow", "JSON", "a text file per label", "a folder per label", PARALLEL),
}


def of_memory(data: Any) -> Iterator[tuple[str, str]]:
    """Yield the fields that have no effect on values in memory, each with the data in words."""
    yield from ((name, "data in memory") for name in _OF_FILES)
    if columns(data) is None:
        yield from ((name, "data without columns") for name in _OF_COLUMNS)


def of_files(taken: Taken | None) -> Iterator[tuple[str, str]]:
    """Yield the fields that have no effect on files, each with the data in words."""
    for name, layouts in _OF_LAYOUTS.items():
        if taken is not None and taken.layout.startswith(layouts):
            yield name, f"data of this layout ({taken.layout})"


def refuse_idle(config: Any, idle: Iterable[tuple[str, str]]) -> None:
    """Raise UsageError for a given field that has no effect on the data."""
    given = given_fields(config)
    flags = {f"{field.section}.{field.key}": field.short or field.flag for field in config_fields(type(config))}
    for name, here in idle:
        if given.get(name) is not None:
            flag = flags[name].replace("--", "--no-" if given[name] is False else "--")
            raise UsageError(f"{flag} has no effect on {here}: leave it out.")
