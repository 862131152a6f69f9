"""How tags are written: `B-PER`, `B_PER`, `PER:B`, `b-per`, with `O`, `o`, `_` or `-` for a word outside all spans.

    written    B_PER  E_PER  o            plain    B-PER  E-PER  O

Every other module reads plain tags: an upper-case letter, a dash, the type. The type itself is never changed. A tag
that fits the notation of no other tag is odd; it is read as outside, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from anaphora.metrics import spans

_SEPARATORS = "-_:/|."
_OUTSIDE = ("O", "o", "_", "-", "*")
_FITTING = 0.95  # of the words that are not outside: the others are odd
_WRONG = 0.1  # of these words at most are at places that no scheme allows, if the notation is not the usual one


@dataclass(frozen=True)
class Notation:
    """The separator of letter and type, their order, the case of the letter, and the tag of a word outside."""

    separator: str = "-"
    suffix: bool = False  # the letter stands behind the type
    lower: bool = False  # the letter is a small one
    outside: str = "O"

    def plain(self, tag: str) -> str | None:
        """Return a tag in the plain notation; None for an odd one.

        >>> ner = Notation("_", suffix=True, lower=True, outside="o")
        >>> ner.plain("PER_b"), ner.plain("o"), ner.plain("PER"), Notation().plain("B-PER")
        ('B-PER', 'O', None, 'B-PER')
        """
        if tag == self.outside or tag in _OUTSIDE:
            return "O"
        if tag.upper() in spans.LETTERS:
            return tag.upper()
        kind, between, letter = tag.rpartition(self.separator) if self.suffix else _turned(tag, self.separator)
        return f"{letter.upper()}-{kind}" if between and kind and letter.upper() in spans.LETTERS else None

    def written(self, tag: str) -> str:
        """Return a plain tag in this notation.

        >>> Notation("_", suffix=True, lower=True, outside="o").written("B-PER"), Notation().written("O")
        ('PER_b', 'O')
        """
        if tag == "O":
            return self.outside
        letter, _, kind = tag.partition("-")
        letter = letter.lower() if self.lower else letter
        if not kind:
            return letter
        return f"{kind}{self.separator}{letter}" if self.suffix else f"{letter}{self.separator}{kind}"

    def settings(self) -> dict[str, Any]:
        """Return the fields that are not the usual ones."""
        return {name: value for name, value in asdict(self).items() if value != getattr(USUAL, name)}

    @staticmethod
    def restore(settings: Mapping[str, Any]) -> Notation:
        """Return the notation with these settings."""
        return Notation(**settings)


USUAL = Notation()


class Marking(NamedTuple):
    """How the tags of some sentences mark spans: their scheme, their notation, and the tags that do not fit it."""

    scheme: str
    notation: Notation = USUAL
    odd: frozenset[str] = frozenset()

    def plain(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Return the tags of a sentence in the plain notation, odd ones as outside; tags without spans stay."""
        if self.scheme == spans.PLAIN:
            return tuple(tags)
        return tuple("O" if tag in self.odd else self.notation.plain(tag) or "O" for tag in tags)

    def written(self, tag: str) -> str:
        """Return a plain tag as it is written."""
        return tag if self.scheme == spans.PLAIN else self.notation.written(tag)


