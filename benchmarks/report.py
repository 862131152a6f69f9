"""Run the other programs and write one page of their tables and pictures.

    python benchmarks/report.py [--quick] [--run layers peak ...] [--results FOLDER] [--page docs/benchmarks.md]

Runs every program, or those that `--run` names (`--run` alone: none), each in a process of its own, and keeps its rows
(NAME.json) and what it printed (NAME.txt) in the folder of results. The page is made from what lies there: a section
per program, headed by the command that prints it. Sections of the page that no program here makes are kept as they are,
and so is that of a program without results.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layers import shape_of
from measure import facts, plots

HERE = Path(__file__).resolve().parent
PROGRAMS = {  # in the page's order: heading, and what to know before reading the table
    "layers": (
        "Layers",
        "Before the timing, the outputs and gradients of every other library are compared with ours. All shapes have "
        "one layer in one direction; two of them are also measured with stacks (L layers, D directions). Training is "
        "forward and backward with all gradients.",
    ),
    "peak": (
        "The machine's matrix product",
        "Only the products of a training step count as flops; everything else is in its time.",
    ),
    "step": ("One step", ""),
    "variants": (
        "Variants",
        "`cost` is our time with the variant / the plain cell's, `ratio` a hand-written torch loop's time / ours.",
    ),
    "cells": ("A cell of one's own", ""),
    "threads": ("Threads", "`gain` is the time with one thread / the time with so many."),
}
TABLE = (
    "`ms` is our time; the next columns are the other library's time / ours. `packed once` is ONNX Runtime / our "
    "runtime: both have packed their weights before. `share` is our ragged time / (token share x our dense time)."
)
INTRODUCTION = """# Figures

A ratio is the other library's time divided by ours: above 1 anaphora is faster, below 1 the other library. It is the
median over rounds in which both take turns in one process. Milliseconds come from one run and say little by themselves.
The goals (bars) are the project's own, and missed goals are listed, too. Our weights and those of torch change before
every call. `scripts/bench report` writes this page.
"""


def run(name: str, quick: bool, folder: Path) -> None:
    """Run one program, show what it prints, and keep it with its rows; raises CalledProcessError where it fails."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--json", str(folder / f"{name}.json")]
    command += ["--quick"] if quick else []
    print(f"\n$ {shlex.join(command[1:])}", flush=True)
    printed = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            printed.append(line)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    (folder / f"{name}.txt").write_text("".join(printed), encoding="utf-8")


def machine() -> str:
    """What computed, in one line."""
    versions = ", ".join(f"{name} {facts.version(name)}" for name in ("numpy", "jax", "onnxruntime"))
    return f"Measured on {facts.cores()} cores ({facts.processor()}): {facts.header()}, {versions}."


def sections(page: str) -> dict[str, str]:
    """The page's sections by their heading, the heading's line first."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: part.rstrip() + "\n" for part in parts}


def program_of(heading: str) -> str | None:
    """The program that makes the section under a heading, if one here does."""
    found = re.search(r"`scripts/bench (\w+)`", heading)
    return found[1] if found and found[1] in PROGRAMS else None


def section(name: str, folder: Path, page: Path) -> str:
    """One program's part of the page; draws its pictures beside the page."""
    title, words = PROGRAMS[name]
    rows = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    printed = (folder / f"{name}.txt").read_text(encoding="utf-8").rstrip()
    parts = [f"## {title}: `scripts/bench {name}`", *([words] if words else [])]
    for key, figure in plots.pictures(name, rows).items():
        picture = page.with_name(f"{page.stem}-{key}.svg")
        plots.save(figure, picture)
        parts.append(f"![{key}, each row of the table as a mark]({picture.name})")
    if name == "layers":
        _, means, verdicts = printed.split("\n\n")
        parts += [f"```\n{verdicts}\n```", f"```\n{means}\n```", TABLE, *(pivot(cell, rows) for cell in plots.CELLS)]
    else:
        parts.append(f"```\n{printed}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


COLUMNS = {  # heading: mode, rivals, what
    "train ms": ("train", (), "ours_ms"),
    "torch.nn": ("train", ("torch.nn", "torch.nn packed"), "ratio"),
    "XLA": ("train", ("XLA",), "ratio"),
    "share": ("train", ("ours, dense",), "cost"),
    "infer ms": ("infer", (), "ours_ms"),
    "torch.nn ": ("infer", ("torch.nn", "torch.nn packed"), "ratio"),
    "ONNX Runtime": ("infer", ("ONNX Runtime",), "ratio"),
    "packed once": ("infer", ("ONNX Runtime, both packed once",), "ratio"),
    "XLA ": ("infer", ("XLA",), "ratio"),
    "share ": ("infer", ("ours, dense",), "cost"),
}


def pivot(cell: str, rows: Sequence[dict[str, Any]]) -> str:
    """One cell's rows as a table: a line per shape, a column per mode and rival."""
    mine = [row for row in rows if row["cell"] == cell]
    if not mine:
        return ""
    headings = " | ".join(heading.strip() for heading in COLUMNS)
    lines = [f"| {cell.upper()} | {headings} |", "| --- " + "| ---: " * len(COLUMNS) + "|"]
    for shape in dict.fromkeys(shape_of(row) for row in mine):
        here = [row for row in mine if shape_of(row) == shape]
        values = [
            next((f"{row[what]:.{3 if what == 'ours_ms' else 2}f}" for row in here if takes(row, mode, rivals)), "")
            for mode, rivals, what in COLUMNS.values()
        ]
        lines.append(f"| {shape} | {' | '.join(values)} |")
    return "\n".join(lines)


def takes(row: dict[str, Any], mode: str, rivals: Sequence[str]) -> bool:
    """Whether a row belongs into a column."""
    return row["mode"] == mode and (not rivals or row["rival"] in rivals)


def compose(folder: Path, page: Path) -> str:
    """The whole page: what there are results of, and what stood there and isn't made here."""
    before = sections(page.read_text(encoding="utf-8")) if page.exists() else {}
    made = [
        section(name, folder, page)
        if (folder / f"{name}.json").exists()
        else next((text for heading, text in before.items() if program_of(heading) == name), "")
        for name in PROGRAMS
    ]
    kept = [text for heading, text in before.items() if program_of(heading) is None]
    facts_line = (folder / "machine.txt").read_text(encoding="utf-8")
    return "\n".join(part for part in [INTRODUCTION, facts_line, *made, *kept] if part)


def main() -> None:
    there = [name for name in PROGRAMS if (HERE / f"{name}.py").exists()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few rows of everything, in less time each")
    parser.add_argument("--run", nargs="*", choices=there, default=there, help="these programs only, or none")
    parser.add_argument("--results", type=Path, metavar="FOLDER", default=HERE.parent / "build" / "bench")
    parser.add_argument("--page", type=Path, metavar="FILE", default=HERE.parent / "docs" / "benchmarks.md")
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    if asked.run:
        (asked.results / "machine.txt").write_text(machine() + "\n", encoding="utf-8")
    for name in asked.run:
        run(name, asked.quick, asked.results)
    asked.page.write_text(compose(asked.results, asked.page), encoding="utf-8")
    print(f"\nwritten: {asked.page}")


if __name__ == "__main__":
    sys.exit(main())
