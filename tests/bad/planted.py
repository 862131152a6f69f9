"""Data sets with one fault each: how the files are made, how they are checked, and where the fault is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Planted(NamedTuple):
    """Files by name, the words after `check TASK`, and the finding that must come of it."""

    name: str
    files: Mapping[str, bytes]
    words: str
    code: str
    file: str = ""  # in which the rows are
    lines: tuple[int, ...] = ()


def prose(lines: int, seed: int = 0, letters: str = "abcdefghijklmnopqrstuvwxyzéï") -> list[str]:
    """Lines of made-up words, of 40 characters or more, no two alike."""
    rng = np.random.default_rng(seed)
    return [
        " ".join("".join(rng.choice(list(letters), size=rng.integers(4, 9))) for _ in range(rng.integers(8, 12)))
        for _ in range(lines)
    ]


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def changed(lines: list[str], changes: Mapping[int, str]) -> list[str]:
    """Lines, some of them replaced; the first line is 1."""
    return [changes.get(number, line) for number, line in enumerate(lines, 1)]


def with_bytes(lines: list[str], changes: Mapping[int, bytes]) -> bytes:
    return b"".join(changes.get(number, line.encode()) + b"\n" for number, line in enumerate(lines, 1))


def rows(count: int = 60) -> list[tuple[str, str]]:
    """Texts with two labels in turn."""
    return [(line, "yes" if number % 2 else "no") for number, line in enumerate(prose(count, 3))]


def csv(table: list[tuple[str, str]], head: str = "text,label") -> bytes:
    return "".join(f"{line}\n" for line in (head, *(f"{cell},{label}" for cell, label in table))).encode()


def series(values: list[list[float | None]], name: str = "x") -> bytes:
    """One object a line; NaN and Infinity stand as many programs write them."""
    lines = [json.dumps({name: row, "label": "up" if number % 2 else "down"}) for number, row in enumerate(values)]
    return "".join(f"{line}\n" for line in lines).encode()


def walk(count: int = 40) -> list[list[float | None]]:
    rng = np.random.default_rng(1)
    return [[float(step) for step in rng.standard_normal(rng.integers(4, 9))] for _ in range(count)]


GOOD = prose(120)
SMALL = "--preset small --batch 2 --bptt 8"
A = f"a.txt {SMALL}"
PAIRS = rows()
STEPS = walk()

LANGUAGE = [
    Planted("no such file", {"novel.txt": text(GOOD)}, f"novle.txt {SMALL}", "no-file"),
    Planted("a folder", {"a/b.txt": text(GOOD)}, f"a {SMALL}", "no-file"),
    Planted("an empty file among others", {"a.txt": text(GOOD), "b.txt": b""}, f"a.txt b.txt {SMALL}", "empty-file"),
    Planted("a mark and nothing else", {"a.txt": b"\xef\xbb\xbf"}, A, "empty-file"),
    Planted(
        "latin-1 read as UTF-8",
        {"a.txt": "\n".join(["plain", "café", "plain", "naïve", "plain"] * 30).encode("latin-1")},
        A,
        "wrong-encoding",
        "a.txt",
        (2, 4, 7, 9, 12),
    ),
    Planted("UTF-16 read as UTF-8", {"a.txt": text(GOOD).decode().encode("utf-16")}, A, "wrong-encoding"),
    Planted(
        "UTF-16 without a mark", {"a.txt": "".join(["plain text\n"] * 99).encode("utf-16-le")}, A, "wrong-encoding"
    ),
    Planted(
        "two lines of cp1252 in a UTF-8 file",
        {"a.txt": with_bytes(GOOD, {17: "déjà vu".encode("cp1252"), 90: "Straße".encode("cp1252")})},
        A,
        "mixed-encoding",
        "a.txt",
        (17, 90),
    ),
    Planted("a NUL", {"a.txt": with_bytes(GOOD, {33: b"some\0thing"})}, A, "binary", "a.txt", (33,)),
    Planted("control characters", {"a.txt": with_bytes(GOOD, {5: b"\x01\x02" * 40})}, A, "binary", "a.txt", (5,)),
    Planted("an archive", {"a.txt": gzip.compress(text(GOOD))}, A, "binary"),
    Planted("a byte order mark", {"a.txt": b"\xef\xbb\xbf" + text(GOOD)}, A, "byte-order-mark"),
    Planted("lines that end in CR LF", {"a.txt": text(GOOD).replace(b"\n", b"\r\n")}, A, "line-ends"),
    Planted("a CR inside a line", {"a.txt": text(GOOD).replace(b" ", b"\r", 1)}, A, "stray-return", "a.txt", (1,)),
    Planted("lines that end in CR", {"a.txt": text(GOOD).replace(b"\n", b"\r")}, A, "line-ends"),
    Planted(
        "files that were joined, marks and all",
        {"a.txt": text(GOOD[:50]) + b"\xef\xbb\xbf" + text(GOOD[50:])},
        A,
        "stray-mark",
        "a.txt",
        (51,),
    ),
    Planted(
        "UTF-8 twice",
        {"a.txt": text(changed(GOOD, {8: "cafÃ©", 30: "itâ€™s naÃ¯ve"}))},
        A,
        "misread-encoding",
        "a.txt",
        (8, 30),
    ),
    Planted("UTF-8 read as latin-1", {"a.txt": text(GOOD)}, f"{A} --encoding latin-1", "misread-encoding"),
    Planted(
        "a character that was lost",
        {"a.txt": text(changed(GOOD, {77: "caf\ufffd"}))},
        A,
        "lost-character",
        "a.txt",
        (77,),
    ),
    Planted("one symbol", {"a.txt": b"a" * 4000}, A, "one-symbol"),
    Planted("too little for a batch", {"a.txt": text(GOOD[:20])}, "a.txt --preset small", "too-short"),
    Planted("nothing held out", {"a.txt": text(GOOD)}, f"{A} --valid 0.00001", "too-short"),
    Planted("little held out", {"a.txt": text(GOOD)}, f"{A} --valid 0.02", "few-held-out"),
    Planted("the held-out file twice", {"a.txt": text(GOOD)}, f"{A} --valid a.txt", "same-file"),
    Planted("a file twice", {"a.txt": text(GOOD)}, f"a.txt {A}", "same-file"),
    Planted(
        "another script held out",
        {"a.txt": text(GOOD), "v.txt": text(prose(40, 5, "абвгдежзийклмноп"))},
        f"{A} --valid v.txt",
        "many-unknown",
    ),
    Planted(
        "a small test part",
        {"a.txt": text(GOOD), "t.txt": text(GOOD[:3])},
        f"{A} --valid 0.3 --test t.txt",
        "few-held-out",
    ),
    Planted(
        "test lines that are trained on",
        {"a.txt": text(GOOD), "t.txt": text(changed(prose(30, 9), {4: GOOD[11], 21: GOOD[19]}))},
        f"{A} --test t.txt",
        "duplicate-across",
        "t.txt",
        (4, 21),
    ),
    Planted(
        "held-out lines that are trained on",
        {"a.txt": text(GOOD), "v.txt": text(changed(prose(30, 9), {4: GOOD[11], 21: GOOD[99]}))},
        f"{A} --valid v.txt",
        "duplicate-across",
        "v.txt",
        (4, 21),
    ),
    Planted(
        "a repeated passage at the end",
        {"a.txt": text([*GOOD, *GOOD[40:45]])},
        A,
        "duplicate-across",
        "a.txt",
        (121, 122, 123, 124, 125),
    ),
    Planted(
        "a passage pasted again and again",
        {"a.txt": text([*GOOD[:3], *(GOOD[:3] * 8), *GOOD[3:]])},
        A,
        "duplicate",
        "a.txt",
        tuple(range(4, 28)),
    ),
]

C = "a.csv --valid v.csv --preset small --units word"
V = csv(rows(100)[70:])
J = "a.jsonl --valid 0.25 --columns x --preset small"

CLASSIFY = [
    Planted("an empty text", {"a.csv": csv([*PAIRS[:8], ("  ", "no"), *PAIRS[8:]]), "v.csv": V}, C,
            "empty-row", "a.csv", (10,)),
    Planted("few rows held out", {"a.csv": csv(PAIRS), "v.csv": csv([*rows(70)[60:]])}, C, "few-held-out"),
    Planted("one label", {"a.csv": csv([(cell, "no") for cell, _ in PAIRS]), "v.csv": csv([("some text", "no")])}, C,
            "single-class"),
    Planted("a label only held out", {"a.csv": csv(PAIRS),
            "v.csv": csv([("one", "no"), ("two", "maybe"), ("3", "yes")])}, C, "unseen-label", "v.csv", (3,)),
    Planted("a row of both parts", {"a.csv": csv(PAIRS), "v.csv": csv([*rows(70)[60:], PAIRS[20]])}, C,
            "duplicate-across", "v.csv", (12,)),
    Planted("a row twice", {"a.csv": csv([*PAIRS, PAIRS[3]]), "v.csv": V}, C, "duplicate", "a.csv", (62,)),
    Planted("a row of the training part in the test part", {"a.csv": csv(PAIRS), "v.csv": V,
            "t.csv": csv([*rows(120)[100:], PAIRS[7]])}, f"{C} --test t.csv", "duplicate-across", "t.csv", (22,)),
    Planted("few rows in the test part", {"a.csv": csv(PAIRS), "v.csv": csv(rows(470)[70:]),
            "t.csv": csv(rows(480)[470:])}, f"{C} --test t.csv", "few-held-out"),
    Planted("a test part of one label", {"a.csv": csv(PAIRS), "v.csv": V, "t.csv": csv(rows(120)[100::2])},
            f"{C} --test t.csv", "one-label-scored"),
    Planted("a label only in the test part", {"a.csv": csv(PAIRS), "v.csv": V,
            "t.csv": csv([("one", "no"), ("two", "maybe"), ("3", "yes")])}, f"{C} --test t.csv",
            "unseen-test-label", "t.csv", (3,)),
    Planted("a hundred rows for one", {"a.csv": csv([*((cell, "no") for cell, _ in rows(500)), *PAIRS[1:4:2]]),
            "v.csv": csv(PAIRS[10:14])}, C, "imbalance"),
    Planted("a mark that holds no field", {"a.csv": csv([*PAIRS[:5], ('"to be', "no"), *PAIRS[5:]]), "v.csv": V}, C,
            "literal-quotes", "a.csv", (7,)),
    Planted("a row of another encoding", {"a.csv": csv(PAIRS[:4]) + "café,no\n".encode("cp1252") + csv(PAIRS[4:])[11:],
            "v.csv": V}, C, "mixed-encoding", "a.csv", (6,)),
    Planted("a NaN", {"a.jsonl": series([*STEPS[:6], [0.5, float("nan"), 1.0], *STEPS[6:]])}, J, "not-finite",
            "a.jsonl", (7,)),
    Planted("an infinity", {"a.jsonl": series([*STEPS[:30], [0.5, float("inf")], *STEPS[30:]])}, J, "not-finite",
            "a.jsonl", (31,)),
    Planted("a label of fewer rows than folds", {"a.csv": csv([*PAIRS, ("so so", "maybe"), ("not sure", "maybe")]),
            "v.csv": V}, f"{C} --folds 3", "small-fold"),
    Planted("a row without steps", {"a.jsonl": series([*STEPS[:9], [], *STEPS[9:]])}, J, "empty-row", "a.jsonl", (10,)),
    Planted("one huge row", {"a.jsonl": series([*STEPS[:12], [0.5, -0.5] * 400, *STEPS[12:]])}, J, "long-row",
            "a.jsonl", (13,)),
]  # fmt: skip


def plant(planted: Planted, folder: Path) -> None:
    """Write the files."""
    for name, content in planted.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
