"""From trained weights to a report and a bundle, without torch: the score is the runtime's own, the very numbers that
`eval` prints.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora import bundle, places, spec
from anaphora.errors import UsageError
from anaphora.runtime.model import Joined
from anaphora.sections import Result, Section
from anaphora.tasks.fill.corpus import Corpus, Encoded
from anaphora.tasks.fill.filler import Filler
from anaphora.tasks.fill.floor import Floor
from anaphora.tasks.fill.scoring import Score, judge, summed
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.showing import results, sections
from anaphora.tasks.fill.windows import cut, laid
from anaphora.trained import Trained, versions
from anaphora.wording import clock

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Report:
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Floor
    loses: bool | None
    sampled_nats: float  # the best look during training, per gap, from both sides
    parameters: int
    steps: int
    best_step: int
    seconds: float
    stopped: str
    model: Path
    run_dir: Path
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    sections: tuple[Section, ...]

    def lines(self) -> list[str]:
        """What a person reads at the end: both sides, the past alone, the simple methods."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {clock(self.seconds)}"]
        if self.score is not None:
            lines += [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


def score(config: FillConfig, encoded: Encoded, floor: Floor, trained: Trained, units: int) -> Score:
    """How good the trained weights are on so many words and marks of the held-out part."""
    filler = Filler(opened(config, encoded, trained.tree, trained.tensors))
    words, length = encoded.lexicon.words, len(encoded.held_out)
    found = judge(filler.network, words, laid(encoded.held_out, words, cut(length, units)), length)
    return summed(found, floor.sides, "this is the held-out text of the training")


def opened(config: FillConfig, encoded: Encoded, tree: spec.Block, tensors: Tensors) -> Joined:
    """The model that a bundle of these weights holds."""
    return Joined(bundle.Bundle(_tensors(encoded, tensors), _settings(config, tree)))


def save(
    config: FillConfig,
    corpus: Corpus,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    folder: Path,
    output: Path,
    units: int,
    found: Score | None = None,
) -> tuple[Report, dict[Path, UsageError]]:
    """Write the bundle to `output` and into the run's folder, with its score or (None) before there is one; it is of so
    many words and marks.

    Gives the report, and the error of each of the two places that could not be written: they may be on two disks.
    """
    report = _report(config, encoded, floor, trained, found, folder, output, units)
    settings = {**_settings(config, trained.tree), "card": _card(corpus, encoded, floor, trained, report)}
    failed: dict[Path, UsageError] = {}
    for path in places.models(folder, output):
        try:
            bundle.write(path, _tensors(encoded, trained.tensors), settings)
        except UsageError as error:
            failed[path] = error
    return report, failed


def _settings(config: FillConfig, tree: spec.Block) -> dict[str, Any]:
    return {
        "version": bundle.VERSION,
        "task": "fill",
        "model": tree,
        "units": {"kind": "word", "lower": config.data.lower},
        "training": config.model_dump(),
    }


def _tensors(encoded: Encoded, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {**tensors, **encoded.lexicon.tensors()}


def _report(
    config: FillConfig,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    found: Score | None,
    folder: Path,
    output: Path,
    units: int,
) -> Report:
    beside = results(found, floor)
    notes = [floor.note] if floor.note else []
    length = len(encoded.held_out)
    if units < length:
        scored = sum(piece.stop - piece.first for piece in cut(length, units))
        note = f"All scores are of an evenly spread sample of {scored:,} of {length:,} words and marks"
        notes.append(f"{note}{'.' if units == SCORED else ': --minutes left no time for more.'}")
    if beside[0].loses:
        notes.append(
            f"The network loses to {floor.counts.name}: accuracy {beside[0].value:.4f} against"
            f" {beside[0].baseline:.4f}. Train it longer (--minutes), or on more text."
        )
    if found is not None and (found.ratio or 1) < 1:
        notes.append("Both sides are right less often than the past alone: train longer (--minutes), or on more text.")
    if found is None:
        notes.append(
            f"Cut off before the held-out part was scored; a look at it had {trained.sampled:.4f} nats per gap."
            " `anaphora eval` scores it."
            if math.isfinite(trained.sampled)
            else "Cut off before the model was judged. `anaphora eval` scores it."
        )
    return Report(
        score=found,
        floor=floor,
        loses=beside[0].loses,
        sampled_nats=trained.sampled,
        parameters=sum(math.prod(shape) for shape in spec.tensors(trained.tree).values()),
        steps=trained.steps,
        best_step=trained.best_step,
        seconds=trained.seconds,
        stopped=trained.stopped,
        model=output,
        run_dir=folder,
        notes=tuple(notes),
        results=beside,
        sections=() if found is None else sections(
            opened(config, encoded, trained.tree, trained.tensors), encoded.held_out),
    )  # fmt: skip


def _card(corpus: Corpus, encoded: Encoded, floor: Floor, trained: Trained, report: Report) -> dict[str, Any]:
    found = report.score
    figures = {} if found is None else found.as_json()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in corpus.sources],
        "data_sha256": corpus.sha256,
        "held_out_sha256": corpus.held_out_sha256,
        "train_units": len(encoded.train),
        "held_out_units": len(encoded.held_out),
        **{name: _finite(figures.get(name)) for name in ("gaps", "unknown_gaps", "both", "past", "ratio")},
        "floors": _finite(floor.facts()),
        "parameters": report.parameters,
        "steps": trained.steps,
        "best_step": trained.best_step,
        "weights": trained.weights,
        "stopped": trained.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }


def _finite(value: Any) -> Any:
    """JSON has no number for infinity or "not a number": null."""
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
