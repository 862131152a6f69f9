"""Channels: a wrong cell is named and drops no channel, a column that decides the label is told, a huge number too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.errors import DataError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.encoding import encode, reader_of
from labelled import config, write_csv


def series(count: int = 12, steps: int = 4) -> dict[str, list[Any]]:
    """Noise with a step per line: the label of a series is one of two, in no order."""
    draw = random.Random(5)
    labels = draw.sample([0, 1] * (count // 2), count)
    numbers = [number for number in range(count) for _ in range(steps)]
    return {
        "trial": [f"s{number}" for number in numbers],
        "x": [round(draw.random(), 3) for _ in numbers],
        "y": [round(draw.random(), 3) for _ in numbers],
        "label": ["ab"[labels[number]] for number in numbers],
    }


@pytest.mark.parametrize("cell", ["-", "bad", "#DIV/0!", "12%"])
def test_a_cell_that_is_no_number_is_an_error_and_drops_no_channel(cell: str, tmp_path: Path) -> None:
    columns = series()
    columns["x"][3] = cell
    said = f"column 'x' holds \"{cell}\", which is not a number"
    for options in (["--id", "trial"], ["--id", "trial", "--columns", "x"]):
        with pytest.raises(DataError, match=f"line 5: {said}"):
            data.read(config(*options), [write_csv(tmp_path / "a.csv", columns)])
        with pytest.raises(DataError, match=f"row 4: {said}"):
            data.from_memory(config(*options), columns)


def test_columns_without_numbers_name_their_first_value(tmp_path: Path) -> None:
    columns = {name: series()[name] for name in ("trial", "label")} | {"x": ["", "low", "high", "7"] * 12}
    said = r"no numeric column besides 'trial' and 'label': .* line 3: column 'x' holds 'low', which is not a number\."
    with pytest.raises(DataError, match=said):
        data.read(config("--id", "trial"), [write_csv(tmp_path / "a.csv", columns)])


def codes(columns: dict[str, list[Any]]) -> dict[str, str]:
    found = data.from_memory(config("--id", "trial", "--valid", "0.5"), columns).findings
    return {finding.where: finding.code for finding in found}


def test_a_constant_of_each_series_that_decides_the_label_is_told() -> None:
    columns = series()
    assert codes(columns) == {}
    decides = {**columns, "label_id": [7 if label == "a" else 3 for label in columns["label"]]}
    assert codes(decides) == {"column 'label_id'": "label-column"}
    own = {**columns, "age": [20 + int(name[1:]) * 5 % 12 for name in columns["trial"]]}
    assert codes(own) == {}  # each series has an age of its own
    decides["label_id"][0] = 5
    assert codes(decides) == {}  # not constant within the first series
    mixed = {**columns, "site": [int(name[1:]) % 2 for name in columns["trial"]]}
    both = {(site, label) for site, label in zip(mixed["site"], mixed["label"], strict=True)}
    assert (len(both), codes(mixed)) == (4, {})


@pytest.mark.filterwarnings("error")
def test_a_number_whose_square_overflows_is_a_finding_and_is_refused() -> None:
    columns = series()
    columns["x"][3] = 1e308
    settings = config("--id", "trial", "--valid", "0.5")
    corpus = data.from_memory(settings, columns)
    (finding,) = corpus.findings
    assert (finding.code, finding.severity, [place.line for place in finding.rows]) == ("huge-number", "error", [1])
    with pytest.raises(DataError, match=r"number 1 of step 4 is 1e\+308, which is too large to be read"):
        encode(settings, corpus)
    reader = reader_of(settings.data, data.from_memory(settings, series()).train)
    with pytest.raises(DataError, match=r"here: number 2 of step 1 is 1e\+100, which is too large"):
        reader.series(np.array([[0.5, 1e100]]), "here")
