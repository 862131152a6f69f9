"""A classifier of sequences for scikit-learn: `fit`, `predict`, `score`, in pipelines and searches.

    cross_val_score(SequenceClassifier(hidden=32, minutes=1), X, y)

    X = texts | series, an array (T, I) or (T,) each | an array (B, T, I) | an array (B, T) of one channel

A fitted estimator holds its model as the bytes of a model file, so it can be copied and sent to another process.
`estimator.model_.save(path)` writes the model file, and `anaphora.load(path)` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import bundle, runtime
from anaphora.api import train
from anaphora.data.batches import Ragged
from anaphora.data.in_memory import is_sequence
from anaphora.errors import DataError, MissingExtra, UsageError, WrongArgument
from anaphora.formatting import counted
from anaphora.tasks.classify.inputs import Inputs
from anaphora.tasks.classify.memory import count, inputs
from anaphora.tasks.classify.predict import Classifier

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import assert_all_finite, check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as missing:
    raise MissingExtra("train", "anaphora.SequenceClassifier", missing="scikit-learn") from missing

_OURS = ("config", "random_state", "progress")  # arguments that are not fields of the config
_ELSEWHERE = {
    "folds": "cross-validate with sklearn.model_selection.cross_val_score(estimator, X, y, cv=5)",
    "test": "keep a test part with sklearn.model_selection.train_test_split, and score it with estimator.score(X, y)",
}  # fields of the config whose work scikit-learn does
_KEPT_OPEN = 8  # models of fitted estimators


class WrongRows(DataError, ValueError):
    """Rows or labels that cannot be read or fitted; also a ValueError."""


class SequenceClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A recurrent network that predicts a label for each sequence.

    The arguments are fields of the task `classify` by name; `config` is a mapping of other fields. `fit` holds out the
    share `valid` of the rows and keeps the weights with the best validation loss. After `fit`, the estimator has
    `classes_` (K,), `n_features_in_` (T for rows (B, T), I for other series, 1 for texts) and `model_`.
    """

    classes_: NDArray[Any]
    n_features_in_: int
    layout_: str
    model_bytes_: bytes
    order_: list[int]  # the column of each class in the output of the model

    def __init__(
        self,
        cell: str = "gru",
        hidden: int | None = None,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "max",
        linear: str = "on",
        embedding: int = 128,
        output_dropout: float = 0.5,
        learning_rate: float = 3e-3,
        batch: int | None = None,
        epochs: float | None = None,
        max_steps: int | None = None,
        minutes: float | None = None,
        valid: float = 0.1,
        missing: str = "refuse",
        class_weights: str = "none",
        device: str = "auto",
        config: Mapping[str, Any] | None = None,
        random_state: Any = None,
        progress: bool = False,
    ) -> None:
        self.cell = cell
        self.hidden = hidden
        self.layers = layers
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.linear = linear
        self.embedding = embedding
        self.output_dropout = output_dropout
        self.learning_rate = learning_rate
        self.batch = batch
        self.epochs = epochs
        self.max_steps = max_steps
        self.minutes = minutes
        self.valid = valid
        self.missing = missing
        self.class_weights = class_weights
        self.device = device
        self.config = config
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any) -> SequenceClassifier:
        """Train on B rows X with labels y (B,), and return the estimator.

        Raises a ValueError that is also a DataError or a UsageError for wrong rows, labels or arguments.
        """
        read = self._read(X, fitting=True)
        codes = self._coded(y, count(read))
        names, classes = _names(self.classes_), self.classes_.tolist()
        labels = classes if names == list(map(str, classes)) else names
        with _value_errors():
            fields = self._fields()
            data = (read, [labels[code] for code in codes])
            model = train("classify", data, config={**(self.config or {}), **fields}, progress=self.progress)
        self.model_bytes_ = model.to_bytes()
        self.order_ = [model.labels.index(name) for name in names]
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability (B, K) of each class for B rows X, in the order of `classes_`; each row sums to 1.

        Raises a ValueError that is also a DataError for rows that cannot be read.
        """
        check_is_fitted(self, "model_bytes_")
        read = self._read(X, fitting=False)
        with _value_errors():
            found: NDArray[np.float64] = self.model_.probabilities(read)[:, self.order_]
        return found

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class (B,) of B rows X; raises as `predict_proba` does."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[likeliest]
        return found

    @property
    def model_(self) -> Classifier:
        """The trained `Classifier`, with `save` and `card`."""
        check_is_fitted(self, "model_bytes_")
        return _opened(self.model_bytes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = self.missing == "mean"
        return tags

    def _fields(self) -> dict[str, Any]:
        """Return the arguments that are fields, and the seed."""
        fields = {name: value for name, value in self.get_params(deep=False).items() if name not in _OURS}
        for name, value in (self.config or {}).items():
            for key in value if isinstance(value, Mapping) else [name]:
                if key in fields:
                    raise UsageError(f"{key!r} is an argument of SequenceClassifier: set the argument, not config.")
                if key in _ELSEWHERE:
                    raise UsageError(f"config has no place for {key!r} here: {_ELSEWHERE[key]}.")
                if key == "seed":
                    raise UsageError("The seed is the argument random_state: set random_state, not config.")
        return {**fields, "seed": int(check_random_state(self.random_state).randint(2**31 - 1))}

    def _coded(self, y: Any, rows: int) -> NDArray[np.int64]:
        """Set `classes_` (K,), and return the index (B,) of each label in it."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if isinstance(y, list | tuple) and any(isinstance(one, list | tuple | set) and len(one) != 1 for one in y):
            raise WrongRows(
                "y has rows with several labels, or with none; expected one label for each row. For several labels per"
                ' row, use anaphora.train("classify", (X, y)).'
            )
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        if len(labels) != rows:
            raise WrongRows(
                f"There are {counted(rows, 'row')} and {counted(len(labels), 'label')}; expected a label for each row."
            )
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise WrongRows(f"Expected at least 2 classes, got 1 class, {classes[0]!r}, in n_samples = {rows} rows.")
        self.classes_ = classes
        return np.asarray(codes, dtype=np.int64)

    def _read(self, X: Any, fitting: bool) -> Inputs:
        """Return rows as inputs of the task; set `layout_` and `n_features_in_`, or compare them with `fit`'s."""
        layout = _layout(X)
        if not fitting and layout != self.layout_:
            raise WrongRows(f"{type(self).__name__} was fitted on {self.layout_}, but X has {layout}.")
        if layout == "rows":
            _refuse_columns_of_texts(X)
            finite = "allow-nan" if self.missing == "mean" else True
            X = validate_data(self, X, reset=fitting, dtype=np.float64, ensure_all_finite=finite)
        with _value_errors():
            read = inputs(X)
        if not count(read):
            raise WrongRows("X has no rows: at least one is needed.")
        if layout != "rows":
            wide = read.steps.shape[1] if isinstance(read, Ragged) else 1
            if fitting:
                self.n_features_in_ = wide
            elif wide != self.n_features_in_:
                raise WrongRows(
                    f"X has {counted(wide, 'number')} per step; {type(self).__name__} expects {self.n_features_in_}."
                )
        self.layout_ = layout
        return read


