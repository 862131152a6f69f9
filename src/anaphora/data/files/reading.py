"""How the files of a model are read: the same in training, `eval`, `run`, `check` and Python."""

from __future__ import annotations

from typing import Any, NamedTuple


class Reading(NamedTuple):
    """The encoding of files, and whether the first line of a table without types names its columns; `layout` is that of
    the training data, where it cannot be seen in an input.
    """

    encoding: str = "utf-8"
    header: bool = True
    layout: str = ""

    @classmethod
    def of(cls, data: Any) -> Reading:
        """Return the reading that the `data` section of a config describes."""
        return cls(getattr(data, "encoding", "utf-8"), getattr(data, "header", True))


AS_DEFAULT = Reading()
