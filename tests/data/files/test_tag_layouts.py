"""Any sentences in any layout: no word lost or doubled, and every word at the line at which an editor shows it."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from anaphora.data.files.conll import read, read_files, strict
from anaphora.data.files.reading import Reading
from anaphora.data.files.sentences import Read
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.tag_layouts import Trained
from anaphora.data.files.tag_offsets import Marked, words_and_tags
from anaphora.errors import DataError
from anaphora.metrics.spans import Span, spans, tags_of
from anaphora.tasks.tag.inputs import Inputs
from anaphora.tasks.tag.lines import item_of
from anaphora.tasks.tag.settings import Data
from tagged import config, write
from tagged_layouts import LAYOUTS, Rows

WORD = st.text("ab\u00e9e\u0301#-/_|\"'.,;:[](){}*&\u00a0\u2028\u3000\x85\v\f\U0001f600", min_size=1, max_size=4)
HEADS = {"CoNLL-U Plus": 1, ".cupt": 1, "CoNLL-2012": 1, "four fields between blanks": 2, "a word per row": 1}
FIRST = {"labels of sentences": 1, "comments": 1}
LAST = {"labels behind sentences": 1}
BY_CHARACTERS = ("doccano", "spaCy", "Prodigy", "Prodigy without words", "Label Studio", "CSV of Label Studio")
ROWS = ("JSON Lines", "doccano", "words, a tab, tags", "slashes", "parallel files")
"""Layouts with a sentence per line."""
SPACED = ("JSON Lines with blank lines",)


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Sentences of at least two words, the last of them outside all spans."""
    found = []
    for _ in range(draw(st.integers(2, 5))):
        words = draw(st.lists(WORD, min_size=1, max_size=5))
        whole, at = [], 0
        while at < len(words):
            end = draw(st.integers(at, len(words)))
            whole += [Span(at, end, draw(st.sampled_from(["PER", "LOC"])))] if end > at else []
            at = end + 1
        found.append(([*words, "."], [*tags_of(whole, len(words), "iob2"), "O"]))
    return found


def read_layout(layout: str, folder: Path, sentences: Rows) -> Read:
    """Read sentences that were written; `run` must find the same words."""
    *options, file = LAYOUTS[layout](folder, sentences)
    files = [options.pop(), file] if layout == "parallel files" else [file]
    data = config(*options).data
    (found,) = read_files(files, data)
    inputs = files if layout in ("parallel files", "Parquet") else [STANDARD_INPUT]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(Path(file).read_bytes())))
        assert run_words(inputs, data, found) == list(found.sentences.tokens)
    return strict(found)


def run_words(paths: Sequence[str], data: Data, found: Read) -> list[tuple[str, ...]]:
    """Return the words of the sentences that `run` finds, with a model that was trained on a reading."""
    tags = {tag for row in found.sentences.tags for tag in row}
    trained = Trained(tags, found.found.format, found.found.width)
    inputs = Inputs("auto", data, trained, Reading(data.encoding), lambda _: None)
    return [item_of(each, data.token, found.found.format).tokens for batch in inputs.sentences(paths) for each in batch]


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name not in BY_CHARACTERS])
@given(rows())
@example([(['"', '",', "."], ["O", "O", "O"]), ([":", "."], ["O", "O"])])
@example([(['["",', '"a', "."], ["O", "O", "O"]), ([":", "."], ["O", "O"])])
def test_no_word_is_lost_or_doubled_and_every_line_is_right(layout: str, sentences: Rows) -> None:
    if layout == "a word per row":  # a quotation mark in TSV is the matter of tables
        sentences = [([word.replace('"', "'") for word in words], tags) for words, tags in sentences]
    if layout == "lists in a CSV":  # a list as Python writes it
        sentences = [([word.replace("[", "(") for word in words], tags) for words, tags in sentences]
    with tempfile.TemporaryDirectory() as folder:
        found = read_layout(layout, Path(folder), sentences).sentences
    assert found.tokens == tuple(tuple(words) for words, _ in sentences)
    assert found.tags == tuple(tuple(tags) for _, tags in sentences)
    line, first = HEADS.get(layout, 0), FIRST.get(layout, 0)
    for number, (words, _) in enumerate(sentences):
        if layout in ROWS:
            assert set(found.lines[number]) == {number + 1}
        elif layout in SPACED:
            assert set(found.lines[number]) == {2 * number + 2}
        elif layout in ("lists in a CSV", "Kaggle"):
            break
        elif layout not in ("JSON", "Parquet"):
            line += first
            assert found.lines[number] == tuple(range(line + 1, line + 1 + len(words)))
            line += len(words) + LAST.get(layout, 0) + 1


@given(rows())
def test_lines_of_kaggle_are_those_of_its_words(sentences: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read_layout("Kaggle", Path(folder), sentences).sentences
    assert [line for row in found.lines for line in row] == list(range(2, 2 + found.words))


@given(
    st.text("ab 1.,-\u00e9\n\U0001f600", max_size=30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(1, 6), st.sampled_from("XY")), max_size=4),
)
@example("1111 ", [(4, 1, "X"), (4, 1, "Y")])
def test_spans_of_characters_are_those_of_their_words(text: str, drawn: list[tuple[int, int, str]]) -> None:
    marked = [Marked(begin, begin + size, kind) for begin, size, kind in drawn if begin + size <= len(text)]
    owner: dict[int, Marked] = {}
    overlap = False
    for span in set(marked):
        for at in range(span.begin, span.end):
            overlap |= at in owner
            owner[at] = span
    if overlap:
        with pytest.raises(DataError, match="overlap"):
            words_and_tags(text, marked)
        return
    whole = [match.span() for match in re.finditer(r"[ab1\u00e9]+|[^ab1\u00e9\s]", text)]
    assume(all(any(span.begin <= begin and end <= span.end for begin, end in whole) for span in marked))
    tokens, tags, cut = words_and_tags(text, marked)
    assert "".join(tokens) == "".join(text.split())
    at, words = 0, []
    for token in tokens:
        begin = text.index(token, at)
        at = begin + len(token)
        words.append([owner.get(place) for place in range(begin, at)])
    for word, tag in zip(words, tags, strict=True):
        assert (tag == "O") == (not any(word))
        assert tag == "O" or tag[2:] in {span.type for span in word if span}
    assert len(cut) >= sum(len(set(word)) > 1 for word in words)
    assert len(spans(tags)) == len(set(marked))


@pytest.mark.parametrize("blank", ["", " ", "\t", " \t ", "\r"])
def test_a_line_of_blanks_ends_a_sentence(blank: str, tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.txt", f"a O\nb O\n{blank}\nc O\n"), config().data)
    assert (found.sentences.tokens, found.wrong) == ((("a", "b"), ("c",)), [])
