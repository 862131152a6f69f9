"""``anaphora train TASK``: every option of a task is read from its config, so help, TOML and command line never
disagree.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.progress import clock, show

if TYPE_CHECKING:
    from anaphora.config import Config
    from anaphora.tasks.language.task import Report

TASKS = {
    "language": ("anaphora.commands.train:make_language", "A language model: text in, the next character or word out."),
}


def make() -> Any:
    """Return the group of all tasks."""
    return parser.group(
        TASKS, "train", "Train a network on your data. Each task has its own options: `anaphora train TASK --help`."
    )


def make_language() -> Any:
    """Return ``train language``: five options of its own, then one per knob of the task's config."""
    from anaphora.tasks.language.settings import PRESETS, USUAL, LanguageConfig

    def language(
        texts: list[str], output: str, preset: str | None, config: str | None, run_dir: str | None, **knobs: Any
    ) -> None:
        """Train a language model on text and leave one file.

        The last tenth of the text is held out, unless --valid says otherwise; the report sets the network beside an
        n-gram model of the same units. Options win over --config, which wins over --preset. Ctrl-C keeps the best
        model so far.
        """
        _train_language(texts, output, preset, config, run_dir, given(LanguageConfig, knobs))

    own = [
        _parameter("texts", list[str], typer.Argument(metavar="TEXT...", help="Text files; '-' is standard input.")),
        _parameter("output", str, _option("Where the model goes.", "FILE", "-o", "--output"), "model.anaphora"),
        _parameter(
            "preset", str, _option(f"Settings to start from.  [default: {USUAL}]", "|".join(PRESETS), "--preset"), None
        ),
        _parameter("config", str, _option("Settings from a TOML file.", "FILE", "--config"), None),
        _parameter(
            "run_dir", str, _option("Where the records go; else beside the model.", "FOLDER", "--run-dir"), None
        ),
    ]
    parameters = [*own, *_knob_parameters(LanguageConfig)]
    language.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    language.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return parser.command(language, "language")


def _train_language(
    texts: Sequence[str], output: str, preset: str | None, file: str | None, run_dir: str | None, options: Sequence[str]
) -> None:
    started = time.monotonic()
    from anaphora.config import resolve
    from anaphora.tasks.language.settings import PLURAL, PRESETS, USUAL, LanguageConfig
    from anaphora.tasks.language.task import check_output, read

    config = resolve(LanguageConfig, PRESETS, preset=preset or USUAL, file=file, options=options)
    check_output(Path(output))
    corpus = read(config, texts)
    train = import_torch_side("anaphora train language")
    with show(PLURAL[config.data.units]) as watch:
        report = train(config, corpus, output, run_dir=run_dir, watch=watch, started=started)
    print_report(report)


def import_torch_side(wanted_by: str) -> Any:
    """Return the language task's ``train``; raises MissingExtra where torch is not installed."""
    import importlib.util

    from anaphora.errors import MissingExtra

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("train", wanted_by, missing="torch")
    from anaphora.tasks.language.model import train

    return train


def print_report(report: Report) -> None:
    """Print what training led to, the network beside the n-gram model."""
    from anaphora.tasks.language.settings import PLURAL

    steps = f"{report.steps:,} steps (the best after {report.best_step:,})"
    print(f"{report.parameters:,} parameters, {steps}, {clock(report.seconds)}")
    if report.nats is not None and report.bits is not None and report.perplexity is not None:
        print(f"held-out text, {report.scored:,} {PLURAL[report.unit]}, per {report.unit}:")
        print(f"  network  {report.nats:.4f} nats  {report.bits:.4f} bits  perplexity {report.perplexity:,.2f}")
        floor = report.floor_nats
        print(f"  n-gram   {floor:.4f} nats  {floor / math.log(2):.4f} bits  perplexity {math.exp(floor):,.2f}")
    for note in report.notes:
        print(f"note: {note}")
    print(f"model    {report.model}\nrecords  {report.run_dir}")


def given(config: type[Config], values: dict[str, Any]) -> list[str]:
    """Return the knobs that were set on the command line, as the words that ``config.resolve`` reads."""
    from anaphora.config import knobs

    words = []
    for knob in knobs(config):
        value = values.get(f"{knob.section}__{knob.key}")
        if value is not None:
            words += [knob.flag, str(value).lower() if knob.is_truth else value]
    return words


def _knob_parameters(config: type[Config]) -> list[inspect.Parameter]:
    from anaphora.config import knobs

    parameters = []
    for knob in knobs(config):
        flags = [knob.short or knob.flag]
        if knob.is_truth:
            flags = [f"{flags[0]}/--no-{flags[0][2:]}"]
        elif knob.short:
            flags.append(knob.flag)
        metavar = "|".join(knob.choices) or {"a whole number": "N", "a number": "X"}.get(knob.type, "VALUE")
        default = ("off", "on")[knob.default] if knob.is_truth else knob.default
        meaning = knob.meaning if default is None else f"{knob.meaning}  [default: {default}]"
        panel = f"[{knob.section}], also as --{knob.section}.NAME"
        option = _option(meaning, None if knob.is_truth else metavar, *flags, show_default=False, rich_help_panel=panel)
        kind = bool if knob.is_truth else str
        parameters.append(_parameter(f"{knob.section}__{knob.key}", kind, option, None))
    return parameters


def _parameter(name: str, kind: Any, option: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    kind = kind | None if default is None else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _option(text: str, metavar: str | None, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, **more)
