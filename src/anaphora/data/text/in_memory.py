"""Texts from a Python program, as one text: a text, several texts, or the paths of files.

    a str             a text                      pathlib.Path, or several      files, read as one text
    several str       one text, each its lines

The type alone distinguishes texts from files, so no text is ever taken for the name of a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from anaphora.data.files.text import Text, open_texts
from anaphora.data.in_memory import is_sequence, kind, paths, unexpected
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.text.corpus import TextCorpus, split_corpus
from anaphora.errors import DataError, UsageError

_WHAT = "a text, several texts, or the path of a file as pathlib.Path"
_LONGEST_NAME = 1000  # characters
_NAME = re.compile(r"\S+\.(txt|text|md|rst|csv|tsv|json|jsonl|html?|xml|conllu?|parquet|gz|zip)", re.IGNORECASE)


def corpus_of(
    data: Any,
    valid: float | str,
    encoding: str,
    meant: Callable[[Sequence[str]], Sequence[str]] = list,
    test: float | str | None = None,
) -> TextCorpus:
    """Return texts in memory as a corpus with its end held out, the end for the test last; `meant` maps paths to files.

    Raises UsageError for data that are no text or for a wrong share, DataError for an item that is no text.
    """
    return split_corpus(text_of(data, encoding, meant), valid, test=test)


def refuse_name(data: Any) -> None:
    """Raise UsageError for a str that is the name of a file, or looks like one."""
    if not isinstance(data, str) or len(data) > _LONGEST_NAME or "\n" in data:
        return
    there = os.path.exists(data)
    if there or _NAME.fullmatch(data):
        raise UsageError(
            f"{data!r} {'is' if there else 'looks like'} the name of a file. A str is a text itself: for what is in the"
            f" file, give pathlib.Path({data!r})."
        )


def text_of(data: Any, encoding: str, meant: Callable[[Sequence[str]], Sequence[str]] = list) -> Text:
    """Return one text from the given data; `meant` maps paths to files.

    Raises UsageError for data that are no text, DataError for an item that is no text or a file that cannot be read.
    """
    files = paths(data)
    if files is not None:
        return open_texts(meant(files), encoding)
    refuse_name(data)
    if isinstance(data, str):
        refuse_half_pair(data, "the data")
        return Text.of(data)
    if not is_sequence(data) or hasattr(data, "columns"):
        raise unexpected(_WHAT, data)
    lines = []
    for number, text in enumerate(data, 1):
        if not isinstance(text, str):
            raise DataError(f"Text {number:,} is not a text but {kind(text)}; expected {_WHAT}.")
        refuse_half_pair(text, f"text {number:,}")
        lines.append(text if text.endswith("\n") else f"{text}\n")
    return Text.of("".join(lines))
