"""Word units: text cut so that the pieces joined are the text again.

A word, or a mark of punctuation, carries the single space before it (``To``, `` be``, ``,``, `` or``). Marks that
repeat stand together up to three (``--``, ``...``); a word keeps its inner apostrophes (``don't``, ``o'er``) but not
hyphens; scripts written without spaces (Chinese, Japanese kana) give one unit per character; a line feed is one unit,
and so is any other run of white space.

The vocabulary holds the most frequent units that occur at least twice; all others are one unknown word. A word that
is known only with its space, or only without, is taken as that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from anaphora.data.vocabulary import UNKNOWN, Ids, Table, check_variety
from anaphora.errors import DataError

WORDS = 10_000  # the default size

_MARKS = (  # for a character class: all punctuation and symbols but "_" and apostrophes
    "!-&(-/:-@\\[-^`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2018\u201a-\u2bff"
    "\u3000-\u303f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\ufffd\U0001f000-\U0001faff"
)
_APOSTROPHES = "'\u2019"
_SCRIPTS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # written without spaces
_LETTER = f"[^\\s{_MARKS}{_APOSTROPHES}{_SCRIPTS}]"
_UNITS = re.compile(
    rf"\n"
    rf"| ?(?:{_LETTER}+(?:[{_APOSTROPHES}]{_LETTER}+)*"  # a word
    rf"|[{_SCRIPTS}]"
    rf"|([{_MARKS}{_APOSTROPHES}])\1{{0,2}})"  # a mark, up to three times
    rf"|[^\S\n]+(?=[^\S\n])|[^\S\n]"  # white space; of a run, the last space belongs to the word after it
)


class Words(Table):
    """Words, marks and white space as units, most frequent first behind the unknown one (ties: by code point)."""

    kind = "word"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(symbols)
        self._index = {symbol: index for index, symbol in enumerate(self.symbols)}
        for index, symbol in enumerate(self.symbols):
            if not symbol.isspace():
                self._index.setdefault(symbol[1:] if symbol[0] == " " else " " + symbol, index)

    @classmethod
    def of(cls, text: str, size: int | None) -> Words:
        """Take the ``size`` - 1 (default 9,999) most frequent units that occur at least twice in ``text``."""
        counts = Counter(split_words(text))
        for stranger in [unit for unit in counts if UNKNOWN in unit]:
            del counts[stranger]
        check_variety(len(counts), "word", text)
        repeated = sorted((unit for unit in counts if counts[unit] > 1), key=lambda unit: (-counts[unit], unit))
        if len(repeated) < 2:
            raise DataError(
                f"the text has {len(counts)} different words, and fewer than two of them occur twice: "
                "bring more text, or use char units"
            )
        return cls([" " + UNKNOWN, *repeated[: (size or WORDS) - 1]])

    def encode(self, text: str) -> Ids:
        index = self._index
        return np.fromiter((index.get(unit, 0) for unit in split_words(text)), dtype=np.int32)

    def units(self, text: str) -> Sequence[str]:
        return split_words(text)


def split_words(text: str) -> list[str]:
    """Cut a text into words, marks and white space, each with the single space before it; joined they are the text.

    >>> split_words("To be, or not -- don't!\\n")
    ['To', ' be', ',', ' or', ' not', ' --', " don't", '!', '\\n']
    """
    return [match.group() for match in _UNITS.finditer(text)]
