"""Splitting a text that comes in blocks without splitting a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from anaphora.errors import DataError

LONGEST = 2**24  # characters without a break


def recut(blocks: Iterable[str], cut: Callable[[str], int]) -> Iterator[str]:
    """Yield the same text in other blocks; ``cut`` returns the last good break in its argument, or 0.

    Raises DataError if there is no break in `LONGEST` characters.
    """
    held = ""
    for block in blocks:
        held += block
        if at := cut(held):
            yield held[:at]
            held = held[at:]
        elif len(held) > LONGEST:
            raise DataError(
                f"The text has {len(held):,} characters in which no word ends, beginning {held[:20]!r}: expected words "
                "with spaces or line ends between them; use --units char or --units byte."
            )
    if held:
        yield held


def last_break(text: str) -> int:
    """Return the last position between words: after the last line feed, else before the last single space, else 0.

    >>> last_break("one two\\nthree"), last_break("one two  "), last_break("one  two "), last_break("one")
    (8, 7, 8, 0)
    """
    if at := text.rfind("\n") + 1:
        return at
    at = len(text)
    while (at := text.rfind(" ", 1, at)) > 0:
        if not text[at - 1].isspace():
            return at
    return 0
