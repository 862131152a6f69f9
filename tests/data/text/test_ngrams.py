"""N-grams of a text: any division gives the same as the whole, and they are those of scikit-learn."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from anaphora.data.text.ngrams import CHARACTERS, Ngrams, Position, shown

KINDS = [Ngrams(words, lower, form) for words in (True, False) for lower in (True, False) for form in ("none", "nfc")]
TEXT = st.text(st.sampled_from("aBΣé\u0301İ'-.! \n\u3000我"), max_size=40)


def read(kind: Ngrams, chunks: list[str]) -> list[str]:
    found, at = list[str](), Position()
    for chunk in chunks:
        grams, at = kind.read(at, chunk)
        found += grams
    return found + kind.finish(at)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(chunks=st.lists(TEXT, max_size=6))
def test_any_division_gives_the_n_grams_of_the_whole(kind: Ngrams, chunks: list[str]) -> None:
    assert read(kind, chunks) == kind.of("".join(chunks))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_word_longer_than_a_piece(kind: Ngrams) -> None:
    text = "Abc'" * 200 + " x " + "y" * 256 + " z"
    for cut in (1, 3, 255, 256, 257, 300, 512, 803, 1060):
        assert read(kind, [text[:cut], text[cut:]]) == kind.of(text)
    if not kind.words:  # no n-gram is lost or invented where a piece ends
        assert Counter(kind.of("ab" * 300)) == Counter(_of_scikit_learn("ab" * 300, (1, 4)))


def _of_scikit_learn(text: str, sizes: tuple[int, int]) -> list[str]:
    grams = CountVectorizer(analyzer="char_wb", ngram_range=sizes, lowercase=False).build_analyzer()(text)
    # scikit-learn gives a short word once as a whole, with a size above its length, and single spaces
    return [CHARACTERS + gram for gram in grams if gram != " "]


@given(text=TEXT)
def test_characters_are_those_of_scikit_learn(text: str) -> None:
    expected = _of_scikit_learn(text.lower(), (1, 4))
    assert Counter(Ngrams(False, True).of(text)) == Counter(expected)


@given(words=st.lists(st.sampled_from(["a", "don't", "x1", "我", ",", "Σας"]), max_size=8))
def test_words_and_pairs_of_words(words: list[str]) -> None:
    grams = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2)).build_analyzer()(" ".join(words))
    found = [gram for gram in Ngrams(True, True).of(" ".join(words)) if not gram.startswith(CHARACTERS)]
    assert Counter(found) == Counter(grams)


@given(text=TEXT)
def test_lower_case_and_the_normal_form_are_those_of_the_whole_text(text: str) -> None:
    whole = unicodedata.normalize("NFC", text).lower()
    assert Ngrams(True, True, "nfc").of(text) == Ngrams(True, False).of(whole)


def test_n_grams_as_they_are_shown() -> None:
    grams = Ngrams(True, True).of("No way")
    assert [shown(gram) for gram in grams if not gram.startswith(CHARACTERS)] == ["no", "way", "no way"]
    assert {"_no_", "ay_", "_wa"} <= set(map(shown, grams))
