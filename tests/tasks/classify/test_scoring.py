"""How good labels are, against scikit-learn, and what a person reads of it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs

from anaphora import bundle, runtime
from anaphora.data.batches import Ragged
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import CorruptBundle, IncompatibleBundle
from anaphora.metrics import scaling
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.score import judge
from labelled import sentences

LABELS = ("a", "b", "c")


def rows_with(labels: list[tuple[str, ...]]) -> Rows:
    count = len(labels)
    places = np.stack([np.zeros(count, np.int64), np.arange(1, count + 1)], 1)
    return Rows(tuple(f"row {n}" for n in range(count)), tuple(labels), (Frame({}),), places)


def test_one_label_is_judged_as_scikit_learn_does(rng: np.random.Generator) -> None:
    truth = rng.integers(3, size=120)
    scores = (rng.normal(size=(120, 3)) + 2 * np.eye(3)[truth]).astype(np.float32)
    found = judge(scores, rows_with([(LABELS[label],) for label in truth]), LABELS, 0.7, multi=False)
    guesses = scores.argmax(1)
    assert found.accuracy == theirs.accuracy_score(truth, guesses)
    assert found.macro_f1 == pytest.approx(theirs.f1_score(truth, guesses, average="macro"))
    assert found.confusion == tuple(map(tuple, theirs.confusion_matrix(truth, guesses).tolist()))
    p = np.exp(scores.astype(np.float64) / 0.7)
    p /= p.sum(1, keepdims=True)
    assert found.nats_per_row == pytest.approx(theirs.log_loss(truth, p))
    wrong = np.flatnonzero(guesses != truth)
    each = -np.log(p[np.arange(120), truth])
    worst = sorted(wrong.tolist(), key=lambda row: -each[row])[:20]
    assert [row.text for row in found.worst] == [f"row {row}" for row in worst]
    assert found.worst[0].nats == pytest.approx(each[worst[0]])
    assert found.worst[0].where == f"the data, row {worst[0] + 1}"
    assert found.calibration_error != found.uncalibrated_error


def test_several_labels_are_judged_as_scikit_learn_does(rng: np.random.Generator) -> None:
    truth = rng.random((90, 3)) < 0.4
    scores = (rng.normal(size=(90, 3)) + 2 * truth - 1).astype(np.float32)
    labels = [tuple(label for label, there in zip(LABELS, row, strict=True) if there) for row in truth]
    found = judge(scores, rows_with(labels), LABELS, 1.3, multi=True)
    guesses = scores > 0
    assert found.accuracy == theirs.accuracy_score(truth, guesses)
    assert found.macro_f1 == pytest.approx(theirs.f1_score(truth, guesses, average="macro"))
    assert found.micro_f1 == pytest.approx(theirs.f1_score(truth, guesses, average="micro"))
    assert found.confusion == ()
    assert all(set(row.labels) != set(row.guess) for row in found.worst)


def test_labels_that_training_never_saw_count_as_wrong() -> None:
    scores = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2], [2, 0, 0]], dtype=np.float32)
    found = judge(scores, rows_with([("a",), ("b",), ("x",), ("x",)]), LABELS, 1.0, multi=False)
    assert found.accuracy == 0.5
    assert (found.labels, found.unseen, found.support) == (("a", "b", "c", "x"), ("x",), (1, 1, 0, 2))
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 + 0 + 0) / 4)
    assert found.nats_per_row == pytest.approx(float(np.log(1 + 2 * np.exp(-2))))
    assert "labels without a training row, always predicted wrong: x" in "\n".join(found.lines())
    assert "(over 2 rows with known labels)" in "\n".join(found.lines())
    assert (found.unknown_rows, "inf" in "\n".join(found.lines())) == (2, False)
    several = judge(scores, rows_with([("a",), ("b",), ("c", "x"), ()]), LABELS, 1.0, multi=True)
    with_its_truth = judge(scores[[0, 1, 3]], rows_with([("a",), ("b",), ()]), LABELS, 1.0, multi=True)
    assert (several.unknown_rows, several.nats_per_row) == (1, with_its_truth.nats_per_row)
    assert several.accuracy == 0.5 - 0.5  # a score of 0 is a probability of one half: every label is given
    assert several.unseen == ("x",)


def test_what_a_person_reads() -> None:
    scores = np.array([[0, 1, 5], [0, 4, 1], [3, 0, 0], [0, 1, 0]], dtype=np.float32)
    found = judge(scores, rows_with([("c",), ("c",), ("a",), ("a",)]), LABELS, 1.0, multi=False)
    text = "\n".join(found.lines())
    assert "4 rows, 3 labels" in text
    assert "accuracy      0.5000" in text
    assert "the data, row 2: c, predicted as b" in text
    lines = text.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("label \\ predicted"))
    assert [line.split() for line in lines[head + 1 : head + 4]] == [
        ["a", "1▒", "1▒", "0"],
        ["b", "0", "0", "0"],
        ["c", "0", "1▒", "1▒"],
    ]
    assert found.confused() == [(1, "a", "b"), (1, "c", "b")]


def test_no_rows_are_no_error() -> None:
    found = judge(np.zeros((0, 3), np.float32), rows_with([]), LABELS, 1.0, multi=False)
    assert (found.rows, found.accuracy, found.nats_per_row, found.worst) == (0, 0.0, 0.0, ())
    assert found.lines()


def small(**changes: object) -> runtime.Model:
    """A classifier of two words, whose score is 1 for the word's own label."""
    tree = {
        "kind": "stack",
        "name": "model",
        "blocks": [
            {"kind": "embedding", "name": "embedding", "vocabulary": 3, "size": 2},
            {"kind": "pooling", "name": "pooling", "over": "mean"},
        ],
    }
    text = b" \xef\xbf\xbd good bad"
    tensors = {
        "embedding.weight": np.array([[0, 0], [1, 0], [0, 1]], np.float32),
        "vocabulary.text": np.frombuffer(text, np.uint8),
        "vocabulary.ends": np.array([4, 9, 13], np.int64),
    }
    units = {
        "kind": "word", "lower": True, "longest": 100, "missing": "refuse", "labels": ["pos", "neg"], "multi": False,
        "temperature": 0.5, "separator": None,
        "columns": {"label": "label", "text": ["text"], "channels": [], "id": None, "time": None, "multi": False},
    }  # fmt: skip
    config = {"version": 1, "task": "classify", "model": tree, "units": {**units, **changes}}
    return runtime.Model(bundle.Bundle(tensors, {key: value for key, value in config.items() if value is not None}))


