"""From trained weights to a report and a bundle, without torch: temperature and score are the runtime's own, the very
numbers that `eval` prints.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import bundle, label_metrics, places, spec
from anaphora.errors import UsageError
from anaphora.runtime import Model
from anaphora.sections import Result, Section
from anaphora.tasks.classify.classifier import scores, settings
from anaphora.tasks.classify.encoding import Encoded
from anaphora.tasks.classify.floor import Floor
from anaphora.tasks.classify.reading import Corpus
from anaphora.tasks.classify.scoring import Score, judge
from anaphora.tasks.classify.settings import PLURAL, ClassifyConfig
from anaphora.tasks.classify.showing import results, sections
from anaphora.trained import Trained, versions
from anaphora.wording import clock


@dataclass(frozen=True)
class Report:
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Floor
    loses: bool | None
    sampled_nats: float  # the best look during training
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
        """What a person reads at the end, the network beside the simple methods."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {clock(self.seconds)}"]
        if self.score is not None:
            floor = self.floor
            lines += [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]
            lines += ["", "on the same rows  accuracy  macro F1"]
            named = (("network", self.score.accuracy, self.score.macro_f1), *floor.rows())
            lines += [f"  {name:<14}  {accuracy:8.4f}  {f1:8.4f}" for name, accuracy, f1 in named]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


def score(corpus: Corpus, encoded: Encoded, trained: Trained, rows: NDArray[np.int64]) -> Score:
    """How good the trained weights are on rows of the held-out part, at the temperature that is fitted to them."""
    inputs, targets = encoded.held_out.rows.take(rows), encoded.held_out.targets[rows]
    model = Model(bundle.Bundle(dict(trained.tensors), {"model": trained.tree}))
    found = scores(model, inputs)
    heat = label_metrics.fit_temperature(found, targets, encoded.multi)
    return judge(found, corpus.held_out.take(rows), encoded.labels, heat, encoded.multi)


def save(
    config: ClassifyConfig,
    corpus: Corpus,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    folder: Path,
    output: Path,
    found: Score | None = None,
    note: str = "",
) -> tuple[Report, dict[Path, UsageError]]:
    """Write the bundle to `output` and into the run's folder, with its score or (None) before there is one; `note` is
    what is to be said of that.

    Gives the report, and the error of each of the two places that could not be written: they may be on two disks.
    """
    report = _report(config, encoded.multi, floor, trained, found, note, folder, output)
    heat = 1.0 if found is None else found.temperature
    filled = _settings(config, corpus, encoded, trained, heat)
    filled["card"] = _card(corpus, encoded, floor, trained, report)
    failed: dict[Path, UsageError] = {}
    for path in places.models(folder, output):
        try:
            bundle.write(path, _tensors(encoded, trained), filled)
        except UsageError as error:
            failed[path] = error
    return report, failed


def _settings(
    config: ClassifyConfig, corpus: Corpus, encoded: Encoded, trained: Trained, heat: float
) -> dict[str, Any]:
    units = settings(encoded.reader, encoded.labels, corpus.columns, config.data.separator)
    return {
        "version": bundle.VERSION,
        "task": "classify",
        "model": trained.tree,
        "units": {**units, "temperature": heat},
        "training": config.model_dump(),
    }


def _tensors(encoded: Encoded, trained: Trained) -> dict[str, NDArray[Any]]:
    return {**trained.tensors, **encoded.reader.tensors()}


def _report(
    config: ClassifyConfig,
    multi: bool,
    floor: Floor,
    trained: Trained,
    found: Score | None,
    note: str,
    folder: Path,
    output: Path,
) -> Report:
    beside = results(found, floor, by_f1=multi or config.training.class_weights != "none")
    loses = beside[0].loses
    notes = [told for told in (floor.note, note) if told]
    if loses:
        notes.append(
            f"The network loses to the logistic regression: {beside[0].name} {beside[0].value:.4f} against"
            f" {beside[0].baseline:.4f}. Train it longer (--minutes), with more dropout, or on more rows."
        )
    if found is None:
        notes.append(
            f"Cut off before the held-out part was scored; a look at it had {trained.sampled:.4f} nats per row."
            " `anaphora eval` scores it."
            if math.isfinite(trained.sampled)
            else "Cut off before the model was judged. `anaphora eval` scores it."
        )
    return Report(
        score=found,
        floor=floor,
        loses=loses,
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
        sections=sections(found),
    )


def _card(corpus: Corpus, encoded: Encoded, floor: Floor, trained: Trained, report: Report) -> dict[str, Any]:
    found = report.score
    figures = ("accuracy", "macro_f1", "micro_f1", "nats_per_row", "calibration_error", "uncalibrated_error")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in corpus.sources],
        "data_sha256": corpus.sha256,
        "unit": PLURAL[encoded.reader.kind],
        "labels": len(encoded.labels),
        "train_rows": len(corpus.train),
        "held_out_rows": len(corpus.held_out),
        "scored_rows": None if found is None else found.rows,
        **{name: None if found is None else getattr(found, name) for name in figures},
        "floor": floor.facts(),
        "parameters": report.parameters,
        "steps": trained.steps,
        "best_step": trained.best_step,
        "weights": trained.weights,
        "stopped": trained.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }
