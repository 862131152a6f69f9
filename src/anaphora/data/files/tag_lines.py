"""A sentence per line, with its tags in the same line.

slashes    The/DT dog/NN barks/VBZ           also with _ or |; the last one of a word begins its tag
sides      the dog barks <tab> DT NN VBZ     words, a tab, as many tags; a third field is a label of the sentence
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from anaphora.data.files.sentences import Collected, Found, Read, record
from anaphora.data.files.word_splitting import between_blanks, is_blank
from anaphora.errors import DataError

_MARKS = "/_|"
_BEGIN, _END = "BOS", "EOS"  # of ATIS: the tag of the last one is the label of the sentence
_KNOWN = 0.9  # of the tags of lines that a model is to read: the others were not in its training


class Tagged(NamedTuple):
    """The words of a line and their tags."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def mark_of(head: Sequence[str], known: Collection[str] | None = None) -> str | None:
    """Return the character between word and tag that all words of some lines have, or None; with `known`, most tags
    must be among them.

    >>> mark_of(["The/DT dog/NN"]), mark_of(["The_DT dog_NN", "either/or_CC"]), mark_of(["either/or", "one"])
    ('/', '_', None)
    """
    words = [word for line in head for word in between_blanks(line)]
    for mark in _MARKS:
        halves = [word.rpartition(mark) for word in words]
        if words and all(word and tag for word, _, tag in halves) and _are_known([tag for *_, tag in halves], known):
            return mark
    return None


def are_sides(head: Sequence[str], known: Collection[str] | None = None) -> bool:
    """Return whether all lines have as many words before a tab as after it, and some have several.

    >>> are_sides(["the dog\\tDT NN", "hi\\tUH"]), are_sides(["the dog\\tNN"]), are_sides(["dog\\tNN"])
    (True, False, False)
    """
    fields = [line.rstrip("\r").split("\t") for line in head if not is_blank(line)]
    if not fields or not all(2 <= len(own) <= 3 for own in fields):
        return False
    counts = [(len(between_blanks(own[0])), len(between_blanks(own[1]))) for own in fields]
    tags = [tag for own in fields for tag in between_blanks(own[1])]
    return all(one == other > 0 for one, other in counts) and max(counts)[0] > 1 and _are_known(tags, known)


def slashed(line: str, mark: str) -> Tagged:
    """Return words and tags of a line; raises DataError for a word without a tag."""
    halves = [(part.rpartition(mark), part) for part in between_blanks(line)]
    for (word, _, tag), part in halves:
        if not word or not tag:
            raise DataError(f"{part[:40]!r} has no tag; expected the form word{mark}tag.")
    return Tagged(tuple(half[0] for half, _ in halves), tuple(half[2] for half, _ in halves))


def sided(line: str) -> Tagged:
    """Return words and tags of a line; raises DataError for different numbers of them."""
    fields = [between_blanks(field) for field in line.rstrip("\r").split("\t")]
    if len(fields) < 2 or len(fields[0]) != len(fields[1]):
        counts = " and ".join(f"{len(field)}" for field in fields[:2])
        raise DataError(f"{counts} words and tags stand beside the tab; expected as many tags as words.")
    tokens, tags = fields[0], fields[1]
    if tokens[:1] == [_BEGIN] and tokens[-1:] == [_END] and len(tokens) > 1:
        tokens, tags = tokens[1:-1], tags[1:-1]
    return Tagged(tuple(tokens), tuple(tags))


def read_tagged_lines(path: str, lines: Sequence[str], kind: str, mark: str) -> Read:
    """Return the sentences of a file of the format `slashes` or `sides`."""
    collected = Collected(path)
    for number, line in enumerate(lines, 1):
        if is_blank(line):
            continue
        try:
            tokens, tags = slashed(line, mark) if kind == "slashes" else sided(line)
        except DataError as error:
            record(collected.wrong, number, str(error))
            continue
        collected.add(tokens, tags, (number,) * max(1, len(tokens)))
    if kind == "slashes":
        return collected.read(Found(kind, f"a sentence per line, word{mark}tag", f"before {mark}", f"after {mark}"))
    has_label = any(line.count("\t") > 1 or line.startswith(f"{_BEGIN} ") for line in lines)
    left_out = {"the end of a line": "a label of the sentence"} if has_label else {}
    return collected.read(Found(kind, "a sentence per line: words, a tab, tags", "field 1", "field 2", 0, left_out))


def _are_known(tags: Sequence[str], known: Collection[str] | None) -> bool:
    return known is None or sum(tag in known for tag in tags) >= _KNOWN * len(tags)
