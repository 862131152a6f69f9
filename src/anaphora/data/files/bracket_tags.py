"""Tags that mark spans by brackets, and multiword expressions of PARSEME, as tags of single words.

(PERSON*    *)    (GPE)    *           B-PERSON   I-PERSON   B-GPE   O        (CoNLL-2012, CoNLL-2005)
1:VID   *   1   1:LVC.full;2:VID       VID   O   VID   LVC.full;VID           (PARSEME; an expression may have gaps)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from anaphora.errors import DataError

_BRACKET = re.compile(r"\((?P<type>[^()*]+)\*?(?P<end>\))?|\*(?P<ends>\))?|[-_]")
_EXPRESSION = re.compile(r"\d+(:[^;:]+)?(;\d+(:[^;:]+)?)*|[*_]")


def are_brackets(tags: Iterable[str]) -> bool:
    """Return whether tags mark spans by brackets.

    >>> are_brackets(["*", "(PER*", "*)"]), are_brackets(["*", "-"]), are_brackets(["(", "NN"])
    (True, False, False)
    """
    different = set(tags)
    return any(tag.startswith("(") and tag != "(" for tag in different) and all(
        tag.startswith("(") or _BRACKET.fullmatch(tag) for tag in different
    ) and any("*" in tag or tag.endswith(")") for tag in different)  # fmt: skip


def without_brackets(tags: Sequence[str]) -> list[str]:
    """Return the tags of a sentence in the scheme iob2; raises DataError, with the word, for brackets that do not fit.

    >>> without_brackets(["(PER*", "*)", "*", "(GPE)"])
    ['B-PER', 'I-PER', 'O', 'B-GPE']
    """
    found, kind = list[str](), ""
    for at, tag in enumerate(tags, 1):
        match = _BRACKET.fullmatch(tag)
        if match is None or (kind and match["type"]) or (match["ends"] and not kind):
            why = "spans lie in each other" if kind and tag.startswith("(") else "no span is open there"
            raise DataError(f"the tag {tag!r} of word {at} cannot be read: {why}. A word has one tag.")
        if match["type"]:
            found.append(f"B-{match['type']}")
            kind = "" if match["end"] else match["type"]
        else:
            found.append(f"I-{kind}" if kind else "O")
            kind = "" if match["ends"] else kind
    if kind:
        raise DataError(f"the span of the type {kind!r} does not end in its sentence.")
    return found


def expressions(tags: Sequence[str]) -> list[str]:
    """Return the categories of the multiword expressions to which each word belongs; raises DataError for other values.

    >>> expressions(["1:VID", "*", "1", "2:LVC.full;1"])
    ['VID', 'O', 'VID', 'LVC.full;VID']
    """
    kinds: dict[str, str] = {}
    found = []
    for at, tag in enumerate(tags, 1):
        if not _EXPRESSION.fullmatch(tag):
            raise DataError(f"the tag {tag!r} of word {at} is no multiword expression; expected 1:VID, 1, 1;2 or *.")
        own = [] if tag in "*_" else [part.partition(":") for part in tag.split(";")]
        kinds.update({number: kind for number, _, kind in own if kind})
        found.append(";".join(kinds.get(number, "") or "MWE" for number, _, _ in own) or "O")
    return found
