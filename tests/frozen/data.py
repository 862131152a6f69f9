"""The data that the record is made on: small, made up here, the same everywhere.

Python's own generator draws them: its `random()` is the same in every version, and nothing else of it is used.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_THINGS = {"red": "rose", "green": "leaf", "blue": "sky", "white": "snow", "black": "coal"}
_PEOPLE = ("Ann", "Zoë", "the old man", "my friend", "they")
_VERBS = ("saw", "had", "found", "painted")
_GERMAN = {
    "a": "ein", "two": "zwei", "dog": "Hund", "child": "Kind", "bird": "Vogel", "runs": "läuft", "sings": "singt",
    "sleeps": "schläft", "red": "rot", "small": "klein", "today": "heute", "here": "hier",
}  # fmt: skip


def below(draw: random.Random, count: int) -> int:
    """A whole number from 0 to count − 1."""
    return int(draw.random() * count)


def one(draw: random.Random, these: Sequence[T]) -> T:
    """One of several."""
    return these[below(draw, len(these))]


def prose(sentences: int, seed: int) -> str:
    """Sentences in which the word after a gap decides about it, two a line now and then."""
    draw, parts = random.Random(seed), []
    for _ in range(sentences):
        colour = one(draw, list(_THINGS))
        words = f"{one(draw, _PEOPLE)} {one(draw, _VERBS)} a {colour} {_THINGS[colour]}"
        words += one(draw, (".", "!", f", and {one(draw, _PEOPLE)} left.", " at 7 o'clock."))
        parts.append(words[0].upper() + words[1:] + one(draw, ("\n", "\n", " ")))
    return "".join(parts)


def films(rows: int, seed: int) -> tuple[list[str], list[str]]:
    """Films said to be good or bad in a few words, and which it was."""
    draw, texts, labels = random.Random(seed), [], []
    words = {"pos": ("good", "fine", "great", "lovely"), "neg": ("bad", "poor", "awful", "dull")}
    for row in range(rows):
        label = ("neg", "pos")[row % 2]
        said = [one(draw, ("The", "film", "was", "a", "one", "and", "so", "very")) for _ in range(2 + below(draw, 6))]
        said.insert(below(draw, len(said)), one(draw, words[label]))
        texts.append(" ".join(said))
        labels.append(label)
    return texts, labels


def waves(rows: int, seed: int) -> tuple[list[list[list[float]]], list[str]]:
    """Slow and fast waves, two channels of 6 to 13 steps, and which they were."""
    draw, series, labels = random.Random(seed), [], []
    for row in range(rows):
        steps, pace = range(6 + below(draw, 8)), (0.4, 2.2)[row % 2]
        one_channel = [round(math.sin(pace * t) + 0.1 * draw.random(), 4) for t in steps]
        series.append([one_channel, [round(5 + math.cos(pace * t), 4) for t in steps]])
        labels.append(("slow", "fast")[row % 2])
    return series, labels


def sentences(count: int, seed: int) -> list[tuple[list[str], list[str]]]:
    """Words with spans of persons and places."""
    draw, rows = random.Random(seed), []
    for _ in range(count):
        person = one(draw, (["Ann"], ["Ben", "Kolbury"], ["Clara"], ["Zoë", "Ostham"]))
        place = one(draw, (["New", "Ostham"], ["Kolbury"], ["Port", "Linford"], ["Wilton"]))
        words, tags = list[str](), list[str]()
        for part in one(
            draw, ("PER flies to LOC .", "in LOC , PER met PER", "LOC is near LOC .", "it rained .")
        ).split():
            span = {"PER": person, "LOC": place}.get(part, [part])
            words += span
            tags += [f"{'I' if at else 'B'}-{part}" if span != [part] else "O" for at in range(len(span))]
        rows.append((words, tags))
    return rows


def pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Sentences of German and English."""
    draw, found = random.Random(seed), []
    for _ in range(count):
        kinds = (
            ("a", "two"),
            ("red", "small"),
            ("dog", "child", "bird"),
            ("runs", "sings", "sleeps"),
            ("today", "here"),
        )
        english = [one(draw, words) for words in kinds[: 3 + below(draw, 3)]]
        found.append((" ".join(_GERMAN[word] for word in english), " ".join(english)))
    return found


def write(folder: Path) -> None:
    """Write every file of data into a folder."""
    texts, labels = films(120, 1)
    series, speeds = waves(80, 2)
    several = [f"{label};long" if len(text) > 28 else label for text, label in zip(texts, labels, strict=True)]
    tagged, translated = sentences(120, 3), pairs(140, 4)
    files = {
        "novel.txt": prose(220, 5),
        "later.txt": prose(40, 6),
        "films.csv": _csv(["text", "label"], zip(texts, labels, strict=True)),
        "unseen.csv": _csv(["text", "label"], zip(*films(30, 7), strict=True)),
        "several.csv": _csv(["text", "labels"], zip(texts, several, strict=True)),
        "waves.jsonl": _jsonl([{"x": x, "y": y, "label": s} for (x, y), s in zip(series, speeds, strict=True)]),
        "spans.conll": _columns(tagged),
        "more.conll": _columns(sentences(30, 8)),
        "tags.jsonl": _jsonl([{"tokens": words, "tags": [tag[:1] for tag in tags]} for words, tags in tagged]),
        "a.de": _lines([de for de, _ in translated]),
        "a.en": _lines([en for _, en in translated]),
        "b.jsonl": _jsonl([{"source": de, "target": en} for de, en in pairs(30, 9)]),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def _csv(head: list[str], rows: Any) -> str:
    return _lines([",".join(row) for row in [head, *rows]])


def _jsonl(rows: list[dict[str, Any]]) -> str:
    return _lines([json.dumps(row, ensure_ascii=False) for row in rows])


def _columns(rows: list[tuple[list[str], list[str]]]) -> str:
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in zip(*row, strict=True)) + "\n" for row in rows)


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
