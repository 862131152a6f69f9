"""Words as they are known: found however they are spelled, cut the same wherever a block ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.text import Text
from anaphora.errors import DataError
from anaphora.tasks.fill.vocabulary import WordVocabulary, spaced

TEXT = "The cat saw the cat. Rome isn’t far; I saw Rome, I saw THE sea.\nThe sea! (One cat ...)\n"


def vocabulary(lower: bool = True, size: int | None = None) -> WordVocabulary:
    return WordVocabulary.of(Text.of(TEXT), size, lower)


def test_the_most_frequent_spelling_stands_for_all_of_them() -> None:
    found = vocabulary()
    # the 4 ("The" 2, "the" 1, "THE" 1), saw 3, cat 3; Rome, I, sea 2; marks: "." 2, line end 2
    assert found.symbols[1:4] == ("The", "cat", "saw")
    assert set(found.symbols[4:]) == {".", "\n", "I", "Rome", "sea"}
    ids = found.encode("the CAT saw rome")
    assert [found.symbols[index] for index in ids] == ["The", "cat", "saw", "Rome"]
    np.testing.assert_array_equal(found.words, [found.symbols[i] not in (".", "\n") for i in range(found.size)])
    assert found.words[0]


def test_titles_in_capital_letters_decide_nothing() -> None:
    text = "KING: The king! KING: NASA, NASA, NASA, I. " * 5 + "Nasa " + "QUEEN the Queen, queen. " * 2
    found = WordVocabulary.of(Text.of(text), None, True)
    assert {"king", "NASA", "I", "Queen"} <= set(found.symbols)


def test_case_can_be_kept() -> None:
    found = vocabulary(lower=False)
    assert "The" in found.symbols
    assert "the" not in found.symbols  # it stands there once
    assert found.encode("the The").tolist() == [0, found.symbols.index("The")]


def test_what_is_not_known_is_a_word_or_left_out() -> None:
    found = vocabulary()
    # "dog" and "isn't" are unknown words; ";", "(" and "..." are unknown marks; spaces and tabs are nothing
    assert found.encode("dog; (isn't) \t... \ufffd").tolist() == [0, 0, 0]
    assert found.units("dog; The \tcat.") == ["dog", "The", "cat", "."]
    assert len(found.units(TEXT)) == len(found.encode(TEXT))
    assert vocabulary(size=4).symbols == ("\ufffd", "The", "cat", "saw")


def test_apostrophes_are_one() -> None:
    found = WordVocabulary.of(Text.of("Don’t go. Don't go."), None, True)
    assert found.encode("don't")[0] == found.encode("DON’T")[0] > 0


@given(st.integers(1, 60))
def test_a_text_in_blocks_is_the_text_whole(block: int) -> None:
    found = vocabulary()
    pieces = [TEXT[at : at + block] for at in range(0, len(TEXT), block)]
    np.testing.assert_array_equal(np.concatenate(list(found.encode_all(pieces))), found.encode(TEXT))


@pytest.mark.parametrize("lower", [True, False])
def test_it_comes_back_from_its_tensors(lower: bool) -> None:
    found = vocabulary(lower)
    again = WordVocabulary.restored(found.tensors(), lower)
    assert again.symbols == found.symbols
    np.testing.assert_array_equal(again.encode(TEXT), found.encode(TEXT))
    np.testing.assert_array_equal(again.words, found.words)


@pytest.mark.parametrize("text", ["", "one two three four", ". . , ,", "word word word"])
def test_texts_without_words_to_learn(text: str) -> None:
    with pytest.raises(DataError, match=r"words|nothing to learn|one word only"):
        WordVocabulary.of(Text.of(text), None, True)


def test_spaces_stand_where_they_usually_do() -> None:
    assert vocabulary().decode(vocabulary().encode("The cat. I saw\nRome")) == "The cat. I saw\nRome"
    assert spaced(["“", "Yes", "”", "(", "no", ")", "!"]) == "“Yes” (no)!"
