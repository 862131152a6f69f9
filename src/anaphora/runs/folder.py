"""Where the files of a run are, and whether they can be written, asked before hours of work and not after them.

    model.anaphora              what was asked for
    model.run/                  config.toml  run.json  metrics.jsonl  checkpoints/  model.anaphora

`run.json` says what a run is of: the task, its data, where the model goes, and on what machine it was trained; with
`config.toml` beside it `resume` needs nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anaphora.errors import DataError, UsageError
from anaphora.files import atomic

CONFIG, FACTS, LOG, CHECKPOINTS, MODEL = "config.toml", "run.json", "metrics.jsonl", "checkpoints", "model.anaphora"
VERSION = 1
STANDARD_INPUT = "-"


def check_output(path: str | Path) -> None:
    """Find out now whether the model can be written at the end; makes the folder it goes into.

    Raises UsageError.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder of '{path}' cannot be made: {error.strerror or error}. Name another place with -o."
        ) from error
    atomic.writable(path)


def room(model_bytes: int) -> int:
    """How many bytes a run with a model of that size leaves on its disk, or needs there for a while.

    Two checkpoints hold weights, the optimiser's two numbers per weight, an average and the best weights; the best
    weights and the model are two more files, and one file is written beside the one it replaces.
    """
    return (3 * 5 + 3) * model_bytes


def check_room(folder: Path, model_bytes: int) -> None:
    """Find out now whether a run with a model of that size fits on a folder's disk.

    Raises UsageError.
    """
    needed = room(model_bytes)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UsageError(
            f"Training needs room for about {needed // 1000:,} kB in '{folder}' (weights of {model_bytes // 1000:,} kB"
            f" and all that goes on from them, kept safely), and only {free // 1000:,} kB is free. Make room, or name"
            " another place."
        )


def free_run_dir(output: Path) -> Path:
    """A folder for the run beside its model that does not exist yet: model.run, then model-2.run."""
    number = 1
    while True:
        folder = output.with_name(f"{output.stem}{'' if number == 1 else f'-{number}'}.run")
        if not folder.exists():
            return folder
        number += 1


def models(folder: Path, output: Path) -> tuple[Path, Path]:
    """Where the model goes: what was asked for, and a copy in the run's folder."""
    return output, folder / MODEL


def begin(folder: Path, config: str, facts: Mapping[str, Any]) -> None:
    """Make a run's folder and write what it is of.

    Raises UsageError if it holds another run's records or cannot be written.
    """
    if (folder / LOG).exists():
        raise UsageError(f"{folder} holds the records of another run. Name another folder with --run-dir.")
    try:
        (folder / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The run's folder {folder} cannot be written: {error.strerror or error}. Name another with --run-dir."
        ) from error
    atomic.write(folder / CONFIG, [config.encode()])
    atomic.write(folder / FACTS, [_text({"version": VERSION, **facts})])


def add(folder: Path, **more: Any) -> None:
    """Write more of what a run is of, unless it is there already.

    Raises what `facts` does, and UsageError if it cannot be written.
    """
    known = facts(folder)
    whole = {**known, **more}
    if whole != known:
        atomic.write(folder / FACTS, [_text(whole)])


def facts(folder: str | Path) -> dict[str, Any]:
    """What a run is of.

    Raises UsageError if the folder is no run's, DataError if its facts are damaged.
    """
    path = Path(folder) / FACTS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"'{folder}' is not the folder of a run: {path.name} cannot be read ({error.strerror or error}). Name the"
            " folder that training made beside its model, such as model.run."
        ) from error
    except ValueError as error:
        raise DataError(f"'{path}' is damaged: {error}. Train again.") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise DataError(f"'{path}' is not of this version (expected {VERSION}). Train again, or use the other version.")
    return found


def whole_paths(paths: list[str]) -> list[str]:
    """The paths as they are found from any folder; standard input stays what it is."""
    return [path if path == STANDARD_INPUT else os.path.abspath(path) for path in paths]


def _text(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
