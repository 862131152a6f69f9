"""Labelled rows as they are read: texts or series, each with its labels and its location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.tables import InTables, Table
from anaphora.tasks.classify.inputs import Inputs, Labels, LabelValue
from anaphora.tasks.classify.series import StepOrder


@dataclass(frozen=True)
class Rows(InTables):
    """Texts or series (float64, NaN for a missing number), each with its labels and its location."""

    inputs: Inputs
    labels: tuple[Labels, ...]
    tables: tuple[Table, ...]
    places: NDArray[np.int64]  # (B, 2): number of the table, number of the row in it
    order: StepOrder | None = None  # of the steps, if times order them
    split: tuple[int, ...] = ()  # series with lines in several tables
    values: Mapping[str, LabelValue] = field(default_factory=dict)  # of labels that are no texts, by name

    def __len__(self) -> int:
        return len(self.labels)

    @staticmethod
    def joined(several: Sequence[Rows]) -> Rows:
        """Return the rows of several parts of the same tables, one after another."""
        first = several[0]
        series = [rows.inputs for rows in several if isinstance(rows.inputs, Ragged)]
        inputs: Inputs = tuple(text for rows in several if not isinstance(rows.inputs, Ragged) for text in rows.inputs)
        if series:
            ends = np.cumsum(np.concatenate([each.lengths for each in series]))
            inputs = Ragged(np.concatenate([each.steps for each in series]), ends)
        labels = tuple(own for rows in several for own in rows.labels)
        places = np.concatenate([rows.places for rows in several])
        return Rows(inputs, labels, first.tables, places, values=first.values)

    def take(self, rows: NDArray[np.int64]) -> Rows:
        """Return the rows with numbers `rows` (n,)."""
        inputs = self.inputs.take(rows) if isinstance(self.inputs, Ragged) else tuple(self.inputs[row] for row in rows)
        return Rows(inputs, tuple(self.labels[row] for row in rows), self.tables, self.places[rows], values=self.values)
