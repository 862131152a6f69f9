"""Numbers as text for people: durations, large counts, losses, and tables in columns."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence

ENDS = (".", "?", "!", ":", "…")
"""Marks at the end of a sentence."""
_WIDTHS = {"W": 2, "F": 2}  # columns of a wide character, by its East Asian width
_COMMAND = re.compile(  # in a last line that ends with a command
    r"^\s|: (?:anaphora|java|jq|mkdir|pip|po2tmx|python|sed|xliff2po) "
)


def duration_text(seconds: float) -> str:
    """Return a duration in seconds as ``m:ss`` or ``h:mm:ss``.

    >>> duration_text(75.4), duration_text(3725)
    ('1:15', '1:02:05')
    """
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration_words(seconds: float) -> str:
    """Return a duration in seconds in its two largest units.

    >>> duration_words(7.557), duration_words(754), duration_words(3725), duration_words(90_000)
    ('7.6 s', '12 min 34 s', '1 h 02 min', '1 d 01 h')
    """
    if seconds < 59.95:
        return f"{max(0.0, seconds):.1f} s"
    for size, unit, rest, smaller in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        whole, left = divmod(round(seconds / rest), size // rest)
        if whole:
            return f"{whole} {unit} {left:02} {smaller}"
    return f"{seconds:.1f} s"


def size_text(count: int) -> str:
    """Return a number of bytes with its unit.

    >>> size_text(950), size_text(86_157), size_text(12_345_678)
    ('950 B', '86.2 kB', '12.3 MB')
    """
    return f"{short_count(count)}B" if count >= 1000 else f"{count} B"


def short_count(number: float) -> str:
    """Return a count in few characters, with the suffix k, M or G.

    >>> short_count(950), short_count(12_400), short_count(3_000_000)
    ('950', '12.4 k', '3 M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the singular or the plural; `plural` is the noun with an "s" by default.

    >>> counted(1, "step"), counted(1200, "row"), counted(0, "batch", "batches")
    ('1 step', '1,200 rows', '0 batches')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def unit_name(kind: str) -> str:
    """Return the full name of a kind of unit of text, in the singular.

    >>> unit_name("char"), unit_name("subword")
    ('character', 'subword')
    """
    return "character" if kind == "char" else kind


def capitalised(words: str) -> str:
    """Return words with a capital first letter; the other letters stay as they are.

    >>> capitalised("the prompt of GRU")
    'The prompt of GRU'
    """
    return f"{words[:1].upper()}{words[1:]}"


def as_sentence(words: str) -> str:
    """Return words with a capital first letter and a period at the end, unless they end with another mark.

    >>> as_sentence("add text"), as_sentence("Did you mean 'a.txt'?"), as_sentence("")
    ('Add text.', "Did you mean 'a.txt'?", '')
    """
    return ended(capitalised(words))


def ended(words: str) -> str:
    """Return words with a period at the end, unless they are empty or end with another mark.

    >>> ended("add text"), ended("why?"), ended("")
    ('add text.', 'why?', '')
    """
    return words if words.endswith(ENDS) or not words else f"{words}."


def message_ended(message: str) -> str:
    """Return a message with a period at its end, unless it ends with another mark or with a command to copy.

    >>> message_ended("no such file"), message_ended("Stopped. Continue the run: anaphora resume a.run")
    ('no such file.', 'Stopped. Continue the run: anaphora resume a.run')
    """
    return message if _COMMAND.search(message.rpartition("\n")[2]) else ended(message)


def problem_and_remedy(message: str) -> tuple[str, str]:
    """Return the two parts of a message with "; " between them as sentences; the second is empty if there is one part.

    A "; " inside a command, between quotation marks, parts nothing, and a command at the end gets no period.

    >>> problem_and_remedy("it is a folder; name a file"), problem_and_remedy("run this: python -c \\"a; b\\"")
    (('It is a folder.', 'Name a file.'), ('Run this: python -c "a; b"', ''))
    """
    cuts = (found.start() for found in re.finditer("; ", message))
    cut = next((at for at in cuts if not any(message.count(mark, 0, at) % 2 for mark in '"`')), len(message))
    problem, remedy = (capitalised(message_ended(part)) for part in (message[:cut], message[cut + 2 :]))
    return problem, remedy


def as_text(value: object) -> str:
    """Return a value of a config, a report or a table as text; a number keeps four significant digits.

    >>> as_text(1.40812345), as_text(3e-05), as_text(12000), as_text(True), as_text(None), as_text([1, "a"])
    ('1.408', '3e-05', '12,000', 'yes', '–', '1, a')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "not a number" if math.isnan(value) else "infinite"
        return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value)
    return str(value)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a table: each column is as wide on a terminal as its widest cell; `right` lists the columns
    aligned right.

    >>> print("\\n".join(columns(["run", "steps"], [["a", "1,000"], ["longer", "20"]], right=[1])))
    run     steps
    a       1,000
    longer     20
    """
    table = [list(head), *[list(row) for row in rows]]
    widths = [max(display_width(row[column]) for row in table) for column in range(len(head))]
    return [
        "  ".join(
            _padded(cell, width, column in right) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _padded(cell: str, width: int, right: bool) -> str:
    blank = " " * (width - display_width(cell))
    return f"{blank}{cell}" if right else f"{cell}{blank}"


def display_width(text: str) -> int:
    """Return the columns that a text takes on a terminal: two for a wide character, none for a combining mark.

    >>> display_width("label"), display_width("科学"), display_width("e\u0301")
    (5, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_WIDTHS.get(unicodedata.east_asian_width(each), 1) for each in text if not _takes_no_room(each))


def _takes_no_room(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Cf")


def comma_separated(text: str) -> list[str]:
    """Return the names in a text, with commas between them.

    >>> comma_separated("a, b,")
    ['a', 'b']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """Return an empty line, a title and the lines; nothing if there are no lines.

    >>> titled("wrong:", ["  a"]), titled("wrong:", [])
    (['', 'wrong:', '  a'], [])
    """
    return ["", title, *lines] if lines else []


def shortened(text: str, most: int, *, front: bool = False) -> str:
    """Return a text that takes at most `most` columns of a terminal, with an ellipsis in place of its end, or of its
    beginning with `front`.

    >>> shortened("good morning", 6), shortened("good", 6), shortened("科学技術", 5)
    ('good …', 'good', '科学…')
    >>> shortened("runs/deep/a.run", 8, front=True)
    '…p/a.run'
    """
    if display_width(text) <= most:
        return text
    near = itertools.accumulate(map(display_width, reversed(text) if front else text))
    count = sum(1 for _ in itertools.takewhile(lambda width: width < most, near))
    return f"…{text[len(text) - count :]}" if front else f"{text[:count]}…"
