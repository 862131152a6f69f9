"""What a long text costs: peak memory and time of preparing, against the same training on a short text.

    python benchmarks/memory.py [--quick] [--size MB] [--units KIND] [--seconds S] [--folder FOLDER] [--json FILE]

Writes a text of 2 GB (64 MB if quick) by a seeded Markov chain of characters to a temporary folder, and trains one
small language model on it and one on its first megabyte, each in a process of its own and for so many seconds.

    peak      most resident memory at any moment (VmHWM), shared libraries included
    own       most of it that is the process's own and no file's (RssAnon), looked at twenty times a second
    growth    the long text's figure less the short one's: the model and its libraries are the same
    cpu       seconds of processor time in reading and encoding, fewer than they lasted where others compute too
    window    milliseconds to make one batch of 64 steps, in the order of training
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from anaphora.data import progress
from measure import facts, program

MEGABYTE = 10**6
SYMBOLS = "etaoinshrdlucmfwygpbvk.,'-\n   éß"  # 32, the space three times
AT_ONCE = (4096, 256)  # chains side by side, steps of each in a block
OPTIONS = ["--hidden", "128", "--embedding", "32", "--batch", "32", "--bptt", "64", "--evaluations", "4"]
ROWS = (32, 64, 128)


def write_text(path: Path, size: int, seed: int = 0) -> None:
    """A text of about ``size`` bytes in which a character depends on the two before it."""
    rng = np.random.default_rng(seed)
    n = len(SYMBOLS)
    likely = rng.dirichlet(np.full(n, 0.15), n * n)
    follow = np.stack([rng.choice(n, 256, p=p) for p in likely]).astype(np.uint8).ravel()  # state, random byte -> next
    codes = np.array([ord(symbol) for symbol in SYMBOLS], "<u4")
    state = rng.integers(0, n * n, AT_ONCE[0], np.int32)  # the last symbol but one times n, and the last
    made = np.empty(AT_ONCE[::-1], np.uint8)
    left = size
    with open(path, "wb") as file:
        while left > 0:
            chance = rng.integers(0, 256, AT_ONCE[::-1], np.uint8)
            for step in range(AT_ONCE[1]):
                follow.take(state * 256 + chance[step], out=made[step])
                state = state % n * n + made[step]
            block = codes[made.T].tobytes().decode("utf-32-le").encode()
            file.write(block)
            left -= len(block)


def status(name: str) -> float:
    """A figure of this process, in MB."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) / 1000 if found else float("nan")


class Own(threading.Thread):
    """Looks at RssAnon again and again and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0

    def run(self) -> None:
        while True:
            self.most = max(self.most, status("RssAnon"))
            time.sleep(0.05)


def train(text: Path, units: str, seconds: float) -> dict[str, Any]:
    """One training, in this process, and what it took."""
    from anaphora.config import resolve
    from anaphora.tasks.language import data
    from anaphora.tasks.language.settings import PRESETS, LanguageConfig
    from anaphora.tasks.language.training import LanguageTraining
    from anaphora.tasks.language.windows import Windows
    from anaphora.training import run

    own = Own()
    own.start()
    processor = time.process_time()
    options = [*OPTIONS, "--units", units, "--minutes", str(seconds / 60)]
    config = resolve(LanguageConfig, PRESETS, preset="small", options=options)
    progress.EVERY_SECONDS = 1.0
    with progress.observed_by(lambda what: print(f"\r{what:60}", end="", file=sys.stderr, flush=True)):
        begun = time.perf_counter()
        corpus = data.read(config, [text])
        read = time.perf_counter()
        work = LanguageTraining(config, corpus)
        prepared, processor = time.perf_counter(), time.process_time() - processor
    report = run.train(work, text.with_suffix(".anaphora"), run_dir=text.with_suffix(".run"))
    windows = {}
    for rows in ROWS:
        batches = Windows(work.batches.ids, rows, 64, 0)
        begin = time.perf_counter()
        for position in range(500):
            batches.at(position)
        windows[f"window_{rows}"] = (time.perf_counter() - begin) * 1e3 / 500
    return {
        "size_mb": text.stat().st_size / MEGABYTE,
        "units": len(work.batches.ids),
        "read_s": read - begun,
        "encode_s": prepared - read,
        "processor_s": processor,
        "mb_per_s": text.stat().st_size / MEGABYTE / (prepared - begun),
        "steps": report.steps,
        "peak_mb": status("VmHWM"),
        "own_mb": own.most,
        **windows,
    }


def measure(size: int, units: str, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """A row for the short text and one for the long."""
    free = shutil.disk_usage(folder).free
    needed = 3 * size
    if free < needed:
        sys.exit(
            f"benchmarks/memory.py needs {needed:,} bytes in {folder}, and {free:,} are free: name another --folder"
        )
    rows = []
    for name, length in (("short", MEGABYTE), ("long", size)):
        text = folder / f"{name}.txt"
        print(f"writing {text.name}, {length / MEGABYTE:,.0f} MB", file=sys.stderr, flush=True)
        write_text(text, length)
        command = [sys.executable, __file__, "--child", str(text), "--units", units, "--seconds", str(seconds)]
        environment = {**os.environ, "ANAPHORA_CACHE": str(folder / "cache")}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
        print(file=sys.stderr)
        rows.append({"text": name, **json.loads(done.stdout)})
        text.unlink()
    return rows


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """The table for people."""
    head = ("MB", "read s", "encode s", "cpu s", "MB/s", "steps", "peak MB", "own MB")
    names = ("size_mb", "read_s", "encode_s", "processor_s", "mb_per_s", "steps", "peak_mb", "own_mb")
    table = [f"{'text':6}" + "".join(f"{word:>9}" for word in head) + "".join(f"{f'window {n}':>12}" for n in ROWS)]
    for row in rows:
        figures = "".join(f"{row[name]:9,.{int(name.endswith('_s'))}f}" for name in names)
        table.append(f"{row['text']:6}{figures}" + "".join(f"{row[f'window_{n}']:9.3f} ms" for n in ROWS))
    short, long = rows
    growth = [long[name] - short[name] for name in ("peak_mb", "own_mb")]
    return [*table, f"growth {growth[0]:.0f} MB of the peak, {growth[1]:.0f} MB of its own; the bar is 1000 MB"]


def main() -> None:
    parser = program.options(__doc__, "a text of 64 MB", (6.0, 60.0))
    parser.add_argument("--size", type=float, metavar="MB", help="of the long text (64 if quick, else 2000)")
    parser.add_argument("--units", default="char", help="char (default), byte, word or subword")
    parser.add_argument("--folder", type=Path, help="where there is room for three times as much (default: TMPDIR)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    seconds = program.seconds_of(asked)
    if asked.child:
        print(json.dumps(train(asked.child, asked.units, seconds)))
        return
    size = int(MEGABYTE * (asked.size or (64 if asked.quick else 2000)))
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        rows = measure(size, asked.units, seconds, Path(folder))
    print(facts.header())
    print(f"training on {asked.units} units for {seconds:g} s after preparing")
    print("\n".join(lines(rows)))
    program.leave(asked, rows)


if __name__ == "__main__":
    main()
