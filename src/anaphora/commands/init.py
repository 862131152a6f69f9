"""``anaphora init TASK DATA``: a config suggested from the data, every field explained."""

from __future__ import annotations

import shlex
from typing import Any

from anaphora.commands import options
from anaphora.commands.options import option, parameter
from anaphora.commands.train_arguments import as_words, given_fields, with_data, with_pipe
from anaphora.tasks import registry

_HELP = """Read your data and write a config file with suggested values, the reason of each, and every other field.

    anaphora init TASK DATA && anaphora train TASK DATA --config config.toml

Nothing is trained. Edit the file as you like; its first lines show the command that uses it. The options of [data] are
those of `train`: they say how the data are read, and the file holds them.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Suggest a config from your data: `anaphora init TASK DATA`."
    return options.for_each_task("init", text, _command)


def _command(task: str) -> Any:
    def command(data: list[str], output: str, force: bool, **values: Any) -> None:
        fields = given_fields(task, values)
        _init(task, with_pipe(task, data, fields), output, force, fields)

    own = [
        options.data_parameter(task),
        parameter("output", str, option("Config file to write.", "FILE", "-o", "--output"), "config.toml"),
        options.force_parameter("Replace an existing file, but never an input."),
    ]
    text = _HELP.replace("TASK", task).replace("DATA", registry.task(task).metavar)
    return options.with_fields(task, own, command, text, sections=["data"])


def _init(task: str, data: list[str], output: str, force: bool, fields: dict[str, Any]) -> None:
    from anaphora.config import resolve
    from anaphora.config.toml import begin
    from anaphora.files import atomic, outputs

    chosen = registry.task(task)
    kind = outputs.Kind("a config", None)
    read = resolve(chosen.config, options=as_words(task, fields))
    places = [outputs.Output("-o", output, kind)]
    options.say(outputs.check(places, options.inputs(data, None, read), force=force))
    keys = [name.removeprefix("data.") for name in fields]
    suggestion = chosen.suggest(data, {key: getattr(read.data, key) for key in keys})
    settings = begin(chosen.config, chosen.presets, suggestion)
    after = shlex.join([task, *with_data(data, ["--config", output])])
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
