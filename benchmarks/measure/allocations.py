"""Count every allocation of ten thousand steps: of Python's objects, of NumPy's arrays, of the kernels.

    python benchmarks/measure/allocations.py

A child process runs the steps with Python's own allocator turned off (`PYTHONMALLOC=malloc`) and a library preloaded
that counts `malloc`, `calloc`, `realloc`, `memalign` and their kin before it passes them on to glibc's, so nothing that
asks for memory goes by. What the loop itself asks for, once and not in every round, is taken off.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

STEPS = 10_000
CELLS = ("rnn", "gru", "lstm")
SOURCE = """
#include <atomic>
#include <cerrno>
#include <cstddef>
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
static std::atomic<long> count;
long allocations() { return count; }
void* malloc(std::size_t n) { ++count; return __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t of) { ++count; return __libc_calloc(n, of); }
void* realloc(void* p, std::size_t n) { ++count; return __libc_realloc(p, n); }
void* memalign(std::size_t to, std::size_t n) { ++count; return __libc_memalign(to, n); }
void* aligned_alloc(std::size_t to, std::size_t n) { ++count; return __libc_memalign(to, n); }
int posix_memalign(void** p, std::size_t to, std::size_t n) {
  ++count;
  *p = __libc_memalign(to, n);
  return *p ? 0 : ENOMEM;
}
}
"""


def counted() -> dict[str, int]:
    """How often ten thousand steps ask for memory, for each cell; making an `object` each shows that it counts."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "count.cpp", Path(folder) / "count.so"
        source.write_text(SOURCE, encoding="utf-8")
        build = [os.environ.get("CXX", "c++"), "-O1", "-fno-builtin", "-shared", "-fPIC", source, "-o", library]
        subprocess.run(build, check=True)
        environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"}
        done = subprocess.run(
            [sys.executable, __file__, library], env=environment, check=True, capture_output=True, text=True
        )
    return {name: int(count) for name, count in (line.split() for line in done.stdout.splitlines())}


def count(library: str) -> None:
    """The child: one line for each."""
    allocations = ctypes.CDLL(library).allocations
    allocations.restype = ctypes.c_long
    own = allocations_of(nothing, allocations)
    for name, step in {"object": object, **{cell: stepper(cell) for cell in CELLS}}.items():
        print(name, allocations_of(step, allocations) - own, flush=True)


def nothing() -> None:
    """What a loop costs by itself."""


def allocations_of(step: Callable[[], object], allocations: Callable[[], int]) -> int:
    """Of ten thousand calls, after one that doesn't count."""
    step()
    before = allocations()
    for _ in itertools.repeat(None, STEPS):
        step()
    return allocations() - before


def stepper(cell: str, H: int = 128) -> Callable[[], object]:
    """A step of one layer of H units over H inputs, one row, random weights."""
    import numpy as np

    from anaphora.bundle import Bundle, spec
    from anaphora.runtime import Model

    block = {"kind": cell, "name": "recurrent", "input_size": H, "hidden_size": H}
    tree = spec.check({"kind": "stack", "name": "model", "input_size": H, "blocks": [block]})
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32) / np.float32(H**0.5)
        for name, shape in spec.tensors(tree).items()
    }
    bound = Model(Bundle(tensors, {"version": 1, "task": "none", "model": tree})).stepper()
    bound.x[:] = rng.normal(size=H)
    return bound.step


if __name__ == "__main__":
    if len(sys.argv) > 1:
        count(sys.argv[1])
    else:
        for what, times in counted().items():
            print(f"{what:10}{times:10,} allocations in {STEPS:,} steps")
