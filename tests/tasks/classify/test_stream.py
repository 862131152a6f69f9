"""Rows in pieces: what each piece is worth, what is refused, and how large a state is."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

import anaphora
from anaphora.errors import DataError, DataWarning, IncompatibleBundle, UsageError
from anaphora.tasks.classify.predict import Classifier
from labelled import random_classifier


@pytest.fixture(scope="module")
def words() -> Classifier:
    return random_classifier()


@pytest.fixture(scope="module")
def series() -> Classifier:
    return random_classifier("--pooling mean --max-length 9 --missing mean", series=True)


def test_probabilities_are_those_of_the_words_so_far(words: Classifier) -> None:
    text = "The film was good, and so lovely"
    stream = words.open_stream()
    found = [stream.feed(character).tolist() for character in text]
    for number, before in enumerate(found, 1):
        read = text[:number]
        complete = read[: max(read.rfind(" "), 0)]
        assert before == words.probabilities([complete])[0].tolist()
    assert stream.finish().tolist() == words.probabilities([text])[0].tolist()
    changes = [at for at, (first, second) in enumerate(pairwise(found), 1) if first != second]
    assert {text[at] for at in changes} == {" "}
    assert len(changes) > 2
    assert stream.feed("").tolist() == words.probabilities([""])[0].tolist()


def test_steps_of_a_series_are_read_as_they_come(series: Classifier, rng: np.random.Generator) -> None:
    steps = rng.normal(size=(8, 2))
    steps[3, 1] = np.nan
    stream = series.open_stream()
    for t in range(8):
        found = stream.feed(steps[t : t + 1])
        np.testing.assert_array_equal(found, series.probabilities([steps[: t + 1]])[0])
    np.testing.assert_array_equal(stream.feed(np.zeros((0, 2))), found)
    np.testing.assert_array_equal(stream.feed([]), found)
    np.testing.assert_array_equal(stream.finish(), found)
    one = random_classifier("--columns u", series=True)
    wave = steps[:, 0]
    np.testing.assert_array_equal(one.open_stream().feed(wave), one.probabilities([wave])[0])


def test_the_end_of_a_long_row_is_cut_off_with_one_warning(series: Classifier, rng: np.random.Generator) -> None:
    steps = rng.normal(size=(30, 2))
    stream = series.open_stream()
    stream.feed(steps[:8])
    with pytest.warns(DataWarning, match=r"Only the first 9 steps of this row are read\."):
        found = stream.feed(steps[8:20])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps[25] = 1e39  # beyond the length, nothing is read
        np.testing.assert_array_equal(stream.feed(steps[20:]), found)
        np.testing.assert_array_equal(stream.finish(), found)
    np.testing.assert_array_equal(found, series.probabilities([steps])[0])


def test_what_cannot_be_read_is_refused_and_changes_nothing(words: Classifier, series: Classifier) -> None:
    stream = words.open_stream()
    stream.feed("the fi")
    before = stream.state
    for chunk in (b"film", ["film"], np.zeros((2, 2)), None, 3):
        with pytest.raises(UsageError, match="The model reads texts, so a chunk is a text; got"):
            stream.feed(chunk)
    with pytest.raises(DataError, match="surrogate"):
        stream.feed("\ud800")
    assert stream.state == before
    stream = series.open_stream()
    stream.feed(np.ones((3, 2)))
    before = stream.state
    for chunk in ("1 2", b"1"):
        with pytest.raises(UsageError, match=r"The model reads series, so a chunk is steps \(n, 2\); got"):
            stream.feed(chunk)
    with pytest.raises(DataError, match="the chunk: a step has 3 numbers; the network reads 2"):
        stream.feed(np.ones((2, 3)))
    with pytest.raises(DataError, match="the chunk: number 2 of step 3 is inf"):
        stream.feed([[1.0, 2.0], [1.0, 2.0], [1.0, np.inf]])
    for chunk in ([["a", "b"]], np.zeros((2, 2, 2)), None, 4.0, {"u": [1.0]}):
        with pytest.raises((DataError, UsageError)):
            stream.feed(chunk)
    assert stream.state == before


def test_a_network_of_both_directions_has_no_stream() -> None:
    both = random_classifier("--bidirectional")
    with pytest.raises(UsageError, match="Train it with bidirectional=False to read rows in pieces"):
        both.open_stream()


def test_a_state_belongs_to_one_model(words: Classifier, series: Classifier) -> None:
    with pytest.raises(IncompatibleBundle, match="another model"):
        series.open_stream(words.open_stream().state)
    with pytest.raises(UsageError):
        words.open_stream("state")  # type: ignore[arg-type]


@pytest.mark.parametrize(("pooling", "grows"), [("last", False), ("max", False), ("mean", True), ("attention", True)])
def test_the_state_grows_only_where_the_pooling_needs_all_steps(pooling: str, grows: bool) -> None:
    stream = random_classifier(f"--pooling {pooling} --units char").open_stream()
    stream.feed("the film ")
    before = len(stream.state)
    stream.feed("was good " * 20)
    assert (len(stream.state) > before) == grows


def test_an_opened_file_streams(words: Classifier, tmp_path: object) -> None:
    words.save(f"{tmp_path}/words.anaphora")
    opened = anaphora.load(f"{tmp_path}/words.anaphora")
    state = words.open_stream()
    state.feed("a lovely fi")
    assert opened.open_stream(state.state).finish().tolist() == words.probabilities(["a lovely fi"])[0].tolist()


@pytest.mark.parametrize("normalize", ["none", "nfc"])
def test_the_lower_case_of_a_sigma_waits_for_the_letters_around_it(normalize: str) -> None:
    model = random_classifier(f"--units byte --normalize {normalize}")
    for text in ("aΣ", "aΣb", "aΣΣ", "ΑΣ\u00ad'Σ'Α", "ΣΣ' Σ", "Σ\u00adΣ\u212a", "aΣ\u0301b Σ", "a'ΣΣ."):
        expected = model.probabilities([text])[0].tolist()
        for cut in range(len(text) + 1):
            stream = model.open_stream()
            stream.feed(text[:cut])
            for character in text[cut:]:
                stream.feed(character)
            assert stream.finish().tolist() == expected


def test_a_state_without_the_linear_part_is_of_another_model() -> None:
    both, network = random_classifier(), random_classifier("--linear off")
    assert both.runtime.digest == network.runtime.digest
    for saved, opened in ((both, network), (network, both)):
        with pytest.raises(IncompatibleBundle, match="another model"):
            opened.open_stream(saved.open_stream().state)
