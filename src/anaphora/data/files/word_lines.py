"""Lines with a word and its tag, in columns and in formats whose fields have names.

A layout says which fields of a line are the word and the tag, and which lines have no word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal, NamedTuple

from anaphora.data.files.sentences import Found, MalformedLine, record
from anaphora.data.files.tag_refusals import refuse_marks
from anaphora.data.files.word_fields import ColumnChoice, NamedFields, field, named_fields, number, refuse_same
from anaphora.data.files.word_splitting import is_blank
from anaphora.errors import DataError
from anaphora.formatting import counted

WORD_NUMBER, _NO_WORD_NUMBER = re.compile(r"\d+"), re.compile(r"\d+-\d+|\d+\.\d+")
_DOCUMENT = "-DOCSTART-"
_BEGIN, _END = "BOS", "EOS"


_LABEL_PLACES: tuple[tuple[Literal["first", "last"], int], ...] = (("first", 0), ("last", -1))


class WordLine(NamedTuple):
    """A line with a word: all its fields, and the fields of the word and the tag (None without a tag)."""

    line: int
    fields: list[str]
    token: str
    tag: str | None


@dataclass(frozen=True)
class WordLayout:
    """The layout of a line: its number of fields, and the positions of the word and the tag."""

    width: int
    token: int
    tag: int | None
    tabs: bool
    named: NamedFields | None = None
    label: Literal["", "first", "last"] = ""  # the line of a sentence that has one field, its label
    framed: bool = False  # a sentence begins with BOS and ends with EOS, whose tag is the label of the sentence (ATIS)

    @property
    def numbered(self) -> bool:
        """Whether the first field is the number of the word, by the format."""
        return self.named is not None and self.named.numbered

    def sentences(self, lines: Iterable[tuple[int, str]], wrong: list[MalformedLine]) -> Iterator[list[WordLine]]:
        """Yield the words of each sentence; a malformed line is skipped and recorded in `wrong`."""
        words: list[WordLine] = []
        for line, word in self.words(lines, wrong):
            if word is not None:
                words.append(word)
            elif words and self.ends(line):
                yield words
                words = []
        if words:
            yield words

    def words(
        self, lines: Iterable[tuple[int, str]], wrong: list[MalformedLine]
    ) -> Iterator[tuple[str, WordLine | None]]:
        """Yield every line with its word, or None if it has no word; a malformed line is recorded in `wrong`."""
        begins = True
        for (number_, line), (_, after) in pairwise(chain(lines, [(0, "")])):
            is_label = self._is_label(line, begins, after)
            yield line, None if is_label else self._word(number_, line, begins, wrong)
            begins = self.ends(line) or (begins and self.is_comment(line, begins))

    def have_words(self, lines: Iterable[str]) -> bool:
        """Return whether some line has a word, or a fault that hides it."""
        wrong: list[MalformedLine] = []
        return any(word is not None or wrong for _, word in self.words(enumerate(lines), wrong))

    def ends(self, line: str) -> bool:
        """Return whether a line separates sentences."""
        return is_blank(line) or (self.named is None and line.startswith(_DOCUMENT))

    def is_comment(self, line: str, begins: bool) -> bool:
        """Return whether a line is a comment; `begins` says whether no word of its sentence stands before it."""
        if not line.startswith("#"):
            return False
        return self.named is not None or (begins and len(self.fields(line)) != self.width)

    def _is_label(self, line: str, begins: bool, after: str) -> bool:
        """Return whether a line is the label of its sentence; `after` is the next line."""
        at_its_place = begins if self.label == "first" else self.label == "last" and self.ends(after)
        return at_its_place and not self.ends(line) and len(self.fields(line)) == 1

    def _word(self, number_: int, line: str, begins: bool, wrong: list[MalformedLine]) -> WordLine | None:
        """Return the word of a line, or None if the line has no word."""
        if self.ends(line) or self.is_comment(line, begins):
            return None
        fields = self.fields(line)
        message = self._misfit(line, fields)
        if message is not None:
            record(wrong, number_, message)
            return None
        if self.numbered and _NO_WORD_NUMBER.fullmatch(fields[0]):
            return None
        if self.framed and fields[self.token] == (_BEGIN if begins else _END):
            return None
        if message := self._empty(fields):
            record(wrong, number_, message, empty=True)
            return None
        return WordLine(number_, fields, fields[self.token], None if self.tag is None else fields[self.tag])

    def _misfit(self, line: str, fields: list[str]) -> str | None:
        """Return the fault of a line whose fields do not fit the layout, or None."""
        if self.numbered and _NO_WORD_NUMBER.fullmatch(fields[0]):
            return None
        more = self.named is not None and self.named.more
        if len(fields) < self.width or (len(fields) > self.width and not more):
            return (
                f"{counted(len(fields), 'field')}, expected {self.width}{' or more' if more else ' as in the first'}:"
                f" {line[:60]!r}. Fields stand between {'tabs' if self.tabs else 'blanks'}; a blank line ends a"
                " sentence."
            )
        if self.numbered and not WORD_NUMBER.fullmatch(fields[0]):
            return f"{fields[0][:20]!r} is not a word number; expected 1, 2, … or 1-2, or 1.1."
        return None

    def _empty(self, fields: list[str]) -> str | None:
        """Return the fault of a line without a word or a tag, or None."""
        token, tag = fields[self.token], None if self.tag is None else fields[self.tag]
        if token and tag != "":
            return None
        return f"{f'{token[:20]!r} has no tag' if token else 'no word'}: a field is empty."

    def fields(self, line: str) -> list[str]:
        """Return the fields of a line without its line end."""
        line = line.rstrip("\r")
        return line.split("\t") if self.tabs else re.split("[ \t]+", line.strip(" \t"))

    def found(self, kind: str) -> Found:
        """Return the layout in words."""
        between = "tabs" if self.tabs else "blanks"
        if self.named is not None:
            names = [self.named.names[at] if 0 <= at < len(self.named.names) else f"column {at}"
                     for at in (self.token, -1 if self.tag is None else self.tag)]  # fmt: skip
            return Found(kind, self.named.title, names[0], names[1], self.width)
        title = f"a word per line, {self.width} fields between {between}"
        left_out = {f"the {self.label} line of a sentence": "a label of the sentence"} if self.label else {}
        left_out |= {f"{_BEGIN} and {_END}": "the ends of a sentence, and its label"} if self.framed else {}
        tag = "" if self.tag is None else f"column {self.tag + 1}"
        return Found(kind, title, f"column {self.token + 1}", tag, self.width, left_out)


def columns(data: ColumnChoice, head: Sequence[str], tagged: bool = True) -> WordLayout:
    """Return the layout of a file in the format `columns` whose first lines are `head`.

    Raises DataError if a named column does not exist.
    """
    words = list(filter(may_be_word, head)) or [line for line in head if not is_blank(line)] or [""]
    tabbed = sum("\t" in line.strip(" \t\r") for line in words)
    tabs = 2 * tabbed >= len(words) or (tabbed > 0 and all("\t" in line for line in words))
    plain = WordLayout(0, 0, None, tabs)
    widths = Counter(len(plain.fields(line)) for line in words)
    label = _labelled(plain, head)
    if label:
        del widths[1]
    width = max(widths, key=lambda count: widths[count])  # the first of equally frequent ones
    numbers = data.token is None and width > 1 + tagged and _are_numbers(plain, head)
    token = number(data.token or ("2" if numbers else "1"), width, "--token")
    framed = _are_framed(plain, head, token)
    if not tagged:
        return WordLayout(width, token, None, tabs, None, label, framed)
    if width < 2:
        refuse_marks(words)
        raise DataError(
            f"The first line with a word has one field, {words[0].strip()[:60]!r}; expected a word and its"
            " tag, separated by a tab or spaces."
        )
    tag = number(data.tag or "-1", width, "--tag")
    refuse_same(token, tag)
    if data.tag is None and tabs and all(line.rstrip("\r").endswith("\t") for line in words):
        raise DataError(
            f"The lines end in a tab, so the last of their {counted(width, 'field')} is empty, which should be the tag."
            " Name the column of the tags, for example --tag 2, or remove the tabs:"
            " sed 's/[[:blank:]]*$//' FILE."
        )
    return WordLayout(width, token, tag, tabs, None, label, framed)


def named(kind: str, data: ColumnChoice, head: Sequence[str], tagged: bool = True) -> WordLayout:
    """Return the layout of a format whose fields have names; raises DataError for an unknown field."""
    fields = named_fields(kind, head)
    token, tag = field(data.token or fields.token, fields, "--token"), field(data.tag or fields.tag, fields, "--tag")
    refuse_same(token, tag)
    return WordLayout(len(fields.names), token, tag if tagged else None, fields.tabs, fields)


def may_be_word(line: str) -> bool:
    """Return whether a line may have a word: it is not blank, a comment, or -DOCSTART-."""
    return not is_blank(line) and not line.startswith(("#", _DOCUMENT))


def is_document(line: str) -> bool:
    """Return whether a line, or its first field, is -DOCSTART-, which begins a document."""
    return line.startswith(_DOCUMENT)


def blocks(head: Sequence[str]) -> list[list[str]]:
    """Return the lines between blank lines, without comments and empty blocks."""
    found: list[list[str]] = [[]]
    for line in head:
        if is_blank(line) or is_document(line):
            found.append([])
        elif may_be_word(line):
            found[-1].append(line)
    return list(filter(None, found))


def _labelled(layout: WordLayout, head: Sequence[str]) -> Literal["", "first", "last"]:
    """Return which line of every sentence has one field, with a letter, while all others have more; empty if none is.

    The last sentence of `head` may be cut.
    """
    sentences = blocks(head)
    whole = sentences if not head or is_blank(head[-1]) or len(sentences) < 3 else sentences[:-1]
    alone = [[line for line in own if len(layout.fields(line)) == 1] for own in whole]
    named = all(len(own) == 1 and any(map(str.isalnum, own[0])) for own in alone)
    for label, at in _LABEL_PLACES if named and len(sentences) > 1 else ():
        if all(len(own) > 1 and [own[at]] == one for own, one in zip(whole, alone, strict=True)):
            return label
    return ""


def _are_framed(layout: WordLayout, head: Sequence[str], token: int) -> bool:
    """Return whether every sentence begins with BOS and ends with EOS; the last one may be cut."""
    words = [[layout.fields(line)[token : token + 1] for line in block] for block in blocks(head)]
    ends = words[:-1] or words
    return bool(words) and all(own[0] == [_BEGIN] for own in words) and all(own[-1] == [_END] for own in ends)


def _are_numbers(layout: WordLayout, head: Sequence[str]) -> bool:
    """Return whether the first fields of every sentence count its words, from 1 or from 0."""
    first = [[layout.fields(line)[0] for line in block] for block in blocks(head)]
    return max(map(len, first), default=0) > 1 and any(
        all(own == [str(at) for at in range(start, start + len(own))] for own in first) for start in (1, 0)
    )
