"""Model files and run folders of an earlier version open, answer and go on, though fields have other names today."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import anaphora
from anaphora.config import config_fields
from anaphora.config.old_names import OLD_NAMES, by_current_names
from anaphora.errors import UsageError
from anaphora.metrics import classification, scaling
from anaphora.runs import record
from anaphora.tasks import registry
from frozen import store, worker

SCORED_ON: dict[str, tuple[str, dict[str, Any]]] = {
    "language-char": ("later.txt", {"baseline_text": ["novel.txt"], "max_units": 200}),
    "classify-word": ("unseen.csv", {}),
    "tag-spans": ("more.conll", {}),
    "fill-lstm": ("later.txt", {"baseline_text": ["novel.txt"]}),
    "translate-char": ("b.jsonl", {"beam": 2}),
}
LATER: dict[str, dict[str, dict[str, Any]]] = {
    "language-char": {"data": {"normalize": "none"}},
    "classify-word": {"data": {"normalize": "none"}, "model": {"linear": "off"}},
    "tag-spans": {"data": {"normalize": "none"}, "model": {"bidirectional": True}},
    "fill-lstm": {"data": {"normalize": "none"}},
    "translate-char": {"data": {"normalize": "none"}},
}
"""Options of today, which say what was always done then."""
FINISHED = ("finished-language", "finished-classify")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(store.OLD, tmp_path / "old")
    for facts in (tmp_path / "old").glob("*.run/run.json"):
        facts.write_text(facts.read_text(encoding="utf-8").replace("<old>", str(tmp_path / "old")), encoding="utf-8")
    return tmp_path / "old"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums are added up in the order of the record."""
    threads, ours = torch.get_num_threads(), anaphora.kernels.get_threads()
    torch.set_num_threads(1)
    anaphora.set_threads(1)
    yield
    torch.set_num_threads(threads)
    anaphora.set_threads(ours)


MADE: dict[str, Any] = json.loads((store.OLD / "evaluations.json").read_text(encoding="utf-8"))
"""What `eval --json` said of each model when it was made, and the key of the machine on which it was."""


def close(found: Any, expected: Any) -> bool:
    """Equal, but for the rounding of another processor in numbers."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(close(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    return bool(found == (pytest.approx(expected, rel=1e-4) if isinstance(expected, float) else expected))


def written(run: Path) -> dict[str, dict[str, object]]:
    """The values of a run's config by today's names, found without the program's own table."""
    today = {
        "longest": "max_length", "unknown": "unk_dropout", "rare": "unk_rate", "letters": "characters",
        "letter_embedding": "character_embedding", "letter_hidden": "character_hidden", "steps": "bptt",
        "sampling": "scheduled_sampling",
    }  # fmt: skip
    values = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))
    return {name: {today.get(key, key): value for key, value in keys.items()} for name, keys in values.items()}


NEW_FIGURES = {
    "language-char": {"intervals", "verdict"},
    "classify-word": {"intervals", "cross_fitted", "weights", "alone"},
    "tag-spans": {"intervals", "verdict", "cross_fitted", "uncalibrated_nats"},
    "fill-lstm": {"intervals", "verdict"},
    "translate-char": {"intervals", "cut", "unended", "tokenized", "deciding", "reason"},
}
"""Figures of a score that earlier versions did not have."""


@pytest.mark.parametrize("name", SCORED_ON)
def test_an_old_model_opens_with_its_config_and_evaluates_as_it_did(
    name: str, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(old)
    model = anaphora.load(f"{name}.anaphora")
    expected = written(old / f"{name}.run")
    for section, added in LATER.get(name, {}).items():
        assert not expected[section].keys() & added
        expected[section].update(added)
    assert model.config.model_dump(exclude_none=True) == expected
    before, today = ("floors", "baselines") if name == "fill-lstm" else ("floor", "baseline")
    assert model.card[today] == model.runtime.config["card"][before]
    task = registry.task(registry.open_model(model.runtime).task)
    data, asked = SCORED_ON[name]
    options = {option.name: option.default for option in task.eval_options} | asked
    found, then = model.score_files([data], "utf-8", **options).as_json(), MADE["evaluations"][name]
    assert found.keys() == then.keys() | NEW_FIGURES[name]
    same = {figure: found[figure] for figure in then}
    assert close(same, then), (found, then)


def test_the_baseline_of_an_old_card_stands_beside_the_score_of_its_held_out_text(old: Path) -> None:
    model = anaphora.load(old / "language-char.anaphora")
    text = (old / "novel.txt").read_text(encoding="utf-8")
    held_out = text[-model.card["held_out_units"] :]
    assert model.evaluate(held_out).baseline_nats == model.runtime.config["card"]["floor"]["nats_per_unit"]


def unpenalised(scores: Any, targets: Any, multi: bool) -> float:
    """The temperature of earlier versions: the one from 0.05 to 20 with the fewest nats."""
    tried = np.geomspace(0.05, 20.0, 2001)
    return float(min(tried, key=lambda t: classification.nats(scores, targets, float(t), multi).sum()))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", SCORED_ON)
def test_an_old_run_goes_on_to_the_weights_of_the_run_that_was_never_stopped(
    name: str, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit on a machine that computes as the one of the record. Another one, whose matrix products round in
    another way, stays within what 13 steps of Adam make of a rounding: its step divides by a gradient's own size, so
    that of a gradient near 0, rounding changes the direction. A classifier's best step was chosen at a temperature
    from 0.05 to 20 without a penalty.
    """
    monkeypatch.setattr(scaling, "temperature", unpenalised)
    resumed = anaphora.resume(old / f"{name}.run")
    whole = anaphora.load(old / f"{name}.anaphora")
    assert resumed.runtime.tensors.keys() == whole.runtime.tensors.keys()
    same_machine = worker.key() == MADE["key"]
    for key, tensor in whole.runtime.tensors.items():
        rtol, atol = (0.0, 0.0) if same_machine else (1e-3, 1e-5)
        np.testing.assert_allclose(resumed.runtime.tensors[key], tensor, rtol=rtol, atol=atol, err_msg=key)


@pytest.mark.parametrize("name", [*SCORED_ON, *FINISHED])
def test_an_old_run_is_shown_by_current_names(name: str, old: Path) -> None:
    assert record.read(old / f"{name}.run").config == written(old / f"{name}.run")


def test_a_person_s_config_with_an_old_name_is_refused(old: Path) -> None:
    with pytest.raises(UsageError, match=r"\[training\] has no key 'steps'"):
        anaphora.train("language", [old / "novel.txt"], config=old / "language-char.run" / "config.toml")


def test_old_names_are_no_names_of_today_and_new_ones_are() -> None:
    today: dict[str, set[str]] = {}
    for task in registry.tasks():
        for field in config_fields(task.config):
            today.setdefault(field.section, set()).add(field.key)
    for section, names in OLD_NAMES.items():
        assert today[section] & set(names) == set()
        assert set(names.values()) <= today[section]
    assert by_current_names({"data": {"longest": 3, "lower": True}, "x": 5}) == {  # type: ignore[dict-item]
        "data": {"max_length": 3, "lower": True},
        "x": 5,
    }
