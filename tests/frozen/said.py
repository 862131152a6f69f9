"""The record of all that is said without a number that depends on the machine: help, usage, configs, checks, faults.

A command that says nearly what another says is recorded by the lines that the other lacks, and a digest of the whole.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from frozen import digest
from frozen.call import Done, call
from frozen.doors import PLANTED, plant

Records = dict[str, list[str]]
TASKS = tuple(PLANTED)
COMMANDS = (
    "demo",
    "init",
    "check",
    "train",
    "resume",
    "run",
    "eval",
    "tune",
    "lr-find",
    "runs",
    "config",
    "verify",
    "doctor",
)
_OF_EACH_TASK = ("init", "check", "train", "tune", "lr-find", "config")
_RUNS = ("list", "show", "compare")
USAGE = (
    "", "--version", "trian", "train", "train langauge a.txt", "train language", "train language novel.txt --hiden 3",
    "train language novel.txt —hidden 3", "train language novel.txt --hidden many",
    "train language novel.txt --cell lst",
    "train language novel.txt --config nowhere.toml", "train language novel.txt -o novel.txt/m.anaphora",
    "train language novel.txt --preset huge", "resume", "resume nowhere.run", "resume .", "run nowhere.anaphora",
    "run novel.txt", "eval novel.txt novel.txt", "eval nowhere.anaphora novel.txt", "verify novel.txt",
    "verify nowhere",
    "runs show nowhere", "runs compare one", "runs compare one two", "runs shw", "tune language novel.txt",
    "tune language novel.txt --minutes 1 --option model.hiden=1..2", "config language --hidden 0",
    "tune language novel.txt --minutes 1 --option training.minutes=1..2", "lr-find language novel.txt --updates 3",
    "init language novel.txt -o novel.txt", "init language nowhere.txt", "config langauge", "demo nonsense",
)  # fmt: skip
CONFIGS = ("", "--preset small", "--preset large", "--hidden 20 --seed 7 --no-bidirectional")
_FIGURES = {"lengths", "units", "vocabulary", "labels", "memory", "time", "disk"}  # findings that `check/` shows
INITS = {
    "language": ("novel.txt", "novel.txt later.txt"),
    "classify": ("films.csv", "several.csv", "waves.jsonl"),
    "tag": ("spans.conll", "tags.jsonl"),
    "fill": ("novel.txt",),
    "translate": ("a.de a.en", "b.jsonl"),
}
_SMALL = {
    "language": "--hidden 4 --embedding 4 --batch 2 --bptt 8",
    "classify": "--hidden 4 --embedding 4 --batch 4",
    "tag": "--hidden 4 --embedding 4 --batch 4",
    "fill": "--hidden 4 --embedding 4 --batch 2 --bptt 8",
    "translate": "--hidden 4 --embedding 4 --batch-steps 100",
}


def records(here: Path) -> Records:
    """Every file; the current folder is `here`, which holds the data."""
    return {**helps(here), **configs(here), **inits(here), **checks(here), **faults(here)}


def helps(here: Path) -> Records:
    """The help of every command, and what mistakes of usage are answered with."""
    found: Records = {"help/anaphora.txt": call("--help").lines(here)}
    trained = {task: call(f"train {task} --help").lines(here) for task in TASKS}
    for command in COMMANDS:
        below = TASKS if command in (*_OF_EACH_TASK, "demo") else _RUNS if command == "runs" else ()
        found[f"help/{command}.txt"] = call(f"{command} --help").lines(here)
        for each in below:
            lines = call(f"{command} {each} --help").lines(here)
            known = trained[each] if command in _OF_EACH_TASK and command != "train" else []
            found[f"help/{command}.txt"] += beyond(known, lines)
    found["usage.txt"] = [line for words in USAGE for line in call(words).lines(here)]
    return found


def configs(here: Path) -> Records:
    """Every field of every task, by presets, as a schema and as a page."""
    page = call("config --page")
    found: Records = {"config/page.txt": [f"--page: exit {page.code}, {digest.of_bytes(page.out.encode())}"]}
    for task in TASKS:
        lines: list[str] = []
        for more in CONFIGS:
            lines += beyond(lines, call(f"config {task} {more}").lines(here))
        schema = call(f"config {task} --schema")
        found[f"config/{task}.txt"] = [*lines, f"--schema: exit {schema.code}, {digest.of_bytes(schema.out.encode())}"]
    return found


def inits(here: Path) -> Records:
    """What is suggested for data, and the file that is written."""
    found: Records = {}
    for task, several in INITS.items():
        lines: list[str] = []
        for data in several:
            lines += call(f"init {task} {data} -o guessed.toml --force").lines(here)
            written = Path("guessed.toml").read_text(encoding="utf-8").splitlines()
            lines += beyond(lines, [f"| {line}".rstrip() for line in written])
        found[f"init/{task}.txt"] = lines
    return found


def checks(here: Path) -> Records:
    """What is found in the record's own data."""
    found: Records = {}
    for task, several in INITS.items():
        words = [f"check {task} {data} {_SMALL[task]}{more}" for data in several for more in ("", " --json")]
        found[f"check/{task}.txt"] = [line for each in words for line in call(each).lines(here)]
    return found


def faults(here: Path) -> Records:
    """Of every planted fault what `check` finds; where it is an error, what `train` says."""
    return {f"faults/{task}.txt": _of_task(task, here) for task in TASKS}


def _of_task(task: str, here: Path) -> list[str]:
    lines: list[str] = []
    for number, planted in enumerate(PLANTED[task]):
        folder = here / f"fault-{task}-{number}"
        folder.mkdir()
        plant(planted, folder)
        os.chdir(folder)
        words = f"{planted.words} --hidden 4 --embedding 4"
        done = call(f"check {task} {words} --json")
        lines += [f"# {planted.name}", *without_figures(done).lines(folder, wide=400)]
        if done.code:
            lines += call(f"train {task} {words} --max-steps 1").lines(folder)
        os.chdir(here)
    return lines


def without_figures(done: Done) -> Done:
    """An answer of `check --json` without the findings that every data set has."""
    told = json.loads(done.out)
    told["findings"] = [each for each in told["findings"] if each["code"] not in _FIGURES]
    return done._replace(out=json.dumps(told, ensure_ascii=False) + "\n")


def beyond(known: list[str], lines: list[str]) -> list[str]:
    """Lines that are not known yet, and a digest of all; where nothing is known, the lines as they are."""
    if not known:
        return lines
    whole = "\n".join(lines)
    return [*(line for line in lines if line not in set(known)), f"= {digest.of_bytes(whole.encode())} in all", ""]
