"""Normal forms of text: one letter with an accent, and the letter followed by its accent, become the same characters.

`none` leaves every text as it is typed, `nfc` composes it (Unicode, UAX #15). A text that comes in blocks is composed
block by block: a block ends before a character that never joins the character before it.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Literal

from anaphora.data.files.text import Text
from anaphora.data.text.splitting import recut

Form = Literal["none", "nfc"]
_JAMO = range(0x1160, 0x1200)  # the vowels and the last consonants of Korean syllables


def normal(text: str, form: Form) -> str:
    """Return a text in a normal form.

    >>> normal("Cafe\\u0301", "nfc") == "Caf\\u00e9", len(normal("Cafe\\u0301", "none"))
    (True, 5)
    """
    return unicodedata.normalize("NFC", text) if form == "nfc" else text


def in_form(text: Text, form: Form) -> Text:
    """Return a text, which may be larger than memory, in a normal form."""
    return text if form == "none" else text.mapped(partial(blocks_in_form, form=form))


def blocks_in_form(blocks: Iterable[str], form: Form) -> Iterator[str]:
    """Yield a text that comes in blocks in a normal form, in other blocks."""
    if form == "none":
        return iter(blocks)
    return (normal(block, form) for block in recut(blocks, lambda text: settled(text, form)))


def settled(text: str, form: Form) -> int:
    """Return the last position before which no later character changes the normal form, or 0.

    >>> settled("cafe", "nfc"), settled("cafe\\u0301", "nfc"), settled("cafe", "none")
    (3, 3, 4)
    """
    if form == "none":
        return len(text)
    return next((at for at in range(len(text) - 1, 0, -1) if not _joins(text[at])), 0)


def spellings(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of different texts that are equal in NFC, in the order in which they first occur.

    >>> [[len(text) for text in group] for group in spellings(["Cafe\\u0301", "tea", "Caf\\u00e9", "tea"])]
    [[5, 4]]
    """
    groups: dict[str, dict[str, None]] = {}
    for text in texts:
        groups.setdefault(text if text.isascii() else unicodedata.normalize("NFC", text), {})[text] = None
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _joins(character: str) -> bool:
    """Return whether a character may join the character before it, or change places with it."""
    if character.isascii():
        return False
    return unicodedata.combining(character) > 0 or character in _second()


@lru_cache
def _second() -> frozenset[str]:
    """Return the characters that are the second one of a composed character."""
    parts = (unicodedata.decomposition(chr(point)).split() for point in range(0x80, sys.maxunicode + 1))
    pairs = (chr(int(part[1], 16)) for part in parts if len(part) == 2 and not part[0].startswith("<"))
    return frozenset(pairs) | frozenset(map(chr, _JAMO))
