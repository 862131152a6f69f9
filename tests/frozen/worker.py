"""The process that makes a record: `worker.py FOLDER SUBJECT…` writes the subjects' files and the key into a folder.

A process of its own, so that nothing another test imported, seeded or changed has a part in what is recorded.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from frozen import cells, commands, data, layers, names, old, python, runtimes, said, store, trainings
from frozen.doors import arch

Records = dict[str, list[str]]


def main(target: Path, subjects: list[str]) -> None:
    """Record the subjects in an empty folder that holds the data, and write what was found."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    (target / store.KEY).write_text(f"{key()}\n")
    with tempfile.TemporaryDirectory(prefix="frozen-") as place:
        here = Path(place).resolve()
        os.chdir(here)
        data.write(here)
        makers: dict[str, Callable[[], Records]] = {
            "said": lambda: said.records(here),
            "names": names.records,
            "trainings": lambda: trainings.records(here),
            "commands": lambda: commands.records(here),
            "python": lambda: python.records(here),
            "old": lambda: old.records(here),
            "layers": lambda: {**layers.records(), **cells.records()},
            "runtime": runtimes.records,
        }
        for subject in subjects:
            found = makers[subject]()
            write(target / store.ANY if subject in store.ANY_SUBJECTS else target, found)
            write(target / store.ANY, exits(subject, found))
        os.chdir(target)


def write(folder: Path, found: Records) -> None:
    """Write files into a folder."""
    for name, lines in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def exits(subject: str, found: Records) -> Records:
    """Every command of a subject whose answers are numbers, and its exit code, which is the same on every machine."""
    if subject not in store.TRANSCRIPTS:
        return {}
    lines = [line for name in found if name.endswith(".txt") for line in found[name]]
    return {f"exits/{subject}.txt": [line for line in lines if line.startswith(("$ ", "exit "))]}


def key() -> str:
    """The key of this machine's numbers; torch uses one thread."""
    return f"{arch()}-torch{torch.__version__.split('+')[0]}-{arithmetic()}"


def arithmetic() -> str:
    """Eight digits that stand for how torch and NumPy round on this processor."""
    x = torch.linspace(-3, 3, 37 * 53).sin().reshape(37, 53)
    w = torch.linspace(-1, 2, 29 * 53).cos().reshape(29, 53)
    found = [torch.nn.functional.linear(x, w), x @ x.T, x.T @ x, x.softmax(1), x.log_softmax(1), x.exp(), x.tanh()]
    found += [
        x.sigmoid(),
        x.sum(),
        x.norm(),
        torch.bmm(x[None], w.T[None]),
        x.rsqrt().nan_to_num(),
        x.double() @ w.T.double(),
    ]
    found += [torch.nn.functional.conv1d(x[None], w[:5, :37, None].expand(5, -1, 3).contiguous()), x.double().exp()]
    arrays = [each.numpy() for each in found]
    for kind in (np.float32, np.float64):
        a, b = x.numpy().astype(kind), w.numpy().astype(kind)
        arrays += [a @ b.T, a.T @ a, np.exp(a), np.log(np.abs(a) + 1), np.tanh(a), a.sum(axis=0), a.mean()]
    seen = hashlib.sha256()
    for array in arrays:
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()[:8]


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
