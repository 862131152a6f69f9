"""The files of a run folder, and checks before training that they can be written.

    model.anaphora              the output that the user named
    model.run/                  config.toml  run.json  metrics.jsonl  checkpoints/  model.anaphora  report.html

`run.json` has the facts of a run: the task, its data, the output, and the machine. `resume` needs nothing but
`run.json` and `config.toml`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from anaphora import bundle
from anaphora.errors import DataError, UsageError
from anaphora.files import atomic, outputs
from anaphora.files.outputs import Kind, Output, Place
from anaphora.runs import claim, owner
from anaphora.runs.claim import Claim

CONFIG, FACTS, LOG, CHECKPOINTS, MODEL = "config.toml", "run.json", "metrics.jsonl", "checkpoints", "model.anaphora"
PAGE, TENSORBOARD, FOLDS = "report.html", "tensorboard", "folds"
OWN = (CONFIG, FACTS, LOG, CHECKPOINTS, PAGE, TENSORBOARD, FOLDS, claim.LOCK)
"""The names of what a run writes into its folder, besides the model."""
TRAINED = bundle.KIND._replace(makes_parents=True)
NEW = Kind("a new run folder", None, folder=True)
VERSION = 1
STANDARD_INPUT = "-"


def check_places(
    output: Place, run_dir: Place | None, inputs: Iterable[Place] = (), *, force: bool = False
) -> list[str]:
    """Check that a training may write its model and its run folder, and return a note for a model that it replaces.

    `inputs` are the files and folders that the training reads; nothing is made. Raises UsageError as `outputs.check`
    does, and if the folder is that of another run.
    """
    output = os.fspath(output)
    model = Output("-o", output, TRAINED)
    notes = outputs.check([model], inputs, force=force)
    folder = free_run_dir(Path(output)) if run_dir is None else Path(run_dir)
    _check_not_of_another_run(Path(output), folder)
    claim.check_free(folder)
    if any(Path(os.path.realpath(folder), name).exists() for name in (LOG, FACTS)):
        raise UsageError(
            f"{folder} holds the records of another run. Name another folder with --run-dir, or continue that run"
            f"{how_to_continue(folder)}"
        )
    outputs.check([model, Output("--run-dir", "" if run_dir == "" else folder, NEW)], inputs, force=force)
    for name in OWN:
        if outputs.same(output, folder / name) or outputs.same(Path(output).parent, folder / name):
            raise UsageError(
                f"'{output}' (-o) is where the run writes its '{name}' (--run-dir {folder}). Name another file with -o."
            )
    return notes


def _check_not_of_another_run(output: Path, folder: Path) -> None:
    """Raise UsageError if the output is a file that another run than that of `folder` keeps in its own folder."""
    inside = Path(os.path.realpath(output))
    own = Path(os.path.realpath(folder))
    for place in inside.parents:
        if own.is_relative_to(place / FOLDS):  # the run of a fold
            return
        of_run = any((place / name).exists() for name in (LOG, FACTS))
        if of_run and not outputs.same(place, folder) and inside.relative_to(place).parts[0] in (MODEL, *OWN):
            raise UsageError(
                f"'{output}' (-o) is a file of the run {place}, which keeps its own model and records there. Name"
                " another file with -o."
            )


def check_output(folder: Path, output: str | Path, *, force: bool = False) -> list[str]:
    """Check that the run of a folder may write its model when it continues, and return a note if it replaces a model
    from before the run; raises UsageError if the model or file there is another, which came after the run began.
    """
    place = Path(output)
    if place.is_file() and place.stat().st_size and not bundle.is_model(place) and not force:
        raise UsageError(
            f"'{output}', where the run {folder} writes its model, is another file by now, not a model. Move it"
            " elsewhere; then the same command continues the run."
        )
    notes = outputs.check([Output("-o", output, TRAINED)], force=force)
    known = facts(folder) if (folder / FACTS).exists() else {}
    is_model = place.is_file() and bundle.is_model(place)
    if is_model and owner.is_own(place, folder / MODEL, folder / CONFIG, known):
        return []
    if is_model and "started" in known and owner.is_newer(place, folder / CONFIG, known["started"]):
        copy = f" The model of {folder} is '{folder / MODEL}'." if (folder / MODEL).exists() else ""
        raise UsageError(
            f"'{output}', where the run {folder} writes its model, is the model of another run by now.{copy} Move"
            f" '{output}' elsewhere; then the same command continues the run."
        )
    return notes


def bytes_needed(model_bytes: int) -> int:
    """Return the bytes of disk space that a run with a model of this size needs at most.

    Two checkpoints hold the weights, two optimiser moments per weight, an average and the best weights. The best
    weights and the model are two more files, and one file is written beside the file that it replaces.
    """
    return (3 * 5 + 3) * model_bytes


def check_room(folder: Path, model_bytes: int) -> None:
    """Check that a run with a model of this size fits on the disk of a folder.

    Raises UsageError.
    """
    needed = bytes_needed(model_bytes)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UsageError(
            f"Training needs about {needed // 1000:,} kB of free space in '{folder}' (weights of"
            f" {model_bytes // 1000:,} kB and the checkpoints), and only {free // 1000:,} kB is free. Free"
            " disk space, or name another folder."
        )


def free_run_dir(output: Path) -> Path:
    """Return a run folder beside the model that does not exist yet: model.run, then model-2.run."""
    number = 1
    while True:
        folder = output.with_name(f"{output.stem}{'' if number == 1 else f'-{number}'}.run")
        if not folder.exists():
            return folder
        number += 1


def models(folder: Path, output: Path) -> tuple[Path, Path]:
    """Return the places of the model: the output, and a copy in the run folder."""
    return output, folder / MODEL


def made(output: Path, run_dir: str | Path | None, hold: Claim) -> Path:
    """Make the run folder and the folder of the model, claim the run folder, and return it; raises UsageError."""
    hold.make_parents(output)
    if run_dir is not None:
        hold.make(Path(run_dir))
    while run_dir is None:
        try:
            hold.make(free_run_dir(output), new=True)
            break
        except FileExistsError:  # another process was faster
            continue
    return hold.folder


def begin(folder: Path, config: str, facts: Mapping[str, Any]) -> None:
    """Make a run folder, unless it is there, and write its config and facts.

    Raises UsageError if the folder holds records of another run or cannot be written.
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
    """Add facts to a run folder, unless they are there already.

    Raises the errors of `facts`, and UsageError if the file cannot be written.
    """
    known = facts(folder)
    whole = {**known, **more}
    if whole != known:
        atomic.write(folder / FACTS, [_text(whole)])


def facts(folder: str | Path) -> dict[str, Any]:
    """Return the facts of a run.

    Raises UsageError if the folder is no run folder, DataError if its facts are damaged.
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
        raise DataError(
            f"'{path}' is of another version (expected {VERSION}). Train again, or use the version of anaphora"
            " that wrote it."
        )
    return found


def how_to_continue(folder: Path) -> str:
    """Return the command that continues a run, in words that complete `Continue …`; if no file holds its data, the call
    of Python that is given the data again.
    """
    try:
        data = facts(folder)["data"]
    except (UsageError, DataError):
        data = ["a file"]
    if data and STANDARD_INPUT not in data:
        return f": anaphora resume {folder}"
    return f" in Python with the same data: anaphora.resume({str(folder)!r}, data=…)"


def is_forced(folder: Path) -> bool:
    """Return whether the command of a run permits to replace a file that is not a model."""
    return (folder / FACTS).exists() and bool(facts(folder).get("force", False))


def whole_paths(paths: list[str]) -> list[str]:
    """Return absolute paths; standard input stays `-`."""
    return [path if path == STANDARD_INPUT else os.path.abspath(path) for path in paths]


def _text(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
