"""Parallel texts, and texts whose words are gaps, with one fault each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from bad.planted import GOOD as PROSE
from bad.planted import Planted, changed, text, with_bytes


def sides(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Sentences of two made-up languages, no two alike, of about one length."""
    lengths = np.random.default_rng(seed).integers(2, 9, count).tolist()
    sources = [f"Satz {seed}{n} hier" + " Wort" * k for n, k in enumerate(lengths)]
    return sources, [f"sentence {seed}{n} here" + " word" * k for n, k in enumerate(lengths)]


DE, EN = sides(150, 1)
HELD_OUT = dict(zip(("v.de", "v.en"), map(text, sides(220, 2)), strict=True))
T = "a.de a.en --valid v.de,v.en --preset small --units char"


def files(source: list[str], target: list[str] | None = None, **other: bytes) -> dict[str, bytes]:
    return {"a.de": text(source), "a.en": text(EN if target is None else target), **HELD_OUT, **other}


def table(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


ROWS: list[dict[str, Any]] = [{"source": one, "target": other} for one, other in zip(DE, EN, strict=True)]

TRANSLATE = [
    Planted("no such parallel file", {"a.de": text(DE)}, "a.de a.en --units char", "no-file"),
    Planted("an empty parallel file", {**files(DE), "a.en": b""}, T, "empty-file"),
    Planted(
        "a side in latin-1",
        {**files(DE), "a.en": "".join(f"café {n}\n" for n in range(150)).encode("latin-1")},
        T,
        "wrong-encoding",
        "a.en",
        tuple(range(1, 151)),
    ),
    Planted(
        "a line of cp1252",
        {**files(DE), "a.de": with_bytes(changed(DE, {9: "größer"}), {40: "größer".encode("cp1252")})},
        T,
        "mixed-encoding",
        "a.de",
        (40,),
    ),
    Planted("a line that was lost", files(DE, [*EN[:60], *EN[61:]]), T, "misaligned"),
    Planted("an empty side", files(DE, changed(EN, {12: " "})), T, "empty-side", "a.de", (12,)),
    Planted(
        "sides of unlike length",
        files(changed(DE, {21: "kurz"}), changed(EN, {21: "a very long text that says far more than that " * 3})),
        T,
        "length-ratio",
        "a.de",
        (21,),
    ),
    Planted(
        "sources that are their targets",
        files(DE, changed(EN, {n: DE[n - 1] for n in range(30, 50)})),
        T,
        "untranslated",
        "a.de",
        tuple(range(30, 50)),
    ),
    Planted("held-out sides in the other order", files(DE), T.replace("v.de,v.en", "v.en,v.de"), "swapped-sides"),
    Planted("test sides in the other order",
            files(DE, **{"e.en": text(sides(90, 3)[0]), "e.de": text(sides(90, 3)[1])}), f"{T} --test e.de,e.en",
            "swapped-sides"),
    Planted("sides of a second pair in the other order",
            files(DE, **{"b.en": text(sides(90, 3)[0]), "b.de": text(sides(90, 3)[1])}), f"a.de a.en b.de b.en{T[9:]}",
            "swapped-sides"),
    Planted("one file for both sides", files(DE), T.replace("a.de a.en", "a.de a.de"), "same-file", "a.de"),
    Planted("a held-out file of the training", files(DE), T.replace("v.de,v.en", "a.de,a.en"), "same-file", "a.de"),
    Planted("a pair twice", files([*DE, DE[3]], [*EN, EN[3]]), T, "duplicate", "a.de", (151,)),
    Planted(
        "a held-out pair that is trained on",
        files([*DE, sides(220, 2)[0][7]], [*EN, sides(220, 2)[1][7]]),
        T,
        "duplicate-across",
        "v.de",
        (8,),
    ),
    Planted("one huge pair", files(changed(DE, {77: "Wort " * 90}), changed(EN, {77: "word " * 90})), T, "long-row",
            "a.de", (77,)),
    Planted("few pairs held out", {"a.de": text(DE), "a.en": text(EN)},
            "a.de a.en --preset small --units char", "few-held-out"),
    Planted("another script held out",
            files(DE, **{"v.de": text([f"слово номер {n} тут" for n in range(220)])}), T, "many-unknown"),
    Planted("a column that is not there", {"a.jsonl": table(ROWS)}, "a.jsonl --source src --units char", "unreadable"),
    Planted("a number for a text", {"a.jsonl": table([*ROWS, {"source": 7, "target": "seven"}])},
            "a.jsonl --units char", "unreadable"),
]  # fmt: skip

F = "a.txt --preset small --batch 2 --bptt 8"
REPEATED = text([*PROSE, *PROSE[:40]])

FILL = [
    Planted("no such text", {"novel.txt": REPEATED}, "novle.txt --batch 2", "no-file"),
    Planted("a folder without a text", {"a/.hidden": REPEATED}, "a --batch 2", "no-file"),
    Planted("a text of one mark", {"a.txt": b"." * 4000}, F, "one-symbol"),
    Planted("no word twice", {"a.txt": text(PROSE)}, F, "unreadable"),
    Planted("too few words", {"a.txt": REPEATED}, "a.txt --batch 500", "too-short"),
    Planted("no word held out", {"a.txt": REPEATED, "v.txt": b"... !!! ...\n"}, f"{F} --valid v.txt", "too-short"),
    Planted("few words held out", {"a.txt": REPEATED, "v.txt": text(PROSE[:9])}, f"{F} --valid v.txt", "few-held-out"),
    Planted("words held out that nobody knows", {"a.txt": REPEATED, "v.txt": text([f"x{n} y{n}" for n in range(900)])},
            f"{F} --valid v.txt", "many-unknown"),
    Planted("a line of both parts", {"a.txt": REPEATED, "v.txt": text(["other words", PROSE[7]])},
            f"{F} --valid v.txt", "duplicate-across", "v.txt", (2,)),
    Planted("a NUL in a text", {"a.txt": with_bytes(PROSE, {33: b"some\0thing"})}, F, "binary", "a.txt", (33,)),
]  # fmt: skip
