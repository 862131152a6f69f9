"""Lines with a text and a label, in a text file.

a text<tab>label          the label on the side with few different values, after the text or before it
__label__good a text      fastText: one label or several before the text
"""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.recorded import RecordedTable
from anaphora.data.files.tables import NumberedRow
from anaphora.errors import DataError

MARK = "__label__"
LAYOUTS = ("lines of a text, a tab and a label", "lines of a label, a tab and a text")
FAST_TEXT = f"fastText lines ({MARK})"
_FEW = 0.5  # different labels per line, at most
_FEWEST = 4  # lines that show a side of labels

_NAMES = frozenset(("label", "labels", "class", "category", "target", "sentiment", "intent", "topic"))

Numbered = Sequence[tuple[int, str]]


def read_labelled_lines(text: str, name: str, encoding: str, layout: str = "") -> RecordedTable | None:
    """Return the texts and labels of a text with one tab in every line, or with labels of fastText.

    `layout` is that of the training data of a model, which tells the side of the labels. Returns None for lines of
    another kind. Raises DataError for a file in which some lines have no label, or in which both sides of the tabs may
    be labels.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if lines and lines[0][1].startswith(MARK):
        return _fast_text(lines, name, encoding)
    known = next((at for at, each in enumerate(LAYOUTS) if each in layout), None)
    if len(lines) < (_FEWEST if known is None else 1) or any(line.count("\t") != 1 for _, line in lines):
        return None
    names = [part.strip().lower() for part in lines[0][1].split("\t")]
    lines = lines[1:] if set(names) & _NAMES and names[0] != names[1] and _once(lines) else lines
    sides = list(zip(*(line.split("\t") for _, line in lines), strict=True))
    different = [len({part.strip() for part in side}) for side in sides]
    few = [side for side in (0, 1) if different[side] <= _FEW * len(lines) and all(map(str.strip, sides[side]))]
    few = few if known is None else [1 - known]
    if not few:
        return None
    label = min(few, key=different.__getitem__)
    if len(few) == 2 and different[0] == different[1]:
        raise DataError(
            f"{name} has a tab in every line, and both sides have {different[0]:,} different values: it is not clear"
            " which one is the label. Add a first line text<tab>label, and rename the file to .tsv."
        )
    records = [(number, (sides[1 - label][at], sides[label][at])) for at, (number, _) in enumerate(lines)]
    return RecordedTable(name, ("text", "label"), records, LAYOUTS[1 - label], encoding)


def text_alone(line: bytes, layout: str) -> bytes:
    """Return the text of a line in a layout of training data; a line without its label is a text.

    >>> text_alone(b"a text\\tgood", LAYOUTS[0]), text_alone(b"__label__good a text", FAST_TEXT)
    (b'a text', b'a text')
    """
    if FAST_TEXT in layout:
        words = line.split(b" ")
        count = next((at for at, word in enumerate(words) if not word.startswith(MARK.encode())), len(words))
        return b" ".join(words[count:])
    side = next((at for at, each in enumerate(LAYOUTS) if each in layout), None)
    sides = line.split(b"\t")
    return line if side is None or len(sides) != 2 else sides[side]


def _once(lines: Numbered) -> bool:
    """Return whether neither side of the first line occurs in another line: it names the sides."""
    first = lines[0][1].split("\t")
    return not any(part == other for _, line in lines[1:] for part, other in zip(first, line.split("\t"), strict=True))


def _fast_text(lines: Numbered, name: str, encoding: str) -> RecordedTable:
    found: list[tuple[int, list[str], str]] = []
    for number, line in lines:
        words = line.split(" ")
        count = next((at for at, word in enumerate(words) if not word.startswith(MARK)), len(words))
        if not count:
            raise DataError(
                f"{name}, line {number}, has no label: expected {MARK}LABEL before the text, as in line {lines[0][0]}."
            )
        found.append((number, [word.removeprefix(MARK) for word in words[:count]], " ".join(words[count:])))
    several = any(len(labels) > 1 for _, labels, _ in found)
    records: list[NumberedRow] = [(number, (text, labels if several else labels[0])) for number, labels, text in found]
    return RecordedTable(name, ("text", "label"), records, FAST_TEXT, encoding)
