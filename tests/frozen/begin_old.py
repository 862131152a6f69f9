"""How the files of `old/` were made, once, by version 0.1.0 of the autumn of 2026; kept to make those of a later one.

    python tests/frozen/begin_old.py FOLDER

A model of each task, a run of each that Ctrl-C stopped half way between two looks at the held-out part, and the records
of two runs that were finished.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from frozen import data, old, pages
from frozen.call import call
from frozen.cases import CASES, Case
from frozen.doors import Interrupted, anaphora
from frozen.trainings import bundle

STOPPED_AFTER = 17  # steps
KEPT_FINISHED = dict(zip(("language-char", "classify-word"), pages.RUNS, strict=True))


class _CtrlC:
    """Watches a run, and stops it."""

    def step(self, step: object) -> None:
        if step.step == STOPPED_AFTER:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGINT)

    def stage(self, text: str) -> None: ...
    def plan(self, plan: object) -> None: ...
    def evaluation(self, evaluation: object) -> None: ...
    def note(self, text: str) -> None: ...
    def finish(self, report: object) -> None: ...


def begin(folder: Path) -> None:
    """Make the data, and of each task a model and a run that was stopped."""
    data.write(folder)
    for case in (case for case in CASES if case.name in old.NAMES):
        done = call(f"train {case.task} {case.data} {case.options} -o {case.name}.anaphora")
        assert done.code == 0, done.err
        if case.name in KEPT_FINISHED:
            Path(f"{case.name}.run").rename(KEPT_FINISHED[case.name])
            shutil.rmtree(f"{KEPT_FINISHED[case.name]}/checkpoints")
        else:
            shutil.rmtree(f"{case.name}.run")
        stop(case)
        same_end(case, folder)
    tidy(folder)


def stop(case: Case) -> None:
    """Begin a run and stop it."""
    Path("settings.toml").write_text(call(f"config {case.task} {case.options}").out, encoding="utf-8")
    paths = [Path(name) for name in case.data.split()]
    places = {"output": f"resumed-{case.name}.anaphora", "run_dir": f"{case.name}.run"}
    with contextlib.suppress(Interrupted):
        anaphora.train(case.task, paths, config="settings.toml", progress=_CtrlC(), **places)
    Path("settings.toml").unlink()
    Path(places["output"]).unlink()


def same_end(case: Case, folder: Path) -> None:
    """Go on with a copy of the run, and find the weights of the one that was not stopped."""
    shutil.copytree(f"{case.name}.run", f"kept/{case.name}.run")
    old.gone_on(case.name, folder)
    ends = [bundle(folder / name, folder) for name in (f"resumed-{case.name}.anaphora", f"{case.name}.anaphora")]
    tensors = [lines[lines.index(' "tensors": {') :] for lines in ends]  # configs differ in their data's paths
    assert tensors[0] == tensors[1], case.name
    Path(f"resumed-{case.name}.anaphora").unlink()
    shutil.rmtree(f"{case.name}.run")
    shutil.move(f"kept/{case.name}.run", f"{case.name}.run")
    Path("kept").rmdir()


def tidy(folder: Path) -> None:
    """Drop what nothing of the record reads, and what a run says of the machine beyond its instruction set."""
    for name in ("several.csv", "tags.jsonl", "waves.jsonl"):
        (folder / name).unlink()
    for run in folder.glob("*.run"):
        for name in ("report.html", "model.anaphora", "checkpoints/previous.safetensors"):
            (run / name).unlink(missing_ok=True)
        facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
        facts["machine"]["system"] = "Linux"
        facts |= {"data": [f"<old>/{Path(name).name}" for name in facts["data"]]}
        facts["output"] = f"<old>/{Path(facts['output']).name}"
        text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False)
        (run / "run.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True)
    os.chdir(target)
    begin(target)
