"""The fields of a line with a word, in formats that name or number them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from anaphora.errors import DataError, closest
from anaphora.formatting import counted

CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_2009 = "ID FORM LEMMA PLEMMA POS PPOS FEAT PFEAT HEAD PHEAD DEPREL PDEPREL FILLPRED PRED"
_2012 = "DOCUMENT PART NUMBER WORD POS PARSE LEMMA FRAMESET SENSE SPEAKER NER"
EXPRESSIONS = "PARSEME:MWE"
_GLOBAL = "# global.columns ="


class ColumnChoice(Protocol):
    """The user's choice of format and columns; None means the default."""

    @property
    def format(self) -> str:
        """`auto`, or the name of a format."""

    @property
    def token(self) -> str | None:
        """The column of words."""

    @property
    def tag(self) -> str | None:
        """The column of tags."""

    @property
    def encoding(self) -> str:
        """The text encoding of the file."""


class NamedFields(NamedTuple):
    """A format whose fields have names; with `more`, other fields may follow them."""

    title: str
    names: tuple[str, ...]
    token: str
    tag: str
    tabs: bool = True
    numbered: bool = True  # the first field is the number of the word
    more: bool = False


NAMED = {
    "conllu": NamedFields("CoNLL-U", CONLLU, "FORM", "UPOS"),
    "conll2009": NamedFields("CoNLL-2009", tuple(_2009.split()), "FORM", "POS", more=True),
    "conll2012": NamedFields("CoNLL-2012", tuple(_2012.split()), "WORD", "NER", tabs=False, numbered=False, more=True),
}


def named_fields(kind: str, head: Sequence[str]) -> NamedFields:
    """Return the fields of a format; the first lines of CoNLL-U Plus name its fields.

    >>> named_fields("conllu", ["# global.columns = ID FORM UPOS PARSEME:MWE"]).names
    ('ID', 'FORM', 'UPOS', 'PARSEME:MWE')
    """
    fields = NAMED[kind]
    names = next((line.removeprefix(_GLOBAL).split() for line in head if line.startswith(_GLOBAL)), [])
    if kind != "conllu" or not names:
        return fields
    tag = next((name for name in (fields.tag, "XPOS", names[-1]) if name in names), fields.tag)
    return fields._replace(title="CoNLL-U Plus", names=tuple(names), tag=tag, numbered=names[0] == "ID")


def names_columns(head: Sequence[str]) -> bool:
    """Return whether the first lines of a file name its columns, as CoNLL-U Plus does."""
    return any(line.startswith(_GLOBAL) for line in head)


def field(name: str, fields: NamedFields, option: str) -> int:
    """Return the index of a field given by its name or its number; raises DataError for an unknown one."""
    if name.upper() in fields.names:
        return fields.names.index(name.upper())
    if name.lstrip("-").isdigit():
        return number(name, len(fields.names), option, fields.more)
    near = closest(name.upper(), fields.names)
    raise DataError(
        f"{fields.title} has no field {name!r} ({option}). It has: {', '.join(fields.names)}."
        f"{f' Did you mean {near}?' if near else ''}"
    )


def number(name: str, width: int, option: str, more: bool = False) -> int:
    """Return the index of a column given by its number, from 1, or from -1 backwards; with `more`, a line may have more
    than `width` columns, and an index from the end stays one.
    """
    column = int(name) if name.lstrip("-").isdigit() else 0
    if not 1 <= abs(column) <= width and not (more and column):
        raise DataError(
            f"There is no column {name!r} ({option}): the first line with a word has"
            f" {counted(width, 'field')}, 1 to {width}; -1"
            " is the last."
        )
    return column - 1 if column > 0 else column if more else width + column


def refuse_same(token: int, tag: int) -> None:
    """Raise DataError if one column is both the words and the tags."""
    if token == tag:
        raise DataError(
            f"Column {token + 1} is both the words (--token) and the tags (--tag): name two different columns."
        )
