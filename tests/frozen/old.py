"""The record of what an earlier version left behind: model files, and runs that were stopped half way.

They lie in `old/`, with the data they were made on, and are never made again: `begin_old.py` says how they were. Each
model must open and answer, each run must go on and end in the recorded weights. A run's folder names its data and its
model by whole paths; in `old/` these begin with <old>, and here with the folder that it is copied into.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from frozen import digest, pages, store
from frozen.call import call
from frozen.cases import CASES
from frozen.doors import anaphora
from frozen.trainings import Records, answer, bundle, run_folder

NAMES = ("language-char", "classify-word", "tag-spans", "fill-lstm", "translate-char")
LONG_AGO = 1_700_000_000  # a run that was written to lately may still be going on


def records(here: Path) -> Records:
    """Copy them into a folder of their own beside the data, ask the models and go on with the runs."""
    shutil.copytree(store.OLD, here / "old")
    for path in (here / "old").rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    os.chdir(here / "old")
    found: Records = {}
    for name in NAMES:
        model = f"{name}.anaphora"
        said = answers(name, here / "old")
        again = anaphora.load(model).to_bytes()
        said.append(f"saved again: {digest.of_bytes(again)}, {'the same' if again == _bytes(model) else 'other'} bytes")
        found[f"old/{name}.txt"] = [*said, "", *gone_on(name, here / "old")]
        found[f"old/{name}.bundle.json"] = bundle(here / "old" / f"resumed-{name}.anaphora", here / "old")
        log = run_folder(here / "old" / f"{name}.run", here / "old")
        found[f"old/{name}.run.jsonl"] = [
            f"all {len(log)} lines: {digest.of_bytes(chr(10).join(log).encode())}",
            *(line for line in log if line.startswith(('{"event": "plan"', '{"event": "evaluation"'))),
        ]
    found |= pages.records(here / "old")
    os.chdir(here)
    return found


def answers(name: str, here: Path) -> list[str]:
    """What a model of an earlier version says."""
    case = next(case for case in CASES if case.name == name)
    said = call(f"verify {name}.anaphora").lines(here)
    for ask in (case.asks[0], case.asks[-1]):
        said += answer(ask, f"{name}.anaphora", here)
    return said


def gone_on(name: str, here: Path) -> list[str]:
    """What is said of a run that was stopped, and of going on with it."""
    facts = here / f"{name}.run" / "run.json"
    facts.write_text(facts.read_text(encoding="utf-8").replace("<old>", str(here)), encoding="utf-8")
    said = call(f"runs show {name}.run").lines(here)
    return said + call(f"resume {name}.run").lines(here)


def _bytes(path: str) -> bytes:
    return Path(path).read_bytes()
