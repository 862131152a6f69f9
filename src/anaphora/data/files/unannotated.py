"""Texts of an annotation tool that nobody annotated: rejected, ignored, cancelled, or not yet seen. They have no tags.

{"text": …, "spans": […], "answer": "reject"}                    Prodigy; also ignore
{"data": {"text": …}, "annotations": [{"was_cancelled": true}]}   Label Studio; also an empty list
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from anaphora.data.files.sentences import MalformedLine, Read
from anaphora.errors import DataError
from anaphora.formatting import counted

ANNOTATIONS = ("annotations", "completions")
ANSWER = "answer"
_ANSWERS = ("reject", "ignore")


def why_unannotated(value: Any) -> str:
    """Return the reason why a value has no tags, in words that complete `texts …`; empty for another value.

    >>> why_unannotated({"text": "Ann", "spans": [], "answer": "reject"})
    'with the answer reject'
    >>> why_unannotated({"data": {"text": "Ann"}, "annotations": [{"result": []}]})
    ''
    """
    if not isinstance(value, Mapping):
        return ""
    if value.get(ANSWER) in _ANSWERS:
        return f"with the answer {value[ANSWER]}"
    lists = [value[name] for name in ANNOTATIONS if isinstance(value.get(name), list)]
    if isinstance(value.get("data"), Mapping) and lists and not finished(lists[0]):
        return "with cancelled annotations alone" if lists[0] else "without an annotation"
    return ""


def finished(annotations: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return the annotations of a task that are not cancelled."""
    return [each for each in annotations if isinstance(each, Mapping) and not each.get("was_cancelled")]


def in_words(unannotated: Sequence[MalformedLine]) -> str:
    """Return the number of texts for each reason."""
    return ", ".join(f"{counted(number, 'text')} {why}" for why, number in _counts(unannotated).items())


def left_out(reads: Sequence[Read]) -> dict[str, str]:
    """Return the texts without tags of several files, and their numbers; raises DataError if no other text remains."""
    found = [each for read in reads for each in read.unannotated]
    if found and not any(len(read.sentences) for read in reads):
        raise DataError(
            f"'{reads[0].path}' has no annotated text, but {in_words(found)}. Annotate texts, and export them again."
        )
    whole = counted(len(found) + sum(len(read.sentences) for read in reads), "text")
    return {f"texts {why}": f"{number:,} of {whole}" for why, number in _counts(found).items()}


def _counts(unannotated: Sequence[MalformedLine]) -> Counter[str]:
    return Counter(each.message for each in unannotated)
