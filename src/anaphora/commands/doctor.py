"""``anaphora doctor``: the installed versions, the operations in use, and tests with a tiny network.

The output is plain text for a bug report; it names no file, no person and no machine.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from anaphora.commands import parser
from anaphora.formatting import counted
from anaphora.version import __version__

if TYPE_CHECKING:
    import numpy as np

    from anaphora.bundle import spec

PACKAGES = ("numpy", "safetensors", "pydantic", "typer", "rich", "sentencepiece", "torch", "matplotlib", "polars")
SYMBOLS, AGO = 8, 2  # the test: predict which of 8 symbols stood two steps before
STEPS, ROWS, LENGTH = 150, 16, 24
KERNELS_CLOSE = 2e-6  # float32 kernels against the same equations in float64, largest difference
TOWERS_CLOSE = 1e-5  # torch's side against the runtime, relative to the largest
LEARNT = 0.2  # nats; the uniform distribution costs ln 8 = 2.08


class Diagnosis(NamedTuple):
    """The result of one test."""

    passed: bool
    text: str


def make() -> Any:
    """Return the command."""
    return parser.command(doctor, "doctor")


def doctor() -> None:
    """Test this installation and describe it for a bug report.

    The exit code is 1 if a test fails. Without torch, only the runtime is tested.
    """
    for title, value in _facts():
        print(f"{title:<14}{value}")
    print()
    wrong = 0
    for finding in _findings():
        wrong += not finding.passed
        print(f"[{'ok' if finding.passed else 'FAILED'}] {finding.text}", flush=True)
    print()
    if wrong:
        print(f"{counted(wrong, 'test')} failed. Please report all the lines above.")
        raise typer.Exit(1)
    print("All tests passed.")


def _facts() -> Iterator[tuple[str, str]]:
    from anaphora import kernels

    yield "anaphora", __version__
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}, {' '.join(platform.libc_ver())}"
    yield "processor", _processor()
    yield "instructions", f"{kernels.arch()} (ANAPHORA_ARCH overrides)"
    yield "threads", f"{kernels.get_threads()} of the kernels: {kernels.threads_source()}"
    for package in PACKAGES:
        yield package, _version(package)
    if _version("torch") != _ABSENT:
        yield from _operations()


_ABSENT = "not installed"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return _ABSENT


def _processor() -> str:
    try:
        names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        names = []
    return f"{names[0]}, {len(names)} logical" if names else platform.processor() or "unknown"


def _operations() -> Iterator[tuple[str, str]]:
    """Which operation a recurrent layer will use, asked of the layer itself for every device and dtype there is."""
    import torch

    from anaphora.nn.engine.base import runs_here

    yield "torch threads", f"{torch.get_num_threads()} of torch's own operations (OMP_NUM_THREADS overrides)"
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else []), *(["mps"] if torch.mps.is_available() else [])]
    for device in devices:
        named = f" ({torch.cuda.get_device_name()})" if device == "cuda" else ""
        kinds = [torch.float32, torch.bfloat16, torch.float16, *([torch.float64] if device != "mps" else [])]
        for dtype in kinds:
            x = torch.zeros(1, 1, 1, dtype=dtype, device=device)
            by = "anaphora's kernels" if runs_here(x, [x]) else _TORCH_FALLBACK
            yield f"{device} {str(dtype).removeprefix('torch.')}", f"{by}{named}"
    if devices == ["cpu"]:
        yield "other devices", f"none found; on them {_TORCH_FALLBACK}"


_TORCH_FALLBACK = "torch's own operation for RNN, GRU and LSTM; variants, noise, resets and gates in plain torch"


def _findings() -> Iterator[Diagnosis]:
    yield _kernels_agree()
    if _version("torch") == _ABSENT:
        yield Diagnosis(
            True,
            'torch is not installed, so this installation only runs models. To train: pip install "anaphora[train]"',
        )
        return
    tree = _proof_tree()
    before, after, seconds, module = _train(tree)
    losses = f"{before:.3f} nats at first, {after:.3f} after {STEPS} steps, {seconds:.2f} s"
    yield Diagnosis(after < LEARNT < before, f"a GRU of 16 units learns the symbol {AGO} steps before: {losses}")
    yield _towers_agree(tree, module)


def _kernels_agree() -> Diagnosis:
    import numpy as np

    from anaphora import kernels
    from anaphora.kernels import reference
    from anaphora.kernels.row_index import RowIndex, Weights

    rng = np.random.default_rng(7)
    T, B, I, H = 30, 5, 9, 19
    lines = RowIndex.dense(T, B)
    worst = 0.0
    for cell, G in (("rnn_tanh", 1), ("rnn_relu", 1), ("gru", 3), ("lstm", 4)):
        shapes = [(G * H, I), (G * H, H), (G * H,), (G * H,)]
        arrays = [(rng.normal(size=shape) / H**0.5).astype(np.float32) for shape in shapes]
        x = rng.normal(size=(T * B, I)).astype(np.float32)
        outputs: list[np.ndarray[Any, Any]] = []
        for module, dtype in ((kernels, np.float32), (reference, np.float64)):
            y, h, c = np.zeros((T * B, H), dtype), np.zeros((1, B, H), dtype), np.zeros((1, B, H), dtype)
            packed = module.pack(cell, [Weights(*(array.astype(dtype) for array in arrays))])
            last = c if cell == "lstm" else None
            module.forward(packed, x.astype(dtype), lines, None, None, y, h, last, None)
            outputs.append(y)
        worst = max(worst, float(np.abs(outputs[0] - outputs[1]).max()))
    return Diagnosis(worst <= KERNELS_CLOSE, f"kernels against float64 equations: largest difference {worst:.1e}")


def _proof_tree() -> spec.Block:
    from anaphora.bundle import spec

    blocks = [
        {"kind": "embedding", "name": "embedding", "vocabulary": SYMBOLS, "size": 8},
        {"kind": "gru", "name": "recurrent", "input_size": 8, "hidden_size": 16},
        {"kind": "linear", "name": "output", "input_size": 16, "output_size": SYMBOLS},
    ]
    return spec.check({"kind": "stack", "name": "model", "blocks": blocks})


def _train(tree: spec.Block) -> tuple[float, float, float, Any]:
    import torch

    from anaphora.nn.build import build

    losses = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # torch's threads wait for each other in every operation: on a busy machine for long
    started = time.perf_counter()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = build(tree)
        optimiser = torch.optim.AdamW(module.parameters(), lr=0.03)
        for _ in range(STEPS):
            ids = torch.randint(SYMBOLS, (LENGTH, ROWS))
            logits, _ = module(ids)
            loss = torch.nn.functional.cross_entropy(logits[AGO:].flatten(0, 1), ids[:-AGO].flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
    seconds = time.perf_counter() - started
    torch.set_num_threads(threads)
    return losses[0], losses[-1], seconds, module.eval()


def _towers_agree(tree: spec.Block, module: Any) -> Diagnosis:
    import numpy as np
    import torch

    from anaphora import bundle, runtime

    tensors = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    config = {"version": bundle.version_of({}), "task": "proof", "model": tree}
    ids = np.random.default_rng(3).integers(SYMBOLS, size=(LENGTH, ROWS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proof.anaphora"
        bundle.write(path, tensors, config)
        ours, _ = runtime.load(path).forward(ids)
        size = path.stat().st_size
    with torch.no_grad():
        theirs = module(torch.from_numpy(ids))[0].numpy()
    apart = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    text = f"saved, verified ({size:,} bytes) and run without torch: scores differ by {apart:.1e} of the largest"
    return Diagnosis(apart <= TOWERS_CLOSE, text)
