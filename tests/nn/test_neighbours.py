"""Life beside torch in one process: its threads, its forks, its modes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from anaphora import nn

FORKED = """
import multiprocessing
import torch
from anaphora.nn import LSTM

torch.manual_seed(0)
layer, x = LSTM(64, 64), torch.randn(50, 32, 64)
torch.tanh(torch.randn(400, 4000))  # torch's threads exist now; no kernel was called yet
fork = multiprocessing.get_context("fork")
answers = fork.Queue()

def walk():
    with torch.no_grad():
        return layer(x)[0].numpy().tobytes()

child = fork.Process(target=lambda: answers.put(walk()))
child.start()
theirs = answers.get(timeout=60)
child.join()
print(theirs == walk())
"""

FOLLOWS = """
import torch
from anaphora import kernels
import anaphora.nn
torch.set_num_threads(1)
print(kernels.get_threads(), kernels.threads_source() if kernels.get_threads() == 1 else "")
kernels.set_threads(3)
print(kernels.get_threads(), kernels.threads_source())
"""


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_child_forked_after_torchs_threads_and_before_ours_walks() -> None:
    ran = run(FORKED)
    assert (ran.stdout.strip(), ran.returncode) == ("True", 0), ran.stderr


def test_threads_follow_torch_unless_set() -> None:
    ran = run(FOLLOWS, ANAPHORA_THREADS="2")
    assert ran.stdout.splitlines() == ["1 torch.get_num_threads", "3 set_threads"], ran.stderr


@pytest.mark.parametrize("text", ["abc", "0", "2.5", ""])
def test_a_number_of_threads_that_is_none_is_refused(text: str) -> None:
    ran = run("import anaphora.kernels", ANAPHORA_THREADS=text)
    assert ran.returncode != 0
    assert f"UsageError: ANAPHORA_THREADS is '{text}': expected a whole number, 1 or more" in ran.stderr


@pytest.mark.parametrize(
    ("kind", "options"), [("LSTM", {}), ("GRU", {"bidirectional": True}), ("GRUCell", {})], ids=lambda each: str(each)
)
def test_training_after_inference_mode(kind: str, options: dict[str, bool]) -> None:
    torch.manual_seed(1)
    layer, theirs = getattr(nn, kind)(5, 7, **options), getattr(torch.nn, kind)(5, 7, **options)
    theirs.load_state_dict(layer.state_dict())
    x = torch.randn(11, 5) if kind == "GRUCell" else torch.randn(4, 11, 5)

    def output(module: torch.nn.Module) -> torch.Tensor:
        found = module(x)
        return found if kind == "GRUCell" else found[0]

    with torch.inference_mode():
        looked = output(layer)
    trained = output(layer)
    np.testing.assert_array_equal(looked.numpy(), trained.detach().numpy())
    for y in (trained, output(theirs)):
        (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
    for (name, ours), other in zip(layer.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, other.grad, rtol=1e-5, atol=1e-5, msg=lambda said, name=name: name + said)
