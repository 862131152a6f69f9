"""Scores by pieces against the definition, unit by unit; and a writer's guesses against enumeration."""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import pytest

from anaphora.baselines.ngram import KneserNey
from anaphora.bundle import spec
from anaphora.data.text import tokenized
from anaphora.data.text.build import build
from anaphora.decode import log_probabilities
from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime import Model
from anaphora.tasks.language import score, windows
from anaphora.tasks.language.predict import LanguageModel
from small_models import STREAMING, V, recurrent, small_model, tree


def by_definition(model: Model, ids: np.ndarray, begin: int, end: int, start: int) -> list[float]:
    """−log p of units begin … end−1, having read from ``start`` on, one step at a time."""
    state, nats = model.initial(), []
    for t in range(start, end - 1):
        logits, state = model.step(state, int(ids[t]))
        if t + 1 >= begin:
            nats.append(-float(log_probabilities(logits)[ids[t + 1]]))
    return nats


@pytest.mark.parametrize("name", ["lstm", "gru, tied", "rnn, relu, no bias", "no memory"])
def test_pieces_by_definition(name: str, rng: np.random.Generator) -> None:
    model, ids = small_model(STREAMING[name]), rng.integers(V, size=500)
    for most, units in ((1, 1000), (3, 1000), (64, 1000), (1, 90), (3, 90), (64, 90)):
        pieces = windows.cut(len(ids), 40, 13, most, units)
        expected = [nat for p in pieces for nat in by_definition(model, ids, p.first, p.stop, p.start)]
        assert len(expected) == (len(ids) - 1 if units > 500 else 90 - 90 % len(pieces))
        np.testing.assert_array_equal(score.nats(model, ids, pieces), expected)


