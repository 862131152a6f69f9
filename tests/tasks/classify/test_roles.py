"""Each column has one role: the label that was found by its name is no text, channel, id or time as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify import data
from labelled import config, write_csv

TEXTS: dict[str, list[Any]] = {"review": ["good film", "bad film"] * 4, "sentiment": [1, 0] * 4}
STEPS: dict[str, list[Any]] = {
    "trial": [at // 2 for at in range(16)],
    "x": [at * 3 % 7 for at in range(16)],
    "label": ["ab"[at // 2 % 2] for at in range(16)],
}


@pytest.mark.parametrize(
    ("columns", "options", "label", "option"),
    [
        (TEXTS, "--text sentiment", "sentiment", "text"),
        (TEXTS, "--text review,sentiment", "sentiment", "text"),
        (TEXTS, "--columns sentiment", "sentiment", "columns"),
        (TEXTS, "--wide --columns sentiment", "sentiment", "columns"),
        (STEPS, "--id trial --time label", "label", "time"),
        (STEPS, "--id label", "label", "id"),
        (STEPS, "--id trial --columns x,label", "label", "columns"),
    ],
)
def test_the_label_that_was_found_has_no_other_role(
    columns: dict[str, list[Any]], options: str, label: str, option: str, tmp_path: Path
) -> None:
    said = f"Column '{label}' is named by --{option}, and it is the label by its name: a column has one role"
    with pytest.raises(UsageError, match=said):
        data.read(config(*options.split()), [write_csv(tmp_path / "a.csv", columns)])
    with pytest.raises(UsageError, match=said):
        data.from_memory(config(*options.split()), columns)


def test_decimal_labels_are_named_with_the_remedy() -> None:
    columns = {"text": ["good film", "bad film"] * 4, "label": [0.5, 1.5] * 4}
    said = r"column 'label' holds decimal numbers or lists of numbers.*name the column with --label label\."
    with pytest.raises(DataError, match=said):
        data.from_memory(config(), columns)
    named = data.from_memory(config("--label", "label", "--valid", "0.5"), columns)
    assert {label for (label,) in named.train.labels} == {"0.5", "1.5"}
