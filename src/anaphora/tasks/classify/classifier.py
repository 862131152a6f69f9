"""A trained classifier on the runtime alone: rows in, scores, probabilities and labels out.

A row's numbers are the same bits whatever rows it is read with: rows are sorted by length and cut into batches only to
save time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged, edges
from anaphora.errors import CorruptBundle, IncompatibleBundle
from anaphora.metrics.classification import Floats, probabilities
from anaphora.runtime import Model, load
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.encoding import Reader

THRESHOLD = 0.5  # of several labels, those at least as likely as this are given
_ROWS_AT_ONCE = 256
_STEPS_AT_ONCE = 2**16


class Guess(NamedTuple):
    """What a row was given: labels, the likeliest first, each with its probability; one, or any number."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]


class Classifier:
    """A model with all it needs to read rows and to name labels."""

    def __init__(self, model: Model) -> None:
        """Raises IncompatibleBundle if the model is no classifier, CorruptBundle if it lacks what one needs."""
        task = model.config.get("task")
        if task != "classify":
            raise IncompatibleBundle(
                f"Expected a model that gives labels, made by `anaphora train classify`; this one is of {task!r}."
            )
        units = model.config.get("units", {})
        self.model = model
        self.reader = Reader.restore(units, model.tensors)
        try:
            self.labels = tuple(units["labels"])
            self.multi: bool = units["multi"]
            self.temperature: float = units["temperature"]
            self.separator: str | None = units["separator"]
            self.columns = Columns(**{name: _tuples(value) for name, value in units["columns"].items()})
        except (KeyError, TypeError) as error:
            raise CorruptBundle(f"The model lacks what names its labels: {error}.") from error
        if model.width != len(self.labels):
            raise IncompatibleBundle(f"The file names {len(self.labels)} labels, but its network scores {model.width}.")

    @classmethod
    def open(cls, path: str | Path) -> Classifier:
        """The classifier in a file; raises as `runtime.load` does, too."""
        return cls(load(path))

    def scores(self, rows: Ragged) -> NDArray[np.float32]:
        """What the network says of encoded rows, (B, K) logits."""
        return scores(self.model, rows)

    def probabilities(self, rows: Ragged) -> Floats:
        """(B, K); they sum to 1, or with several labels each is one by itself."""
        return probabilities(self.scores(rows), self.temperature, self.multi)

    def read(self, inputs: Sequence[Any]) -> Ragged:
        """Encode texts, or series (T, C); raises DataError for one that cannot be read."""
        if self.reader.scale is None:
            return Ragged.of([self.reader.text(text) for text in inputs], np.zeros(0, np.int32))
        series = [self.reader.series(np.asarray(row, np.float64), f"row {at}") for at, row in enumerate(inputs, 1)]
        return Ragged.of(series, np.zeros((0, self.reader.channels), np.float32))

    def predict(self, inputs: Sequence[Any]) -> list[Guess]:
        """The labels of texts, or of series (T, C)."""
        return [self.named(row) for row in self.probabilities(self.read(inputs))]

    def named(self, row: Floats, top: int | None = None) -> Guess:
        """Probabilities (K,) as a guess: the `top` likeliest; else the likeliest, or all that are likely enough."""
        order = np.argsort(-row, kind="stable")
        if top is None:
            top = int((row >= THRESHOLD).sum()) if self.multi else 1
        picked = order[:top].tolist()
        return Guess(tuple(self.labels[label] for label in picked), tuple(float(row[label]) for label in picked))


def scores(model: Model, rows: Ragged) -> NDArray[np.float32]:
    """What a model that pools says of rows, (B, K) in their order."""
    found = np.zeros((len(rows.ends), model.width), dtype=np.float32)
    if not len(found):
        return found
    lengths = rows.lengths
    order = np.argsort(lengths, kind="stable")
    cuts = edges(lengths[order], _STEPS_AT_ONCE, _ROWS_AT_ONCE)
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        batch = rows.take(order[begin:end])
        found[order[begin:end]], _ = model.forward(batch.padded(), batch.lengths)
    return found


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def settings(reader: Reader, labels: Sequence[str], columns: Columns, separator: str | None) -> Mapping[str, Any]:
    """What a bundle says of a classifier under `units`, but for its temperature."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(columns).items()}
    return {
        **reader.settings(),
        "labels": list(labels),
        "multi": columns.multi,
        "separator": separator,
        "columns": plain,
    }
