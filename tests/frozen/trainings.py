"""The record of trainings: what the command says, what stands in the run's folder and in the model's file, and what
the model answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frozen import checkpoints, digest, normal
from frozen.call import call
from frozen.cases import CASES
from frozen.doors import runtime

Records = dict[str, list[str]]


def records(here: Path) -> Records:
    """The files of every case; the current folder is `here`, which holds the data."""
    found: Records = {}
    for case in CASES:
        model = f"{case.name}.anaphora"
        said = call(f"train {case.task} {case.data} {case.options} -o {model}").lines(here)
        for ask in case.asks:
            said += answer(ask, model, here)
        said += page_files(here)
        resumed = (f"resume {case.name}.run",) if case.resumed else ()
        for words in (f"verify {model}", f"runs show {case.name}.run", *resumed):
            said += call(words).lines(here)
        found[f"trainings/{case.name}.txt"] = said
        found[f"trainings/{case.name}.bundle.json"] = bundle(here / model, here)
        found[f"trainings/{case.name}.run.jsonl"] = run_folder(here / f"{case.name}.run", here)
    for second, case in enumerate(CASES):
        date(here / f"{case.name}.run", second)
    listed = " ".join(f"{case.name}.run" for case in CASES[:4])
    found["trainings/runs.txt"] = [
        line
        for words in ("runs", "runs --json", f"runs compare {listed}", f"runs compare {listed} --json", "runs nowhere")
        for line in call(words).lines(here)
    ]
    return found


def date(folder: Path, second: int) -> None:
    """Let a run have begun at a known time: runs are listed by it, those of one second by name."""
    facts = folder / "run.json"
    known = json.loads(facts.read_text(encoding="utf-8"))
    known["started"] = f"2026-01-01T00:00:{second:02}+00:00"
    facts.write_text(json.dumps(known), encoding="utf-8")


def answer(ask: str, model: str, here: Path) -> list[str]:
    """The transcript of one question."""
    words, _, stdin = ask.partition(" <<< ")
    return call(f"{words} ".replace(" M ", f" {model} ").strip(), f"{stdin}\n" if stdin else "").lines(here)


def page_files(here: Path) -> list[str]:
    """Digests of the pages that the questions drew, which are removed."""
    lines = [f"{path.name}: {digest.of_file(path)}" for path in sorted(here.glob("page*"))]
    for path in here.glob("page*"):
        path.unlink()
    return [*lines, ""] if lines else []


def bundle(path: Path, here: Path) -> list[str]:
    """The model's config, and a digest of every tensor."""
    model = runtime.load(path)
    config = normal.lay_out({"config": normal.value(model.config, here)}, wide=200)
    return [*config, *normal.lay_out({"tensors": tensors(model.tensors)})]


def tensors(named: Mapping[str, Any]) -> dict[str, str]:
    """A digest of every array, by name."""
    return {name: digest.of_array(named[name]) for name in sorted(named)}


def run_folder(folder: Path, here: Path) -> list[str]:
    """The names of its files, its facts and settings, and its checkpoints, and its log without times."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    lines = normal.lay_out({"files": names})
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    lines += normal.lay_out(normal.value(facts, here))
    settings = (folder / "config.toml").read_text(encoding="utf-8")
    lines += [line for line in settings.splitlines() if line and not line.startswith("#")]
    lines.append(f"config.toml, with what it explains: {digest.of_bytes(settings.encode())}")
    log = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    events = [normal.event(json.loads(line), here) for line in log]
    for event in events:
        if event["event"] != "step" or event["step"] % 5 == 0:
            lines += normal.lay_out(event, wide=400)
    for name in ("best", "last"):
        lines += checkpoints.described(folder / "checkpoints" / f"{name}.safetensors", here)
    lines.append(f"all {len(events)} events: {digest.of_bytes(json.dumps(events).encode())}")
    return lines
