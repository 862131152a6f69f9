"""Translation memories (TMX) as tables: a row per translation unit, a column per language.

    <tu><tuv xml:lang="de"><seg>Haus</seg></tuv> <tuv xml:lang="en"><seg>house</seg></tuv></tu>      de: Haus, en: house

Codes of a page layout inside a segment (`bpt`, `ept`, `ph`, `it`, `ut`) are left out, and other white space becomes one
blank. A unit with several variants of a language gives a row for each combination. The file's own XML declaration names
its encoding, unless another one is given. Nothing outside the file is ever read, and a file that declares entities is
refused: a few lines of entities can expand to gigabytes.
"""

from __future__ import annotations

import codecs
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from anaphora.data.files.sources import open_source
from anaphora.data.files.tables import NumberedRow, Table
from anaphora.data.files.text import read_text
from anaphora.errors import DataError, closest

_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})


class _Unit(NamedTuple):
    """A translation unit: its line, and the variants of each language."""

    line: int
    variants: dict[str, list[str]]


class TmxTable(Table):
    """A translation memory; the columns are its languages, the source language of its header first."""

    layout = "TMX"

    def __init__(self, path: str | os.PathLike[str], encoding: str = "utf-8") -> None:
        """Read a file; an encoding that is not UTF-8 takes the place of the one that the file names.

        Raises DataError if the file is not TMX, or if it declares entities.
        """
        self.name = f"'{os.fspath(path)}'"
        named = None if codecs.lookup(encoding).name == "utf-8" else encoding
        reading = _TmxReading(self.name, "utf-8" if named else None)
        reading.read([read_text(path, named).encode()] if named else open_source(path).blocks())
        self.encoding, self._units = named or reading.encoding, reading.units
        languages = list(dict.fromkeys(language for unit in self._units for language in unit.variants))
        first = _matching(reading.source, languages)
        self.columns = tuple(sorted(languages, key=lambda language: language != first))

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield a row for every combination of the variants in these languages."""
        for unit in self._units:
            variants: list[Sequence[str | None]] = [unit.variants.get(column, [None]) for column in columns]
            for row in itertools.product(*variants):
                yield unit.line, row

    def need(self, column: str) -> str:
        """Return the language of this code; `en` is also the code of the only language that begins with `en-`.

        Raises DataError if there is no such language.
        """
        found = _matching(column, self.columns)
        if found is None:
            near = closest(column, self.columns)
            hint = f" Did you mean '{near}'?" if near else ""
            raise DataError(f"{self.name} has no language '{column}'. It has: {', '.join(self.columns)}.{hint}")
        return found


class _TmxReading:
    """The state of reading one file."""

    def __init__(self, name: str, encoding: str | None) -> None:
        self.name = name
        self.encoding, self.source = "utf-8", ""
        self.units: list[_Unit] = []
        self._open: list[str] = []  # the elements around the current place
        self._language = ""
        self._segment: list[str] | None = None
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declared
        self._parser.EntityDeclHandler = self._entity
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, blocks: Iterable[bytes]) -> None:
        """Read a whole file; raises DataError if it is not TMX."""
        try:
            for block in blocks:
                self._parser.Parse(block, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise DataError(
                f"{self.name}, line {error.lineno}, is not XML: {expat.ErrorString(error.code)}. Export the file again."
            ) from error
        if not self.units:
            raise DataError(f"{self.name} has no translation units: expected TMX, with <tu> elements in its <body>.")

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        self.encoding = (encoding or "utf-8").lower()

    def _entity(self, *_: object) -> NoReturn:
        raise DataError(
            f"{self.name}, line {self._parser.CurrentLineNumber}, declares an entity, which is refused: entities can"
            " expand without limit. Export the file again without a DOCTYPE that declares entities."
        )

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != "tmx":
            raise DataError(f"{self.name} is not TMX: its first element is <{name}>, expected <tmx>.")
        self._open.append(name)
        if name == "header":
            self.source = attributes.get("srclang", "")
        elif name == "tu":
            self.units.append(_Unit(self._parser.CurrentLineNumber, {}))
        elif name == "tuv":
            self._language = attributes.get("xml:lang") or attributes.get("lang") or ""
            if not self._language:
                raise DataError(f"{self.name}, line {self._parser.CurrentLineNumber}: a <tuv> names no xml:lang.")
        elif name == "seg":
            self._segment = []

    def _text(self, text: str) -> None:
        if self._segment is not None and _CODES.isdisjoint(self._open):
            self._segment.append(text)

    def _end(self, name: str) -> None:
        self._open.pop()
        if name == "seg" and self._segment is not None and self.units:
            self.units[-1].variants.setdefault(self._language, []).append(" ".join("".join(self._segment).split()))
            self._segment = None


def _matching(code: str, languages: Sequence[str]) -> str | None:
    """Return the language of a code, whatever its case; else the only one of which the code is the first part."""
    plain = {language: language.lower().replace("_", "-") for language in languages}
    wanted = code.lower().replace("_", "-")
    same = [language for language, name in plain.items() if name == wanted]
    near = [language for language, name in plain.items() if name.startswith(f"{wanted}-")]
    return same[0] if same else near[0] if len(near) == 1 else None
