"""Findings: problems and facts of data before training, each with a code, a severity, a place and a remedy.

    error      training would fail, or learn nonsense: refused
    warning    training is possible, but the data are probably not as intended
    info       a useful figure

Every code is in one table, `CODES`, with its only severity; docs/check.md repeats the table. The rules that make
findings are in this room and in each task.

    Finding("not-finite", "error", "column 'price'", (Location("train.csv", 7),), "'price' is nan.", "Drop the row.")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from anaphora.data.location import Location
from anaphora.data.taken import Taken
from anaphora.errors import DataError

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

TAKEN = "taken"  # the code of the finding that is printed first
CODES: dict[str, tuple[Severity, str]] = {
    TAKEN: (
        "info",
        "How the data were read: the files, the layout, the encoding, the rows, and the role of every column.",
    ),
    # files
    "no-file": ("error", "A file cannot be read: it is missing, it is a folder, or you may not read it."),
    "unreadable": ("error", "The task cannot read the data; the message names the place and the reason."),
    "empty-file": ("error", "A file is empty."),
    "wrong-encoding": ("error", "A file is not valid text in the named encoding."),
    "mixed-encoding": ("error", "Some lines of a file are in one encoding and some in another."),
    "binary": ("error", "A file contains NUL or other control characters, so it is not text."),
    "misread-encoding": (
        "warning",
        "The text decodes, but its characters look like text that was decoded with a wrong encoding.",
    ),
    "lost-character": ("warning", "An earlier program lost a character: U+FFFD stands in its place."),
    "byte-order-mark": ("info", "A file begins with a byte order mark, which is dropped."),
    "stray-mark": ("warning", "A byte order mark stands inside a text, probably because files were joined."),
    "line-ends": ("info", "Lines end in CR LF or CR; they are read as LF."),
    "literal-quotes": ("info", "Fields begin with a quotation mark that holds no field; the marks are characters."),
    "stray-return": ("warning", "CR occurs inside lines that end in LF; it ends no line there."),
    # rows
    "empty-row": ("warning", "A row is empty."),
    "not-finite": ("error", "A number is NaN or infinite."),
    "long-row": ("warning", "A row is far longer than the others, so it determines the memory of a batch."),
    "duplicate": ("warning", "One part contains the same row more than once."),
    "duplicate-across": (
        "warning",
        "A row that is scored is also in an earlier part, so the score may reward memorised text.",
    ),
    "small-fold": ("warning", "A fold of a cross-validation lacks labels."),
    "ctc-infeasible": ("error", "A target has more symbols than its input has steps to emit them."),
    "line-counter": ("warning", "A column counts the lines of the file, so it may betray the label."),
    "huge-number": ("error", "A number is so large that its square is beyond the largest double."),
    "label-column": (
        "warning",
        "A column holds one number in each series, and that number decides the label.",
    ),
    "step-columns": (
        "warning",
        "The names of columns that are read as steps are not in the order of their numbers, or some have no number.",
    ),
    "constant-column": ("warning", "A column holds the same number in each line."),
    "unsorted-times": ("warning", "The lines of a series were not in the order of their times, and were sorted."),
    "unread-times": ("warning", "The times have no common form, so the steps keep the order of the file."),
    "repeated-time": ("warning", "Several lines of one series have the same time."),
    "split-series": ("warning", "The lines of one series are in several files."),
    "unused-separator": ("warning", "The separator between several labels occurs in no row."),
    # pairs
    "misaligned": ("error", "Two parallel files have different numbers of lines."),
    "empty-side": ("warning", "A pair has an empty side."),
    "swapped-sides": (
        "warning",
        "The sides of a file are probably in another order than those of the training data.",
    ),
    "length-ratio": ("warning", "The two sides of a pair differ much in length: they may not belong together."),
    "untranslated": ("warning", "Many targets equal their sources."),
    # labels
    "single-class": ("error", "All rows have the same label, so there is nothing to learn."),
    "unseen-label": ("error", "A label occurs in the held-out part and never in the training part."),
    "imbalance": ("warning", "One label has a hundred times as many rows as another one, or more."),
    "one-label-scored": ("warning", "All rows of a scored part (held-out or test) have the same label."),
    "unseen-test-label": (
        "warning",
        "A label occurs in the test part and never in the training part, so it is never predicted.",
    ),
    "lone-label": ("warning", "A label has only one row, so it cannot be both learned and tested."),
    "missing-label": ("warning", "A label is a word for a missing value, such as nan."),
    "contradiction": ("warning", "The same row occurs more than once with different labels."),
    "ragged-columns": ("error", "A line has another number of fields than the other lines, or an empty field."),
    "scheme-error": ("warning", "A tag is invalid at its position in the span scheme of the tags."),
    "no-blank-line": ("warning", "No blank line ends a sentence, so all words of a file are one sentence."),
    "cut-word": ("warning", "A span of characters begins or ends inside a word; the whole word is taken."),
    "not-annotated": ("warning", "An annotator rejected, ignored or never saw a text; it is left out."),
    "number-again": ("warning", "The number of a sentence comes back after rows of other sentences."),
    "number-tags": ("warning", "All tags are numbers, so spans of several words are not known."),
    "odd-tag": ("warning", "A tag does not fit the others, which mark spans; it is read as outside all spans."),
    "unseen-tag": (
        "warning",
        "A tag occurs in a scored part and never in the training part, so it is never predicted.",
    ),
    "spelling": (
        "warning",
        "Labels or words look alike and are different characters, such as one letter with an accent or two characters.",
    ),
    "labels": ("info", "The number of labels, and the number of rows of each label."),
    # the whole
    "same-file": ("warning", "One file is named twice, or is in both parts."),
    "units": ("info", "The number of units in the training part and in the held-out part."),
    "few-held-out": ("warning", "A scored part (held-out or test) is so small that its score is imprecise."),
    "too-short": ("error", "A part is too small for one batch, or for a score."),
    "one-symbol": ("error", "The text repeats one symbol, so there is nothing to predict."),
    "lengths": ("info", "The distribution of the lengths of the rows."),
    "vocabulary": ("info", "The size of the vocabulary, and the share of unknown units in each part."),
    "many-unknown": ("warning", "Many held-out units are unknown: the network reads all of them as one symbol."),
    "memory": ("info", "Estimate of the memory that training takes."),
    "memory-short": ("warning", "Training probably takes more memory than this machine has free."),
    "time": ("info", "Estimate of the time that one epoch takes."),
    "disk": ("info", "The disk space that the run needs, and the free disk space."),
    "disk-full": ("error", "The run's records do not fit on the disk."),
}
_ROWS_KEPT = 1000  # of one finding; `count` is the number of all
_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """One finding.

    `where` names a file, a part or a column; `rows` are the first rows concerned and `count` is the number of all;
    `figures` are the numbers of the message, for programs.
    """

    code: str
    severity: Severity
    where: str
    rows: tuple[Location, ...]
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
        """Return the lines of a report: severity, code and place, then the message, then the remedy.

        >>> row = Location("a.csv", 7)
        >>> print("\\n".join(Finding("empty-row", "warning", "a.csv", (row,), "No text.", "Drop it.").lines()))
        warning  empty-row  a.csv: line 7
            No text.
            Drop it.
        """
        head = f"{self.severity:<7}  {self.code}  {self.where}"
        if self.rows:
            head += f": {in_words(self.rows, self.where, self.count)}"
        return [head, *(f"    {line}" for line in (self.message, self.remedy) if line)]

    def in_one_line(self) -> str:
        """Return the finding as one line, such as a Python warning.

        >>> row = Location("a.csv", 7)
        >>> Finding("empty-row", "warning", "a.csv", (row,), "No text.", "Drop it.").in_one_line()
        'a.csv: line 7: No text. Drop it. (empty-row)'
        """
        place = f"{self.where}: {in_words(self.rows, self.where, self.count)}" if self.rows else self.where
        return f"{place}: {' '.join(filter(None, (self.message, self.remedy)))} ({self.code})"

    def as_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
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


def in_words(rows: Sequence[Location], where: str = "", count: int | None = None) -> str:
    """Return rows in words, the first few of them; the file `where` is not repeated.

    >>> in_words([Location("a.txt", 3), Location("a.txt", 9), Location("b.txt", 1)])
    'a.txt lines 3, 9; b.txt line 1'
    >>> in_words([Location("a.txt", line) for line in range(1, 9)], "a.txt")
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


def of_taken(taken: Taken | None) -> list[Finding]:
    """Return a finding on how data were read, or none if that is not known."""
    if taken is None:
        return []
    return [Finding(TAKEN, "info", taken.where, (), taken.message(), "", figures=taken.as_json())]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return how the data were read, then all other findings, the most severe first."""
    return sorted(findings, key=lambda finding: (finding.code != TAKEN, SEVERITIES.index(finding.severity)))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors, which training refuses."""
    return [finding for finding in findings if finding.severity == "error"]


def warnings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the warnings, which a user should know before training."""
    return [finding for finding in findings if finding.severity == "warning"]


def refuse(findings: Iterable[Finding]) -> None:
    """Raise DataError that names every error; do nothing if there is no error."""
    wrong = errors(findings)
    if wrong:
        listing = "\n".join("\n".join(finding.lines()) for finding in wrong)
        raise DataError(
            f"The data cannot be trained on: {len(wrong)} error{'s' if len(wrong) > 1 else ''} found.\n{listing}"
        )
