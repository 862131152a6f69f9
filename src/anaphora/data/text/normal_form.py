"""Normal forms of text: one letter with an accent, and the letter followed by its accent, become the same characters.

`none` leaves every text as it is typed, `nfc` composes it (Unicode, UAX #15).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

Form = Literal["none", "nfc"]


def normal(text: str, form: Form) -> str:
    """Return a text in a normal form.

    >>> normal("Cafe\\u0301", "nfc") == "Caf\\u00e9", len(normal("Cafe\\u0301", "none"))
    (True, 5)
    """
    return unicodedata.normalize("NFC", text) if form == "nfc" else text


def spellings(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of different texts that are equal in NFC, in the order in which they first occur.

    >>> [[len(text) for text in group] for group in spellings(["Cafe\\u0301", "tea", "Caf\\u00e9", "tea"])]
    [[5, 4]]
    """
    groups: dict[str, dict[str, None]] = {}
    for text in texts:
        groups.setdefault(text if text.isascii() else unicodedata.normalize("NFC", text), {})[text] = None
    return [tuple(group) for group in groups.values() if len(group) > 1]
