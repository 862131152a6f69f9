"""A check of texts that look alike and differ as characters."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from anaphora.checks.findings import Finding
from anaphora.data.text.normal_form import Form, spellings

_SHOWN = 5  # groups
_MOST = 2_000_000  # words with other letters than ASCII has: so many are compared


def check_words(texts: Iterable[str], form: Form) -> list[Finding]:
    """Return a finding on words of texts that are equal in NFC and differ as typed, unless the texts are read in NFC.

    >>> [found.count for found in check_words(["Caf\\u00e9 au", "lait, Cafe\\u0301"], "none")]
    [1]
    >>> check_words(["Caf\\u00e9 au", "lait, Cafe\\u0301"], "nfc")
    []
    """
    if form != "none":
        return []
    words = (word for text in texts if not text.isascii() for word in text.split() if not word.isascii())
    return check_spellings(islice(words, _MOST), "words", "the data")


def check_spellings(texts: Iterable[str], things: str, where: str) -> list[Finding]:
    """Return a finding on texts that are equal in NFC and differ as typed; `things` is their plural, such as labels.

    >>> check_spellings(["Caf\\u00e9", "tea", "Cafe\\u0301"], "labels", "the data")[0].message
    '1 of the labels is typed with different characters that look alike: "Caf\\\\xe9" and "Cafe\\\\u0301".'
    """
    groups = spellings(texts)
    if not groups:
        return []
    shown = "; ".join(" and ".join(f'"{ascii(text)[1:-1]}"' for text in group) for group in groups[:_SHOWN])
    more = f"; and {len(groups) - _SHOWN:,} more" if len(groups) > _SHOWN else ""
    are = "is" if len(groups) == 1 else "are"
    message = f"{len(groups):,} of the {things} {are} typed with different characters that look alike: {shown}{more}."
    remedy = "Add --normalize nfc: then each of them is one text."
    return [Finding("spelling", "warning", where, (), message, remedy, len(groups))]
