"""A recurrent language model: what it is made of, its loss, and a training from text to bundle.

    embedding → dropout → RNN | GRU | LSTM × layers → dropout → linear
    or with tied weights        … → dropout (→ linear to the embedding's width) → the embedding again

Rows carry their state from window to window; gradients stop at the window's edge (truncated backpropagation through
time).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from anaphora import spec
from anaphora.config import render
from anaphora.errors import Interrupted, Terminated, UsageError
from anaphora.nn.blocks import Stack, State, build
from anaphora.tasks.language import streams
from anaphora.tasks.language.saving import Trained, places, save, score
from anaphora.tasks.language.task import (
    PLURAL,
    Corpus,
    Encoded,
    LanguageConfig,
    Report,
    check_output,
    check_room,
    encode,
    floor,
    free_run_dir,
)
from anaphora.training.initial import initialise
from anaphora.training.loop import Best, Loop, Outcome
from anaphora.training.metrics_log import MetricsLog
from anaphora.training.plan import Budget, Schedule
from anaphora.training.watch import Silent, Together, Watch

_LOGITS_AT_ONCE = 2**22
_EPOCHS = 10.0  # if nothing says how long
_SCORING_MARGIN = 1.3  # the runtime's scoring may be so much slower than a look in training
_SAVING_SECONDS = 1.0


def specification(config: LanguageConfig, vocabulary: int) -> spec.Block:
    """The model's blocks, for a vocabulary of that many symbols."""
    network = config.model
    blocks: list[spec.Block] = [
        {"kind": "embedding", "name": "embedding", "vocabulary": vocabulary, "size": network.embedding}
    ]
    if network.embedding_dropout > 0:
        blocks.append({"kind": "dropout", "name": "embedding_dropout", "p": network.embedding_dropout})
    blocks.append(
        {
            "kind": network.cell,
            "name": "recurrent",
            "input_size": network.embedding,
            "hidden_size": network.hidden,
            "num_layers": network.layers,
            "dropout": network.dropout if network.layers > 1 else 0.0,
        }
    )
    if network.output_dropout > 0:
        blocks.append({"kind": "dropout", "name": "output_dropout", "p": network.output_dropout})
    width = network.hidden
    if network.tied and width != network.embedding:
        blocks.append(
            {
                "kind": "linear",
                "name": "projection",
                "input_size": width,
                "output_size": network.embedding,
                "bias": False,
            }
        )
    if network.tied:
        blocks.append({"kind": "tied_output", "name": "output", "embedding": "embedding"})
    else:
        blocks.append({"kind": "linear", "name": "output", "input_size": width, "output_size": vocabulary})
    return spec.check({"kind": "stack", "name": "model", "blocks": blocks})


def expect_frequencies(model: Stack, ids: np.ndarray) -> None:
    """Let the output begin at the symbols' log frequencies in training, which the first steps then need not learn."""
    bias = model.get_parameter("output.bias")
    counts = np.bincount(ids, minlength=len(bias)) + 1.0
    with torch.no_grad():
        bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def loss(model: nn.Module, window: streams.Window, carry: State | None) -> tuple[Tensor, State]:
    """Mean −log p of the window's targets in nats, and the state the next window begins in, cut off from this one's
    gradient.
    """
    logits, state = model(torch.from_numpy(window.inputs), None if window.begins else carry)
    targets = torch.from_numpy(window.targets).long()
    nats = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    return nats, {path: tuple(part.detach() for part in parts) for path, parts in state.items()}


