"""A text with gaps in it, cut at them and put together again, and the words that are predicted for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from anaphora.errors import UsageError
from anaphora.formatting import columns
from anaphora.tasks.fill.settings import GAP

_BAR = 24  # characters of a bar that stands for probability 1
_TITLES = ("both sides", "the past alone")


class LikelyWord(NamedTuple):
    """A word and its probability."""

    word: str
    probability: float


class GapPrediction(NamedTuple):
    """The most probable known words of a gap, and the probability of all other words together."""

    words: tuple[LikelyWord, ...]
    unknown: float


class FilledText(NamedTuple):
    """A text with its gaps filled by the most probable words, and the prediction for each gap."""

    text: str
    gaps: tuple[GapPrediction, ...]


def split(text: str, mark: str = GAP) -> list[str]:
    """The text around gaps; the usual mark is three underscores or more.

    Raises UsageError for a mark that is blank.

    >>> split("feeling ___ the ______."), split("a [?] b", "[?]")
    (['feeling ', ' the ', '.'], ['a ', ' b'])
    """
    if not mark.strip():
        raise UsageError("The mask token needs at least one character that is not a space.")
    return re.split("_{3,}" if mark == GAP else re.escape(mark), text)


def fill_in(between: Sequence[str], words: Sequence[str]) -> str:
    """The text around gaps with words in them.

    >>> fill_in(["feeling ", " the ", "."], ["under", "weather"])
    'feeling under the weather.'
    """
    return "".join(part for pair in zip(between, (*words, ""), strict=True) for part in pair)


def table(sides: Sequence[FilledText]) -> str:
    """Return a table with a row for each of a gap's most probable words: from both sides and, if given, from the left
    side alone.
    """
    return "\n".join(_table(sides))


def _table(sides: Sequence[FilledText]) -> Iterator[str]:
    for number, gaps in enumerate(zip(*(filled.gaps for filled in sides), strict=True), 1):
        if number > 1:
            yield ""
        if len(sides[0].gaps) > 1:
            yield f"gap {number}"
        head = [cell for title in _TITLES[: len(sides)] for cell in (title, "probability", "")]
        most = max(len(gap.words) for gap in gaps)
        yield from columns(head, [[cell for gap in gaps for cell in _row(gap, place)] for place in range(most)])
    yield f"\n{sides[0].text}"


def _row(gap: GapPrediction, place: int) -> list[str]:
    if place >= len(gap.words):
        return ["", "", ""]
    word, probability = gap.words[place]
    return [word, f"{probability:.4f}", "█" * round(_BAR * probability)]
