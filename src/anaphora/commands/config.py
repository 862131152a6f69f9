"""``anaphora config TASK``: the config of a task as TOML or as a JSON schema, and all fields as a page."""

from __future__ import annotations

from typing import Any

from anaphora.commands import options as config_options
from anaphora.commands import parser
from anaphora.commands.options import option, parameter
from anaphora.commands.train_arguments import as_words, given_fields
from anaphora.errors import UsageError
from anaphora.tasks import registry

_HELP = """Print the config that `train` would use with these options, as TOML.

    anaphora config TASK --preset small > config.toml

A comment above each field gives its meaning and its accepted values.
"""
_PAGE = """# Every field

A field of a config is set on the command line (`--hidden 256`, or with its section, `--model.hidden 256`), or in a
TOML file that `--config` names. Options override the file, and the file overrides `--preset`. An unknown field or a
value that is not accepted is an error, and the message names the nearest field or value.

An option that has no effect beside the others, or on the data, is refused: `--dropout` (between the layers) with one
layer, `--attention` without `--pooling attention`, `--embedding` on series. A default or the value of a preset may be
without effect. In a file, a value counts as given if it is neither the default nor that of a preset. An option that is
given twice is refused, except options that may be repeated.

    anaphora init TASK DATA               # write a config that is suggested from your data
    anaphora config TASK --preset small   # print every field with its value, as TOML
    anaphora config TASK --schema         # print a JSON schema, for editors that check TOML files

Every run writes a `config.toml` with all fields. `anaphora config --page` prints this page.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Show all fields of a task's config: `anaphora config TASK --preset small`."
    made = config_options.for_each_task("config", text, _command)
    made.params.insert(0, parser.flag(lambda _: page(), "Print a page of all fields, in Markdown.", "--page"))
    return made


def page() -> str:
    """Return the page of all fields of all tasks, in Markdown."""
    from anaphora.config.toml import tables

    lines = [_PAGE]
    for chosen in registry.tasks():
        lines += [
            f"## {chosen.name}",
            "",
            chosen.summary,
            *tables(chosen.config, chosen.presets, chosen.default_preset),
            "",
        ]
    return "\n".join(lines).rstrip()


def _command(task: str) -> Any:
    def command(preset: str | None, config: str | None, as_schema: bool, **values: Any) -> None:
        _show(task, preset, config, as_schema, as_words(task, given_fields(task, values)))

    own = [
        parameter("as_schema", bool, option("Print the JSON schema of the config.", None, "--schema"), False),
        *config_options.config_parameters(task),
    ]
    return config_options.with_fields(task, own, command, _HELP.replace("TASK", task))


def _show(task: str, preset: str | None, file: str | None, as_schema: bool, options: list[str]) -> None:
    from anaphora.config import resolve
    from anaphora.config.toml import render, schema

    chosen = registry.task(task)
    if as_schema:
        if preset is not None or file is not None or options:
            without = "--preset" if preset is not None else "--config" if file is not None else options[0]
            raise UsageError(f"{without} has no effect with --schema, which shows no values: leave one of them out.")
        print(schema(chosen.config))
        return
    config = resolve(chosen.config, chosen.presets, preset=preset or chosen.default_preset, file=file, options=options)
    print(render(config), end="")