def marking(sentences: Sequence[Sequence[str]], scheme: str = "auto") -> Marking:
    """Return how tags mark spans, in a named scheme or in the scheme with the fewest faults; scheme `none` if they mark
    no spans.

    >>> marking([["B_PER", "E_PER", "o"], ["S_LOC"]])
    Marking(scheme='iobes', notation=Notation(separator='_', suffix=False, lower=False, outside='o'), odd=frozenset())
    >>> marking([["NOUN", "X-Y"]]).scheme, marking([["B-PER", "I-PER"], ["O", "I-PER"]], "iob1").scheme
    ('none', 'iob1')
    """
    if scheme == spans.PLAIN:
        return Marking(spans.PLAIN)
    counts = Counter(tag for row in sentences for tag in row)
    found = _fitting(counts)
    if scheme != "auto":
        notation, odd = (found.notation, found.odd) if found else (USUAL, _odd(counts, USUAL, typed=True))
        return Marking(scheme, notation, odd)
    if found is None:
        return Marking(spans.PLAIN)
    rows = [found.plain(row) for row in sentences]
    best, wrong = spans.fewest_errors(rows)
    inside = sum(counts[tag] for tag in counts if tag not in _OUTSIDE)
    usual = found.notation == USUAL and not found.odd and not {tag[0] for tag in counts} & {"M", "W"}
    if not usual and wrong > _WRONG * inside:
        return Marking(spans.PLAIN)
    return found._replace(scheme=best)


def marking_like(sentences: Sequence[Sequence[str]], usual: Marking) -> Marking:
    """Return how the tags of other sentences mark spans, where `usual` is the marking of a model or of its training.

    Their own scheme and notation count. The usual ones do if the tags do not tell, or tell nothing else.
    """
    if usual.scheme == spans.PLAIN:
        return Marking(spans.PLAIN)
    counts = Counter(tag for row in sentences for tag in row)
    found = marking(sentences)
    if found.scheme == spans.PLAIN:
        return Marking(usual.scheme, usual.notation, _odd(counts, usual.notation, typed=False))
    rows = [found.plain(row) for row in sentences]
    own, other = (sum(len(spans.scheme_errors(row, name)) for row in rows) for name in (found.scheme, usual.scheme))
    return found if own < other else found._replace(scheme=usual.scheme)


def _fitting(counts: Counter[str]) -> Marking | None:
    """Return the notation that most words fit, or None if too few do; the scheme is still open."""
    inside = Counter({tag: count for tag, count in counts.items() if tag not in _OUTSIDE})
    if not inside:
        return None
    outside = max((tag for tag in _OUTSIDE if tag in counts), key=lambda tag: counts[tag], default="O")
    lower = sum(count for tag, count in inside.items() if tag.upper() in spans.LETTERS and tag.islower())
    if all(tag.upper() in spans.LETTERS for tag in inside):
        begins = {tag.upper() for tag in inside} & {"B", "S", "U", "W"}
        return Marking("auto", Notation(lower=2 * lower > inside.total(), outside=outside)) if begins else None
    best, most = USUAL, 0
    for separator in _SEPARATORS:
        for suffix in (False, True):
            tried = Notation(separator, suffix)
            fits = sum(count for tag, count in inside.items() if "-" in (tried.plain(tag) or ""))
            if fits > most:
                best, most = tried, fits
    if most < _FITTING * inside.total():
        return None
    fitting = {tag: tag.rpartition(best.separator)[2] if best.suffix else tag[0] for tag in inside if best.plain(tag)}
    small = sum(inside[tag] for tag, letter in fitting.items() if letter.islower())
    notation = Notation(best.separator, best.suffix, 2 * small > most, outside)
    return Marking("auto", notation, _odd(counts, notation, typed=True))


def _odd(counts: Counter[str], notation: Notation, typed: bool) -> frozenset[str]:
    """Return the tags that do not fit a notation: a letter alone does not fit tags with types, nor does a rare mark of
    a word outside all spans fit another one.
    """
    plain = {tag: notation.plain(tag) for tag in counts}
    outside = sum(counts[tag] for tag in _OUTSIDE)
    rare = {tag for tag in _OUTSIDE if tag != notation.outside and counts[tag] <= (1 - _FITTING) * outside}
    return frozenset(
        tag for tag, same in plain.items() if same is None or (typed and same in spans.LETTERS) or tag in rare
    )


def _turned(tag: str, separator: str) -> tuple[str, str, str]:
    """Return type, separator and letter of a tag whose letter stands first."""
    letter, between, kind = tag.partition(separator)
    return kind, between, letter
