"""``anaphora config TASK``: every knob of a task as TOML, as a JSON schema or as a page."""

from __future__ import annotations

from typing import Any

from anaphora.commands import options as knobs
from anaphora.commands import parser
from anaphora.commands.options import given, option, parameter
from anaphora.tasks import registry

_HELP = """Show everything that may be set, as TOML: what `train` would use for these options.

    anaphora config TASK --preset small > config.toml

Lines that begin with # say what a knob means and what it takes.
"""
_PAGE = """# Every knob

What may be set when a model is trained: on the command line (`--hidden 256`, or with its section,
`--model.hidden 256`), or in a TOML file that `--config` names. Options win over the file, the file over `--preset`.
A word or a value that is not in these tables is refused, and the nearest named.

    anaphora init TASK DATA               # a file to begin with, guessed from your data
    anaphora config TASK --preset small   # every knob with its value, as TOML
    anaphora config TASK --schema         # for an editor that checks files by JSON schemas

Every run leaves its `config.toml`, with every knob in it. This page is what `anaphora config --page` prints.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Show everything that may be set for a task: `anaphora config TASK --preset small`."
    made = knobs.for_each_task("config", text, _command)
    made.params.insert(0, parser.flag(lambda _: page(), "Print the page of all knobs, in Markdown.", "--page"))
    return made


def page() -> str:
    """Every knob of every task, in Markdown."""
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
        _show(task, preset, config, as_schema, given(registry.task(task).config, values))

    own = [
        parameter("as_schema", bool, option("Print the JSON schema of a config instead.", None, "--schema"), False),
        *knobs.config_parameters(task),
    ]
    return knobs.with_knobs(task, own, command, _HELP.replace("TASK", task))


def _show(task: str, preset: str | None, file: str | None, as_schema: bool, options: list[str]) -> None:
    from anaphora.config import resolve
    from anaphora.config.toml import render, schema

    chosen = registry.task(task)
    if as_schema:
        print(schema(chosen.config))
        return
    config = resolve(chosen.config, chosen.presets, preset=preset or chosen.default_preset, file=file, options=options)
    print(render(config), end="")
