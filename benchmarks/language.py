"""Time whole training steps of a language model, on our recurrent layer and on torch.nn's, in turn in one process.

    python benchmarks/language.py TEXT [--pairs N] [any option of `anaphora train language`]

Both models are the same blocks with the same weights, but for the recurrent layer; each step is window, forward, loss,
backward, clipping and AdamW. Prints the medians per step, and of the ratio of each pair, torch / ours.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time

import torch

from anaphora.config import resolve
from anaphora.nn.build import Stack, build
from anaphora.tasks.language import data, windows
from anaphora.tasks.language.settings import PRESETS, TASK, LanguageConfig
from anaphora.tasks.language.training import loss, specification
from anaphora.training import optim

RIVALS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def rival_of(model: Stack) -> Stack:
    """The same model on torch's own recurrent layer."""
    rival = copy.deepcopy(model)
    block = next(block for block in model.tree["blocks"] if block["name"] == "recurrent")
    options = {key: value for key, value in block.items() if key not in ("kind", "name")}
    layer = RIVALS[block["kind"]](**options)
    layer.load_state_dict(model.get_submodule("recurrent").state_dict())
    rival.recurrent = layer
    return rival


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="a text file")
    parser.add_argument("--pairs", type=int, default=20, help="steps of each that count (default 20)")
    asked, options = parser.parse_known_args()
    config = resolve(LanguageConfig, PRESETS, preset=TASK.default_preset, options=options)
    encoded = data.encode(config, data.read(config, [asked.text]))
    torch.manual_seed(config.training.seed)
    ours = build(specification(config, encoded.vocabulary.size))
    batches = windows.Windows(encoded.train, config.training.batch, config.training.bptt, config.training.seed)
    sides = [(model, optim.optimiser(model, config.training)) for model in (ours, rival_of(ours))]
    carries = [None, None]
    pairs = []
    for step in range(asked.pairs + 3):
        took = []
        for side, (model, adam) in enumerate(sides):
            start = time.perf_counter()
            adam.zero_grad(set_to_none=True)
            window = batches.at(step)
            nats, carries[side] = loss(model, window, carries[side])
            (nats / batches.units(window)).backward()
            optim.clip(model, config.training.clip)
            adam.step()
            took.append(1e3 * (time.perf_counter() - start))
        pairs.append(took)
        print(f"\rstep {step + 1} of {asked.pairs + 3}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    counted = pairs[3:]
    mine, theirs = (statistics.median(pair[side] for pair in counted) for side in (0, 1))
    ratio = statistics.median(pair[1] / pair[0] for pair in counted)
    network = config.model
    print(f"{network.cell} {network.layers} x {network.hidden}, batch {config.training.batch} x {config.training.bptt}")
    print(f"anaphora  {mine:8.1f} ms per step")
    print(f"torch.nn  {theirs:8.1f} ms per step, {ratio:.2f} times ours: its 15 minutes are {15 / ratio:.1f} of ours")


if __name__ == "__main__":
    main()
