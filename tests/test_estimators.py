"""The classifier for scikit-learn: its own checks, searches and pipelines, and rows of every form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import anaphora
import digits
from anaphora import SequenceClassifier
from anaphora.api import configured
from anaphora.errors import DataError, UsageError
from labelled import sentences, waves

FEW: dict[str, Any] = {"max_steps": 4, "valid": 0.25, "config": {"evaluations": 1, "average": 0.0}, "hidden": 5}
LEARNS: dict[str, Any] = {
    "cell": "rnn", "hidden": 8, "max_steps": 24, "valid": 0.3, "learning_rate": 0.1, "output_dropout": 0.0,
    "config": {"evaluations": 1, "average": 0.0},
}  # fmt: skip
SERIES = [np.array(channels).T for channels in waves(40)[0]]
PACES = waves(40)[1]


@parametrize_with_checks([SequenceClassifier(**LEARNS)])
def test_scikit_learn_s_own_checks(estimator: Any, check: Any) -> None:
    """None of them is left out, and none is expected to fail."""
    check(estimator)


def rows(classes: list[Any], each: int = 12, steps: int = 6, seed: int = 0) -> tuple[Any, Any]:
    """Rows of one length that lie around another level for each class."""
    rng = np.random.default_rng(seed)
    y = np.repeat(classes, each)
    level = np.repeat(np.arange(len(classes)), each)
    return 3.0 * level[:, None] + 0.3 * rng.normal(size=(len(y), steps)), y


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ([2, 10, 9], ("10", "2", "9")),  # in the file they stand as text, in another order
        (["b", "a", "c"], ("a", "b", "c")),
        ([0.0, 1.0], ("0.0", "1.0")),
        ([True, False], ("False", "True")),
        (["yes ", "yes"], ("class 0", "class 1")),  # which the file could not tell apart
        (["", "x"], ("class 0", "class 1")),
    ],
)
def test_classes_keep_their_type_and_order(classes: list[Any], labels: tuple[str, ...]) -> None:
    X, y = rows(classes)
    fitted = SequenceClassifier(**LEARNS | {"max_steps": 60}).fit(X, y)
    np.testing.assert_array_equal(fitted.classes_, np.unique(y))
    assert fitted.classes_.dtype == y.dtype
    assert fitted.model_.labels == labels
    chances = fitted.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), np.unique(y)[chances.argmax(axis=1)])
    assert fitted.score(X, y) == np.mean(fitted.predict(X) == y) > 0.9


def test_texts_and_series_of_every_form() -> None:
    texts, moods = sentences(40)
    for X in (texts, np.array(texts), np.array(texts, dtype=object), polars.Series(texts)):
        fitted = SequenceClassifier(random_state=1, embedding=6, **FEW).fit(X, moods)
        assert (fitted.layout_, fitted.n_features_in_) == ("texts", 1)
        np.testing.assert_array_equal(
            fitted.predict_proba(texts[:4]), fitted.model_.probabilities(texts[:4])[:, fitted.order_]
        )
    cube, labels = np.random.default_rng(0).normal(size=(24, 5, 2)), np.arange(24) % 2
    chances = []
    for X in (cube, list(cube), cube.tolist()):
        fitted = SequenceClassifier(random_state=1, **FEW).fit(X, labels)
        assert (fitted.layout_, fitted.n_features_in_) == ("series", 2)
        chances.append(fitted.predict_proba(X))
    np.testing.assert_array_equal(chances[0], chances[1])
    np.testing.assert_array_equal(chances[0], chances[2])
    ragged = [row[:, 0] for row in SERIES]
    assert SequenceClassifier(**FEW).fit(ragged, PACES).n_features_in_ == 1
    assert SequenceClassifier(**FEW).fit([row.tolist() for row in ragged], PACES).layout_ == "series"
    fitted = SequenceClassifier(**FEW).fit(polars.DataFrame(rows([0, 1])[0]), rows([0, 1])[1])
    assert (fitted.layout_, fitted.n_features_in_) == ("rows", 6)


def test_a_step_of_a_row_is_a_step_of_one_channel() -> None:
    X, y = rows([0, 1])
    one = SequenceClassifier(random_state=3, **FEW).fit(X, y)
    other = SequenceClassifier(random_state=3, **FEW).fit(X[:, :, None], y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X[:, :, None]))
    assert (one.n_features_in_, other.n_features_in_) == (6, 1)


def test_a_random_state_is_a_seed_for_everything() -> None:
    fits = [SequenceClassifier(random_state=state, **FEW).fit(SERIES, PACES) for state in (5, 5, 6)]
    assert [fit.model_.config.training.seed for fit in fits] == [
        int(np.random.RandomState(state).randint(2**31 - 1)) for state in (5, 5, 6)
    ]
    same, again, other = (fit.predict_proba(SERIES) for fit in fits)
    np.testing.assert_array_equal(same, again)
    assert (same != other).any(axis=1).all()  # another seed: no row has the same probabilities


def test_in_a_pipeline_and_a_search() -> None:
    X, y = rows([0, 1], each=20)
    cubes = FunctionTransformer(lambda X: X.reshape(len(X), -1, 2))
    pipe = make_pipeline(StandardScaler(), cubes, SequenceClassifier(random_state=0, **LEARNS))
    search = GridSearchCV(pipe, {"sequenceclassifier__cell": ["rnn", "gru"]}, cv=2)
    search.fit(X, y)
    assert search.best_params_["sequenceclassifier__cell"] in ("rnn", "gru")
    assert search.best_estimator_[-1].n_features_in_ == 2
    assert search.score(X, y) > 0.9
    scores = cross_val_score(SequenceClassifier(random_state=0, **LEARNS), list(X[:, :, None]), y, cv=2)
    assert scores.min() > 0.9


def test_parameters_are_all_of_them_and_copied() -> None:
    made = SequenceClassifier(cell="lstm", config={"units": "char"}, random_state=3)
    copied = clone(made)
    assert copied is not made
    assert copied.get_params() == made.get_params()
    assert made.set_params(hidden=7).hidden == 7
    usual: Any = configured("classify", None, None, {})
    for name, value in SequenceClassifier().get_params().items():
        if name not in ("config", "random_state", "progress"):
            assert value in [getattr(section, name, ...) for section in (usual.data, usual.model, usual.training)], name


def test_what_was_fitted_is_a_file_for_everybody(tmp_path: Path) -> None:
    fitted = SequenceClassifier(**FEW).fit(SERIES, PACES)
    fitted.model_.save(tmp_path / "waves.anaphora")
    loaded = anaphora.load(tmp_path / "waves.anaphora")
    np.testing.assert_array_equal(loaded.probabilities(SERIES), fitted.predict_proba(SERIES))  # type: ignore[attr-defined]
    assert loaded.to_bytes() == fitted.model_bytes_
    assert fitted.model_.card["train_rows"] == 30


@pytest.mark.parametrize(
    ("X", "y", "kind", "message"),
    [
        (SERIES, PACES[1:], DataError, r"There are 40 rows and 39 labels; expected a label for each row"),
        (SERIES, ["slow"] * 40, DataError, r"Expected at least 2 classes, got 1 class, np\.str_\('slow'\)|'slow'"),
        (SERIES, None, ValueError, r"requires y to be passed, but the target y is None"),
        (SERIES, np.linspace(0, 1, 40), ValueError, r"Unknown label type: continuous"),
        ([], [], ValueError, r"Expected 2D array, got 1D array instead"),
        (["a", None] * 20, PACES, DataError, r"row 2: expected a text, as in other rows, got no value"),
        ([*SERIES[:39], SERIES[39][:, :1]], PACES, DataError, r"row 40: a step has 1 number; expected 2, as in row 1"),
        ([*SERIES[:39], SERIES[39] * np.nan], PACES, DataError, r"not-finite"),
        (np.zeros((8, 3)), [0, 1] * 4, DataError, r"[Nn]o row"),
    ],
)
def test_what_cannot_be_fitted_is_a_value_error_too(X: Any, y: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        SequenceClassifier(max_steps=1).fit(X, y)
    assert isinstance(caught.value, kind)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, r"hidden takes a whole number, at least 1"),
        ({"cell": "transformer"}, r"cell takes one of lstm, gru, rnn"),
        ({"config": {"hiden": 3}}, r"no field 'hiden'\. Did you mean 'hidden'\?"),
        ({"config": {"hidden": 3}}, r"'hidden' is an argument of SequenceClassifier: set the argument, not config"),
        ({"config": {"model": {"hidden": 3}}}, r"'hidden' is an argument of SequenceClassifier"),
        ({"config": {"seed": 3}}, r"The seed is the argument random_state"),
    ],
)
def test_a_wrong_argument_is_refused_when_it_is_used(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        SequenceClassifier(**arguments).fit(SERIES, PACES)
    assert isinstance(caught.value, UsageError)


def test_other_rows_than_those_that_were_fitted_are_refused() -> None:
    fitted = SequenceClassifier(**FEW).fit(SERIES, PACES)
    with pytest.raises(DataError, match=r"SequenceClassifier was fitted on series, but X has texts"):
        fitted.predict(["a text"])
    with pytest.raises(DataError, match=r"X has 1 number per step; SequenceClassifier expects 2"):
        fitted.predict([row[:, 0] for row in SERIES])
    with pytest.raises(NotFittedError):
        SequenceClassifier().model_  # noqa: B018
    with pytest.raises(NotFittedError):
        SequenceClassifier().predict(SERIES)


def test_missing_numbers_where_they_are_allowed() -> None:
    X, y = rows([0, 1])
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        SequenceClassifier(**FEW).fit(X, y)
    fitted = SequenceClassifier(missing="mean", **FEW).fit(X, y)
    filled = X.copy()
    filled[3, 2] = fitted.model_.runtime.tensors["scale.mean"][0]
    np.testing.assert_allclose(fitted.predict_proba(X), fitted.predict_proba(filled), rtol=1e-6)


def test_a_column_of_labels_is_taken_with_a_warning() -> None:
    X, y = rows([0, 1])
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        SequenceClassifier(**FEW).fit(X, y[:, None])


def test_the_program_that_prints_the_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["digits", "--epochs", "0.05", "--folds", "2"])
    digits.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in lines] == [["GRU,", "row"], ["logistic", "regression"]]
    for line in lines:
        mean, *folds = map(float, line[-3:])
        assert mean == pytest.approx(np.mean(folds), abs=1e-4)
    assert float(lines[1][-3]) > 0.9


@pytest.mark.parametrize(("name", "value", "way"), [("folds", 4, "cross_val_score"), ("test", 0.3, "train_test_split")])
def test_what_scikit_learn_does_is_refused_in_config(name: str, value: float, way: str) -> None:
    for config in ({name: value}, {"data": {name: value}}):
        with pytest.raises(ValueError, match=f"'{name}'.*{way}"):
            SequenceClassifier(config=config).fit(SERIES, PACES)


def test_several_labels_and_columns_of_texts_are_refused_with_a_remedy() -> None:
    texts = ["a good film", "a bad film"] * 5
    with pytest.raises(ValueError, match=r"several labels.*anaphora\.train"):
        SequenceClassifier(**FEW).fit(texts, [["good"], ["bad", "old"]] * 5)
    with pytest.raises(ValueError, match="1 column of texts"):
        SequenceClassifier(**FEW).fit(np.array(texts, dtype=object)[:, None], [0, 1] * 5)


def test_the_linear_model_is_a_parameter() -> None:
    assert SequenceClassifier(linear="off", **FEW).fit(SERIES, PACES).model_.config.model.linear == "off"