def evaluation(ids: np.ndarray, units: int, vocabulary: int) -> Callable[[nn.Module], float]:
    """A quick judgement of a model: mean nats per unit on about `units` units, evenly spread over held-out ids."""
    laid = streams.rows(ids, streams.sample(len(ids), units))
    inputs, targets, scored = (torch.from_numpy(part) for part in (laid.inputs, laid.targets, laid.scored))
    T, B = inputs.shape
    at_once = max(1, _LOGITS_AT_ONCE // (B * vocabulary))

    def evaluate(model: nn.Module) -> float:
        state: State | None = None
        total = 0.0
        for begin in range(0, T, at_once):
            here = slice(begin, begin + at_once)
            logits, state = model(inputs[here], state)
            nats = nn.functional.cross_entropy(logits.flatten(0, 1), targets[here].flatten(), reduction="none")
            total += float(nats[scored[here].flatten()].sum(dtype=torch.float64))
        return total / int(scored.sum())

    return evaluate


def train(
    config: LanguageConfig,
    corpus: Corpus,
    output: str | Path,
    *,
    run_dir: str | Path | None = None,
    watch: Watch | None = None,
    started: float | None = None,
) -> Report:
    """Train a language model on a corpus, score it beside the n-gram model, and write the bundle to `output`.

    `started`, on the clock of `time.monotonic`, is when the time of `minutes` began to run. The run's folder holds
    `config.toml`, `metrics.jsonl`, `checkpoints/best.safetensors` and the same bundle.

    Raises UsageError or DataError before training; Interrupted, Terminated or Diverged after the best model so far
    was saved; so it is, where a disk allows, when a UsageError says that a file of the run could not be written.
    """
    started = time.monotonic() if started is None else started
    output = Path(output)
    check_output(output)
    folder = free_run_dir(output) if run_dir is None else Path(run_dir)
    encoded = encode(config, corpus)
    log = _open_run(config, folder)
    told = Together((log, Silent() if watch is None else watch))
    saved = ""
    kept_before = f"What was kept is in {folder}."
    trouble = ""
    try:
        tree = specification(config, encoded.vocabulary.size)
        size = sum(4 * math.prod(shape) for shape in spec.tensors(tree).values())
        for place in (folder, output.parent):
            check_room(place, size)
        told.stage(f"counting n-grams of {len(encoded.train):,} {PLURAL[config.data.units]}")
        beat = floor(config, encoded)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.training.seed)
            model = build(tree)
            initialise(model)
            expect_frequencies(model, encoded.train)
            loop = make_loop(config, encoded, model, folder, told, started)
            outcome = loop.run()
        if outcome.best is None:
            raise outcome.error("No model was saved: none had been judged yet.") or AssertionError(outcome)
        if outcome.stopped == "unwritable":
            trouble = f"{outcome.trouble} "
        trained = _trained(tree, outcome, outcome.best, started)
        whole = outcome.stopped in ("finished", "early", "diverged")
        if not whole:
            told.stage("saving the best model so far")
        report, failed = save(config, corpus, encoded, beat, trained, folder, output)
        kept = next((place for place in places(folder, output) if place not in failed), loop.best_path)
        saved = f"The best model so far, from step {outcome.best.step}, is saved in {kept}."
        if whole and kept != loop.best_path:
            told.stage("scoring the held-out text")
            nats = score(config, encoded, trained)
            report, failed = save(config, corpus, encoded, beat, trained, folder, output, nats)
        if failed:
            raise next(iter(failed.values()))
        if outcome.stopped != "unwritable":
            told.finish(report)
    except KeyboardInterrupt as cut:
        raise Interrupted(f"Stopped by Ctrl-C outside of training. {saved or kept_before}") from cut
    except Terminated as cut:
        raise Terminated(f"Asked to stop outside of training. {saved or kept_before}") from cut
    except UsageError as error:
        if not saved:
            raise
        raise UsageError(f"{trouble}{error} {saved}") from error
    finally:
        log.close()
    ended = outcome.error(saved)
    if ended is not None:
        raise ended
    return report


def _trained(tree: spec.Block, outcome: Outcome, best: Best, started: float) -> Trained:
    return Trained(
        tree,
        best.tensors,
        sampled_nats=best.loss,
        best_step=best.step,
        weights=best.weights,
        steps=outcome.steps,
        stopped=outcome.stopped,
        started=started,
    )


def make_loop(
    config: LanguageConfig, encoded: Encoded, model: Stack, folder: Path, watch: Watch, started: float
) -> Loop[streams.Window]:
    """The training of a model on an encoded corpus, ready to run."""
    training = config.training
    vocabulary = encoded.vocabulary.size
    windows = streams.Windows(encoded.train, training.batch, training.steps, training.seed)
    schedule = Schedule(training.learning_rate, training.warmup, training.final_rate)
    limits = {"steps": training.max_steps, "epochs": training.epochs and math.ceil(training.epochs * windows.per_epoch)}
    if training.minutes is None and not any(limits.values()):
        limits["epochs"] = math.ceil(_EPOCHS * windows.per_epoch)
    most, reason = min(((most, reason) for reason, most in limits.items() if most), default=(None, ""))
    budget = None
    if training.minutes is not None:
        seconds = 60 * training.minutes
        looks = 2 if training.average > 0 else 1
        weight = _SCORING_MARGIN * _read_in(streams.cut(len(encoded.held_out))) / looks
        weight /= _read_in(streams.sample(len(encoded.held_out), training.evaluation_units))
        budget = Budget(
            deadline=started + seconds,
            seconds=seconds,
            evaluations=training.evaluations,
            clock=time.monotonic,
            reserve=lambda evaluation_seconds: weight * evaluation_seconds + _SAVING_SECONDS,
            most_steps=most,
        )
    elif most is not None:
        schedule.plans.append(schedule.extend(0, most, training.evaluations, reason))
    return Loop(
        model=model,
        batches=windows,
        loss=loss,
        evaluate=evaluation(encoded.held_out, training.evaluation_units, vocabulary),
        schedule=schedule,
        training=training,
        best_path=folder / "checkpoints" / "best.safetensors",
        watch=watch,
        budget=budget,
    )


def _read_in(pieces: list[streams.Piece]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)


def _open_run(config: LanguageConfig, folder: Path) -> MetricsLog:
    """Make the run's folder, write the resolved config into it, and open its log."""
    if (folder / "metrics.jsonl").exists():
        raise UsageError(f"{folder} holds the records of another run. Name another folder with --run-dir.")
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(render(config), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The run's folder {folder} cannot be written: {error.strerror or error}. Name another with --run-dir."
        ) from error
    return MetricsLog(folder / "metrics.jsonl")
