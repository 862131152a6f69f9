"""A law over all tasks: what a task must provide, and that nothing outside its folder knows it by name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

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


def taken(method: FunctionType, base: FunctionType) -> Iterator[str]:
    """The options of a method: its parameters beside the base's, and those of the callee that gets its `**options`."""
    parameters = inspect.signature(method).parameters.values()
    rest = next((each.name for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD), None)
    yield from (each.name for each in parameters if each.name not in {*inspect.signature(base).parameters, rest})
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method)))):
        if isinstance(node, ast.Call) and rest in {ast.unparse(each.value) for each in node.keywords if not each.arg}:
            callee = method.__globals__[ast.unparse(node.func)]
            yield from list(inspect.signature(callee).parameters)[len(node.args) :]


@pytest.mark.parametrize("task", TASKS)
def test_options_of_run_and_eval_are_what_its_model_takes(task: Task) -> None:
    opened = task._part("predict").MODEL
    assert issubclass(opened, TrainedModel)
    assert opened.task == task.name
    run_options, eval_options = ({each.name for each in options} for options in (task.run_options, task.eval_options))
    assert run_options == set(taken(opened.run, TrainedModel.run))
    scoring = set(taken(opened.score_files, TrainedModel.score_files))
    assert eval_options <= scoring
    assert scoring - eval_options <= run_options  # `eval` may leave options of answering at their defaults


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
