"""Of every task that reads text, `normalize="nfc"` reads either form alike, and `check` names words in both forms."""

from __future__ import annotations

import importlib
import unicodedata
from typing import Any

import numpy as np
import pytest

import anaphora
from anaphora.config import resolve
from anaphora.tasks import registry

LINES = ["der Café ist für Zoé schön", "ein Öl für den Rosé", "Zoé sieht den Café und das Öl", "für Zoé ein Rosé"] * 60
DATA: dict[str, Any] = {
    "language": "\n".join(LINES),
    "fill": "\n".join(LINES),
    "translate": (LINES, LINES[1:] + LINES[:1]),
    "classify": (LINES, ["a", "b"] * 120),
    "tag": ([line.split() for line in LINES], [["XY"[len(word) % 2] for word in line.split()] for line in LINES]),
}
FEW: dict[str, Any] = {"max_steps": 1, "hidden": 4, "embedding": 4, "valid": 0.2, "progress": False}


def typed(data: Any, form: Any) -> Any:
    """Return all texts of data in a form."""
    if isinstance(data, str):
        return unicodedata.normalize(form, data)
    return type(data)(typed(each, form) for each in data)


def answered(model: Any, task: str, line: str) -> Any:
    if task == "language":
        return model.generate(line, 8, seed=1), model.next(line), model.open_stream().feed(line + "\n").tolist()
    if task == "fill":
        return model.fill(f"{line} ___ {line}")
    return model.translate([line]) if task == "translate" else model.predict([line.split() if task == "tag" else line])


@pytest.mark.parametrize("task", DATA)
def test_either_form_gives_one_model_one_score_and_one_answer(task: str) -> None:
    few = FEW | ({"batch": 1, "bptt": 8} if task in ("language", "fill") else {})
    apart, composed = typed(DATA[task], "NFD"), typed(DATA[task], "NFC")
    model = anaphora.train(task, apart, normalize="nfc", **few)
    other = anaphora.train(task, composed, normalize="nfc", **few)
    assert all(np.array_equal(model.runtime.tensors[name], held) for name, held in other.runtime.tensors.items())
    assert model.config.data.normalize == model.runtime.config["units"]["normalize"] == "nfc"
    again = type(model)(model.runtime)
    for line in typed(LINES[:3], "NFC"):
        assert answered(again, task, typed(line, "NFD")) == answered(other, task, line)
    scores = [each.evaluate(data).as_json() for each, data in ((again, apart), (other, composed))]
    for score in scores:
        for name in ("bits_per_byte", "baseline_note", "baseline_nats", "report", "verdict"):
            score.pop(name, None)
    assert scores[0] == scores[1]


@pytest.mark.parametrize("task", DATA)
def test_check_names_words_in_both_forms(task: str) -> None:
    data, declared = DATA[task], registry.task(task)
    if isinstance(data, str):
        mixed: Any = typed(data[:300], "NFC") + typed(data[300:], "NFD")
    else:
        mixed = tuple(typed(side[:100], "NFC") + typed(side[100:], "NFD") for side in data)
    reading, checks = (importlib.import_module(f"anaphora.tasks.{task}.{name}") for name in ("data", "checks"))
    for form, expected in (("none", True), ("nfc", False)):
        settings = resolve(declared.config, declared.presets, options=["--normalize", form])
        found = checks.check(settings, reading.from_memory(settings, mixed))
        assert ("spelling" in [each.code for each in found]) == expected
