#!/usr/bin/env bash
# DistributedDataParallel: the first step has other bits than the same step later, so a resumed run leaves its path.
#
# Packages: torch 2.13.0, NumPy 2.4.6, backend gloo, three processes on a CPU. Python 3.11.
# Valid input: a module with two weights. The gradient of each number is an input, one of 0.1, 0.2 … 1.0, the same in
# every step of a process, so that nothing is computed but the mean over the processes.
# Expectation: the same weights and the same data give the same gradients in the first step and in the second.
# Behaviour: the first step differs from all that follow, by rounding. The first step sends the gradients in the order
# of the parameters; later steps send them in the order in which the first backward pass finished them. The place of a
# number in the message decides in which order gloo adds the parts of the three processes.
# With find_unused_parameters=True the first order stays, and all steps agree.
# Consequence: a run that is stopped and resumed leaves the path of the run that was not stopped, because its next step
# is a first step again. Remedy: one backward pass, whose gradients are thrown away, before the first step.
set -euo pipefail
source "$(dirname "$0")/steps"

install torch==2.13.0 numpy==2.4.6

program <<'END'
import os

os.environ["GLOO_SOCKET_IFNAME"] = "lo"

import torch
import torch.distributed
import torch.multiprocessing
from torch.nn.parallel import DistributedDataParallel

RANKS, STEPS = 3, 4


class TwoWeights(torch.nn.Module):
    """Its gradients are the inputs themselves: no arithmetic but the sum over processes."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Parameter(torch.zeros(50))
        self.second = torch.nn.Parameter(torch.zeros(200))

    def forward(self, a, b):
        return (self.first * a).sum() + (self.second * b).sum()


def work(rank):
    store = torch.distributed.FileStore("store", RANKS)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=RANKS)
    generator = torch.Generator().manual_seed(rank)
    a, b = (torch.randint(1, 11, (size,), generator=generator) / 10 for size in (50, 200))
    for find in (False, True):
        model = DistributedDataParallel(TwoWeights(), find_unused_parameters=find)
        steps = []
        for _ in range(STEPS):
            model.zero_grad()
            model(a, b).backward()
            steps.append(torch.cat([weight.grad for weight in model.parameters()]))
        if rank == 0:
            print(f"find_unused_parameters={find}")
            for i in range(1, STEPS):
                equal = torch.equal(steps[i - 1], steps[i])
                near = torch.allclose(steps[i - 1], steps[i], rtol=1e-6)
                print(f"  steps {i} and {i + 1}: equal bits {equal}, equal but for rounding {near}", flush=True)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.multiprocessing.spawn(work, nprocs=RANKS)
END

expect <<'END'
find_unused_parameters=False
  steps 1 and 2: equal bits False, equal but for rounding True
  steps 2 and 3: equal bits True, equal but for rounding True
  steps 3 and 4: equal bits True, equal but for rounding True
find_unused_parameters=True
  steps 1 and 2: equal bits True, equal but for rounding True
  steps 2 and 3: equal bits True, equal but for rounding True
  steps 3 and 4: equal bits True, equal but for rounding True
END
