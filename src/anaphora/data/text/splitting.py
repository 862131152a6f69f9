"""Cutting a text that comes in blocks where no word is cut in two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from anaphora.errors import DataError

LONGEST = 2**24  # characters without a place to cut at


def recut(blocks: Iterable[str], cut: Callable[[str], int]) -> Iterator[str]:
    """Cut the same text where ``cut``, the last good place in what it is given or 0, allows.

    Raises DataError where that is nowhere in `LONGEST` characters.
    """
    held = ""
    for block in blocks:
        held += block
        if at := cut(held):
            yield held[:at]
            held = held[at:]
        elif len(held) > LONGEST:
            raise DataError(
                f"the text has {len(held):,} characters in which no word ends, beginning {held[:20]!r}: expected words "
                "with spaces or line ends between them; use char or byte units"
            )
    if held:
        yield held


def last_break(text: str) -> int:
    """Return where a text can be cut and no word is: behind its last line feed, else before its last lone space or 0.

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
