"""What was written in any layout of pairs is read again: no pair lost or doubled, sides never swapped, lines right."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.pairs import read_pairs

Pair = tuple[str, str]


class Written(NamedTuple):
    """A file for each name, and the line of each pair."""

    files: dict[str, str]
    lines: list[int]


def table(ending: str, row: Callable[[int, Pair], list[str]], head: str = "", mark: str = "\t") -> object:
    """A table with one line per pair below a head."""

    def write(pairs: list[Pair]) -> Written:
        out = io.StringIO()
        csv.writer(out, delimiter=mark, lineterminator="\n").writerows(row(at, pair) for at, pair in enumerate(pairs))
        begin = head.count("\n") + 1
        return Written({f"a{ending}": head + out.getvalue()}, list(range(begin, begin + len(pairs))))

    return write


def parallel(pairs: list[Pair]) -> Written:
    files = {name: "".join(f"{pair[at]}\n" for pair in pairs) for at, name in enumerate(("a.de", "a.en"))}
    return Written(files, list(range(1, len(pairs) + 1)))


def spread(pairs: list[Pair]) -> Written:
    """JSON Lines with a blank line after each object."""
    text = "".join(f"{json.dumps({'n': at, 'source': a, 'target': b})}\n\n" for at, (a, b) in enumerate(pairs))
    return Written({"a.jsonl": text}, list(range(1, 2 * len(pairs), 2)))


def memory(pairs: list[Pair]) -> Written:
    units = "".join(
        f'<tu>\n<tuv xml:lang="en"><seg>{escape(b)}</seg></tuv><tuv xml:lang="de"><seg>{escape(a)}</seg></tuv></tu>\n'
        for a, b in pairs
    )
    text = f'<tmx version="1.4"><header srclang="de"/><body>\n{units}</body></tmx>\n'
    return Written({"a.tmx": text}, list(range(2, 2 + 2 * len(pairs), 2)))


def bars(pairs: list[Pair]) -> Written:
    return Written({"a.txt": "".join(f"{a} ||| {b}\n" for a, b in pairs)}, list(range(1, len(pairs) + 1)))


LAYOUTS = {
    "parallel": parallel,
    "csv": table(".csv", lambda at, pair: [pair[1], str(at), pair[0]], "target;id;source\n", ";"),
    "tsv": table(".tsv", lambda _, pair: [*pair], "source\ttarget\n"),
    "tabs": table(".txt", lambda _, pair: [*pair]),
    "ids": table(".tsv", lambda at, pair: [str(at), pair[0], str(7 * at), pair[1]]),
    "licence": table("", lambda _, pair: [*pair, "CC-BY 2.0 (France) Attribution: tatoeba.org #5 (CK)"]),
    "anki": table(".txt", lambda at, pair: [*pair, f"tag{at}"], "#separator:comma\n#html:false\n#tags column:3\n", ","),
    "jsonl": spread,
    "tmx": memory,
    "bars": bars,
}
# A capital letter first: no text is a number, a code of a language or a name of a column.
TEXTS = st.text("Wäß字 \"'.,;:&<>{}#\\/-0123\u2028\xa0", max_size=12).map(lambda text: f"W{' '.join(text.split())}")
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "mark": lambda text: text.encode("utf-8-sig"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "no end": lambda text: text.removesuffix("\n").encode(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(PAIRS, st.sampled_from(sorted(ENCODINGS)), st.booleans())
def test_pairs_are_read_as_they_were_written(layout: str, pairs: list[Pair], end: str, packed: bool) -> None:
    written: Written = LAYOUTS[layout](pairs)  # type: ignore[operator]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in written.files.items():
            raw = ENCODINGS[end](text)
            paths.append(Path(folder) / f"{name}{'.gz' if packed else ''}")
            paths[-1].write_bytes(gzip.compress(raw) if packed else raw)
        found = read_pairs(paths)
    assert list(zip(found.sources, found.targets, strict=True)) == pairs
    assert [found.place(row) for row in range(len(found))] == [(str(paths[0]), line) for line in written.lines]