def test_a_classifier_by_hand() -> None:
    classifier = Classifier(small())
    assert classifier.columns == Columns("label", ("text",))
    (first, second, third) = classifier.predictions(["Good good", "bad good bad", ""])
    assert first.labels == ("pos",)
    assert first.probabilities[0] == pytest.approx(1 / (1 + np.exp(-2)))  # scores 1 and 0, over 0.5
    assert second.labels == ("neg",)
    assert second.probabilities[0] == pytest.approx(1 / (1 + np.exp(-2 / 3)))
    assert third.probabilities[0] == 0.5
    both = Classifier(small(multi=True)).predictions(["good", "what"])
    assert both[0].labels == ("pos", "neg")  # a score of 0 is one half
    assert both[0].probabilities == pytest.approx((1 / (1 + np.exp(-2)), 0.5))
    texts, _ = sentences(30)

    def read(some: list[str]) -> Ragged:
        return Ragged.of([classifier.reader.text(text) for text in some], np.zeros(0, np.int32))

    alone = np.concatenate([classifier.network_scores(read([text])) for text in texts])
    np.testing.assert_array_equal(classifier.network_scores(read(texts)), alone)


def test_a_file_that_is_no_classifier_is_refused() -> None:
    with pytest.raises(CorruptBundle, match="lacks the names of its labels"):
        Classifier(small(columns={"text": ["text"]}))
    with pytest.raises(IncompatibleBundle, match="names 3 labels, but its network has 2 outputs"):
        Classifier(small(labels=["a", "b", "c"]))
    model = small()
    model.config = {**model.config, "task": "language"}
    with pytest.raises(IncompatibleBundle, match="this model is of the task 'language'"):
        Classifier(model)


@pytest.mark.parametrize("multi", [False, True])
def test_cross_fitted_scores_are_judged_and_the_stored_temperature_is_named(
    multi: bool, rng: np.random.Generator
) -> None:
    truth = rng.integers(3, size=40)
    scores = (8 * rng.normal(size=(40, 3)) + 6 * np.eye(3)[truth]).astype(np.float32)
    targets = np.eye(3)[truth] if multi else truth
    calibrated = scaling.cross_fitted([scores], targets, multi)
    rows = rows_with([(LABELS[label],) for label in truth])
    found = judge(scores, rows, LABELS, 3.25, multi, 0, calibrated)
    plain, scaled = (judge(each, rows, LABELS, 1.0, multi) for each in (scores, calibrated.astype(np.float32)))
    assert found.nats_per_row == pytest.approx(scaled.nats_per_row, rel=1e-6)
    assert found.nats_per_row < plain.nats_per_row
    assert found.calibration_error == pytest.approx(scaled.calibration_error, abs=1e-5)
    assert found.uncalibrated_error == plain.calibration_error
    assert (found.accuracy, found.confusion) == (plain.accuracy, plain.confusion)
    (line,) = (line for line in found.lines() if "calibration error" in line)
    assert line == (
        f"  calibration error  {found.uncalibrated_error:.4f} before, {found.calibration_error:.4f} at temperature 3.25"
        " (cross-fitted: each row is scored at the temperature of the other folds)"
    )
    assert not plain.cross_fitted
    assert not any("cross-fitted" in line for line in plain.lines())


def test_a_confusion_matrix_is_shaded_and_long_names_are_cut() -> None:
    labels = ("a label that is far too long for a table", "short")
    truth, guessed = [0] * 8 + [1] * 4, [0] * 5 + [1] * 3 + [1] * 4
    scores = np.eye(2, dtype=np.float32)[guessed]
    shown = judge(scores, rows_with([(labels[at],) for at in truth]), labels, 1.0, multi=False).lines()
    first = next(at for at, line in enumerate(shown) if line.startswith("label \\ predicted"))
    assert shown[first : first + 4] == [
        "label \\ predicted                 a label…   short",
        "a label that is far too long fo…         5▓      3▒",
        "short                                    0       4█",
        "  shades: the share of a row, ░ up to 25 %, ▒ up to 50 %, ▓ up to 75 %, █ more",
    ]


def test_of_many_labels_only_what_was_confused_is_listed() -> None:
    labels = tuple(f"k{number}" for number in range(40))
    rows = rows_with([(label,) for label in labels])
    right = 9 * np.eye(40, dtype=np.float32)
    assert not [line for line in judge(right, rows, labels, 1.0, multi=False).lines() if "confused" in line]
    wrong = right[[1, 0, *range(2, 40)]]
    lines = judge(wrong, rows, labels, 1.0, multi=False).lines()
    at = lines.index("most often confused:")
    assert lines[at + 1 : at + 3] == ["  1 × k0 predicted as k1", "  1 × k1 predicted as k0"]
