"""Where the record lies, and how one is set beside another.

    expected/any/…                       texts and exit codes that are the same on every machine
    expected/avx2-torch2.13.0-1a2b3c4d/… numbers: one folder per instruction set, version of torch, and arithmetic

The arithmetic is a digest of what torch and NumPy themselves make of fixed inputs, so that a processor on which their
libraries round in another way has a key of its own.
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED, OLD = HERE / "expected", HERE / "old"
ANY, KEY = "any", "key.txt"
ANY_SUBJECTS = ("said", "names")
SUBJECTS = ("said", "names", "trainings", "commands", "python", "old", "layers", "runtime")
TRANSCRIPTS = ("trainings", "commands", "old")  # numbers, but for their commands' exit codes
KERNELS = ("layers", "runtime")  # recorded for the lesser instruction sets too
ARCHS = ("avx512", "avx2", "baseline")  # from the most to the least; a processor has all from its own on
_DROPPED = ("ANAPHORA", "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TERM", "COVERAGE")


def make(folder: Path, subjects: Iterable[str] = SUBJECTS) -> list[str]:
    """Record into a folder, in processes of their own; return the keys, this machine's own first."""
    keys = [_make(folder / "own", tuple(subjects), "")]
    kernels = tuple(subject for subject in subjects if subject in KERNELS)
    own = keys[0].partition("-")[0]
    lesser = ARCHS[ARCHS.index(own) + 1 :] if kernels and own in ARCHS else ()
    return [*keys, *(_make(folder / arch, kernels, arch) for arch in lesser)]


def _make(folder: Path, subjects: tuple[str, ...], arch: str) -> str:
    folder.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    environment |= {"OMP_NUM_THREADS": "1", "ANAPHORA_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    environment |= {"ANAPHORA_ARCH": arch} if arch else {}
    words = [sys.executable, str(HERE / "worker.py"), str(folder), *subjects]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    key = (folder / KEY).read_text(encoding="utf-8").strip()
    (folder / KEY).unlink()
    for path in list(folder.rglob("*")):
        if path.is_file():
            inside = path.relative_to(folder)
            target = folder.parent / (inside if inside.parts[0] == ANY else Path(key) / inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    return key


def files(folder: Path) -> list[str]:
    """The files under a folder, by their path inside it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def recorded_keys() -> list[str]:
    """The keys that there are records for."""
    return sorted(path.name for path in EXPECTED.iterdir() if path.is_dir() and path.name != ANY)


def difference(before: Path, after: Path, name: str, context: int = 2) -> list[str]:
    """How a file differs from what it was, as lines of a unified difference; empty if it does not."""
    one, other = (
        path.read_text(encoding="utf-8").splitlines() if path.exists() else [] for path in (before / name, after / name)
    )
    return list(difflib.unified_diff(one, other, f"recorded {name}", f"now {name}", lineterm="", n=context))
