"""What training on several ranks costs: a step of one process, of two ranks with half its threads each, and networks.

    python benchmarks/scale.py TEXT [--rounds N] [--steps-per-round K] [--latency S] [any option of `anaphora train
        language`]

One process with all threads and two ranks with half of them each take the same steps of the same model on the same
global batch, in turn; the fastest round of each counts. The ranks' step is also taken apart: without the exchange of
gradients, the exchange alone (an all-reduce of as many bytes, over gloo on the loopback interface), and what the ranks
agree on besides. From that:

    t_exchange = 2 (n - 1)/n · bytes / rate  +  messages · latency              ring all-reduce among n machines
    efficiency = t_step / (t_step + t_exchange)                                 each with the whole batch of one

with the rate of the network or of gloo itself, whichever is less, and nothing of the exchange hidden behind the
backward pass.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import time
from typing import Any

import torch

from anaphora.config import resolve
from anaphora.nn.build import build
from anaphora.tasks.language import data
from anaphora.tasks.language.settings import PRESETS, TASK, LanguageConfig
from anaphora.tasks.language.training import TRAINING
from anaphora.training.distributed.torch_group import join
from anaphora.training.distributed.workers import Alone, Workers
from anaphora.training.initial import initialise
from anaphora.training.update import Updater
from measure import facts

NETWORKS = {"1 Gbit/s": 1e9 / 8, "10 Gbit/s": 1e10 / 8, "25 Gbit/s": 2.5e10 / 8, "100 Gbit/s": 1e11 / 8}
MACHINES = (2, 4, 8, 16)
BUCKETS = (1 << 20, 25 << 20)  # bytes that DistributedDataParallel sends at once: the first time, then
REST_S = 0.02


def exchange_seconds(n: int, size: float, rate: float, latency: float) -> float:
    """How long n machines take to add up gradients of `size` bytes, and to agree on the rest."""
    buckets = 1 + math.ceil(max(0.0, size - BUCKETS[0]) / BUCKETS[1])
    messages = 2 * (n - 1) * (buckets + 1) + math.ceil(math.log2(n))  # the loss, and a word of the first one
    return 2 * (n - 1) / n * size / rate + messages * latency


def efficiency(step: float, n: int, size: float, rate: float, latency: float) -> float:
    """The share of n machines' work that is not waiting."""
    return step / (step + exchange_seconds(n, size, rate, latency))


class Ranks:
    """One process or several that do what they are told, together."""

    def __init__(self, ranks: int, threads: int, words: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self._running = []
        for rank in range(ranks):
            told = {"OMP_NUM_THREADS": str(threads), "ANAPHORA_THREADS": str(threads)}
            if ranks > 1:
                told |= {"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks)}
                told |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            command = [sys.executable, __file__, "--serve", *words]
            self._running.append(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **told}, text=True
                )
            )
        self.known = self._heard()[0]

    def take(self, what: str, times: int) -> float:
        """Seconds of one, by the slowest."""
        time.sleep(REST_S)
        for process in self._running:
            assert process.stdin is not None
            process.stdin.write(f"{what} {times}\n")
            process.stdin.flush()
        return max(self._heard()) / times

    def _heard(self) -> list[Any]:
        return [json.loads(process.stdout.readline()) for process in self._running if process.stdout is not None]

    def end(self) -> None:
        """Let them go."""
        for process in self._running:
            process.communicate()


def serve(words: list[str]) -> None:
    """Be one of them: a line on standard input is what to do and how often, the answer is how long it took."""
    config = resolve(LanguageConfig, PRESETS, preset=TASK.default_preset, options=words[1:])
    work = TRAINING(config, data.read(config, [words[0]]))
    several = "RANK" in os.environ
    with join(os.environ, print) if several else contextlib.nullcontext(Alone()) as workers:
        torch.manual_seed(config.training.seed)
        model = build(work.tree)
        initialise(model)
        updater = Updater(model, work.batches, work.batch_loss, config.training, workers)
        size = sum(parameter.numel() for parameter in model.parameters())
        print(json.dumps({"parameters": size, "threads": torch.get_num_threads()}), flush=True)
        step = 0
        for line in sys.stdin:
            what, times = line.split()
            begun = time.perf_counter()
            for _ in range(int(times)):
                step += 1
                do(what, step, updater, workers, size)
            print(time.perf_counter() - begun, flush=True)


def do(what: str, step: int, updater: Updater[Any], workers: Workers, size: int) -> None:
    """One step, one without exchange, one exchange, or one word."""
    if what == "step":
        float(updater.update(step, 1e-3, measured=False).loss)
    elif what == "local":
        with workers.no_sync(updater._module):
            float(updater.update(step, 1e-3, measured=False).loss)
    elif what == "exchange":
        workers.all_reduce(torch.ones(size))
    else:
        workers.broadcast([False, None, False, None])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="a text file")
    parser.add_argument("--rounds", type=int, default=20, help="rounds that count (default 20)")
    parser.add_argument("--steps-per-round", type=int, default=2, help="steps of one round (default 2)")
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds that a message takes (default 0.00005)")
    asked, options = parser.parse_known_args()
    words, K = [asked.text, *options], asked.steps_per_round
    threads = facts.cores()
    print(facts.header())
    one, two = Ranks(1, threads, words), Ranks(2, max(1, threads // 2), words)
    rounds = []
    for number in range(asked.rounds + 1):
        times = {"one": one.take("step", K), "two": two.take("step", K), "local": two.take("local", K)}
        times |= {"exchange": two.take("exchange", K), "word": two.take("word", 100)}
        rounds.append(times)
        print(f"\rround {number} of {asked.rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    one.end()
    two.end()
    report(rounds[1:], 4 * one.known["parameters"], threads, asked.latency)


def report(rounds: list[dict[str, float]], size: float, threads: int, latency: float) -> None:
    """The figures, and what follows from them."""
    least = {name: min(each[name] for each in rounds) for name in rounds[0]}
    half = max(1, threads // 2)
    gloo = size / least["exchange"]  # among two, 2 (n - 1)/n is 1
    foreseen = (least["local"] + least["exchange"]) / least["two"]
    print(f"{size / 4:,.0f} parameters, {size / 1e6:.1f} MB of gradients a step; the fastest of {len(rounds)} rounds")
    print(f"1 rank, {threads} threads         {1e3 * least['one']:9.1f} ms a step")
    print(
        f"2 ranks, {half} thread each    {1e3 * least['two']:9.1f} ms, {least['two'] / least['one']:.2f} times as long"
    )
    print(f"  without the exchange    {1e3 * least['local']:9.1f} ms")
    print(f"  the exchange alone      {1e3 * least['exchange']:9.1f} ms, {gloo / 1e9:.2f} GB/s over gloo and loopback")
    print(f"  a word of the first one {1e3 * least['word']:9.3f} ms")
    print(f"  step without exchange + exchange alone = {foreseen:.2f} times the step measured")
    print(f"\nefficiency of n machines like this one, {1e3 * latency:.2f} ms a message")
    print(f"| network | {' | '.join(f'n = {n}' for n in MACHINES)} |")
    print("| --- " + "| ---: " * len(MACHINES) + "|")
    for name, rate in NETWORKS.items():
        shares = [efficiency(least["one"], n, size, min(rate, gloo), latency) for n in MACHINES]
        print(f"| {name} | {' | '.join(f'{share:.0%}' for share in shares)} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2:])
    else:
        main()
