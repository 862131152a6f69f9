"""What no two runs of one program have in common is taken out of what they say: times, speeds, versions, folders.

    0:07 -> 0:00      0.13 s -> # s      2026-11-30T13:10:32+00:00 -> <date>      /where/a.txt -> <here>/a.txt

Everything else is recorded as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frozen import digest

_FIGURES = {  # keys of JSON whose numbers are times, speeds, or what this machine has
    "seconds", "seconds_per_pass", "seconds_left", "seconds_per_evaluation", "seconds_per_step", "units_per_second",
    "evaluation_seconds", "free_bytes", "size_bytes",
}  # fmt: skip
_WORDS = {"date", "started", "sha256", "versions", "machine"}  # keys of JSON whose values are another day's elsewhere
_TEXT = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<date>"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "<date>"),
    (r"\b([Aa]bout) \d+:\d\d(:\d\d)?\b", r"\1 # s"),  # an estimate has seconds, or a minute and more
    (r"\b\d+:\d\d(:\d\d)?\b", "0:00"),
    (r"\b\d[\d,.]* s\b", "# s"),
    (r"\b\d[\d,.]* (\w+)/s\b", r"# \1/s"),
    (r"\b[\d.]+ ?[kMGT]?B are free", "# are free"),
    (r"\bwhole, [\d,.]+ [kM]?B( \([\d,]+ bytes\))?", "whole, # bytes"),
    (r"^(  SHA-256 +)[0-9a-f]{64}$", r"\1#"),
    (r"^(    date +)\d.*$", r"\1#"),
    (r"^(    time +)\S.*$", r"\1#"),
    (r"^(    versions: \w+ +).*$", r"\1#"),
    (r"^anaphora \d[\w.+]*$", "anaphora <version>"),
    (r"[^\s'\"]*/anaphora-\w{8}\b", "<temporary>"),
]
_NOW_AND_THEN = re.compile(r"^Step [\d,]+( of [\d,]+)?: loss .*\n", re.MULTILINE)  # said after 15 s of silence
_LONG = 1000  # characters of a picture
_RULES = [(re.compile(pattern, re.MULTILINE), new) for pattern, new in _TEXT]


def text(said: str, here: Path) -> str:
    """A text without times, speeds, versions, and the folder it was made in."""
    for place in sorted({str(here), str(here.resolve())}, key=len, reverse=True):
        said = said.replace(place, "<here>")
    for rule, new in _RULES:
        said = rule.sub(new, said)
    return said


def value(found: Any, here: Path, key: str = "") -> Any:
    """The same of a value of JSON, whose keys say what a number is."""
    if found is not None and key in _WORDS:
        return f"<{key}>"
    if isinstance(found, int | float) and not isinstance(found, bool) and key in _FIGURES:
        return "#"
    if isinstance(found, Mapping):
        return {str(name): value(item, here, str(name)) for name, item in found.items()}
    if isinstance(found, list | tuple):
        return [value(item, here) for item in found]
    if isinstance(found, str):
        said = text(found, here)
        return said if len(said) <= _LONG else f"<{digest.of_bytes(said.encode())}>"
    return found


def event(found: dict[str, Any], here: Path) -> dict[str, Any]:
    """A line of a run's log without its times."""
    return {name: item for name, item in value(found, here).items() if item != "#"}


def output(said: str, here: Path, wide: int) -> list[str]:
    """Lines of a command: a line that is a JSON object or array is laid out over several, in its own order of keys."""
    lines: list[str] = []
    for line in _NOW_AND_THEN.sub("", said).split("\n"):
        parsed = _json(line)
        lines += [text(line, here)] if parsed is None else lay_out(value(parsed, here), wide)
    return lines


def lay_out(found: Any, wide: int = 118) -> list[str]:
    """A value as lines of JSON: lists and mappings that fit stand on one line each."""
    return _layout(found, "", "", wide).split("\n")


def _layout(found: Any, indent: str, before: str, wide: int) -> str:
    flat = json.dumps(found, ensure_ascii=False)
    if len(indent) + len(before) + len(flat) <= wide or not isinstance(found, list | dict) or not found:
        return f"{indent}{before}{flat}"
    named = found.items() if isinstance(found, dict) else (("", item) for item in found)
    starts = [(f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(found, dict) else "", i) for name, i in named]
    inside = ",\n".join(_layout(item, f"{indent} ", start, wide) for start, item in starts)
    first, last = "{}" if isinstance(found, dict) else "[]"
    return f"{indent}{before}{first}\n{inside}\n{indent}{last}"


def _json(line: str) -> Any:
    if line[:1] not in ("{", "["):
        return None
    try:
        return json.loads(line)
    except ValueError:
        return None
