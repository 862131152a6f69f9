"""``anaphora init TASK DATA``: a config to begin with, guessed from the data, every line of it explained."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from anaphora.commands import options
from anaphora.commands.options import option, parameter
from anaphora.tasks import registry

_HELP = """Look at your data and write a config to begin with: what was guessed and why, and every other knob beside it.

    anaphora init TASK DATA && anaphora train TASK DATA --config config.toml

Nothing is trained. Change what you like in the file; the command that uses it stands at its top.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Write a config to begin with, guessed from your data: `anaphora init TASK DATA`."
    return options.for_each_task("init", text, _command)


def _command(task: str) -> Any:
    def command(data: list[str], output: str, force: bool) -> None:
        _init(task, data, Path(output), force)

    own = [
        options.data_parameter(task),
        parameter("output", str, option("Where the config goes.", "FILE", "-o", "--output"), "config.toml"),
        parameter("force", bool, option("Replace a config that is there.", None, "--force"), False),
    ]
    text = _HELP.replace("TASK", task).replace("DATA", registry.task(task).metavar)
    return options.with_parameters(task, own, command, text)


def _init(task: str, data: list[str], output: Path, force: bool) -> None:
    from anaphora.config.toml import begin
    from anaphora.errors import UsageError
    from anaphora.files import atomic

    chosen = registry.task(task)
    if output.exists() and not force:
        raise UsageError(f"'{output}' exists. Name another file with -o, or add --force to replace it.")
    atomic.writable(output)
    guess = chosen.suggest(data)
    settings = begin(chosen.config, chosen.presets, guess)
    names = " ".join(shlex.quote(path) for path in data)
    after = f"{task} {names} --config {shlex.quote(str(output))}"
    head = [
        f"Settings for `{task}`, guessed from {', '.join(data)}. Train with them:",
        "",
        f"    anaphora train {after}",
        "",
        "A line that begins with # and a name shows what holds unless you change it. Options win over this file.",
    ]
    top = "".join(f"# {line}".rstrip() + "\n" for line in head)
    atomic.write(output, [f"{top}\n{settings}".encode()])
    print(f"Wrote {output}, on the preset '{guess.preset}':")
    for key, reason in guess.reasons.items():
        section, _, name = key.partition(".")
        print(f"  {name} = {guess.values[section][name]}: {reason}")
    print("\nNext:")
    print(f"  anaphora check {after}")
    print(f"  anaphora train {after}")