def _layout(X: Any) -> str:
    """Return the kind of rows: texts; series, each with its own length; or rows of one length (B, T)."""
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        return "series" if len(shape) == 3 else "rows"
    items = list(X) if is_sequence(X) else []
    if items and isinstance(items[0], str):
        return "texts"
    if not all(map(is_sequence, items)):
        return "rows"
    arrays = any(isinstance(item, np.ndarray) for item in items)
    nested = any(is_sequence(step) for item in items for step in item[:1])
    return "series" if arrays or nested or len({len(item) for item in items}) > 1 else "rows"


def _refuse_columns_of_texts(X: Any) -> None:
    """Raise WrongRows for texts in columns (B, n): of a data frame, or of an array with a second axis."""
    table = np.asarray(X) if hasattr(X, "shape") else None
    if table is not None and table.ndim == 2 and table.size and isinstance(table.flat[0], str):
        raise WrongRows(
            f"X has {counted(table.shape[1], 'column')} of texts; expected texts (B,). Give one column: X[:, 0] of an"
            " array, X['name'] of a data frame."
        )


def _names(classes: NDArray[Any]) -> list[str]:
    """Return names of classes (K,): the classes as text, or numbered names if the texts are blank or equal."""
    names = [str(label) for label in classes.tolist()]
    if all(name and name == name.strip() for name in names) and len(set(names)) == len(names):
        return names
    return [f"class {number}" for number in range(len(names))]


@lru_cache(maxsize=_KEPT_OPEN)
def _opened(raw: bytes) -> Classifier:
    return Classifier(runtime.Model(bundle.from_bytes(raw)))


@contextmanager
def _value_errors() -> Iterator[None]:
    """Raise the errors of arguments and rows as ValueError, which scikit-learn expects."""
    try:
        yield
    except MissingExtra:
        raise
    except UsageError as error:
        raise WrongArgument(str(error)) from error
    except DataError as error:
        raise WrongRows(str(error)) from error
