"""Word units: text split into words so that the joined units are the text.

A word, or a punctuation mark, carries the single space before it (``To``, `` be``, ``,``, `` or``). Up to three equal
marks form one unit (``--``, ``...``). A word keeps its inner apostrophes (``don't``, ``o'er``) but not hyphens. In
scripts without spaces (Chinese, Japanese kana) each character is a unit. A line feed is one unit, and so is any other
run of white space.

The vocabulary holds the most frequent units that occur at least twice; all others are one unknown word. A word that is
known only with its space, or only without, is encoded as the known form.

Of a text with more than a hundred million characters an evenly spaced sample is counted. When the counts hold more than
a million different units, the rarest are removed, so the count of a unit that becomes frequent later may be slightly
low.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from anaphora.data.files.text import Text
from anaphora.data.text.splitting import last_break, recut
from anaphora.data.text.vocabulary import UNKNOWN, Ids, SymbolTable, check_variety
from anaphora.errors import DataError

WORDS = 10_000  # the default size
COUNTED_FROM = 100_000_000  # characters
COUNTED = 1_000_000  # different units in the counts

_MARKS = (  # a character class: all punctuation and symbols except "_" and apostrophes
    "!-&(-/:-@\\[-^`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2018\u201a-\u2bff"
    "\u3000-\u303f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\ufffd\U0001f000-\U0001faff"
)
_APOSTROPHES = "'\u2019"
_SCRIPTS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # scripts written without spaces
_LETTER = f"[^\\s{_MARKS}{_APOSTROPHES}{_SCRIPTS}]"
_UNITS = re.compile(
    rf"\n"
    rf"| ?(?:{_LETTER}+(?:[{_APOSTROPHES}]{_LETTER}+)*"  # a word
    rf"|[{_SCRIPTS}]"
    rf"|([{_MARKS}{_APOSTROPHES}])\1{{0,2}})"  # a mark, up to three times
    rf"|[^\S\n]+(?=[^\S\n])|[^\S\n]"  # white space; the last space of a run belongs to the next word
)


class Words(SymbolTable):
    """Words, punctuation marks and white space as units: first the unknown word, then by frequency (ties: by code
    point).
    """

    kind = "word"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(symbols)
        self._index = {symbol: index for index, symbol in enumerate(self.symbols)}
        for index, symbol in enumerate(self.symbols):
            if not symbol.isspace():
                self._index.setdefault(symbol[1:] if symbol[0] == " " else " " + symbol, index)

    @classmethod
    def of(cls, text: Text, size: int | None) -> Words:
        """Return the `size` - 1 (default 9,999) most frequent units that occur at least twice in `text`."""
        counts = counted(text)
        for unit in [unit for unit in counts if UNKNOWN in unit]:
            del counts[unit]
        check_variety(len(counts), "word", text)
        repeated = sorted((unit for unit in counts if counts[unit] > 1), key=lambda unit: (-counts[unit], unit))
        if len(repeated) < 2:
            raise DataError(
                f"The text has {len(counts)} different words, and fewer than two of them occur twice: "
                "add text, or use --units char."
            )
        return cls([" " + UNKNOWN, *repeated[: (size or WORDS) - 1]])

    def _encode(self, text: str) -> Ids:
        index = self._index
        units = split_words(text)
        return np.fromiter(map(index.get, units, repeat(0)), dtype=np.int32, count=len(units))

    def cut(self, text: str) -> int:
        return break_at(text)

    def _units(self, text: str) -> Sequence[str]:
        return split_words(text)


def split_words(text: str) -> list[str]:
    """Return the words, marks and white space of a text, each with the single space before it; joined they are the
    text.

    >>> split_words("To be, or not -- don't!\\n")
    ['To', ' be', ',', ' or', ' not', ' --', " don't", '!', '\\n']
    """
    return [match[0] for match in _UNITS.finditer(text)]


def counted(text: Text) -> Counter[str]:
    """Return the number of occurrences of each unit, of a sample if the text is long."""
    counts: Counter[str] = Counter()
    keep = min(1.0, COUNTED_FROM / max(1, len(text)))
    credit, removed = 0.0, 0
    for chunk in recut(text.blocks(), break_at):
        credit += keep
        if credit < 1.0 and keep < 1.0:
            continue
        credit -= 1.0
        counts.update(split_words(chunk))
        while len(counts) > COUNTED:
            removed += 1
            counts = Counter({unit: count for unit, count in counts.items() if count > removed})
    return counts


def break_at(text: str) -> int:
    """Return the last position for splitting a text; in a text without spaces (such as Chinese) before the last two
    units.
    """
    if at := last_break(text):
        return at
    units = split_words(text)
    return len(text) - sum(map(len, units[-2:])) if len(units) > 2 else 0
