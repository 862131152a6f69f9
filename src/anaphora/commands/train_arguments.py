"""The arguments of `anaphora train TASK`, which `check` and `lr-find` take too, and the command line that repeats them.

asked = TrainArguments.of("tag", values)      asked.resolved()      asked.line("training.learning_rate", "0.01")
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from anaphora.commands.options import config_parameters, data_parameter, inputs, option, parameter
from anaphora.errors import UsageError
from anaphora.tasks import registry

if TYPE_CHECKING:
    from anaphora.config import ConfigField

MODEL = "model.anaphora"
"""The default of `train -o`."""
_OUTPUT = "Model file that training writes; missing folders are made."
_RUN_DIR = "Run folder, new or empty. Not set: beside the model file."


def train_parameters(task: str) -> list[inspect.Parameter]:
    """Return the parameters of `anaphora train TASK`, without the fields of the config."""
    return [
        data_parameter(task),
        parameter("output", str, option(_OUTPUT, "FILE", "-o", "--output"), MODEL),
        *config_parameters(task),
        parameter("run_dir", str, option(_RUN_DIR, "FOLDER", "--run-dir"), None),
        parameter("tensorboard", bool, option("Write a TensorBoard log, too.", None, "--tensorboard"), False),
    ]


@dataclass(frozen=True)
class TrainArguments:
    """The arguments of one `anaphora train TASK`; `fields` are the given fields by `section.key`."""

    task: str
    data: list[str]
    output: str
    preset: str | None
    config: str | None
    run_dir: str | None
    tensorboard: bool
    fields: dict[str, Any]

    @classmethod
    def of(cls, task: str, values: dict[str, Any]) -> Self:
        """Return the arguments among the values that a command was called with."""
        own = {each.name: values[each.name] for each in train_parameters(task)}
        fields = given_fields(task, values)
        return cls(task=task, **{**own, "data": with_pipe(task, own["data"], fields)}, fields=fields)

    def resolved(self) -> Any:
        """Return the config; raises UsageError as `config.resolve` does."""
        from anaphora.config import resolve

        chosen = registry.task(self.task)
        return resolve(
            chosen.config,
            chosen.presets,
            preset=self.preset or chosen.default_preset,
            file=self.config,
            options=as_words(self.task, self.fields),
        )

    def inputs(self, config: Any) -> list[str]:
        """Return the files and folders that training with this config reads."""
        return inputs(self.data, self.config, config)

    def line(self, force: bool = False, **fields: str) -> str:
        """Return the `anaphora train` command with these arguments, quoted for a shell; defaults are left out.

        `fields` are set besides, by `section__key`.
        """
        named = {
            "--preset": self.preset,
            "--config": self.config,
            "-o": None if self.output == MODEL else self.output,
            "--run-dir": self.run_dir,
        }
        words = [word for name, value in named.items() if value is not None for word in (name, value)]
        words += ["--tensorboard"] * self.tensorboard + ["--force"] * force
        words += as_typed(self.task, {**self.fields, **{key.replace("__", "."): each for key, each in fields.items()}})
        return f"anaphora train {shlex.join([self.task, *with_data(self.data, words)])}"


def with_pipe(task: str, data: Sequence[str], fields: dict[str, Any]) -> list[str]:
    """Return the data with `-` for a pipe; raises UsageError for several pipes, and for one that is a part."""
    from anaphora.files.pipes import as_standard_input, is_pipe

    if not registry.task(task).takes_inputs:  # texts come from several pipes, one after another
        return list(data)
    for part in ("valid", "test"):
        for path in filter(is_pipe, str(fields.get(f"data.{part}", "")).split(",")):
            raise UsageError(f"'{path}' (--{part}) is a pipe, which can be read once: save its content as a file.")
    return as_standard_input(data)


def with_data(data: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return data and options as words; names that begin with a hyphen stand behind `--`."""
    if any(name.startswith("-") and name != "-" for name in data):
        return [*words, "--", *data]
    return [*data, *words]


def given_fields(task: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were set on the command line, by `section.key`."""
    names = {f"{field.section}__{field.key}": f"{field.section}.{field.key}" for field in _fields(task)}
    return {names[key]: value for key, value in values.items() if key in names and value is not None}


def as_words(task: str, fields: dict[str, Any]) -> list[str]:
    """Return fields as the words that ``config.resolve`` reads."""
    declared = {f"{field.section}.{field.key}": field for field in _fields(task)}
    return [
        word
        for name, value in fields.items()
        for word in (declared[name].flag, str(value).lower() if declared[name].is_truth else value)
    ]


def as_typed(task: str, fields: dict[str, Any]) -> list[str]:
    """Return fields as a person types them: `--hidden 8 --no-header`."""
    words: list[str] = []
    for field in _fields(task):
        value = fields.get(f"{field.section}.{field.key}")
        flag = field.short or field.flag
        if value is not None and field.is_truth:
            words.append(flag if value else f"--no-{flag[2:]}")
        elif value is not None:
            words += [flag, value]
    return words


def _fields(task: str) -> Sequence[ConfigField]:
    from anaphora.config import config_fields

    return config_fields(registry.task(task).config)
