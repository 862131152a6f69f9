"""Lists that are written as text in a cell are neither texts nor labels: refused, with the command to convert them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from anaphora.data.batches import Ragged
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import DataError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.columns import choose
from anaphora.tasks.classify.settings import Data
from labelled import config, write_csv

LABELS = ["a", "b"] * 4


@pytest.mark.parametrize(
    "value", ["[{}, 2.5, nan]", "[{} 2.5\n 3.]", "{} 2.5 1e-3", "({}; 2.5)", "[[{}, 1], [2, 3]]", "[{}]"]
)
def test_numbers_in_a_cell_are_no_text(value: str) -> None:
    columns = {"x": [value.format(at + 0.5) for at in range(8)], "label": LABELS}
    with pytest.raises(DataError, match=r"column 'x' holds lists of numbers that are written as text, such as"):
        choose(Data(), Frame(columns))
    assert choose(Data(text="x"), Frame(columns)).text == ("x",)
    assert choose(Data(), Frame({"Text": columns["x"], "label": LABELS})).text == ("Text",)
    assert choose(Data(), Frame({**columns, "review": ["so good", "so bad"] * 4})).text == ("review",)


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_command_of_the_message_makes_the_series(
    separator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[at + 0.5, 2.0, -1e-3] for at in range(8)]
    path = write_csv(tmp_path / "a.csv", {"x": rows, "label": LABELS})
    if separator == ";":
        path.write_text(re.sub(r"\"(.*)\",", r"\1;", path.read_text()).replace("x,label", "x;label"))
    with pytest.raises(DataError) as refused:
        data.read(config(), [path])
    (command,) = re.findall(r'python -c "(.*)"', str(refused.value))
    monkeypatch.chdir(tmp_path)
    exec(command, {})
    corpus = data.read(config("--valid", "0.5"), [tmp_path / "series.jsonl"])
    found = [part.inputs.row(row)[:, 0].tolist() for part in (corpus.train, corpus.held_out) for row in range(len(part))
             if isinstance(part.inputs, Ragged)]  # fmt: skip
    assert sorted(found) == rows


@pytest.mark.parametrize("value", ["['a', 'b']", '["a"]', "[]", "[1, 2]", "['it''s', \"b\", 'c']"])
def test_lists_in_a_cell_are_no_label(value: str) -> None:
    columns: dict[str, list[Any]] = {"text": ["so good", "so bad"] * 4, "labels": [value] * 8}
    with pytest.raises(DataError, match=r"column 'labels' holds lists that are written as text.*--separator '\|'"):
        choose(Data(), Frame(columns))


def test_a_label_in_brackets_is_a_label() -> None:
    columns = {"text": ["so good", "so bad"] * 4, "label": ["[positive]", "[negative]"] * 4}
    assert choose(Data(), Frame(columns)).label == "label"
