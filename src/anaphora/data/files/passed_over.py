"""The files of a folder that are not read, in words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from anaphora.formatting import counted

_SHOWN = 5


def passed_over(folder: Path, files: Iterable[Path], reason: str) -> dict[str, str]:
    """Return files of a folder that are not read, each with the reason; of many files the first few, and their number.

    >>> passed_over(Path("a"), [Path("a/b/1.md"), Path("a/2.md")], "no .txt file")
    {'b/1.md': 'no .txt file', '2.md': 'no .txt file'}
    """
    names = [str(path.relative_to(folder)) for path in files]
    more = {f"… {counted(len(names) - _SHOWN, 'more file', 'more files')}": reason} if len(names) > _SHOWN else {}
    return dict.fromkeys(names[:_SHOWN], reason) | more
