"""Model files and run folders of an earlier version open, answer and go on, though fields have other names today."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

import anaphora
from anaphora.config import config_fields
from anaphora.config.old_names import OLD_NAMES, by_current_names
from anaphora.errors import UsageError
from anaphora.runs import record
from anaphora.tasks import registry

OLD = Path(__file__).resolve().parent.parent / "frozen" / "old"
SCORED_ON = {
    "language-char": "later.txt",
    "classify-word": "unseen.csv",
    "tag-spans": "more.conll",
    "fill-lstm": "later.txt",
    "translate-char": "b.jsonl",
}
FINISHED = ("finished-language", "finished-classify")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(OLD, tmp_path / "old")
    for facts in (tmp_path / "old").glob("*.run/run.json"):
        facts.write_text(facts.read_text(encoding="utf-8").replace("<old>", str(tmp_path / "old")), encoding="utf-8")
    return tmp_path / "old"


def written(run: Path) -> dict[str, dict[str, object]]:
    """The values of a run's config by today's names, found without the program's own table."""
    today = {
        "longest": "max_length", "unknown": "unk_dropout", "rare": "unk_rate", "letters": "characters",
        "letter_embedding": "character_embedding", "letter_hidden": "character_hidden", "steps": "bptt",
        "sampling": "scheduled_sampling",
    }  # fmt: skip
    values = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))
    return {name: {today.get(key, key): value for key, value in keys.items()} for name, keys in values.items()}


@pytest.mark.parametrize("name", SCORED_ON)
def test_an_old_model_opens_with_its_config_and_evaluates(name: str, old: Path) -> None:
    model = anaphora.load(old / f"{name}.anaphora")
    values = written(old / f"{name}.run")
    for section, defaults in type(model.config)().model_dump(exclude_none=True).items():
        new = {"model": {"bidirectional"}}.get(section, set()) if name == "tag-spans" else set()
        values[section] |= {key: defaults[key] for key in new}  # fields that the earlier version did not have
    assert model.config.model_dump(exclude_none=True) == values
    before, today = ("floors", "baselines") if name == "fill-lstm" else ("floor", "baseline")
    assert model.card[today] == model.runtime.config["card"][before]
    task = registry.task(registry.open_model(model.runtime).task)
    options = {option.name: option.default for option in task.eval_options}
    score = model.score_files([str(old / SCORED_ON[name])], "utf-8", **options)
    assert all(np.isfinite(value) for value in score.as_json().values() if isinstance(value, float))


def test_the_baseline_of_an_old_card_stands_beside_the_score_of_its_held_out_text(old: Path) -> None:
    model = anaphora.load(old / "language-char.anaphora")
    text = (old / "novel.txt").read_text(encoding="utf-8")
    held_out = text[-model.card["held_out_units"] :]
    assert model.evaluate(held_out).baseline_nats == model.runtime.config["card"]["floor"]["nats_per_unit"]


@pytest.mark.parametrize("name", SCORED_ON)
def test_an_old_run_goes_on_to_the_weights_of_the_run_that_was_never_stopped(name: str, old: Path) -> None:
    resumed = anaphora.resume(old / f"{name}.run")
    whole = anaphora.load(old / f"{name}.anaphora")
    assert resumed.runtime.tensors.keys() == whole.runtime.tensors.keys()
    for key, tensor in whole.runtime.tensors.items():
        np.testing.assert_allclose(resumed.runtime.tensors[key], tensor, rtol=1e-3, atol=1e-5, err_msg=key)


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
