"""Words without their case and the space before them: the vocabulary that fills gaps.

    word            has a letter or a digit: don't, 3, Rome        a gap stands for one
    punctuation     , ; ( … and the line's end                     is read, and never asked for

Symbol 0 is any word that is not known; punctuation that is not known is left out. A known word is written as it is
written most often (the, Rome, I), and found however it is written, unless case is kept. Words that occur once are not
known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.text import Text
from anaphora.data.text.build import restore
from anaphora.data.text.normal_form import Form, in_form
from anaphora.data.text.vocabulary import UNKNOWN, Ids, SymbolTable, check_variety
from anaphora.data.text.words import WORDS, break_at, counted, split_words
from anaphora.errors import DataError

LINE_END = "\n"
_LEFT_OUT = -1
_SHARE = 0.1  # as often as in capital letters alone, as in titles, and a word is written in small ones
_REMEMBERED = 2**20  # different units whose symbol is remembered


class WordVocabulary(SymbolTable):
    """Words and punctuation, the most frequent first, after the unknown word."""

    kind = "word"

    def __init__(self, symbols: Sequence[str], lower: bool, form: Form = "none") -> None:
        super().__init__(symbols)
        self.lower, self.form = lower, form
        self.words: NDArray[np.bool_] = np.array([True, *map(is_word, self.symbols[1:])])
        """(V,) whether a symbol is a word, the unknown one too."""
        self._index = {folded(symbol, lower): index for index, symbol in enumerate(self.symbols) if index}
        self._symbol = _Found(self._find)

    @classmethod
    def of(cls, text: Text, size: int | None, lower: bool, form: Form = "none") -> WordVocabulary:
        """Take the ``size`` - 1 (default 9,999) most frequent words and punctuation marks that occur twice.

        Raises DataError where fewer than two of them are words.
        """
        forms: Counter[str] = Counter()
        for unit, count in counted(in_form(text, form)).items():
            if UNKNOWN not in unit and (unit == LINE_END or not unit.isspace()):
                forms[_bare(unit)] += count
        totals: Counter[str] = Counter()
        usual: dict[str, str] = {}
        for word in sorted(forms, key=lambda word: (-forms[word], word)):
            key = folded(word, lower)
            totals[key] += forms[word]
            first = usual.setdefault(key, word)
            if len(first) > 1 and first.isupper() and not word.isupper() and forms[word] >= _SHARE * forms[first]:
                usual[key] = word
        check_variety(len(totals), "word", text)
        often = sorted((key for key in totals if totals[key] > 1), key=lambda key: (-totals[key], key))
        often = often[: (size or WORDS) - 1]
        if sum(map(is_word, often)) < 2:
            raise DataError(
                f"The text has {sum(map(is_word, totals)):,} different words, and fewer than two of them occur twice."
                " Add text."
            )
        return cls([UNKNOWN, *(usual[key] for key in often)], lower, form)

    @classmethod
    def restored(cls, tensors: Mapping[str, NDArray[Any]], lower: bool, form: Form = "none") -> WordVocabulary:
        """Return the vocabulary of tensors such as text bytes (n,); raises CorruptBundle if they describe none."""
        return cls(restore("word", tensors).symbols, lower, form)

    def _encode(self, text: str) -> Ids:
        found: Ids = np.fromiter(map(self._symbol.__getitem__, split_words(text)), dtype=np.int32)
        return np.extract(found != _LEFT_OUT, found)

    def _units(self, text: str) -> Sequence[str]:
        return [_bare(unit) for unit in split_words(text) if self._symbol[unit] != _LEFT_OUT]

    def cut(self, text: str) -> int:
        return break_at(text)

    def decode(self, ids: Any) -> str:
        """Return the text of indices (T,) with the usual spaces."""
        return spaced(list(map(self.shown, self.checked(ids).tolist())))

    def _find(self, unit: str) -> int:
        bare = _bare(unit)
        unknown = 0 if is_word(bare) or UNKNOWN in bare else _LEFT_OUT
        return self._index.get(folded(bare, self.lower), unknown)


class _Found(dict[str, int]):
    """Units of a text, each with its symbol."""

    def __init__(self, find: Callable[[str], int]) -> None:
        self._find = find

    def __missing__(self, unit: str) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[unit] = found = self._find(unit)
        return found


def is_word(unit: str) -> bool:
    """Whether a unit has a letter or a digit."""
    return any(map(str.isalnum, unit))


def folded(word: str, lower: bool) -> str:
    """Return the form that all spellings of one word share: its characters and, with `lower`, no capital letters.

    >>> folded("Don’t", True), folded("Don’t", False)
    ("don't", "Don't")
    """
    word = word.replace("\u2019", "'")
    return word.lower() if lower else word


_NO_SPACE_BEFORE = frozenset(",.;:!?)]}%…”’")
_NO_SPACE_AFTER = frozenset("([{“‘\n")


def spaced(units: Sequence[str]) -> str:
    """Words and punctuation as a text.

    >>> spaced(["To", "be", ",", "or", "(", "not", ")", "."])
    'To be, or (not).'
    """
    text = ""
    for unit in units:
        tight = not text or text[-1] in _NO_SPACE_AFTER or unit[0] in _NO_SPACE_BEFORE or unit == LINE_END
        text += unit if tight else f" {unit}"
    return text


def _bare(unit: str) -> str:
    return unit if unit == LINE_END else unit.strip()
