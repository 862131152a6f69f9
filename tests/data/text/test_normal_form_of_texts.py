"""A text is read in the normal form of its model, in whatever pieces it comes: by vocabularies, prompts and streams."""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.text import Text
from anaphora.data.text.build import build, restore
from anaphora.data.text.normal_form import blocks_in_form, in_form, settled
from anaphora.tasks.fill.vocabulary import WordVocabulary

COMPOSED = "Der Café, été, naïve Öl.\nか゚ ガ 가 각 ﬁ\n" * 30
TYPED = unicodedata.normalize("NFD", COMPOSED)
LETTERS = "eo\u0301\u0323\u0302\u00e9 \n\u304b\u3099\u1100\u1161\u11a8\uac00\u09c7\u09be"


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@given(st.lists(st.text(LETTERS, min_size=1, max_size=4), max_size=8))
def test_blocks_are_composed_as_the_whole_text(blocks: list[str]) -> None:
    whole = nfc("".join(blocks))
    assert "".join(blocks_in_form(blocks, "nfc")) == whole
    assert "".join(blocks_in_form(blocks, "none")) == "".join(blocks)
    assert str(in_form(Text.of("".join(blocks)), "nfc")) == whole
    assert len(in_form(Text.of("".join(blocks)), "nfc")) == len(whole)


def test_no_text_is_divided_before_a_character_that_may_join_the_one_before_it() -> None:
    everything = map(chr, range(sys.maxunicode + 1))
    pairs = [parts for parts in (unicodedata.normalize("NFD", each) for each in everything) if len(parts) > 1]
    assert len(pairs) > 12_000
    for parts in pairs:
        if nfc(parts) != parts:
            assert all(nfc(parts[:at]) + nfc(parts[at:]) == nfc(parts) for at in [settled(parts, "nfc")])
            assert settled(parts, "nfc") == 0


@pytest.mark.parametrize("kind", ["char", "byte", "word", "subword"])
def test_a_vocabulary_reads_either_form_alike(kind: str) -> None:
    known = build(kind, TYPED, 60 if kind == "subword" else None, "nfc")
    expected = build(kind, COMPOSED, 60 if kind == "subword" else None)
    assert known.symbols == expected.symbols
    again = restore(kind, known.tensors(), "nfc")
    for text in (TYPED, COMPOSED):
        for read in (known, again):
            np.testing.assert_array_equal(read.encode(text), expected.encode(COMPOSED))
            assert list(read.units(text)) == list(expected.units(COMPOSED))
        np.testing.assert_array_equal(known.encode_prompt(text), expected.encode_prompt(COMPOSED))
    pieces = [TYPED[at : at + 7] for at in range(0, len(TYPED), 7)]
    np.testing.assert_array_equal(np.concatenate(list(known.encode_all(pieces))), expected.encode(COMPOSED))
    assert (known.settings(), expected.settings()) == ({"normalize": "nfc"}, {})


@pytest.mark.parametrize("kind", ["char", "word"])
@given(pieces=st.lists(st.text(LETTERS, max_size=4), max_size=8))
def test_what_is_certain_of_a_text_never_changes(kind: str, pieces: list[str]) -> None:
    known = build(kind, TYPED, None, "nfc")
    held, read = "", list[str]()
    for piece in pieces:
        certain, held = known.certain(held + piece)
        read += known.units(certain)
    assert [*read, *known.units(held)] == list(known.units("".join(pieces)))


def test_words_of_gaps_are_known_in_either_form() -> None:
    known = WordVocabulary.of(Text.of(TYPED), None, True, "nfc")
    assert "Café" in known.symbols
    for text in (TYPED, COMPOSED):
        assert known.decode(known.encode(text)[:3]) == "Der Café,"
    as_typed = WordVocabulary.of(Text.of(TYPED), None, True)
    assert as_typed.encode("Café")[0] == 0
