"""What is found in data before a step is trained: a code that stays, how bad it is, where, and what to do about it.

    error      training would fail, or learn nonsense: refused
    warning    it can be trained on, and is probably not what was meant
    info       a figure that is good to know

Every code stands in one table, `CODES`, with the one severity it always has; docs/check.md repeats it. The rules that
find them belong to the data (`data/`) and to each task.

    Finding("not-finite", "error", "column 'price'", (Row("train.csv", 7),), "'price' is nan.", "Fill or drop the row.")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from anaphora.data.location import Row
from anaphora.errors import DataError

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

CODES: dict[str, tuple[Severity, str]] = {
    # files
    "no-file": ("error", "A file cannot be read: it is missing, a folder, or not yours to read."),
    "unreadable": ("error", "The data are not what the task reads; the message says what, where and why."),
    "empty-file": ("error", "A file has nothing in it."),
    "wrong-encoding": ("error", "A file's bytes are not characters in the encoding that was named."),
    "mixed-encoding": ("error", "Some lines of a file are in one encoding and some in another."),
    "binary": ("error", "A file holds NUL or other control characters: it is no text."),
    "misread-encoding": ("warning", "The text decodes, but into the signs that another encoding leaves behind."),
    "lost-character": ("warning", "A character was lost before the text came here: U+FFFD stands in its place."),
    "byte-order-mark": ("info", "A file begins with a byte order mark, which is dropped."),
    "stray-mark": ("warning", "A byte order mark stands inside a text, as where files were joined."),
    "line-ends": ("info", "Lines end in CR LF or CR; they are read as LF."),
    # rows
    "empty-row": ("warning", "A row has nothing in it."),
    "not-finite": ("error", "A number is NaN or infinite."),
    "long-row": ("warning", "A row is far longer than the others, and decides how much memory a batch takes."),
    "duplicate": ("warning", "The same row stands more than once in one part."),
    "duplicate-across": ("warning", "A held-out row also stands in the training part: its score is no test."),
    "ctc-infeasible": ("error", "A target has more symbols than its input has steps to emit them in."),
    # pairs
    "misaligned": ("error", "Two parallel files have unlike numbers of lines."),
    "empty-side": ("warning", "A pair has an empty side."),
    "length-ratio": ("warning", "A pair's sides are unlike in length: they may not belong together."),
    "untranslated": ("warning", "Many targets are their own sources."),
    # labels
    "single-class": ("error", "All rows have one and the same label: there is nothing to tell apart."),
    "unseen-label": ("error", "A label occurs in the held-out part and never in the training part."),
    "lone-label": ("warning", "A label has one row: it is neither learned nor tested."),
    "contradiction": ("warning", "The same row stands more than once, with different labels."),
    "ragged-columns": ("error", "A line has not as many fields as the others, or an empty one."),
    "scheme-error": ("warning", "A tag cannot stand where it does in the scheme of spans that the tags are in."),
    "unseen-tag": ("warning", "A tag occurs in the held-out part and never in the training part: it is never guessed."),
    "labels": ("info", "How many labels there are, and how many rows have them."),
    # the whole
    "same-file": ("warning", "One file is named twice, or is trained on and held out."),
    "units": ("info", "How many units there are to train on, and how many are held out."),
    "few-held-out": ("warning", "So little is held out that a score means little."),
    "too-short": ("error", "A part is too small for one batch, or for a score."),
    "one-symbol": ("error", "The text is one symbol over and over: there is nothing to predict."),
    "lengths": ("info", "How long the rows are."),
    "vocabulary": ("info", "How many symbols there are, and how many units of each part none of them covers."),
    "many-unknown": ("warning", "Many held-out units are in no vocabulary: they all look alike to the network."),
    "memory": ("info", "Estimate of the memory that training takes."),
    "memory-short": ("warning", "Training probably takes more memory than this machine has free."),
    "time": ("info", "Estimate of the time that one pass over the training part takes."),
    "disk": ("info", "How much room the records of the run take, and how much is free."),
    "disk-full": ("error", "The run's records do not fit on the disk."),
}
_ROWS_KEPT = 1000  # of one finding; `count` says how many there are
_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    `where` is a file, a part or a column, in words; `rows` the first rows concerned and `count` how many there are;
    `figures` are the numbers of the message, for programs.
    """

    code: str
    severity: Severity
    where: str
    rows: tuple[Row, ...]
    message: str
    remedy: str
    count: int | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CODES or CODES[self.code][0] != self.severity:
            known = CODES.get(self.code, ("none",))[0]
            raise ValueError(f"{self.code!r} with severity {self.severity!r}: the table CODES says {known!r}")
        if self.count is None:
            object.__setattr__(self, "count", len(self.rows))
        object.__setattr__(self, "rows", tuple(self.rows[:_ROWS_KEPT]))

    def lines(self) -> list[str]:
        """What a person reads: what and where, then the message, then what to do.

        >>> row = Row("a.csv", 7)
        >>> print("\\n".join(Finding("empty-row", "warning", "a.csv", (row,), "No text.", "Drop it.").lines()))
        warning  empty-row  a.csv: line 7
            No text.
            Drop it.
        """
        head = f"{self.severity:<7}  {self.code}  {self.where}"
        if self.rows:
            head += f": {said(self.rows, self.where, self.count)}"
        return [head, *(f"    {line}" for line in (self.message, self.remedy) if line)]

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "rows": [{"file": row.file, "line": row.line} for row in self.rows],
            "count": self.count,
            "message": self.message,
            "remedy": self.remedy,
            "figures": dict(self.figures),
        }


def said(rows: Sequence[Row], where: str = "", count: int | None = None) -> str:
    """Rows in words, the first few of them; a file that `where` has named is not named again.

    >>> said([Row("a.txt", 3), Row("a.txt", 9), Row("b.txt", 1)])
    'a.txt lines 3, 9; b.txt line 1'
    >>> said([Row("a.txt", line) for line in range(1, 9)], "a.txt")
    'lines 1, 2, 3, 4, 5 and 3 more'
    """
    shown: dict[str, list[int]] = {}
    for row in rows[:_ROWS_SHOWN]:
        shown.setdefault(row.file, []).append(row.line)
    places = [
        ("" if file == where else f"{file} ")
        + f"line{'s' if len(numbers) > 1 else ''} {', '.join(f'{number:,}' for number in numbers)}"
        for file, numbers in shown.items()
    ]
    rest = (len(rows) if count is None else count) - min(len(rows), _ROWS_SHOWN)
    return "; ".join(places) + (f" and {rest:,} more" if rest > 0 else "")


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that training refuses."""
    return [finding for finding in findings if finding.severity == "error"]


def warnings(findings: Iterable[Finding]) -> list[Finding]:
    """Those that a person should know of before training."""
    return [finding for finding in findings if finding.severity == "warning"]


def refuse(findings: Iterable[Finding]) -> None:
    """Raise DataError that names every error; do nothing if there is none."""
    wrong = errors(findings)
    if wrong:
        told = "\n".join("\n".join(finding.lines()) for finding in wrong)
        raise DataError(
            f"The data cannot be trained on: {len(wrong)} error{'s' if len(wrong) > 1 else ''} found.\n{told}"
        )
