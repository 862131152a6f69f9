"""``anaphora run``: apply a model to new data; no torch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from anaphora.commands import options
from anaphora.commands.options import ENCODING, option, parameter
from anaphora.errors import UsageError
from anaphora.formatting import capitalised, message_ended

if TYPE_CHECKING:
    from anaphora.errors import DataError
    from anaphora.tasks.base.declaration import Option

_HELP = """Apply a model to new data.

A language model continues a prompt, or shows the most probable next units; the text goes to standard output while it
is generated. Models of the other tasks answer each input line with one output line. A line that cannot be read is
reported on standard error, the next lines are still answered, and the exit code is 3. A fill model also takes a text
in place of a file: "feeling ___ the weather". This command needs no torch.
"""
_INPUT = "Files of lines, JSONL or tables; no INPUT or '-' reads standard input. Not for language models."


def make() -> Any:
    """Return the command: a few options of its own, then those that tasks declare."""
    own = [
        parameter("model", str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)),
        parameter(
            "inputs", list[str], typer.Argument(metavar="[INPUT...]", help=_INPUT, show_default=False), default=None
        ),
        parameter("as_json", bool, option("Write each answer as a JSON object.", None, "--json"), False),
        parameter("encoding", str, option(ENCODING, "NAME", "--encoding"), None),
        options.force_parameter(),
    ]
    return options.with_task_options("run", own, lambda task: task.run_options, _run, _HELP)


def _run(model: str, inputs: list[str] | None, as_json: bool, encoding: str | None, force: bool, **given: Any) -> None:
    from anaphora.data.files.encodings import check_encoding
    from anaphora.data.files.frames import refuse_encoding
    from anaphora.files.pipes import as_standard_input
    from anaphora.runs.model_file import check_model_file
    from anaphora.runtime import load
    from anaphora.tasks import registry

    check_model_file(model)
    opened = registry.open_model(load(model))
    task = registry.task(opened.task)
    chosen = options.chosen(task, task.run_options, given)
    if inputs and not task.takes_inputs:
        raise UsageError(f"{capitalised(task.described)} takes no INPUT. Give the text to continue with --prompt.")
    if as_json and not task.answers_json:
        raise UsageError(f"{capitalised(task.described)} has no option --json.")
    inputs = as_standard_input(inputs or [])
    if encoding is not None:
        check_encoding(encoding)
        refuse_encoding(inputs)
        if not task.takes_inputs and given.get("prompt") != "-":
            raise UsageError("--encoding has no effect without --prompt -: set --prompt -, or leave --encoding out.")
        opened.reading = opened.reading._replace(encoding=encoding)
    drawn = [(option, chosen[option.name]) for option in task.run_options if option.drawn]
    _check_places(drawn, [model, *(inputs or ["-"])], force)
    opened.run(inputs, StandardStreams(), as_json, **chosen)


def _check_places(drawn: Sequence[tuple[Option, str | None]], inputs: Sequence[str], force: bool) -> None:
    """Check the files that a task draws, each with its option, and standard output."""
    from anaphora.files import outputs, sealed

    named = {option.flags: path for option, path in drawn}
    options.check_force(force, named or {"an option that writes a file": None})
    outputs.check_standard_output(inputs)
    places = [
        outputs.Output(option.flags, path, sealed.of(path, option.drawn)) for option, path in drawn if path is not None
    ]
    options.say(outputs.check(places, inputs, force=force))


class StandardStreams:
    """Answers to standard output, errors to standard error."""

    def write(self, text: str) -> None:
        """Write text as it is."""
        sys.stdout.write(text)

    def complain(self, error: DataError) -> None:
        """Report an input that could not be read."""
        print(f"anaphora: {message_ended(str(error))}", file=sys.stderr)

    def note(self, text: str) -> None:
        """Report an input that was answered with a loss, or in doubt about its layout."""
        print(f"note: {text}", file=sys.stderr)

    def flush(self) -> None:
        """Send what was written on its way."""
        sys.stdout.flush()
