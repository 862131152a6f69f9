"""Time this build of anaphora against another build, in paired turns: is a change slower?

    python benchmarks/builds.py PYTHON TEXT [--rows PATTERN] [--rounds N] [--language-rounds N] [--json FILE]

PYTHON is the interpreter of an environment that holds the other build; TEXT is a text to train on. Each build runs in a
process of its own (two builds of the kernels in one process would share symbols), on one thread of one processor that
both share, and the turns alternate, the first one in every other round. Rows:

    layers     nn.RNN, GRU and LSTM: forward alone, and forward with every weight's gradient
    step       one step of a model that the other build trained: bound buffers, and the state as a value
    language   the whole command `anaphora train language`, 200 steps

A row holds the least time of both, and the median of other / this over all rounds with its 95 % interval (by ranks:
n/2 ± 1.96 √n/2), which a few disturbed rounds do not move. Above 1, this build is faster. Times are processor time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure import facts

SIDE = Path(__file__).with_name("measure") / "build_side.py"
BAR = 0.98
LANGUAGE = "train language, 200 steps"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
PROCESSOR = {max(os.sched_getaffinity(0))}
TRAIN = ["--hidden", "128", "--seed", "1"]


def share_processor() -> None:
    """Keep this process on the processor of all processes of the comparison."""
    os.sched_setaffinity(0, PROCESSOR)


class Build:
    """A process with one build."""

    def __init__(self, python: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [python, str(SIDE), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            cwd=folder,
            preexec_fn=share_processor,
        )
        self.rows = self._line().split("\t")

    def seconds(self, row: int) -> float:
        """Seconds per call of a row."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{row}\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"builds: {self.process.args} ended")
        return line.rstrip("\n")


def train(python: str, text: Path, folder: Path, out: str, *options: str) -> float:
    """Train a language model with one build, and return the processor seconds of the whole command."""
    run = str(Path(tempfile.mkdtemp(dir=folder)) / "run")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, "-m", "anaphora", "train", "language", str(text), "-o", out, "--run-dir", run, *TRAIN, *options]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd=folder
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(other: Callable[[], float], this: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """Times of both, round after round."""
    found = []
    for number in range(rounds):
        if number % 2:
            found.append((other(), this()))
        else:
            mine = this()
            found.append((other(), mine))
    return found


def row_of(name: str, pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """The figures of one row."""
    ratios = sorted(theirs / mine for theirs, mine in pairs)
    n, half = len(ratios), 0.98 * math.sqrt(len(ratios))
    return {
        "row": name,
        "other_us": 1e6 * min(theirs for theirs, _ in pairs),
        "this_us": 1e6 * min(mine for _, mine in pairs),
        "ratio": statistics.median(ratios),
        "low": ratios[max(0, math.floor(n / 2 - half))],
        "high": ratios[min(n - 1, math.ceil(n / 2 + half) - 1)],
    }


def line(row: dict[str, Any]) -> str:
    """A row for people."""
    verdict = "" if row["high"] >= BAR else "  below the bar"
    return (
        f"{row['row']:42}{row['other_us']:12.1f}{row['this_us']:12.1f}{row['ratio']:8.3f}"
        f"  {row['low']:.3f} to {row['high']:.3f}{verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", metavar="PYTHON", help="the interpreter of the other build's environment")
    parser.add_argument("text", type=Path, metavar="TEXT", help="a text file to train on")
    parser.add_argument("--rows", default="", metavar="PATTERN", help="only rows that this regular expression finds")
    parser.add_argument("--rounds", type=int, default=30, help="turns of each layer and step (30)")
    parser.add_argument("--language-rounds", type=int, default=10, help="turns of the training command (10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there, as a JSON list")
    asked = parser.parse_args()
    text, pythons = asked.text.resolve(), (asked.python, sys.executable)
    print(facts.header())
    print(f"{'row':42}{'other us':>12}{'this us':>12}{'ratio':>8}  95 % interval")
    rows: list[dict[str, Any]] = []

    def add(name: str, other: Callable[[], float], this: Callable[[], float], rounds: int) -> None:
        rows.append(row_of(name, in_turn(other, this, rounds)))
        print(line(rows[-1]), flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for cell in ("rnn", "gru", "lstm"):
            train(asked.python, text, folder, f"{cell}.anaphora", "--cell", cell, "--max-steps", "1")
        other, this = (Build(python, folder) for python in pythons)
        for number, name in enumerate(this.rows):
            if not re.search(asked.rows, name):
                continue
            add(name, lambda at=number: other.seconds(at), lambda at=number: this.seconds(at), asked.rounds)
        steps = ("language.anaphora", "--max-steps", "200")
        calls = [lambda python=python: train(python, text, folder, *steps) for python in pythons]
        if re.search(asked.rows, LANGUAGE):
            add(LANGUAGE, *calls, asked.language_rounds)
    missed = [row["row"] for row in rows if row["high"] < BAR]
    print(f"\n95 % interval reaches {BAR}: {len(rows) - len(missed)} of {len(rows)} rows")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
