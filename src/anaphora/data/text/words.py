"""Word units: text cut so that the pieces joined are the text again.

A word, or a mark of punctuation, carries the single space before it (``To``, `` be``, ``,``, `` or``). Marks that
repeat stand together up to three (``--``, ``...``); a word keeps its inner apostrophes (``don't``, ``o'er``) but not
hyphens; scripts written without spaces (Chinese, Japanese kana) give one unit per character; a line feed is one unit,
and so is any other run of white space.

The vocabulary holds the most frequent units that occur at least twice; all others are one unknown word. A word that
is known only with its space, or only without, is taken as that.

Of a text longer than a hundred million characters an evenly spaced sample is counted; and where a million different
units have been met, the rarest are forgotten, so that one that becomes frequent later may seem a little rarer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np

from anaphora.data.files.text import Text
from anaphora.data.text.splitting import last_break, recut
from anaphora.data.text.vocabulary import UNKNOWN, Ids, Table, check_variety
from anaphora.errors import DataError

WORDS = 10_000  # the default size
COUNTED_FROM = 100_000_000  # characters
COUNTED = 1_000_000  # different units that are counted at once

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
    def of(cls, text: Text, size: int | None) -> Words:
        """Take the ``size`` - 1 (default 9,999) most frequent units that occur at least twice in ``text``."""
        counts = counted(text)
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
        units = split_words(text)
        return np.fromiter(map(index.get, units, repeat(0)), dtype=np.int32, count=len(units))

    def whole_units(self, blocks: Iterable[str]) -> Iterator[str]:
        return recut(blocks, break_at)

    def units(self, text: str) -> Sequence[str]:
        return split_words(text)


def split_words(text: str) -> list[str]:
    """Cut a text into words, marks and white space, each with the single space before it; joined they are the text.

    >>> split_words("To be, or not -- don't!\\n")
    ['To', ' be', ',', ' or', ' not', ' --', " don't", '!', '\\n']
    """
    return [match[0] for match in _UNITS.finditer(text)]


def counted(text: Text) -> Counter[str]:
    """How often each unit occurs, as far as it is counted."""
    counts: Counter[str] = Counter()
    keep = min(1.0, COUNTED_FROM / max(1, len(text)))
    owed, forgotten = 0.0, 0
    for chunk in recut(text.blocks(), break_at):
        owed += keep
        if owed < 1.0 and keep < 1.0:
            continue
        owed -= 1.0
        counts.update(split_words(chunk))
        while len(counts) > COUNTED:
            forgotten += 1
            counts = Counter({unit: count for unit, count in counts.items() if count > forgotten})
    return counts


def break_at(text: str) -> int:
    """Where a text can be cut; in one without spaces (Chinese, say) before the last two units, which may go on."""
    if at := last_break(text):
        return at
    units = split_words(text)
    return len(text) - sum(map(len, units[-2:])) if len(units) > 2 else 0
