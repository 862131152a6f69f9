"""Layouts of pairs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from anaphora.data.files.pairs import Pairs, read_pairs, taken_of
from anaphora.errors import DataError, UsageError

Read = list[tuple[str, str, int]]
"""Source, target and line of every pair."""
PAIRS: Read = [("ein Mann", "a man", 1), ("ja", "yes", 2)]


def read(folder: Path, name: str, content: str, **options: str) -> Pairs:
    """Write a file, and read its pairs."""
    (folder / name).write_text(content, encoding="utf-8")
    return read_pairs([folder / name], **options)  # type: ignore[arg-type]


def told(pairs: Pairs) -> Read:
    places = (pairs.place(row).line for row in range(len(pairs)))
    return list(zip(pairs.sources, pairs.targets, places, strict=True))


def later(lines: int) -> Read:
    """The pairs, so many lines further down."""
    return [(source, target, line + lines) for source, target, line in PAIRS]


def parallel(folder: Path) -> None:
    source, target = folder / "a.de", folder / "a.en"
    source.write_text("ein Mann\nja\n", encoding="utf-8")
    target.write_text("\ufeffa man\r\nyes", encoding="utf-8")
    pairs = read_pairs([source, target])
    assert told(pairs) == PAIRS
    taken = taken_of([pairs], ["a.de", "a.en"])
    assert (taken.roles, taken.rows) == ({"source": (str(source),), "target": (str(target),)}, 2)
    target.write_text("a man\n", encoding="utf-8")
    with pytest.raises(DataError, match="expected equal numbers of lines"):
        read_pairs([source, target])


def several(folder: Path) -> None:
    for name, line in (("a.de", "ein Mann"), ("a.en", "a man"), ("b.de", "ja"), ("b.en", "yes")):
        (folder / name).write_text(f"{line}\n", encoding="utf-8")
    pairs = read_pairs([folder / name for name in ("a.de", "a.en", "b.de", "b.en")])
    assert (pairs.sources, pairs.targets) == (("ein Mann", "ja"), ("a man", "yes"))
    assert [Path(pairs.place(row).file).name for row in (0, 1)] == ["a.de", "b.de"]
    with pytest.raises(UsageError, match="3 files were named"):
        read_pairs([folder / name for name in ("a.de", "a.en", "b.de")])


def named(folder: Path) -> None:
    for ending, mark in ((".csv", ","), (".csv", ";"), (".tsv", "\t")):
        lines = [mark.join(row) for row in (("id", "target", "source"), ("7", "a man", "ein Mann"), ("8", "yes", "ja"))]
        pairs = read(folder, f"a{ending}", "\n".join(lines))
        assert told(pairs) == later(1)
        assert taken_of([pairs], []).left_out == {"id": "neither source nor target"}
    assert told(
        read(folder, "a.csv", "Englisch,Deutsch\na man,ein Mann\nyes,ja\n", source="Deutsch", target="Englisch")
    )


def nameless(folder: Path) -> None:
    content = "ein Mann\ta man\nja\tyes\n"
    (folder / "a.tsv").write_text(content, encoding="utf-8")
    assert told(read_pairs([folder / "a.tsv"], header=False)) == PAIRS
    with pytest.raises(DataError, match=r"are not clear.*--no-header"):
        read_pairs([folder / "a.tsv"])


def tabs(folder: Path) -> None:
    assert told(read(folder, "a.txt", "ein Mann\ta man\nja\tyes\n")) == PAIRS
    assert told(read(folder, "a.txt", "Target\tSource\na man\tein Mann\nyes\tja\n")) == later(1)
    for name in ("a.txt", "b.txt"):  # several are no parallel files
        (folder / name).write_text("ein Mann\ta man\nja\tyes\n", encoding="utf-8")
    assert told(read_pairs([folder / "a.txt", folder / "b.txt"])) == [*PAIRS, *PAIRS]


def bars(folder: Path) -> None:
    assert told(read(folder, "a.de-en", "ein Mann ||| a man\nja ||| yes\n")) == PAIRS
    with pytest.raises(DataError, match="line 2, has 3 fields"):
        read(folder, "a.de-en", "ein Mann ||| a man\nja ||| yes ||| 0.5\n")


def tatoeba_ids(folder: Path) -> None:
    for ending in ("tsv", "txt"):
        pairs = read(folder, f"a.{ending}", "77\tein Mann\t1276\ta man\n78\tja\t9\tyes\n")
        assert told(pairs) == PAIRS
        reason = "a number in every row"
        assert taken_of([pairs], []).left_out == {"1": reason, "3": reason}
    with pytest.raises(DataError, match="are not clear"):  # a list of sentences
        read(folder, "a.tsv", "77\tdeu\tein Mann\n78\tdeu\tja\n")


def tatoeba_licence(folder: Path) -> None:
    licence = "CC-BY 2.0 (France) Attribution: tatoeba.org #{} (CK)"
    for ending in ("tsv", "txt"):
        pairs = read(folder, f"a.{ending}", f"ein Mann\ta man\t{licence}\nja\tyes\t{licence}\n")
        assert told(pairs) == PAIRS
        assert taken_of([pairs], []).left_out == {"3": "an attribution in every row"}


def anki(folder: Path) -> None:
    settings = "#separator:tab\n#html:true\n#guid column:1\n#tags column:4\n"
    notes = 'Gh1,:x#\tein Mann\ta <b>man</b>\tlesson1\nq9"\tja\tyes&nbsp;\tlesson2\n'
    pairs = read(folder, "a.txt", settings + notes)
    assert told(pairs) == later(4)
    assert taken_of([pairs], []).left_out == {"1": "Anki's guid", "4": "Anki's tags"}
    columns = "#separator:comma\n#html:false\n#columns:Front,Back\n"
    assert told(read(folder, "b.txt", f"{columns}ein Mann,a man\nja,yes\n")) == later(3)


def nested(folder: Path) -> None:
    rows = [{"id": str(line), "translation": {"de": source, "en": target}} for source, target, line in PAIRS]
    content = "".join(f"{json.dumps(row)}\n" for row in rows)
    assert told(read(folder, "a.jsonl", content)) == PAIRS
    swapped = read(folder, "a.jsonl", content, source="en", target="de")
    assert told(swapped) == [(target, source, line) for source, target, line in PAIRS]


def two_keys(folder: Path) -> None:
    content = "".join(f'{{"de": "{source}", "en": "{target}"}}\n' for source, target, _ in PAIRS)
    assert told(read(folder, "a.jsonl", content)) == PAIRS
    assert told(read(folder, "a.json", "[" + content.rstrip().replace("\n", ",") + "]")) == PAIRS


def tmx(folder: Path) -> None:
    head = '<?xml version="1.0" encoding="{}"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">'
    body = (
        '<header srclang="de-DE" segtype="sentence"/>\n<body>\n'
        '<tu><tuv xml:lang="en"><seg>a <bpt i="1">&lt;b></bpt>man<ept i="1"/></seg></tuv>\n'
        '<tuv xml:lang="de-DE"><seg>ein\n Mann</seg></tuv></tu>\n'
        '<tu><tuv xml:lang="en"><seg>yes</seg></tuv><tuv xml:lang="de-DE"><seg>ja</seg></tuv></tu>\n'
        '<tu><tuv xml:lang="en"><seg>only English</seg></tuv></tu>\n</body></tmx>\n'
    )
    for encoding in ("utf-8", "utf-16"):
        (folder / "a.tmx").write_bytes((head.format(encoding) + body).encode(encoding))
        pairs = read_pairs([folder / "a.tmx"])
        assert told(pairs) == [("ein Mann", "a man", 5), ("ja", "yes", 8), ("", "only English", 9)]
        assert taken_of([pairs], []).encoding == encoding
    (folder / "b.tmx").write_bytes((head.format("utf-8") + body.replace("ja<", "Gr\u00fc\u00dfe<")).encode("latin-1"))
    latin = read_pairs([folder / "b.tmx"], "latin-1")
    assert (latin.sources[1], taken_of([latin], []).encoding) == ("Gr\u00fc\u00dfe", "latin-1")
    with pytest.raises(DataError, match="line 8, is not XML: not well-formed"):
        read_pairs([folder / "b.tmx"])
    assert read_pairs([folder / "a.tmx"], source="en", target="de").sources[0] == "a man"
    with pytest.raises(DataError, match=r"has no language 'fr'\. It has: de-DE, en\."):
        read_pairs([folder / "a.tmx"], source="fr")
    bomb = '<!DOCTYPE tmx [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><tmx><body><tu/></body></tmx>'
    with pytest.raises(DataError, match="line 1, declares an entity"):
        read(folder, "b.tmx", bomb)


def refused(ending: str, named: str, command: str) -> None:
    """A file of this ending is refused by the name of its layout, with the command that converts it."""
    with pytest.raises(DataError, match=rf"'a\.{ending}' is {named}.*{re.escape(command)}"):
        read_pairs([f"a.{ending}"])


def xliff(folder: Path) -> None:
    for ending in ("xlf", "xliff", "sdlxliff"):
        refused(ending, "XLIFF", f"xliff2po a.{ending} a.po && po2tmx -l LANGUAGE a.po a.tmx")


def po(folder: Path) -> None:
    refused("po", "a PO catalogue", "po2tmx -l LANGUAGE a.po a.tmx")


def sgml(folder: Path) -> None:
    for ending in ("sgm", "sgml"):
        refused(ending, "SGML", f"sed -n 's:.*<seg[^>]*> *\\(.*[^ ]\\) *</seg>.*:\\1:p' a.{ending} > a.txt")


CASES = {
    "two parallel files": parallel,
    "four or more parallel files": several,
    "a table with the columns `source` and `target`": named,
    "a table without column names": nameless,
    "a text file with a tab in every line": tabs,
    "`source \\|\\|\\| target`": bars,
    "Tatoeba: id, text, id, text": tatoeba_ids,
    "Tatoeba: text, text, attribution": tatoeba_licence,
    "notes of Anki (`#separator:tab`)": anki,
    'JSON Lines `{"translation": {"de": …, "en": …}}`': nested,
    "JSON with two keys": two_keys,
    "TMX": tmx,
    "XLIFF (`.xlf`, `.xliff`, `.sdlxliff`)": xliff,
    "PO (`.po`, `.pot`)": po,
    "SGML of WMT (`.sgm`, `.sgml`)": sgml,
}
