"""Tags of single words that mean spans of several: B begins one, I goes on, O is outside.

    Alex   lives  in   New    York
    B-PER  O      O    B-LOC  I-LOC        iob2      every span begins with B
    I-PER  O      O    I-LOC  I-LOC        iob1      B only where a span of the same type stands right before
    S-PER  O      O    B-LOC  E-LOC        iobes     E ends a span, S is one of a single word; bilou says L and U

What spans a row of tags has, whether or not it is well made, is said by the rules of the CoNLL-2000 shared task's
program conlleval: a span begins or ends between two tags if their letters are one of the pairs below, or their types
differ. (It knew B, I, O and E; S, and B after E, follow from what they mean.) Everything here goes by way of spans, so
any scheme becomes any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMES = ("iob2", "iob1", "iobes", "bilou")
PLAIN = "none"

_BEGIN = frozenset({"BB", "IB", "OB", "OI", "EE", "EI", "OE", "EB", "SB", "SI", "SE", "BS", "IS", "OS", "ES", "SS"})
_END = frozenset({"BB", "BO", "IB", "IO", "EE", "EI", "EO", "EB", "SB", "SI", "SE", "SO", "BS", "IS", "ES", "SS"})
_OUTSIDE = ("O", ".")
_SAME = {"L": "E", "U": "S"}
_BILOU = {same: letter for letter, same in _SAME.items()}


class Span(NamedTuple):
    """Words `begin` to `end`, the last left out, of a type; the type is empty where tags are letters alone."""

    begin: int
    end: int
    type: str


def parts(tag: str) -> tuple[str, str]:
    """A tag's letter and type, as conlleval takes it apart.

    >>> parts("B-PER"), parts("I-MISC-X"), parts("O"), parts("S")
    (('B', 'PER'), ('I', 'MISC-X'), ('O', ''), ('S', ''))
    """
    letter, dash, kind = tag.partition("-")
    return (letter, kind) if dash else (tag, "")


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one sentence.

    >>> spans(["I-PER", "O", "B-LOC", "I-LOC", "I-PER"])
    [Span(begin=0, end=1, type='PER'), Span(begin=2, end=4, type='LOC'), Span(begin=4, end=5, type='PER')]
    """
    found: list[Span] = []
    begun: int | None = None
    before, kind_before = "O", ""
    for at, tag in enumerate([*tags, "O"]):
        letter, kind = parts(tag)
        letter = _SAME.get(letter, letter)
        pair, other = before + letter, kind != kind_before
        if begun is not None and (pair in _END or (before not in _OUTSIDE and other)):
            found.append(Span(begun, at, kind_before))
            begun = None
        if pair in _BEGIN or (letter not in _OUTSIDE and other):
            begun = at
        before, kind_before = letter, kind
    return found


def written(found: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The tags of a sentence that has these spans.

    >>> written([Span(0, 1, "PER"), Span(1, 3, "PER")], 4, "iob1")
    ['I-PER', 'B-PER', 'I-PER', 'O']
    """
    tags = ["O"] * length
    last = Span(-1, -1, "")
    for span in found:
        begin, inside = ("I" if scheme == "iob1" and (span.begin, span.type) != (last.end, last.type) else "B"), "I"
        letters = [begin, *[inside] * (span.end - span.begin - 1)]
        if scheme in ("iobes", "bilou"):
            letters[-1] = "S" if len(letters) == 1 else "E"
        if scheme == "bilou":
            letters = [_BILOU.get(letter, letter) for letter in letters]
        tags[span.begin : span.end] = [f"{letter}-{span.type}" if span.type else letter for letter in letters]
        last = span
    return tags


def faults(tags: Sequence[str], scheme: str) -> list[int]:
    """Where a sentence's tags are not what the scheme would write: the first of the tags that cannot stand there.

    >>> faults(["I-PER", "I-PER", "O", "B-PER"], "iob2"), faults(["I-PER", "I-PER", "O", "B-PER"], "iob1")
    ([0], [3])
    """
    wanted = written(spans(tags), len(tags), scheme)
    return [at for at, (tag, right) in enumerate(zip(tags, wanted, strict=True)) if tag != right and tag != "O"]


def detect(sentences: Sequence[Sequence[str]]) -> str:
    """The scheme of all these tags: the one with the fewest faults among those that know their letters; `none` if they
    are no spans at all.

    >>> detect([["B-PER", "I-PER", "O"]]), detect([["DET", "NOUN"]]), detect([["O", "S-LOC"]])
    ('iob2', 'none', 'iobes')
    """
    tags = {tag for row in sentences for tag in row}
    letters = {parts(tag)[0] for tag in tags}
    typed = {bool(parts(tag)[1]) for tag in tags if tag != "O"}
    if not letters - {"O"} or len(typed) > 1 or not letters <= set("BIOESLU"):
        return PLAIN
    if typed == {False} and not letters & {"B", "S", "U"}:
        return PLAIN  # letters alone are tags like any other, unless spans begin with them
    if letters & set("ES"):
        return "iobes"
    if letters & set("LU"):
        return "bilou"
    wrong = {scheme: sum(len(faults(row, scheme)) for row in sentences) for scheme in ("iob2", "iob1")}
    return min(wrong, key=lambda scheme: wrong[scheme])


def follows(before: str, tag: str, scheme: str) -> bool:
    """Whether a tag may stand after another in what `written` makes in the scheme iob2 or iobes; `before` is O at the
    beginning, and `tag` O stands for the end, too.
    """
    (one, kind), (other, next_kind) = parts(before), parts(tag)
    if scheme == "iobes":
        inside = one in ("B", "I")
        return (other in ("I", "E") and kind == next_kind) if inside else other in ("O", "B", "S")
    return other != "I" or (one in ("B", "I") and kind == next_kind)


def closed(tags: Iterable[str], scheme: str) -> list[str]:
    """All tags that a scheme needs to write every type that occurs in tags of it, in order; O if it occurs."""
    found = set(tags)
    types = sorted({parts(tag)[1] for tag in found if tag != "O"})
    letters = "BIES" if scheme == "iobes" else "BI"
    outside = ["O"] if "O" in found else []
    return outside + [f"{letter}-{kind}" if kind else letter for kind in types for letter in letters]
