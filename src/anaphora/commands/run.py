"""``anaphora run``: let a model do what it was trained for; no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from anaphora.commands import options
from anaphora.commands.options import option, parameter
from anaphora.errors import UsageError

if TYPE_CHECKING:
    from anaphora.errors import DataError

_HELP = """Let a model do what it was trained for.

A language model goes on with a prompt, or shows what it expects next; the prompt and what follows go to standard
output as they are drawn. Another model answers each line of its input with a line, as soon as it is there; a line
that cannot be read is reported, stops nothing, and makes the exit code 3. A translator's line is a translation; a
gap filler also takes a text itself, "feeling ___ the weather", in a file's place.
Needs no torch.
"""
_INPUT = "For models that answer lines: files of lines, JSONL or tables; nothing or '-' is standard input."


def make() -> Any:
    """Return the command: a few options of its own, then those that tasks declare."""
    own = [
        parameter("model", str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)),
        parameter(
            "inputs", list[str], typer.Argument(metavar="[INPUT...]", help=_INPUT, show_default=False), default=None
        ),
        parameter("as_json", bool, option("Answer lines with JSON objects.", None, "--json"), False),
    ]
    return options.with_task_options("run", own, lambda task: task.run_options, _run, _HELP)


def _run(model: str, inputs: list[str] | None, as_json: bool, **given: Any) -> None:
    from anaphora.runtime import load
    from anaphora.tasks import registry

    opened = registry.open_model(load(model))
    task = registry.task(opened.task)
    chosen = options.chosen(task.described, task.run_options, given)
    if inputs and not task.takes_inputs:
        raise UsageError(f"INPUT: not for {task.described}.")
    if as_json and not task.answers_json:
        raise UsageError(f"--json: not for {task.described}.")
    opened.run(inputs or [], StandardStreams(), as_json, **chosen)


class StandardStreams:
    """Answers to standard output, errors to standard error."""

    def write(self, text: str) -> None:
        """Write text as it is."""
        sys.stdout.write(text)

    def complain(self, error: DataError) -> None:
        """Report an input that could not be read."""
        print(f"anaphora: {error}", file=sys.stderr)

    def flush(self) -> None:
        """Send what was written on its way."""
        sys.stdout.flush()
