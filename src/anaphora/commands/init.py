"""``anaphora init TASK DATA``: a config suggested from the data, every field explained."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from anaphora.commands import options
from anaphora.commands.options import option, parameter
from anaphora.tasks import registry

_HELP = """Read your data and write a config file with suggested values, the reason of each, and every other field.

    anaphora init TASK DATA && anaphora train TASK DATA --config config.toml

Nothing is trained. Edit the file as you like; its first lines show the command that uses it.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Suggest a config from your data: `anaphora init TASK DATA`."
    return options.for_each_task("init", text, _command)


def _command(task: str) -> Any:
    def command(data: list[str], output: str, force: bool) -> None:
        _init(task, data, Path(output), force)

    own = [
        options.data_parameter(task),
        parameter("output", str, option("Config file to write.", "FILE", "-o", "--output"), "config.toml"),
        parameter("force", bool, option("Overwrite an existing file.", None, "--force"), False),
    ]
    text = _HELP.replace("TASK", task).replace("DATA", registry.task(task).metavar)
    return options.with_parameters(task, own, command, text)


def _init(task: str, data: list[str], output: Path, force: bool) -> None:
    from anaphora.config.toml import begin
    from anaphora.errors import UsageError
    from anaphora.files import atomic

    chosen = registry.task(task)
    if output.exists() and any(os.path.exists(path) and output.samefile(path) for path in data):
        raise UsageError(f"'{output}' is one of the data files. Name another file with -o.")
    if output.exists() and not force:
        raise UsageError(f"'{output}' exists. Name another file with -o, or add --force to replace it.")
    atomic.writable(output)
    suggestion = chosen.suggest(data)
    settings = begin(chosen.config, chosen.presets, suggestion)
    names = " ".join(shlex.quote(path) for path in data)
    after = f"{task} {names} --config {shlex.quote(str(output))}"
    head = [
        f"Config of `{task}`, suggested from {', '.join(data)}. Train with it:",
        "",
        f"    anaphora train {after}",
        "",
        "A commented-out field has its default value. Command-line options override this file.",
    ]
    top = "".join(f"# {line}".rstrip() + "\n" for line in head)
    atomic.write(output, [f"{top}\n{settings}".encode()])
    print(f"Wrote {output}, based on the preset '{suggestion.preset}':")
    for key, reason in suggestion.reasons.items():
        section, _, name = key.partition(".")
        print(f"  {name} = {suggestion.values[section][name]}: {reason}")
    print("\nNext:")
    print(f"  anaphora check {after}")
    print(f"  anaphora train {after}")
