"""What `anaphora check` estimates, against what it is: memory of a whole training, and time of a step.

    python benchmarks/estimate.py DATA... [--task TASK] [--networks OPTIONS...] [--json FILE]

A step is timed in processor time on one thread, the estimate's trials too, so that other programs on the machine change
neither: the best of four after a first one, or where rows are of unlike length the mean of forty. The peak is the most
resident memory of a process that trains three steps, looks at the held-out part once, scores and saves. Prints both,
and each estimate's ratio to what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = ("ANAPHORA_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
NETWORKS = (
    "--preset small",
    "--preset small --hidden 64",
    "--preset small --cell gru --hidden 512 --layers 2 --dropout 0.2",
    "--preset medium",
    "--preset medium --batch 64 --bptt 256",
    "--preset medium --units word",
    "--preset medium --hidden 2048 --batch 8 --bptt 16",
    "--preset large",
)
EQUAL, RAGGED = 4, 40  # steps that are timed
TRAIN = "import sys, resource; from anaphora.cli import main; code = main(sys.argv[1:]); "
TRAIN += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024); sys.exit(code)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="a text file, or what the task takes")
    parser.add_argument("--task", default="language", help="of the networks (default: language)")
    parser.add_argument("--json", help="also write the rows there")
    parser.add_argument("--networks", nargs="*", default=NETWORKS, help="options of each, in quotation marks")
    asked = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before NumPy and torch are loaded
    rows = []
    print(f"{'':<64}{'step':>18}{'':>7}{'peak':>20}")
    for options in asked.networks:
        words = asked.task, asked.data, options.split()
        row = {"options": options, **figures(*words), "peak": peak(*words)}
        rows.append(row)
        step, memory = row["estimated_step"] / row["step"], row["estimated_peak"] / row["peak"]
        print(
            f"{options:<64}{1e3 * row['estimated_step']:>8.1f} /{1e3 * row['step']:>7.1f} ms{step:>6.2f}"
            f"{row['estimated_peak'] / 1e6:>9.0f} /{row['peak'] / 1e6:>6.0f} MB{memory:>6.2f}",
            flush=True,
        )
    if asked.json:
        Path(asked.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def figures(task: str, data: list[str], options: list[str]) -> dict[str, float]:
    """Estimates and the time of a step: the mean over as many batches as make a pass, or the first of them."""
    import torch

    from anaphora.checks import cost, trial
    from anaphora.config import resolve
    from anaphora.tasks import registry
    from anaphora.training.distributed.workers import Alone
    from anaphora.training.initial import first_model
    from anaphora.training.update import Updater

    trial.CLOCK = time.process_time
    chosen = registry.task(task)
    config = resolve(chosen.config, chosen.presets, preset=options[1], options=options[2:])
    corpus = registry.task(task).read(config, data)
    _, load = registry.task(task).describe(config, corpus)
    told = {each.code: each.figures for each in cost.findings(load, config.training, Path())}
    torch.set_num_threads(1)
    work = registry.task(task).training(config, corpus)
    model = first_model(work.tree, 0, work.initialise)
    updater = Updater(model.train(), work.batches, work.batch_loss, work.training, Alone())
    steps = RAGGED if task != "language" else EQUAL  # of unlike length, a mean over many; else the best of a few
    took = []
    for step in range(1, steps + 2):
        begun = time.process_time()
        updater.update(step, 1e-3, measured=False)
        took.append(time.process_time() - begun)
    return {
        "estimated_step": told["time"]["seconds_per_pass"] / load.batches,
        "step": min(took[1:]) if steps == EQUAL else sum(took[1:]) / steps,
        "estimated_peak": told["memory"]["bytes"],
    }


def peak(task: str, data: list[str], options: list[str]) -> int:
    """Bytes that a training had resident at most."""
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "m.anaphora")
        words = ["train", task, *data, *options, "--max-steps", "3", "--evaluations", "1", "-o", output]
        done = subprocess.run([sys.executable, "-c", TRAIN, *words], capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
