"""Options of `run` and `eval` that would have no effect beside the others are refused, and never ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anaphora.commands.options import chosen
from anaphora.config import Requirement, config_fields, resolve, without_useless
from anaphora.config.toml import render
from anaphora.errors import UsageError
from anaphora.tasks import registry
from anaphora.tasks.base.declaration import Task

CASES = [
    pytest.param(task, requirement, name, id=f"{task.name} {name} {requirement.other}")
    for task in registry.tasks()
    for requirement in task.requirements
    for name in requirement.names
]


def given(task: Task, **values: Any) -> dict[str, Any]:
    """Every option of `run`, not given but for these."""
    return {option.name: None for option in task.run_options} | values


@pytest.mark.parametrize(("task", "requirement", "name"), CASES)
def test_an_option_without_effect_is_refused(task: Task, requirement: Requirement, name: str) -> None:
    flags = {option.name: option.flags for option in task.run_options}
    least = requirement.least(0) if callable(requirement.least) else requirement.least
    enough = {requirement.other: requirement.values[0] if requirement.values else max(least, 1)}
    needed = {
        each.other: True
        for each in task.requirements
        if not each.forbidden and {requirement.other, name} & {*each.names}
    }
    value = {name: 3 if name in ("temperature", "top_k") else 0}
    if requirement.values:
        enough |= needed
    without, beside = given(task, **value), given(task, **value, **enough)
    refused, accepted = (beside, without) if requirement.forbidden else (without, beside)
    with pytest.raises(UsageError, match=f"^{flags[name]} has no effect with.*{flags[requirement.other]}"):
        chosen(task, task.run_options, refused)
    others = [each for each in task.requirements if each is not requirement and name in each.names]
    if not others:
        assert chosen(task, task.run_options, accepted)[name] == value[name]


@pytest.mark.parametrize(
    ("task", "fixed", "searched"),
    [
        ("classify", ["--attention", "24"], ["--pooling", "mean"]),
        ("classify", ["--pooling", "mean"], ["--attention", "24"]),
        ("language", ["--dropout", "0.37"], ["--layers", "1"]),
        ("translate", ["--attention-size", "24"], ["--model.attention", "general"]),
        ("translate", ["--vocabulary", "77"], ["--units", "byte"]),
        ("fill", ["--patience", "8"], ["--evaluations", "3"]),
    ],
)
def test_the_best_config_of_a_search_is_one_that_train_takes(
    task: str, fixed: list[str], searched: list[str], tmp_path: Path
) -> None:
    declared = registry.task(task)
    varied = [
        f"{each.section}.{each.key}"
        for each in config_fields(declared.config)
        if searched[0] in (each.flag, each.short)
    ]
    usual: Any = {"presets": declared.presets, "preset": declared.default_preset}
    with pytest.raises(UsageError, match="has no effect"):
        resolve(declared.config, **usual, options=[*fixed, *searched])
    best = resolve(declared.config, **usual, options=[*fixed, *searched], varied=varied)
    (tmp_path / "best.toml").write_text(render(without_useless(best)), encoding="utf-8")
    again = resolve(declared.config, **usual, file=tmp_path / "best.toml")
    useful = searched if fixed[0] != "--pooling" else fixed
    assert again == resolve(declared.config, **usual, options=useful)


def test_the_messages_name_the_remedy() -> None:
    translate, language = registry.task("translate"), registry.task("language")
    for task, values, message in (
        (translate, {"seed": 0}, "--seed has no effect without --sample: set --sample, or leave --seed out."),
        (
            translate,
            {"length_penalty": 0.5, "beam": 1},
            "--length-penalty has no effect without --beam 2 or more: set --beam 2 or more, or leave --length-penalty"
            " out.",
        ),
        (
            translate,
            {"coverage": 0.1, "sample": True},
            "--coverage has no effect with --sample: leave one of them out.",
        ),
        (
            language,
            {"seed": 0, "temperature": 0.0},
            "--seed has no effect with --temperature 0: leave one of them out.",
        ),
        (language, {"top_p": 0.5, "top_k": 1}, "--top-p has no effect with --top-k 1: leave one of them out."),
        (language, {"seed": 0, "following": 3}, "--seed has no effect with --next: leave one of them out."),
    ):
        with pytest.raises(UsageError) as refused:
            chosen(task, task.run_options, given(task, **values))
        assert str(refused.value) == message
    assert chosen(translate, translate.run_options, given(translate, sample=True, seed=0, top_k=3))["seed"] == 0
    assert chosen(translate, translate.run_options, given(translate, beam=2, length_penalty=0.5))["beam"] == 2
