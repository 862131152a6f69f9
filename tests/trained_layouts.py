"""Layouts of data for every task whose models answer inputs, one list: each writes the same rows in its own form."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars

from labelled import sentences
from translated import PAIRS

TEXTS, LABELS = sentences(24)
TEXTS[3] = 'a "good" film; so, so good | really'
TEXTS[5] = "the film was naïve and great"
LINES = tuple(zip(TEXTS, LABELS, strict=True))
LONG = [(text if at != 4 else f"{text}\nand a second line", label) for at, (text, label) in enumerate(LINES)]
SERIES = [
    (np.round(np.random.default_rng(at).normal(at % 2, 1, 3 + at % 3), 2).tolist(), LABELS[at]) for at in range(24)
]
DOUBLED = [(f"{source} {at}", f"{target} {at}") for at in range(3) for source, target in PAIRS]
TAGGED = [(["Ann", "saw", f"Rome{at % 3}"], ["B-PER", "O", "B-LOC"]) for at in range(24)]


class Layout(NamedTuple):
    """The files of a layout, in a folder, the options of training, and what Python's `predict` is given."""

    task: str
    write: Callable[[Path], Sequence[Path]]
    options: Mapping[str, Any]
    inputs: Sequence[Any]


def delimited(rows: Sequence[Sequence[Any]], names: Sequence[str] = (), **how: Any) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", **how).writerows([names, *rows] if names else rows)
    return file.getvalue()


def file(name: str, content: str | bytes, encoding: str = "utf-8") -> Callable[[Path], list[Path]]:
    def write(folder: Path) -> list[Path]:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return [path]

    return write


