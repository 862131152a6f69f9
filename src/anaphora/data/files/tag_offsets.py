"""Texts whose spans are marked by the numbers of their characters, as tools for annotation export them.

    {"text": "Ann flew.", "label": [[0, 3, "PER"]]}                                  doccano; also labels, entities
    {"text": "Ann flew.", "entities": [{"start": 0, "end": 3, "label": "PER"}]}      spaCy, Prodigy (spans), doccano
    ["Ann flew.", {"entities": [[0, 3, "PER"]]}]                                     spaCy 2
    {"data": {"text": …}, "annotations": [{"result": [{"value": {"start": …, "end": …, "labels": [PER]}}]}]}
                                                                                     Label Studio

The first character is 0, and the end is excluded. Each object is one sentence; its words are tagged in the scheme iob2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from anaphora.data.files.sentences import Collected, Found, MalformedLine, Read, record
from anaphora.data.files.unannotated import ANNOTATIONS, ANSWER, finished, why_unannotated
from anaphora.data.files.word_splitting import words_in
from anaphora.errors import DataError

SPANS = ("entities", "spans", "label", "labels", *ANNOTATIONS)
_BEGIN, _END = ("start", "start_offset", "begin", "from"), ("end", "end_offset", "to")
_TYPE = ("label", "labels", "type", "tag", "entity", "entity_group")
_TEXT = ("text", "content", "sentence", "data")
_ANNOTATED = ("annotation_id", "_input_hash")  # of a tool that leaves out the field of spans where a text has none
NEITHER = "neither text nor spans"


class Marked(NamedTuple):
    """A span of characters with a type."""

    begin: int
    end: int
    type: str


def values_in(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the values of a JSON list, or of JSON Lines, each with the number of its line; raises DataError."""
    decoder, at = json.JSONDecoder(), 0
    first = next(filter(str.strip, text.split("\n")), "")
    try:
        json.loads(first)
        is_list = "\n" not in text.strip() and isinstance(json.loads(first)[0], dict | list)
    except (ValueError, LookupError):
        is_list = text.lstrip().startswith("[")
    if is_list:
        at = text.index("[") + 1
    line, counted_to = 1, 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text) or (is_list and text[at] == "]"):
            return
        line += text.count("\n", counted_to, at)
        counted_to = at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}, line {line}: not JSON: {error}.") from error
        yield line, value


def text_and_spans(value: Any) -> tuple[str, list[Marked]] | None:
    """Return the text of a value and its spans, or None if the value is no such object; raises DataError for spans that
    cannot be read.
    """
    value = as_object(value)
    if not isinstance(value, Mapping):
        return None
    name = _field_of_spans(value)
    text = _text(value)
    if text is None or (name is None and not any(mark in value for mark in _ANNOTATED)):
        return None
    items = [] if name is None else value[name]
    if name in ANNOTATIONS:
        kept = finished(items)
        items = kept[0].get("result", []) if kept else []
    return text, [span for item in items if (span := _span(item, text)) is not None]


def words_and_tags(text: str, spans: Sequence[Marked]) -> tuple[list[str], list[str], list[str]]:
    """Return the words of a text, their tags, and the words that a span cuts.

    Raises DataError for spans that overlap, and for a span without a word.

    >>> words_and_tags("Ann flew.", [Marked(0, 3, "PER"), Marked(4, 6, "X")])
    (['Ann', 'flew', '.'], ['B-PER', 'B-X', 'O'], ['flew'])
    """
    ordered = sorted(set(spans))
    for last, span in pairwise(ordered):
        if span.begin < last.end:
            raise DataError(
                f"the spans {text[last.begin : last.end][:40]!r} ({last.type}) and {text[span.begin : span.end][:40]!r}"
                f" ({span.type}) overlap; a word has one tag."
            )
    words = words_in(text)
    tags, cut = ["O"] * len(words), list[str]()
    for span in ordered:
        inside = [at for at, word in enumerate(words) if word.begin < span.end and span.begin < word.end]
        inside = [at for at in inside if tags[at] == "O"]
        if not inside:
            raise DataError(f"the span {span.begin} to {span.end} ({span.type}) has no word of its own.")
        cut += [words[at].text for at in inside if words[at].begin < span.begin or words[at].end > span.end]
        for at in inside:
            tags[at] = f"{'B' if at == inside[0] else 'I'}-{span.type}"
    return [word.text for word in words], tags, cut


def entities(text: str, tags: Sequence[str], spans: Sequence[tuple[int, int, str]]) -> list[list[Any]]:
    """Return spans of words as spans of characters: begin, end and type of each."""
    words = words_in(text)
    return [[words[begin].begin, words[end - 1].end, kind] for begin, end, kind in spans if len(words) == len(tags)]