def test_the_chunk_changes_no_bit(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = small_model(STREAMING["lstm"]), rng.integers(V, size=9000)
    whole = score.nats(model, ids)
    for at_once in (1, 1000, 77_777):
        monkeypatch.setattr(score, "LOGITS_AT_ONCE", at_once)
        np.testing.assert_array_equal(score.nats(model, ids), whole)


def test_one_piece_is_the_unbroken_text(rng: np.random.Generator) -> None:
    model, ids = small_model(STREAMING["gru, 2 layers"]), rng.integers(V, size=9000)
    np.testing.assert_array_equal(score.nats(model, ids, windows.cut(len(ids), most=1)), model.score(ids))
    warm = score.nats(model, ids)
    assert abs(warm.mean() - model.score(ids).mean()) < 1e-6  # 512 units of context are enough to warm up


@pytest.mark.parametrize("length", [0, 1, 2])
def test_short_texts(length: int) -> None:
    model = small_model(STREAMING["lstm"])
    assert score.nats(model, np.zeros(length, np.int32)).shape == (max(0, length - 1),)


TEXT = "ab ba, a\nab. b-a a " * 30


def evaluate(model: LanguageModel, *texts: str, **limits: int) -> score.Score:
    return score.evaluate(model.runtime, model.vocabulary, *texts, **limits)


def writer(kind: str = "char", text: str = TEXT, **config: object) -> LanguageModel:
    vocabulary = build(kind, text)
    checked = tree(
        recurrent("lstm"), {"kind": "linear", "name": "output", "input_size": 7, "output_size": vocabulary.size}
    )
    checked["blocks"][0]["vocabulary"] = vocabulary.size
    config = {"units": {"kind": kind}, "tensors": vocabulary.tensors(), **config}
    return LanguageModel(small_model(spec.check(checked), seed=3, **config))


def test_a_score_with_its_floor() -> None:
    text = TEXT[50:200]
    card = {"held_out_sha256": hashlib.sha256(text.encode()).hexdigest(), "baseline": {"nats_per_unit": 1.25}}
    known = evaluate(writer(card=card), text)
    assert known.baseline_nats == 1.25
    other = evaluate(writer(card=card), text + "a")
    assert other.baseline_nats is None
    counted = evaluate(writer(card=card), text, TEXT)
    assert counted.baseline_nats is not None
    assert counted.nats_per_unit == known.nats_per_unit
    assert known.bits_per_unit == pytest.approx(known.nats_per_unit / math.log(2))
    assert known.bits_per_byte == pytest.approx(known.bits_per_unit * 149 / 150)  # the first character is only read
    assert known.units == 149


def test_a_sample_of_a_text_is_scored_beside_its_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    text = TEXT * 20
    pieces = windows.cut(len(text), units=1000)
    ids = writer().vocabulary.encode(text)
    whole = KneserNey(7, writer().vocabulary.size).fit(ids).nats(ids)
    expected = np.concatenate([whole[piece.first : piece.stop] for piece in pieces])
    found = evaluate(writer(), text, text, max_units=1000)
    assert (found.units, found.text_units) == (1000 - 1000 % len(pieces), len(text) - 1)
    assert found.nats_per_unit == pytest.approx(score.nats(writer().runtime, ids, pieces).mean(), rel=1e-12)
    assert found.baseline_nats == pytest.approx(expected.mean(), rel=1e-12)
    assert found.bits_per_byte == pytest.approx(found.bits_per_unit * (len(text) - 1) / len(text))
    monkeypatch.setattr(tokenized, "IN_MEMORY", 0)  # and so it is from the disk
    assert evaluate(writer(), text, text, max_units=1000) == found


def test_a_sample_of_the_held_out_text_is_not_compared_with_the_baseline_of_all_units() -> None:
    text = TEXT * 20
    card = {"held_out_sha256": hashlib.sha256(text.encode()).hexdigest(), "baseline": {"nats_per_unit": 0.25}}
    whole, some = (evaluate(writer(card=card), text, max_units=most) for most in (len(text), 1000))
    assert (whole.units, whole.baseline_nats) == (len(text) - 1, 0.25)
    assert whole.verdict_line()[0].startswith("The network is worse than the n-gram model: nats per character")
    assert (some.units, some.baseline_nats) == (1000, None)
    assert some.lines()[-1] == f"  n-gram   not computed: {some.baseline_note}"
    assert "leave --max-units out" in some.baseline_note


def test_unknown_units_are_counted_and_a_text_of_one_is_refused() -> None:
    assert evaluate(writer(), "abxxba").unknown_units == 2
    with pytest.raises(DataError, match="at least 2 char units"):
        evaluate(writer(), "a")
    with pytest.raises(DataError, match="count n-grams"):
        evaluate(writer(), "abab", "a")


@pytest.mark.parametrize("prompt", ["ab ", "a", "ab b-", ""])
def test_the_next_words_by_enumeration(prompt: str) -> None:
    ours = writer()
    vocabulary = ours.vocabulary
    read = ours.read(prompt)
    begun = prompt.split(" ")[-1]
    inside = [index for index, symbol in enumerate(vocabulary.symbols) if symbol in "ab-"]
    outside = [index for index in range(1, vocabulary.size) if index not in inside]

    truth: dict[str, float] = {}
    for length in range(7):
        for word in itertools.product(inside, repeat=length):
            state, token, mass = read.state, read.last, 0.0
            for following in (*word, None):
                logits, state = ours.runtime.step(state, token)
                logs = log_probabilities(np.concatenate([[-np.inf], logits[1:]]))  # the unknown symbol is never written
                if following is not None:
                    mass, token = mass + logs[following], following
            text = begun + vocabulary.decode(word)
            if text:
                truth[text] = math.exp(mass) * float(np.exp(logs[outside]).sum())
    expected = sorted(truth.items(), key=lambda pair: -pair[1])[:3]
    found = ours.words_after(read, 3)
    assert [guess.text for guess in found] == [text for text, _ in expected]
    np.testing.assert_allclose([guess.probability for guess in found], [p for _, p in expected], rtol=1e-9)


def test_the_unknown_unit_is_never_written() -> None:
    ours = writer("word", "a b c " * 50 + "one off")
    written = "".join(ours.write(ours.read("a b"), 300, np.random.default_rng(0), temperature=5.0))
    assert len(written) > 100
    assert "\ufffd" not in written


def test_writing_ends_before_a_stop() -> None:
    ours = writer()
    for seed in range(5):
        assert "\n" not in "".join(ours.write(ours.read("a"), 200, np.random.default_rng(seed), stop=("\n",)))


def test_bytes_are_written_as_whole_characters() -> None:
    ours = writer("byte", "é€😀 " * 200)
    pieces = list(ours.write(ours.read("é"), 40, np.random.default_rng(1)))
    assert "".join(pieces).encode()  # no half of a character, no lone surrogate


def test_a_model_that_is_no_language_model_is_refused() -> None:
    with pytest.raises(IncompatibleBundle, match="'tag'"):
        writer(task="tag")
    with pytest.raises(IncompatibleBundle, match="vocabulary has 256 symbols, but its network has 8 outputs"):
        writer(units={"kind": "byte"})


def test_an_empty_prompt_needs_a_new_line_to_begin_with() -> None:
    ours = writer(text="ab ba " * 20)
    with pytest.raises(DataError, match="--prompt"):
        ours.read("")