def objects(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def parquet(columns: Mapping[str, Sequence[Any]]) -> bytes:
    target = io.BytesIO()
    polars.DataFrame(columns).write_parquet(target)
    return target.getvalue()


def folder_of_texts(folder: Path) -> list[Path]:
    for at, (text, label) in enumerate(LONG):
        (folder / "data" / label).mkdir(parents=True, exist_ok=True)
        (folder / "data" / label / f"{at:02}.txt").write_text(text, encoding="utf-8")
    return [folder / "data"]


def files_of_lines(folder: Path) -> list[Path]:
    for label in ("neg", "pos"):
        texts = [text for text, other in LINES if other == label]
        (folder / f"{label}.txt").write_text("\n".join(texts), encoding="utf-8")
    return [folder / "neg.txt", folder / "pos.txt"]


def parallel(folder: Path) -> list[Path]:
    sides = [folder / "a.de", folder / "a.en"]
    for at, path in enumerate(sides):
        path.write_bytes("\r\n".join(pair[at] for pair in DOUBLED).encode("latin-1"))
    return sides


def by_label(rows: Sequence[tuple[Any, str]]) -> list[Any]:
    return [text for label in ("neg", "pos") for text, other in rows if other == label]


NAMES = ("text", "label")
WIDE = [(label, *values, *[""] * (5 - len(values))) for values, label in SERIES]
STEPS = [(at, step, value, label) for at, (values, label) in enumerate(SERIES) for step, value in enumerate(values)]
IN_TURN = [
    (at, f"{8 + step}:30", f"{value}".replace(".", ","), label)
    for at, step, value, label in sorted(STEPS, key=lambda line: line[1])
]
SOURCES = [source for source, _ in DOUBLED]
BARE = {"header": False, "text": "1", "label": "2"}
CONLL = "\n".join("".join(f"{word} {tag}\n" for word, tag in zip(*row, strict=True)) for row in TAGGED)

LAYOUTS: dict[str, Layout] = {
    "CSV": Layout("classify", file("a.csv", delimited(LONG, NAMES)), {}, [text for text, _ in LONG]),
    "CSV with semicolons": Layout(
        "classify", file("a.csv", delimited(LONG, NAMES, delimiter=";")), {}, [t for t, _ in LONG]
    ),
    "headerless CSV": Layout("classify", file("a.csv", delimited(LONG)), BARE, [text for text, _ in LONG]),
    "CSV in latin-1": Layout(
        "classify",
        file("a.csv", delimited(LONG, NAMES), "latin-1"),
        {"encoding": "latin-1"},
        [text for text, _ in LONG],
    ),
    "CSV in UTF-16": Layout(
        "classify", file("a.csv", delimited(LONG, NAMES), "utf-16"), {"encoding": "utf-16"}, [text for text, _ in LONG]
    ),
    "CSV with CR LF": Layout("classify", file("a.csv", delimited(LINES, NAMES).replace("\n", "\r\n")), {}, TEXTS),
    "CSV with CR": Layout("classify", file("a.csv", delimited(LINES, NAMES).replace("\n", "\r")), {}, TEXTS),
    "CSV in gzip": Layout("classify", file("a.csv.gz", gzip.compress(delimited(LINES, NAMES).encode())), {}, TEXTS),
    "TSV without quoting": Layout(
        "classify", file("a.tsv", "".join(f"{text}\t{label}\n" for text, label in [NAMES, *LINES])), {}, TEXTS
    ),
    "JSON Lines": Layout(
        "classify", file("a.jsonl", objects([{"text": t, "label": k} for t, k in LONG])), {}, [t for t, _ in LONG]
    ),
    "JSON Lines with blank lines": Layout(
        "classify",
        file("a.jsonl", "\n" + objects([{"text": t, "label": k} for t, k in LINES]).replace("\n", "\n\n") + "  \n"),
        {},
        TEXTS,
    ),
    "JSON Lines in gzip": Layout(
        "classify",
        file("a.jsonl.gz", gzip.compress(objects([{"text": t, "label": k} for t, k in LINES]).encode())),
        {},
        TEXTS,
    ),
    "nested JSON Lines": Layout(
        "classify",
        file("a.jsonl", objects([{"review": {"body": t}, "meta": {"mood": k}} for t, k in LINES])),
        {"text": "review.body", "label": "meta.mood"},
        TEXTS,
    ),
    "JSON list": Layout("classify", file("a.json", json.dumps([{"text": t, "label": k} for t, k in LINES])), {}, TEXTS),
    "a list in a JSON object": Layout(
        "classify",
        file("a.json", json.dumps({"data": [{"text": t, "label": k} for t, k in LINES]}, indent=1)),
        {},
        TEXTS,
    ),
    "Parquet": Layout("classify", file("a.parquet", parquet({"text": TEXTS, "label": LABELS})), {}, TEXTS),
    "a folder of texts per label": Layout("classify", folder_of_texts, {}, by_label(LONG)),
    "a file of lines per label": Layout("classify", files_of_lines, {}, by_label(LINES)),
    "series by lists": Layout(
        "classify", file("a.jsonl", objects([{"x": x, "label": k} for x, k in SERIES])), {}, [x for x, _ in SERIES]
    ),
    "wide series, headerless": Layout(
        "classify",
        file("a.csv", delimited(WIDE)),
        {"header": False, "label": "1", "wide": True},
        [x for x, _ in SERIES],
    ),
    "series by --id": Layout(
        "classify", file("a.csv", delimited(STEPS, ("id", "time", "x", "label"))), {"id": "id"}, [x for x, _ in SERIES]
    ),
    "series by --id, steps of all series in turn": Layout(
        "classify",
        file("a.csv", delimited(IN_TURN, ("id", "time", "x", "label"), delimiter=";")),
        {"id": "id", "time": "time"},
        [x for x, _ in SERIES],
    ),
    "series in .ts": Layout(
        "classify",
        file("a.ts", "@data\n" + "".join(f"{','.join(map(str, x))}:{label}\n" for x, label in SERIES)),
        {},
        [x for x, _ in SERIES],
    ),
    "a text, a tab, a label": Layout(
        "classify", file("a.txt", "".join(f"{text}\t{label}\n" for text, label in LINES)), {}, TEXTS
    ),
    "parallel files in latin-1": Layout("translate", parallel, {"encoding": "latin-1"}, SOURCES),
    "pairs in a headerless CSV": Layout("translate", file("a.csv", delimited(DOUBLED)), {"header": False}, SOURCES),
    "pairs in JSON Lines": Layout(
        "translate", file("a.jsonl", objects([{"source": a, "target": b} for a, b in DOUBLED])), {}, SOURCES
    ),
    "pairs in nested JSON": Layout(
        "translate", file("a.jsonl", objects([{"translation": {"de": a, "en": b}} for a, b in DOUBLED])), {}, SOURCES
    ),
    "pairs in JSON with two keys": Layout(
        "translate", file("a.json", json.dumps([{"n": 7, "de": a, "en": b} for a, b in DOUBLED])), {}, SOURCES
    ),
    "pairs in Parquet, nested": Layout(
        "translate",
        file("a.parquet", parquet({"translation": [{"de": a, "en": b} for a, b in DOUBLED]})),
        {"source": "de", "target": "en"},
        SOURCES,
    ),
    "pairs with tabs": Layout("translate", file("a.txt", delimited(DOUBLED, delimiter="\t")), {}, SOURCES),
    "pairs with bars": Layout("translate", file("a.txt", "".join(f"{a} ||| {b}\n" for a, b in DOUBLED)), {}, SOURCES),
    "pairs of Tatoeba with ids": Layout(
        "translate",
        file(
            "a.tsv.gz",
            gzip.compress(
                delimited([(at, a, 7 * at, b) for at, (a, b) in enumerate(DOUBLED)], delimiter="\t").encode()
            ),
        ),
        {},
        SOURCES,
    ),
    "pairs of Tatoeba with attributions": Layout(
        "translate",
        file("deu.txt", delimited([(b, a, "CC-BY 2.0 (France) #1") for a, b in DOUBLED], delimiter="\t")),
        {"source": "2", "target": "1"},
        SOURCES,
    ),
    "notes of Anki": Layout(
        "translate",
        file(
            "a.txt",
            "#separator:comma\n#html:true\n#tags column:3\n" + delimited([(a, f"<b>{b}</b>", "x") for a, b in DOUBLED]),
        ),
        {},
        SOURCES,
    ),
    "TMX": Layout(
        "translate",
        file(
            "a.tmx",
            "<tmx version='1.4'><header srclang='de'/><body>"
            + "".join(
                f"<tu><tuv xml:lang='en'><seg>{b}</seg></tuv><tuv xml:lang='de'><seg>{a}</seg></tuv></tu>\n"
                for a, b in DOUBLED
            )
            + "</body></tmx>",
        ),
        {},
        SOURCES,
    ),
    "CoNLL with blanks": Layout("tag", file("a.conll", CONLL), {}, [words for words, _ in TAGGED]),
    "words and tags in Parquet": Layout(
        "tag",
        file("a.parquet", parquet({"tokens": [words for words, _ in TAGGED], "tags": [tags for _, tags in TAGGED]})),
        {},
        [words for words, _ in TAGGED],
    ),
}
