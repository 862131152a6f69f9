"""N-grams of a text that comes in chunks: the features of a linear model.

words         each word and punctuation mark, each pair of neighbours, and 2 to 5 characters inside a word
characters    1 to 4 characters between two white spaces

A word is read between two spaces, so that "_in" begins a word and "ng_" ends one. A text is in the normal form and in
lower case piece by piece: a piece has no white space and at most 256 characters. So any division of a text into chunks
gives the same n-grams in the same order, and the state between two chunks is small.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from anaphora.data.text.normal_form import Form, normal
from anaphora.data.text.words import split_words

CHARACTERS = "\t"
"""Begins an n-gram of characters, which is another feature than the word with the same characters."""
_PIECE = 256
_PIECES = re.compile(rf"\S{{1,{_PIECE}}}|\s+")


class Position(NamedTuple):
    """The end of the text that was read, as far as later n-grams depend on it."""

    tail: str = ""  # of an unfinished piece, as it was typed
    context: str = " "  # the last characters of an unfinished word, or the space before the next word
    previous: str = ""  # the last word


class Ngrams(NamedTuple):
    """The kind of the n-grams of a model."""

    words: bool  # words, pairs of words, and characters; otherwise characters alone
    lower: bool
    normalize: Form = "none"

    @property
    def sizes(self) -> range:
        """The numbers of characters in an n-gram of characters."""
        return range(2, 6) if self.words else range(1, 5)

    def read(self, at: Position, chunk: str) -> tuple[list[str], Position]:
        """Return the n-grams that a chunk completes, in their order, and the new position.

        >>> kind = Ngrams(words=False, lower=True)
        >>> found, at = kind.read(Position(), "A")
        >>> found, kind.read(at, "b ")[0]
        ([], ['\\ta', '\\t a', '\\tb', '\\tab', '\\t ab', '\\tb ', '\\tab ', '\\t ab '])
        """
        found: list[str] = []
        text = at.tail + chunk
        at = at._replace(tail="")
        for match in _PIECES.finditer(text):
            piece = match[0]
            if piece[0].isspace():
                at = self._close(at, found)
            elif match.end() == len(text) and len(piece) < _PIECE:
                at = at._replace(tail=piece)
            else:
                at = self._add(at, piece, found)
        return found, at

    def finish(self, at: Position) -> list[str]:
        """Return the n-grams that the end of the text completes."""
        found: list[str] = []
        self._close(self._add(at, at.tail, found), found)
        return found

    def of(self, text: str) -> list[str]:
        """Return all n-grams of a text.

        >>> [gram for gram in Ngrams(words=True, lower=True).of("Ah, ah") if gram[0] != CHARACTERS]
        ['ah', ',', 'ah ,', 'ah', ', ah']
        """
        found, at = self.read(Position(), text)
        return found + self.finish(at)

    def _add(self, at: Position, piece: str, found: list[str]) -> Position:
        text = normal(piece, self.normalize)
        text = text.lower() if self.lower else text
        if not self.words:
            return at._replace(context=self._characters(at.context, text, found))
        previous = at.previous
        for word in split_words(text):
            found += [word, f"{previous} {word}"] if previous else [word]
            self._characters(" ", f"{word} ", found)
            previous = word
        return at._replace(previous=previous)

    def _close(self, at: Position, found: list[str]) -> Position:
        if at.context != " ":
            self._characters(at.context, " ", found)
        return at._replace(context=" ")

    def _characters(self, context: str, text: str, found: list[str]) -> str:
        """Add the n-grams that end in a text after its context; return the context of the next text."""
        whole, begin = context + text, len(context)
        for end in range(begin + 1, len(whole) + 1):
            grams = (whole[end - size : end] for size in self.sizes if size <= end)
            found += [CHARACTERS + gram for gram in grams if gram != " "]
        return whole[max(0, len(whole) - self.sizes[-1] + 1) :]


def shown(gram: str) -> str:
    """Return an n-gram for people.

    >>> shown("not good"), shown("\\t un")
    ('not good', '_un')
    """
    return gram.removeprefix(CHARACTERS).replace(" ", "_") if gram.startswith(CHARACTERS) else gram
