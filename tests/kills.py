"""A training in a process that is killed, and gone on with, as often as one likes.

    python tests/kills.py FOLDER

reads one JSON object per line: what to train or resume, when to die of it; answers each with how the process ended. The
program imports torch once and forks for each, so that a killed training costs no more than it trains.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import warm

SETTINGS = (
    "--batch 4 --bptt 16 --hidden 12 --layers 2 --embedding 6 --dropout 0.3 --output-dropout 0.2 --average 0.4"
    " --accumulate 2 --evaluation-units 150 --max-steps 60 --evaluations 12 --patience 11 --cell"
)
TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog.\n" * 40
DISK = ("open", "fsync", "replace", "write", "truncate")  # calls after which the disk may be left in another state


def train(folder: Path, cell: str, options: list[str]) -> None:
    """Train from the beginning."""
    from anaphora.config import resolve
    from anaphora.tasks.language import data, training
    from anaphora.tasks.language.settings import PRESETS, LanguageConfig
    from anaphora.training import run

    config = resolve(LanguageConfig, PRESETS, options=[*SETTINGS.split(), cell, *options])
    run.train(
        training.TRAINING(config, data.from_memory(config, TEXT)), folder / "m.anaphora", run_dir=folder / "m.run"
    )


def resume(folder: Path) -> None:
    """Go on."""
    from anaphora.config import resolve
    from anaphora.runs import folder as run_folder
    from anaphora.tasks.language import data, training
    from anaphora.tasks.language.settings import LanguageConfig
    from anaphora.training import run

    config = resolve(LanguageConfig, file=folder / "m.run" / run_folder.CONFIG)
    run.resume(training.LanguageTraining(config, data.from_memory(config, TEXT)), folder / "m.run")


def count_writes(folder: Path, dies_at: int | None) -> list[str]:
    """Note every call by which this process changes files in a folder, and die before number `dies_at`."""
    seen: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+")
        if writes or event in ("os.rename", "os.remove", "os.truncate", "os.mkdir"):
            if not str(arguments[0]).startswith(str(folder)):
                return
            seen.append(event)
            if len(seen) - 1 == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    real = os.fsync

    def fsync(handle: int) -> None:
        seen.append("fsync")
        if len(seen) - 1 == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        real(handle)

    os.fsync = fsync
    return seen


def _child(asked: dict[str, Any], answer: int) -> None:
    from anaphora.training import loop

    loop._WRITING_SHARE = 1e9  # a checkpoint at every look, however busy the disk is: the same writes in every run
    folder = Path(asked["folder"])
    seen = count_writes(folder, asked.get("dies_at_write"))
    if "dies_after" in asked:
        delay = asked["dies_after"]
        threading.Thread(target=lambda: (time.sleep(delay), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
    if asked["resume"]:
        resume(folder)
    else:
        train(folder, asked["cell"], asked.get("options", []))
    os.write(answer, json.dumps({"writes": len(seen)}).encode())
    os._exit(0)


def main() -> None:
    """Answer until there is nothing more to do."""
    import torch

    warm.import_all()
    gc.freeze()
    torch.set_num_threads(1)
    for line in sys.stdin:
        asked = json.loads(line)
        read, write = os.pipe()
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            os.close(read)
            _child(asked, write)
        os.close(write)
        said = os.read(read, 1000)
        os.close(read)
        _, status = os.waitpid(child, 0)
        facts = json.loads(said) if said else {}
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - begun, **facts}))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
