"""Suggest a config from labelled data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from anaphora.config.toml import Suggestion
from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.tasks.base.suggest import preset_for
from anaphora.tasks.classify.data import columns_of, rows_of
from anaphora.tasks.classify.encoding import suggest_units
from anaphora.tasks.classify.settings import ClassifyConfig, Data

_UNEVEN = 50  # times as many rows


def suggest(paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
    """Suggest columns, units of a text, and values for the number of rows; raises as `Task.suggest` does."""
    data = Data(**given)
    tables = read_tables([str(path) for path in paths], data.encoding, data.header)
    columns = columns_of(ClassifyConfig(data=data), tables)
    rows = rows_of(tables, columns, data)
    preset = preset_for(len(rows), small=2_000, large=200_000)
    read: dict[str, Any] = {"label": columns.label}
    reasons = {"data.label": f"chosen from the columns {', '.join(tables[0].columns)}"}
    if isinstance(rows.inputs, Ragged):
        read["columns"] = ",".join(columns.channels)
        reasons["data.columns"] = "the columns of numbers"
        read |= {name: value for name, value in (("id", columns.id), ("time", columns.time)) if value}
        missing = int(np.isnan(rows.inputs.steps).sum())
        if missing:
            read["missing"] = "mean"
            reasons["data.missing"] = f"{missing:,} numbers are missing"
    else:
        read |= {"text": ",".join(columns.text), "units": suggest_units(rows.inputs)}
        reasons["data.units"] = (
            "rows have fewer than 3 words on average"
            if read["units"] == "char"
            else "rows have 3 words or more on average"
        )
    values: dict[str, dict[str, Any]] = {"data": read}
    counts = Counter(label for labels in rows.labels for label in labels).most_common()
    if not columns.multi and counts[0][1] > _UNEVEN * counts[-1][1]:
        values["training"] = {"class_weights": "root"}
        reasons["training.class_weights"] = (
            f"{counts[0][0]!r} has {counts[0][1]:,} rows and {counts[-1][0]!r} {counts[-1][1]:,}"
        )
    return Suggestion(preset, values, reasons)
