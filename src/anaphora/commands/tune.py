"""``anaphora tune TASK``: search a few knobs in a budget of time; leaves the best settings as a file."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anaphora.commands import options as knobs
from anaphora.commands.options import given, option, parameter
from anaphora.errors import UsageError
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.config import Config
    from anaphora.training.tuning import Tried

_HELP = """Search for good settings: train many short trials with different knobs, and keep the best settings.

--minutes is the time for the whole search; a trial gets its share of it (with --trials N, one N-th). Trials that look
worse than most are given up early. Ctrl-C keeps all finished trials, and the same command goes on with them. A setting
that you name is the same in every trial.

Knobs: {knobs}. Or any other, with what to try:
--knob model.hidden=64..512, --knob model.cell=gru,lstm.
"""


def make() -> Any:
    """Return the group of all tasks."""
    return knobs.for_each_task("tune", "Search for good settings in a budget of time.", _command)


def _command(task: str) -> Any:
    chosen = registry.task(task)

    def command(
        data: list[str], preset: str | None, config: str | None, trials: int | None, knob: list[str] | None,
        folder: str, jobs: int, as_json: bool, **values: Any,
    ) -> None:  # fmt: skip
        _tune(task, data, preset, config, trials, knob or [], Path(folder), jobs, as_json, given(chosen.config, values))

    named = "A knob to search, as NAME, NAME=LOW..HIGH or NAME=A,B,C; may be given again."
    own = [
        knobs.data_parameter(task),
        *knobs.config_parameters(task),
        parameter("trials", int, option("Most trials; the time is divided among them.", "N", "--trials", min=1), None),
        parameter("knob", list[str], option(named, "KNOB", "--knob"), None),
        parameter("folder", str, option("Where the search is kept.", "FOLDER", "--folder"), "tune.run"),
        parameter("jobs", int, option("Processes that search at once.", "N", "--jobs", min=1), 1),
        parameter("as_json", bool, option("The trials as one JSON object each.", None, "--json"), False),
    ]
    return knobs.with_knobs(task, own, command, _HELP.format(knobs=", ".join(chosen.search_space)))


def _tune(
    task: str, data: Sequence[str], preset: str | None, file: str | None, trials: int | None, words: list[str],
    folder: Path, jobs: int, as_json: bool, options: Sequence[str],
) -> None:  # fmt: skip
    started = time.monotonic()
    launch.refuse(f"anaphora tune {task}")
    from anaphora.commands.train import import_torch_side
    from anaphora.config import knobs as all_knobs
    from anaphora.config import resolve
    from anaphora.config.search_space import chosen
    from anaphora.data.progress import heard_by

    settings = registry.task(task)

    def configured(more: Sequence[str]) -> Config:
        return resolve(  # type: ignore[no-any-return]
            settings.config,
            settings.presets,
            preset=preset or settings.default_preset,
            file=file,
            options=[*options, *more],
        )

    config = configured(())
    minutes = config.training.minutes  # type: ignore[attr-defined]
    if minutes is None:
        raise UsageError("Say how long the search may take: --minutes 30.")
    known = [f"{knob.section}.{knob.key}" for knob in all_knobs(settings.config)]
    fixed = {name for name in known if f"--{name.replace('_', '-')}" in options}
    free = {name: space for name, space in settings.search_space.items() if name not in fixed}
    spaces = chosen(words, free, known)
    for name in spaces:
        _refuse_length(name)
    with show("") as early, heard_by(early.stage):
        corpus = settings.read(config, data)
        import_torch_side(f"anaphora tune {task}")
        from anaphora.training import tuning

        work = settings.trainer()
        set_to = config.model_dump()
        set_to["training"].pop("minutes")
        search = tuning.Search(
            config=configured,
            work=lambda config: work(config, corpus),
            spaces=spaces,
            folder=folder,
            minutes=minutes,
            trials=trials,
            facts={"task": task, "data": corpus.sha256, "settings": set_to, "seed": set_to["training"]["seed"]},
            tell=early.note,
            begin=early.stage if sys.stderr.isatty() else lambda _: None,
        )
        search.open()
        search.minutes -= (time.monotonic() - started) / 60
        same = ["tune", task, *data, *_again(preset, file, trials, words, folder), *options]
        try:
            with _others(jobs, same, search.minutes, folder, early.note):
                search.run()
        finally:
            found = tuning.tried(search.open())
            _show(found, list(spaces), as_json)
    best = tuning.best_of(search.open())
    if best is not None and not as_json:
        words = [*data, "--config", str(folder / tuning.BEST), "--minutes", f"{minutes:g}"]
        print(f"\nbest      {folder / tuning.BEST}\ntrain it  anaphora train {task} {shlex.join(words)}")


def _refuse_length(name: str) -> None:
    if name in ("training.minutes", "training.max_steps", "training.epochs", "training.evaluations"):
        raise UsageError(f"--knob {name}: trials are compared at one length, so that cannot be searched.")


def _again(preset: str | None, file: str | None, trials: int | None, knob: Sequence[str], folder: Path) -> list[str]:
    """The command's own options, for another process of the same search."""
    own = [("--preset", preset), ("--config", file), ("--trials", trials), ("--folder", folder)]
    words = [word for name, value in own if value is not None for word in (name, str(value))]
    return [*words, *(word for each in knob for word in ("--knob", each))]


@contextlib.contextmanager
def _others(
    jobs: int, same: Sequence[str], minutes: float, folder: Path, tell: Callable[[str], None]
) -> Iterator[None]:
    """So many processes less one beside this one, each with its share of the threads, for a `with` block."""
    if jobs == 1:
        yield
        return
    import torch

    from anaphora import kernels

    threads = max(1, torch.get_num_threads() // jobs)
    torch.set_num_threads(threads)
    kernels.set_threads(threads)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "ANAPHORA_THREADS": str(threads)}
    words = [sys.executable, "-m", "anaphora", *same, "--minutes", repr(minutes)]
    with contextlib.ExitStack() as stack:
        children = []
        for number in range(2, jobs + 1):
            told = stack.enter_context((folder / f"job-{number}.txt").open("wb"))
            children.append(subprocess.Popen(words, stdout=told, stderr=told, env=environment))
        try:
            yield
        except BaseException:
            for child in children:
                child.terminate()
            raise
        finally:
            for number, child in enumerate(children, 2):
                if child.wait() not in (0, 130, 143):
                    tell(f"job {number} ended with an error: {folder / f'job-{number}.txt'} says which.")


def _show(found: Sequence[Tried], names: Sequence[str], as_json: bool) -> None:
    from dataclasses import asdict

    from anaphora.formatting import clock, columns, said

    if as_json:
        for each in found:
            print(json.dumps(asdict(each), ensure_ascii=False))
        return
    order = ("finished", "running", "pruned", "diverged", "refused", "cut off")
    rows = [
        [
            str(each.number), each.state, "–" if each.loss is None else f"{each.loss:.4f}", clock(each.seconds),
            *(said(each.values.get(name)) for name in names), each.why,
        ]
        for each in sorted(found, key=lambda each: (order.index(each.state), each.loss or 0.0, each.number))
    ]  # fmt: skip
    head = ["trial", "state", "held out", "time", *(name.partition(".")[2] for name in names), ""]
    print("\n".join(columns(head, rows, right=(0, 2, 3, *range(4, 4 + len(names))))))
