"""Rows as numbers: vocabulary, scale and labels of the training part alone, kept and given back by a bundle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anaphora.data.batches import Ragged
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import CorruptBundle, DataError
from anaphora.tasks.classify.encoding import Reader, Scale, encode, suggest_units, targets
from labelled import config, sentences, split, waves


def corpus_of(columns: dict[str, list[Any]], *options: str) -> Any:
    return split(config(*options), [Frame(columns)])


def test_the_vocabulary_is_of_the_training_part_alone() -> None:
    texts, labels = sentences()
    corpus = corpus_of({"text": texts, "label": labels})
    strange = {f"{text} zzz zzz" for text in corpus.held_out.inputs}
    with_strange = [f"{text} zzz zzz" if f"{text} zzz zzz" in strange else text for text in texts]
    encoded = encode(config(), corpus_of({"text": with_strange, "label": labels}))
    vocabulary = encoded.reader.vocabulary
    assert vocabulary is not None
    assert " zzz" not in vocabulary.symbols
    assert encoded.reader.kind == "word"
    assert encoded.labels == ("neg", "pos")
    lengths = encoded.held_out.rows.lengths
    for row in range(len(lengths)):
        assert encoded.held_out.rows.row(row)[-2:].tolist() == [vocabulary.unknown] * 2


@pytest.mark.parametrize("kind", ["char", "byte", "word", "subword"])
def test_a_reader_is_given_back_by_what_a_bundle_holds(kind: str) -> None:
    texts, labels = sentences()
    options = ["--units", kind, *(["--vocabulary", "60"] if kind == "subword" else [])]
    reader = encode(config(*options), corpus_of({"text": texts, "label": labels}, *options)).reader
    again = Reader.restore(reader.settings(), reader.tensors())
    for text in ("A Good film", "the film was bad, so bad!", ""):
        np.testing.assert_array_equal(reader.text(text), again.text(text))
    assert (again.kind, again.width) == (kind, reader.width)
    for lacking in ("kind", "lower"):
        with pytest.raises(CorruptBundle, match=f"lacks '{lacking}'"):
            Reader.restore({name: value for name, value in reader.settings().items() if name != lacking}, {})


def test_capital_letters_and_long_rows() -> None:
    texts, labels = sentences()
    corpus = corpus_of({"text": texts, "label": labels})
    low, high = (encode(config("--max-length", "3", option), corpus).reader for option in ("--lower", "--no-lower"))
    np.testing.assert_array_equal(low.text("The Film was bad"), low.text("the film WAS"))
    assert len(low.text("the film was bad")) == 3
    assert high.text("The")[0] != high.text("the")[0]


def test_a_word_is_the_same_wherever_it_stands() -> None:
    texts, labels = sentences()
    reader = encode(config(), corpus_of({"text": texts, "label": labels})).reader
    one, other = reader.text("bad film"), reader.text("film bad")
    assert one.tolist() == other[::-1].tolist()


def test_the_scale_is_mean_and_deviation_of_what_is_there(rng: np.random.Generator) -> None:
    steps = rng.normal(3, 2, size=(200, 3))
    steps[::7, 1] = np.nan
    steps[:, 2] = 4.0
    scale = Scale.of(steps)
    np.testing.assert_allclose(scale.mean, np.nanmean(steps, axis=0), rtol=1e-12)
    np.testing.assert_allclose(scale.sd[:2], np.nanstd(steps[:, :2], axis=0), rtol=1e-12)
    scaled = scale.apply(steps)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[:, 0].mean(), 0, atol=1e-6)
    assert not scaled[::7, 1].any()
    assert not scaled[:, 2].any()


def test_series_are_scaled_by_the_training_part() -> None:
    series, labels = waves()
    columns = {"u": [row[0] for row in series], "v": [row[1] for row in series], "label": labels}
    corpus = corpus_of(columns)
    encoded = encode(config(), corpus)
    raw = corpus.train.inputs.steps
    np.testing.assert_allclose(encoded.train.rows.steps, (raw - raw.mean(0)) / raw.std(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        encoded.held_out.rows.steps, (corpus.held_out.inputs.steps - raw.mean(0)) / raw.std(0), rtol=1e-5, atol=1e-6
    )
    again = Reader.restore(encoded.reader.settings(), encoded.reader.tensors())
    np.testing.assert_array_equal(again.series(raw[:5], "x"), encoded.train.rows.steps[:5])
    assert encoded.reader.series(np.zeros((0, 1)), "x").shape == (0, 2)


def test_numbers_that_are_missing_or_none() -> None:
    series, labels = waves()
    columns = {"u": [list(row[0]) for row in series], "v": [row[1] for row in series], "label": labels}
    columns["u"][4][2] = float("nan")
    with pytest.raises(DataError, match=r"the data, row 5: number 1 of step 3 is nan.*--missing mean"):
        encode(config("--valid", "0.1"), corpus_of(columns, "--valid", "0.1"))
    encoded = encode(config("--missing", "mean"), corpus_of(columns, "--missing", "mean"))
    assert np.isfinite(encoded.train.rows.steps).all()
    with pytest.raises(DataError, match=r"x: number 2 of step 1 is inf\. Fill it, remove the row\.$"):
        encoded.reader.series(np.array([[1.0, np.inf]]), "x")
    with pytest.raises(DataError, match=r"x: a step has 3 numbers; the network reads 2"):
        encoded.reader.series(np.zeros((1, 3)), "x")


def test_units_are_guessed_by_how_long_rows_are() -> None:
    assert suggest_units(["Müller", "Van der Berg", "O'Neil"]) == "char"
    assert suggest_units(["a good film", "so bad it hurts"]) == "word"
    assert suggest_units(["ACGTTGCA" * 20] * 3) == "char"


def test_targets() -> None:
    rows = [("a",), ("c",), ("x",)]
    assert targets(rows, ("a", "b", "c"), False).tolist() == [0, 2, -1]
    several = targets([("a", "c"), (), ("x",)], ("a", "b", "c"), True)
    assert several.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_labels_that_cannot_be_learned() -> None:
    texts, _ = sentences(20)
    with pytest.raises(DataError, match=r"have the same label, 'a', so there is nothing to learn"):
        encode(config(), corpus_of({"text": texts, "label": ["a"] * 20}))
    corpus = corpus_of({"text": texts, "label": ["a", "b"] * 10})
    strange = type(corpus)(
        corpus.train,
        type(corpus.held_out)(
            corpus.held_out.inputs,
            (("new",), *corpus.held_out.labels[1:]),
            corpus.held_out.tables,
            corpus.held_out.places,
        ),
        (),
        "",
        corpus.columns,
    )
    with pytest.raises(DataError, match=rf"{corpus.held_out.at(0)}: no training row has the label 'new'"):
        encode(config(), strange)


def test_empty_rows_are_rows() -> None:
    texts, labels = sentences(20)
    corpus = corpus_of({"text": ["", *texts[1:]], "label": labels})
    encoded = encode(config(), corpus)
    lengths = [*encoded.train.rows.lengths.tolist(), *encoded.held_out.rows.lengths.tolist()]
    assert lengths.count(0) == 1
    assert isinstance(encoded.train.rows, Ragged)
