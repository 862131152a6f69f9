"""Notes on lines that were answered with a loss: the first of a kind is named at once, all are counted at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


class LineNotes:
    """Notes on lines by kind; a kind completes the sentences `line 7 is …` and `3 lines are …`.

    >>> notes = LineNotes()
    >>> for line in (7, 9):
    ...     notes.add(f"line {line}", "empty: the answer is empty, too")
    >>> list(notes.new()), list(notes.new()), list(notes.totals())
    (['line 7 is empty: the answer is empty, too.'], [], ['2 lines are empty: the answer is empty, too.'])
    """

    def __init__(self, unit: str = "lines") -> None:
        """Begin without notes; `unit` is the plural of what is answered."""
        self._unit = unit
        self._counts: Counter[str] = Counter()
        self._new: list[str] = []
        self._replaced: dict[str, None] = {}

    def add(self, where: str, kind: str) -> None:
        """Count a line of this kind."""
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            self._new.append(f"{where} is {kind}.")

    def say(self, text: str) -> None:
        """Add a note that is no count."""
        self._new.append(text)

    def replaced(self, fields: Iterable[str]) -> None:
        """Add fields of the input that an answer replaces."""
        self._replaced.update(dict.fromkeys(fields))

    def new(self) -> Iterator[str]:
        """Yield a note on the first line of each kind, once."""
        yield from self._new
        self._new = []

    def totals(self) -> Iterator[str]:
        """Yield a note for each kind with several lines, and one that names all fields that were replaced."""
        yield from (f"{count:,} {self._unit} are {kind}." for kind, count in self._counts.items() if count > 1)
        if self._replaced:
            *others, last = map(repr, self._replaced)
            fields, verb = (f"fields {', '.join(others)} and {last}", "are") if others else (f"field {last}", "is")
            yield f"The input's {fields} {verb} replaced by the answers."
