"""A law over all tasks: what a task must provide, and that nothing outside its folder knows it by name."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from anaphora import config as configs
from anaphora.config import Config, config_fields, resolve
from anaphora.runs.report import Report
from anaphora.tasks import registry
from anaphora.tasks.base.declaration import Option, Task
from anaphora.tasks.base.demo import Demo
from anaphora.tasks.base.trained_model import TrainedModel
from anaphora.training.supervised import SupervisedTask
from bad.planted import CLASSIFY, LANGUAGE
from bad.planted_pairs import FILL, TRANSLATE
from bad.planted_tags import TAG

SOURCE = Path(__file__).resolve().parents[2] / "src" / "anaphora"
TASKS = [pytest.param(task, id=task.name) for task in registry.tasks()]
PLANTED = {"language": LANGUAGE, "classify": CLASSIFY, "tag": TAG, "fill": FILL, "translate": TRANSLATE}


@pytest.mark.parametrize("task", TASKS)
def test_options_have_three_sections_and_every_preset_holds(task: Task) -> None:
    assert issubclass(task.config, Config)
    assert list(task.config.model_fields) == ["data", "model", "training"]
    assert issubclass(task.config.model_fields["training"].annotation, configs.Training)  # type: ignore[arg-type]
    assert task.default_preset in task.presets
    for preset in task.presets:
        made = resolve(task.config, task.presets, preset=preset)
        assert isinstance(made, task.config)
    known = {f"{field.section}.{field.key}" for field in config_fields(task.config)}
    assert set(task.search_space) <= known


@pytest.mark.parametrize("task", TASKS)
def test_its_parts_are_there(task: Task) -> None:
    for part, names in {
        "data": ("read", "from_memory"),
        "checks": ("check_files", "check", "describe"),
        "suggest": ("suggest",),
        "predict": ("MODEL",),
        "training": ("TRAINING",),
        "demo": ("DEMO",),
    }.items():
        module = task._part(part)
        assert not [name for name in names if not hasattr(module, name)], part
    assert issubclass(task._part("training").TRAINING, SupervisedTask)
    assert isinstance(task.demo, Demo)


@pytest.mark.parametrize("task", TASKS)
def test_options_of_run_and_eval_are_what_its_model_takes(task: Task) -> None:
    opened = task._part("predict").MODEL
    assert issubclass(opened, TrainedModel)
    assert opened.task == task.name
    for declared, method in ((task.run_options, opened.run), (task.eval_options, opened.score_files)):
        taken = inspect.signature(method).parameters
        open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
        own = {name for name, each in taken.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
        assert open_ended or {option.name for option in declared} == own


def test_options_of_one_name_are_one_option() -> None:
    for kind in ("run_options", "eval_options"):
        found: dict[str, Option] = {}
        for task in registry.tasks():
            for option in getattr(task, kind):
                assert found.setdefault(option.name, option) == option
        flags = [option.flags for option in found.values()]
        assert len(flags) == len(set(flags))


def test_every_task_plants_its_faults() -> None:
    assert {name for name, faults in PLANTED.items() if faults} == set(registry.TASKS)


def test_no_command_knows_a_task_by_name() -> None:
    rooms = [*(SOURCE / "commands").glob("*.py"), *(SOURCE / "tasks" / "base").glob("*.py"), SOURCE / "cli.py"]
    rooms += [*(SOURCE / "training").rglob("*.py"), *(SOURCE / "runs").glob("*.py"), *(SOURCE / "report").glob("*.py")]
    for path in rooms:
        words = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not words & set(registry.TASKS), path


def test_the_report_is_the_same_for_all() -> None:
    assert Report.__subclasses__() == []
