"""Vocabularies against plain dictionaries, their round trips, and what they refuse."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.text import Text
from anaphora.data.text.build import KINDS, build, restore
from anaphora.data.text.vocabulary import UNKNOWN, Vocabulary
from anaphora.data.text.words import split_words
from anaphora.errors import CorruptBundle, DataError, IncompatibleBundle, UsageError

TEXT = (
    "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak -- don't wait...\n"
    "  Die Größe – “naïve” 数据 is (not) known; the cat's \U0001f600 hat, the cat\tthe hat.\n" * 3
)
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aab \n.,'-\t’é数\U0001f600"), max_size=60)
sentences = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2581\u2585") | st.just("\n"), max_size=60
)


@pytest.fixture(scope="module", params=KINDS)
def vocabulary(request: pytest.FixtureRequest) -> Vocabulary:
    return build(request.param, TEXT, 300)


def test_a_known_text_comes_back_whole_and_symbol_by_symbol(vocabulary: Vocabulary) -> None:
    ids = vocabulary.encode(TEXT)
    assert ids.dtype == np.int32
    assert ids.min() >= 0
    assert ids.max() < vocabulary.size == len(vocabulary.symbols)
    known = TEXT if vocabulary.kind != "word" else "".join(vocabulary.symbols[i] for i in ids)
    assert vocabulary.decode(ids) == known
    decoder = vocabulary.decoder()
    assert "".join(decoder.push(i) for i in ids) + decoder.flush() == known
    assert "".join(vocabulary.units(TEXT)) == TEXT or vocabulary.kind == "byte"
    assert len(vocabulary.units(TEXT)) == len(ids)


def test_it_comes_back_from_its_tensors(vocabulary: Vocabulary) -> None:
    tensors = vocabulary.tensors()
    again = restore(vocabulary.kind, tensors | {"recurrent.weight": np.zeros(3)})
    assert (again.kind, again.symbols, again.unknown) == (vocabulary.kind, vocabulary.symbols, vocabulary.unknown)
    np.testing.assert_array_equal(again.encode(TEXT + "€"), vocabulary.encode(TEXT + "€"))
    twice = build(vocabulary.kind, TEXT, 300).tensors()
    assert {name: tensor.tobytes() for name, tensor in tensors.items()} == {
        name: tensor.tobytes() for name, tensor in twice.items()
    }


def test_edges(vocabulary: Vocabulary) -> None:
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode([]) == ""
    assert vocabulary.encode("\n").shape == (1,)
    for wrong in (-1, vocabulary.size):
        with pytest.raises(IndexError, match=f"symbol {wrong} does not exist"):
            vocabulary.decode([0, wrong])
        with pytest.raises(IndexError):
            vocabulary.decoder().push(wrong)


@given(train=texts, text=texts)
def test_characters_are_a_dictionary_of_code_points(train: str, text: str) -> None:
    known = sorted(set(train) - {UNKNOWN})
    if len(known) < 2:
        with pytest.raises(DataError, match="at least two different characters"):
            build("char", train)
        return
    vocabulary = build("char", train)
    assert vocabulary.symbols == (UNKNOWN, *known)
    index = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}
    assert vocabulary.encode(text).tolist() == [index.get(character, 0) for character in text]
    assert vocabulary.decode(vocabulary.encode(train)) == train


def test_character_vocabulary_can_be_bounded() -> None:
    assert build("char", "ccbbbaadda€\n", 4).symbols == (UNKNOWN, "a", "b", "c")  # a 3, b 3, c 2 before d 2


@given(text=texts, noise=st.binary(max_size=30))
def test_bytes_are_utf8_and_half_characters_wait(text: str, noise: bytes) -> None:
    vocabulary = restore("byte", {})
    assert vocabulary.encode(text).tolist() == list(text.encode())
    assert vocabulary.unknown is None
    for raw in (text.encode(), noise, text.encode()[:-1]):
        decoder = vocabulary.decoder()
        pushed = [decoder.push(byte) for byte in raw]
        assert "".join(pushed) + decoder.flush() == vocabulary.decode(list(raw)) == raw.decode("utf-8", "replace")
        assert "".join(decoder.push(byte) for byte in raw) + decoder.flush() == raw.decode("utf-8", "replace")


@given(text=texts)
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(split_words(text)) == text


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("To be, or not to be.", ["To", " be", ",", " or", " not", " to", " be", "."]),
        ("don't o’er 'tis cats' e-mail", ["don't", " o’er", " '", "tis", " cats", "'", " e", "-", "mail"]),
        ("a--b ... ===== ?!", ["a", "--", "b", " ...", " ===", "==", " ?", "!"]),
        ("x_1 = 3.14;\n    y", ["x_1", " =", " 3", ".", "14", ";", "\n", "   ", " y"]),
        ("one\n\n two  \n", ["one", "\n", "\n", " two", " ", " ", "\n"]),
        ("\tif x:\t\ty", ["\t", "if", " x", ":", "\t", "\t", "y"]),
        ("“Größe” हिन्दी 数据很 カ", ["“", "Größe", "”", " हिन्दी", " 数", "据", "很", " カ"]),
        ("hi \U0001f600\U0001f600!", ["hi", " \U0001f600\U0001f600", "!"]),
        (" �", [" �"]),
    ],
)
def test_words_are_cut_as_a_reader_would(text: str, units: list[str]) -> None:
    assert split_words(text) == units


@given(text=texts)
def test_words_are_the_most_frequent_that_occur_twice(text: str) -> None:
    text = text * 2 + " two two words words"
    vocabulary = build("word", text, 6)
    counts = Counter(split_words(text))
    most = sorted((unit for unit in counts if counts[unit] > 1 and UNKNOWN not in unit), key=lambda u: (-counts[u], u))
    assert vocabulary.symbols == (" " + UNKNOWN, *most[:5])
    index = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}
    other = [unit[1:] if unit[0] == " " else " " + unit for unit in split_words(text)]
    pairs = zip(split_words(text), other, strict=True)
    expected = [index.get(unit, 0 if unit.isspace() else index.get(twin, 0)) for unit, twin in pairs]
    assert vocabulary.encode(text).tolist() == expected


def test_a_word_known_in_one_form_is_known_in_the_other() -> None:
    vocabulary = build("word", "The king.\nThe king?\n(x\n(x\n")
    assert [vocabulary.symbols[i] for i in vocabulary.encode("king (The The x")] == [" king", "(", "The", "The", "x"]
    assert (
        vocabulary.encode("(  \n").tolist()
        == vocabulary.encode("(\t\t\n").tolist()
        == [*vocabulary.encode("("), 0, 0, *vocabulary.encode("\n")]
    )


@given(text=sentences)
def test_subwords_give_any_text_of_known_characters_back(text: str) -> None:
    vocabulary = build("subword", "some text to learn from\n" + text, 200)
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == text
    assert len(vocabulary.units(text)) == ids.size
    assert all(
        index == 0 or vocabulary.symbols[index] == unit for index, unit in zip(ids, vocabulary.units(text), strict=True)
    )


def test_subwords_are_quiet_bounded_and_the_same_every_time(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = (build("subword", TEXT * 20, 80) for _ in range(2))
    assert first.size == 80
    assert first.tensors()["vocabulary.model"].tobytes() == second.tensors()["vocabulary.model"].tobytes()
    assert first.encode("x" * 5000 + "\n\n").size >= 3
    assert first.encode("a€b\n")[1] == first.unknown == 0
    assert capfd.readouterr() == ("", "")
    with pytest.raises(DataError, match=r"of 10 cannot hold the \d+ different characters of the text") as caught:
        build("subword", TEXT, 10)
    needed = int(re.findall(r"--vocabulary (\d+)", str(caught.value))[0])
    assert build("subword", TEXT, needed).size == needed


def test_a_long_text_is_learned_from_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    from anaphora.data.text import subwords

    monkeypatch.setattr(subwords, "LEARNED_FROM", 500)
    lines = [f"line {i} of the text" for i in range(100)]
    seen = list(subwords._lines(Text.of("\n".join(lines))))
    keep = Fraction(500, len("\n".join(lines)))
    assert seen == [line for i, line in enumerate(lines, 1) if int(i * keep) > int((i - 1) * keep)]


@pytest.mark.parametrize("kind", KINDS)
def test_one_symbol_is_no_language(kind: str) -> None:
    for text in ("", "aaaa") if kind != "word" else ("", "a\na".replace("\n", "")):
        with pytest.raises(DataError, match="a model needs at least two different"):
            build(kind, text)


def test_words_that_never_repeat_are_no_vocabulary() -> None:
    with pytest.raises(DataError, match=r"4 different words, and fewer than two of them occur twice.*--units char"):
        build("word", "every word differs here")


def test_unknown_symbols_of_a_prompt_are_named_with_their_place() -> None:
    characters = build("char", "hello world\n")
    assert characters.encode_prompt("hello ").tolist() == characters.encode("hello ").tolist()
    with pytest.raises(
        DataError, match=r"The prompt has 2 symbols .* 'é' \(U\+00E9\) at character 2, '€' \(U\+20AC\) at character 7"
    ):
        characters.encode_prompt("hé loé€€")
    with pytest.raises(DataError, match=r"^Line 3 has 7 symbols .* and 2 more. Remove or replace them"):
        characters.encode_prompt("ABCDEFG", "line 3")
    words = build("word", "the cat sat, the cat sat. " * 2)
    assert words.encode_prompt("the cat  ").tolist() == words.encode("the cat").tolist()
    with pytest.raises(DataError, match=r"1 word .* 'caat' at character 5\. Did you mean 'cat'\? Remove or replace it"):
        words.encode_prompt("the caat sat")
    assert words.encode_prompt("the � sat")[1] == words.unknown
    with pytest.raises(DataError, match="The prompt: character 3 of the text is half a surrogate pair"):
        restore("byte", {}).encode_prompt("abc\udcff")


def test_kinds_and_sizes_are_checked() -> None:
    with pytest.raises(UsageError, match="Unknown kind of unit 'chars': did you mean char"):
        build("chars", "text")
    with pytest.raises(UsageError, match="expected one of char, byte, word, subword"):
        build("zebra", "text")
    with pytest.raises(UsageError, match="The vocabulary size is 2: expected at least 3"):
        build("char", "text", 2)
    with pytest.raises(IncompatibleBundle, match="Unknown kind of unit 'phoneme'"):
        restore("phoneme", {})


def packed(*symbols: str) -> dict[str, np.ndarray]:
    encoded = [symbol.encode() for symbol in symbols]
    return {
        "vocabulary.text": np.frombuffer(b"".join(encoded), np.uint8),
        "vocabulary.ends": np.cumsum([len(symbol) for symbol in encoded], dtype=np.int64),
    }


@pytest.mark.parametrize(
    ("kind", "tensors", "message"),
    [
        ("char", {}, "'vocabulary.text' is missing"),
        ("char", {"vocabulary.text": np.zeros(3, np.uint8)}, "'vocabulary.ends' is missing"),
        ("char", packed(UNKNOWN, "a") | {"vocabulary.ends": np.array([3.0, 4.0])}, "expected one dimension of int64"),
        ("char", packed(UNKNOWN, "a") | {"vocabulary.ends": np.array([[3, 4]])}, "expected one dimension of int64"),
        ("char", packed(UNKNOWN, "a") | {"vocabulary.ends": np.array([3, 5])}, "increasing ends, the last of them 4"),
        ("char", packed(UNKNOWN, "a") | {"vocabulary.ends": np.array([-1, 4])}, "increasing ends"),
        ("char", packed(UNKNOWN, "a") | {"vocabulary.ends": np.array([2, 4])}, "a symbol is not UTF-8"),
        ("char", packed(UNKNOWN), "two or more"),
        ("char", packed(), "two or more"),
        ("char", packed(UNKNOWN, "a", "a"), "expected different symbols"),
        ("word", packed("a", "b"), "the unknown one first"),
        ("char", packed(UNKNOWN, "a", "bc"), "not one character"),
        ("subword", {}, "'vocabulary.model' is missing"),
        ("subword", {"vocabulary.model": np.frombuffer(b"rubbish", np.uint8)}, "sentencepiece cannot read it"),
    ],
)
def test_a_vocabulary_that_is_none_is_corrupt(kind: str, tensors: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(CorruptBundle, match=message):
        restore(kind, tensors)
