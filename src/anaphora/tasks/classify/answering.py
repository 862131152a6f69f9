"""Lines in, labels out: what `anaphora run` does with a classifier.

A line is a text, or a JSON object with the columns that the classifier was trained on. The answer is the label, its
probability and the text, with tabs between them; or as JSON the same object with `label` and `probability` (of several
labels `labels` and `probabilities`). Each line is answered by itself, whatever stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from anaphora.data.batches import Ragged
from anaphora.data.files.lines import Line
from anaphora.errors import DataError
from anaphora.runtime import Model
from anaphora.tasks.classify.classifier import Classifier, Guess
from anaphora.tasks.classify.inputs import series_of, text_of, wide_series_of

_BETWEEN = ","  # labels, where the data declared no separator


class Answers:
    """A classifier that answers lines; `top` asks for so many labels of each, likely or not."""

    def __init__(self, model: Model, as_json: bool, top: int | None = None) -> None:
        self.classifier = Classifier(model)
        self.as_json, self.top = as_json, top
        self.blank = "{}" if as_json else "\t\t"  # stands for a line that could not be read

    def __call__(self, lines: Sequence[Line]) -> list[str | DataError]:
        """An answer to each line, or what is wrong with it."""
        answers: list[Any] = [self._read(line) for line in lines]
        good = [at for at, read in enumerate(answers) if not isinstance(read, DataError)]
        encoded = [answers[at][1] for at in good]
        empty = encoded[0][:0] if encoded else np.zeros(0, np.int32)
        for at, row in zip(good, self.classifier.probabilities(Ragged.of(encoded, empty)), strict=True):
            guess = self.classifier.named(row, self.top)
            item = answers[at][0]
            answers[at] = self._object(item, guess) if self.as_json else self._fields(item, guess)
        return answers

    def _read(self, line: Line) -> tuple[dict[str, Any], Any] | DataError:
        """A line as an object, and as the network reads it."""
        try:
            item = self._item(line)
            classifier = self.classifier
            names = classifier.columns.inputs
            missing = [name for name in names if name not in item]
            if missing:
                return DataError(f"{line.where}: there is no '{missing[0]}' in it; there are: {', '.join(item)}.")
            values = [item[name] for name in names]
            if classifier.reader.scale is None:
                return item, classifier.reader.text(text_of(values, line.where))
            read = wide_series_of if classifier.columns.wide else series_of
            return item, classifier.reader.series(read(values, names, line.where), line.where)
        except DataError as error:
            return error

    def _item(self, line: Line) -> dict[str, Any]:
        try:
            text = line.text.decode()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{line.where} is not UTF-8: its byte {error.start} is {line.text[error.start]:#04x}. Convert it first,"
                " for example with iconv -t utf-8."
            ) from error
        if not line.json:
            if len(self.classifier.columns.text) != 1:
                columns = ", ".join(self.classifier.columns.inputs)
                raise DataError(f"{line.where}: the classifier reads {columns}: give a JSON object with them.")
            return {self.classifier.columns.text[0]: text}
        try:
            item = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{line.where} is not JSON: {error}.") from error
        if not isinstance(item, dict):
            raise DataError(f"{line.where} is no JSON object; expected one with {self.classifier.columns.inputs}.")
        return item

    def _object(self, item: dict[str, Any], guess: Guess) -> str:
        if self.classifier.multi or self.top is not None:
            added: dict[str, Any] = {"labels": guess.labels, "probabilities": guess.probabilities}
        else:
            added = {"label": guess.labels[0], "probability": guess.probabilities[0]}
        return json.dumps({**item, **added}, ensure_ascii=False)

    def _fields(self, item: dict[str, Any], guess: Guess) -> str:
        between = self.classifier.separator or _BETWEEN
        labels = between.join(" ".join(label.split()) for label in guess.labels)
        chances = between.join(f"{chance:.4f}" for chance in guess.probabilities)
        text = [str(item[name]) for name in self.classifier.columns.text]
        return "\t".join([labels, chances, *(" ".join(part.split()) for part in text)])
