"""Tags of words that encode spans: B begins a span, I continues it, O is outside.

    Alex   lives  in   New    York
    B-PER  O      O    B-LOC  I-LOC        iob2      every span begins with B
    I-PER  O      O    I-LOC  I-LOC        iob1      B only if the span directly follows a span of the same type
    E-PER  O      O    I-LOC  E-LOC        ioe2      every span ends with E; in ioe1 only before one of the same type
    S-PER  O      O    B-LOC  E-LOC        iobes     E ends a span, S is a span of one word; bilou writes L and U,
                                                     bmes writes M for I, bmewo writes M for I and W for S

The spans of any row of tags, even a malformed one, follow the rules of conlleval, the program of the CoNLL-2000 shared
task: a span begins or ends between two tags if their letters are one of the pairs below, or if their types differ.
(conlleval defines B, I, O and E; the pairs with S, and B after E, follow from their meaning.) Every conversion goes
through spans, so each scheme can become any other. `anaphora.metrics.notation` reads tags in other notations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

PLAIN = "none"
# The letters of the first, the inner and the last word of a span, and of a span of one word.
_LETTERS = {
    "iob2": "BIIB",
    "iob1": "IIII",
    "iobes": "BIES",
    "bilou": "BILU",
    "bmes": "BMES",
    "bmewo": "BMEW",
    "ioe2": "IIEE",
    "ioe1": "IIII",
}
SCHEMES = tuple(_LETTERS)
_MORE = {"iob1": "B", "ioe1": "E"}  # between two spans of one type
LETTERS = frozenset("BIESLUMW")

_BEGIN = frozenset({"BB", "IB", "OB", "OI", "EE", "EI", "OE", "EB", "SB", "SI", "SE", "BS", "IS", "OS", "ES", "SS"})
_END = frozenset({"BB", "BO", "IB", "IO", "EE", "EI", "EO", "EB", "SB", "SI", "SE", "SO", "BS", "IS", "ES", "SS"})
_OUTSIDE = ("O", ".")
_SAME = {"L": "E", "U": "S", "M": "I", "W": "S"}


class Span(NamedTuple):
    """A span of one type: the words from `begin` to `end`, `end` excluded; the type is empty if tags have no type."""

    begin: int
    end: int
    type: str


def parts(tag: str) -> tuple[str, str]:
    """Return the letter and the type of a tag, split as in conlleval.

    >>> parts("B-PER"), parts("I-MISC-X"), parts("O"), parts("S")
    (('B', 'PER'), ('I', 'MISC-X'), ('O', ''), ('S', ''))
    """
    letter, dash, kind = tag.partition("-")
    return (letter, kind) if dash else (tag, "")


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans of the tags of one sentence.

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


def tags_of(found: Iterable[Span], length: int, scheme: str) -> list[str]:
    """Return the tags of a sentence with these spans.

    >>> tags_of([Span(0, 1, "PER"), Span(1, 3, "PER")], 4, "iob1")
    ['I-PER', 'B-PER', 'I-PER', 'O']
    """
    tags = ["O"] * length
    whole = list(found)
    for before, span, after in zip([None, *whole], whole, [*whole[1:], None], strict=False):
        begin, inside, end, single = list(_LETTERS[scheme])
        if scheme == "iob1" and before is not None and (before.end, before.type) == (span.begin, span.type):
            begin = single = "B"
        if scheme == "ioe1" and after is not None and (span.end, span.type) == (after.begin, after.type):
            end = single = "E"
        size = span.end - span.begin
        letters = single if size == 1 else f"{begin}{inside * (size - 2)}{end}"
        tags[span.begin : span.end] = [f"{letter}-{span.type}" if span.type else letter for letter in letters]
    return tags


def scheme_errors(tags: Sequence[str], scheme: str) -> list[int]:
    """Return the positions of the tags of a sentence that the scheme would write differently.

    >>> scheme_errors(["I-PER", "I-PER", "O", "B-PER"], "iob2"), scheme_errors(["I-PER", "I-PER", "O", "B-PER"], "iob1")
    ([0], [3])
    """
    wanted = tags_of(spans(tags), len(tags), scheme)
    return [at for at, (tag, right) in enumerate(zip(tags, wanted, strict=True)) if tag != right and tag != "O"]


def detect(sentences: Sequence[Sequence[str]]) -> str:
    """Return the scheme of the tags: the one with the fewest faults; `none` if the tags encode no spans.

    >>> detect([["B-PER", "I-PER", "O"]]), detect([["DET", "NOUN"]]), detect([["O", "S-LOC"]])
    ('iob2', 'none', 'iobes')
    """
    tags = {tag for row in sentences for tag in row}
    letters = {parts(tag)[0] for tag in tags} - {"O"}
    typed = {bool(parts(tag)[1]) for tag in tags if tag != "O"}
    if not letters or len(typed) > 1 or not letters <= LETTERS:
        return PLAIN
    if typed == {False} and not letters & {"B", "S", "U", "W"}:
        return PLAIN  # letters without types are ordinary tags, unless one of them begins spans
    return fewest_errors(sentences)[0]


def fewest_errors(sentences: Sequence[Sequence[str]]) -> tuple[str, int]:
    """Return the scheme with the fewest faults in these tags, and the number of its faults; the first of equal ones.

    >>> fewest_errors([["I-PER", "O", "B-PER"], ["I-PER", "B-PER"]])
    ('iob1', 1)
    """
    letters = {parts(tag)[0] for row in sentences for tag in row}
    likely = [scheme for scheme in SCHEMES if letters <= {*_LETTERS[scheme], *_MORE.get(scheme, ""), "O"}]
    best = "", -1
    for scheme in [*likely, *(scheme for scheme in SCHEMES if scheme not in likely)]:
        if best[1] == 0:
            break
        wrong = sum(len(scheme_errors(row, scheme)) for row in sentences)
        if best[1] < 0 or wrong < best[1]:
            best = scheme, wrong
    return best


def follows(before: str, tag: str, scheme: str) -> bool:
    """Return whether a tag may follow another in the tags that `tags_of` makes in the scheme iob2 or iobes.

    At the beginning of a sentence `before` is O. At its end `tag` is O.
    """
    (one, kind), (other, next_kind) = parts(before), parts(tag)
    if scheme == "iobes":
        inside = one in ("B", "I")
        return (other in ("I", "E") and kind == next_kind) if inside else other in ("O", "B", "S")
    return other != "I" or (one in ("B", "I") and kind == next_kind)


def last_begin(tags: Sequence[str]) -> int:
    """Return the position of the last tag that begins a span or is outside, in well-formed tags of iob2 or iobes.

    >>> last_begin(["O", "B-PER", "I-PER"]), last_begin(["S-PER", "O"]), last_begin([])
    (1, 1, 0)
    """
    return next((at for at in reversed(range(len(tags))) if parts(tags[at])[0] in ("O", "B", "S")), 0)


def closed_length(tags: Sequence[str]) -> int:
    """Return the number of leading tags whose spans have ended, whatever follows, in well-formed tags of iob2 or iobes.

    >>> closed_length(["B-PER", "I-PER"]), closed_length(["B-PER", "E-PER"]), closed_length(["O", "B-PER", "B-PER"])
    (0, 2, 2)
    """
    return len(tags) if tags and parts(tags[-1])[0] in ("O", "E", "S") else last_begin(tags)


def written_in(tags: Iterable[str], scheme: str) -> set[str]:
    """Return the tags that a scheme may write for the types of the given tags, in the plain notation.

    >>> sorted(written_in(["O", "S-PER"], "iob1"))
    ['B-PER', 'I-PER', 'O']
    """
    if scheme == PLAIN:
        return set(tags)
    letters = {*_LETTERS[scheme], *_MORE.get(scheme, "")}
    types = {parts(tag)[1] for tag in tags if tag != "O"}
    return {"O", *(f"{letter}-{kind}" if kind else letter for kind in types for letter in letters)}


def closed(tags: Iterable[str], scheme: str) -> list[str]:
    """Return all tags that a scheme needs for the types of the given tags, sorted by type; O if it occurs."""
    found = set(tags)
    types = sorted({parts(tag)[1] for tag in found if tag != "O"})
    letters = "BIES" if scheme == "iobes" else "BI"
    outside = ["O"] if "O" in found else []
    return outside + [f"{letter}-{kind}" if kind else letter for kind in types for letter in letters]
