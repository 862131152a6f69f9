"""``anaphora eval``: the metrics of a model on labelled data; no torch."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from anaphora.commands import options
from anaphora.commands.options import ENCODING, option, parameter

_HELP = """Compute the metrics of a model on data.

The metrics of a language model are nats and bits per unit, and perplexity. Several files form one text, and '-' reads
standard input. The score of an n-gram baseline is added if it is known: for the text that was held out in training, or
with --baseline-text. The last line has the figures of the baseline on the held-out part of the training. This command
needs no torch.
"""


def make() -> Any:
    """Return the command: a few options of its own, then those that tasks declare."""
    data = "Text files, or data in the format of the training data."
    own = [
        parameter("model", str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)),
        parameter("data", list[str], typer.Argument(metavar="DATA...", help=data, show_default=False)),
        parameter("as_json", bool, option("Print one JSON object.", None, "--json"), False),
        parameter("encoding", str, option(ENCODING, "NAME", "--encoding"), None),
    ]
    return options.with_task_options("eval", own, lambda task: task.eval_options, _evaluate, _HELP)


def _evaluate(model: str, data: list[str], as_json: bool, encoding: str | None, **given: Any) -> None:
    from anaphora.data.files.frames import refuse_encoding
    from anaphora.files.pipes import as_standard_input
    from anaphora.runs.model_file import check_model_file
    from anaphora.runs.save import finite
    from anaphora.runtime import load
    from anaphora.tasks import registry

    check_model_file(model)
    opened = registry.open_model(load(model))
    task = registry.task(opened.task)
    chosen = options.chosen(task, task.eval_options, given)
    if task.takes_inputs:  # a language model reads several pipes, one after another
        data = as_standard_input(data)
    if encoding is not None:
        refuse_encoding(data)
    score = opened.score_files(data, encoding or opened.reading.encoding, **chosen)
    for note in opened.notes:
        print(f"note: {note}", file=sys.stderr)
    kept = opened.stored_baseline
    if as_json:
        stored = {} if kept is None else {"stored_baseline": kept.as_json()}
        print(json.dumps(finite({**score.as_json(), **stored}), ensure_ascii=False, allow_nan=False))
    else:
        stored_line = [] if kept is None else ["", kept.line()]
        print("\n".join([*score.lines(), *score.verdict_line(), *stored_line]))