def read_offsets(path: str, text: str) -> Read:
    """Return the sentences of a file; raises DataError if it is not JSON."""
    collected, unread = Collected(path), dict[str, str]()
    in_one_line = "\n" not in text.strip()
    for item, (line, value) in enumerate(values_in(text, f"'{path}'"), 1):
        unread |= dict.fromkeys(_unread(value), NEITHER)
        collect(collected, line, value, f"item {item}: " if in_one_line else "")
    return collected.read(Found("offsets", "texts with spans by characters, JSON", "text", "spans", left_out=unread))


def _field_of_spans(value: Mapping[str, Any]) -> str | None:
    return next((name for name in SPANS if isinstance(value.get(name), list)), None)


def _unread(value: Any) -> list[str]:
    """Return the fields of an object that are not read."""
    if not isinstance(value, Mapping):
        return []
    text = "data" if isinstance(value.get("data"), Mapping) else next(filter(value.__contains__, _TEXT), None)
    empty = {name for name in SPANS if value.get(name, "") is None}
    return [name for name in value if name not in (text, _field_of_spans(value), ANSWER, *empty)]


def collect(collected: Collected, line: int, value: Any, item: str = "") -> None:
    """Add the sentence of a value at a line, or record the fault of its spans after the words `item`, or why it has
    none.
    """
    try:
        if why := why_unannotated(value):
            collected.unannotated.append(MalformedLine(line, why))
            return
        found = text_and_spans(value)
        if found is None:
            raise DataError(f"expected an object with a text and a list of spans ({', '.join(SPANS)}).")
        tokens, tags, cut = words_and_tags(*found)
    except DataError as error:
        record(collected.wrong, line, f"{item}{error}")
        return
    for word in cut:
        record(collected.cut, line, f"a span begins or ends inside the word {word[:40]!r}")
    collected.add(tokens, tags, (line,) * max(1, len(tokens)))


def as_object(value: Any) -> Any:
    """Return a pair of a text and its spans as an object; any other value stays.

    >>> as_object(["Hi", {"entities": []}]), as_object(["Hi"])
    ({'text': 'Hi', 'entities': []}, ['Hi'])
    """
    is_pair = isinstance(value, list) and len(value) == 2
    if is_pair and isinstance(value[0], str) and isinstance(value[1], Mapping):
        return {"text": value[0], **value[1]}
    return value


def _text(value: Mapping[str, Any]) -> str | None:
    inner = value.get("data") if isinstance(value.get("data"), Mapping) else value
    assert isinstance(inner, Mapping)
    named = next((inner[name] for name in _TEXT if isinstance(inner.get(name), str)), None)
    if named is not None or inner is value:
        return named
    texts = [text for text in inner.values() if isinstance(text, str)]
    return texts[0] if len(texts) == 1 else None


def _span(item: Any, text: str) -> Marked | None:
    """Return a span; None for an annotation of something else, such as a relation or the whole text."""
    if isinstance(item, Mapping) and isinstance(item.get("value"), Mapping):
        item = item["value"]
        if not any(name in item for name in _BEGIN) or "labels" not in item:
            return None
    if isinstance(item, Mapping):
        parts = [next((item[name] for name in names if name in item), None) for names in (_BEGIN, _END, _TYPE)]
    else:
        parts = list(item[:3]) if isinstance(item, list) and len(item) >= 3 else [None] * 3
    begin, end, kind = parts
    kind = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
    if not (isinstance(begin, int) and isinstance(end, int) and isinstance(kind, str | int) and str(kind)):
        raise DataError(f"{json.dumps(item)[:80]} is no span; expected begin, end and one label.")
    if isinstance(item, Mapping) and isinstance(item.get("text"), str) and item["text"].strip():
        begin, end = _quoted(begin, end, text, item["text"])
    if not 0 <= begin < end <= len(text):
        raise DataError(f"the span {begin} to {end} ({kind}) lies outside its text of {len(text):,} characters.")
    return Marked(begin, end, str(kind))


def _quoted(begin: int, end: int, text: str, quoted: str) -> tuple[int, int]:
    """Return the place of a span that repeats its words; its numbers count characters, or UTF-16 units as in a browser,
    where an emoji is two. Raises DataError if neither gives these words.
    """
    units = text.encode("utf-16-le")
    in_utf16 = tuple(len(units[: 2 * place].decode("utf-16-le", "ignore")) for place in (begin, end))
    for one, other in ((begin, end), in_utf16):
        if text[one:other].split() == quoted.split():
            return one, other
    raise DataError(f"the span {begin} to {end} reads {text[begin:end][:40]!r}, not {quoted[:40]!r}.")
