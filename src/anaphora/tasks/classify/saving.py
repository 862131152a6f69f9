"""From trained weights to a report and a bundle, without torch: temperature and score are the runtime's own, the very
numbers that `eval` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import bundle
from anaphora.errors import UsageError
from anaphora.runs.report import Ending, Trained, card, cut_off, ended, write
from anaphora.runtime import Model
from anaphora.tasks.classify.classifier import scores, settings
from anaphora.tasks.classify.encoding import Encoded
from anaphora.tasks.classify.floor import Floor
from anaphora.tasks.classify.reading import Corpus
from anaphora.tasks.classify.scoring import Score, judge, temperature_of
from anaphora.tasks.classify.settings import PLURAL, ClassifyConfig
from anaphora.tasks.classify.showing import results, sections


@dataclass(frozen=True)
class Report(Ending):
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Floor

    def told(self) -> list[str]:
        """The network beside the simple methods."""
        if self.score is None:
            return []
        lines = [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]
        lines += ["", "on the same rows  accuracy  macro F1"]
        named = (("network", self.score.accuracy, self.score.macro_f1), *self.floor.rows())
        return lines + [f"  {name:<14}  {accuracy:8.4f}  {f1:8.4f}" for name, accuracy, f1 in named]


def score(corpus: Corpus, encoded: Encoded, trained: Trained, rows: NDArray[np.int64]) -> Score:
    """How good the trained weights are on rows of the held-out part, at the temperature that is fitted to them."""
    inputs, targets = encoded.held_out.rows.take(rows), encoded.held_out.targets[rows]
    model = Model(bundle.Bundle(dict(trained.tensors), {"model": trained.tree}))
    found = scores(model, inputs)
    heat = temperature_of(found, targets, encoded.multi)
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
    filled["card"] = _card(corpus, encoded, trained, report)
    return report, write(folder, output, _tensors(encoded, trained), filled)


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
        notes.append(cut_off(trained, "row"))
    return Report(
        score=found,
        floor=floor,
        loses=loses,
        **ended(trained, folder, output),
        notes=tuple(notes),
        results=beside,
        sections=sections(found),
    )


def _card(corpus: Corpus, encoded: Encoded, trained: Trained, report: Report) -> dict[str, Any]:
    found = report.score
    figures = ("accuracy", "macro_f1", "micro_f1", "nats_per_row", "calibration_error", "uncalibrated_error")
    facts = {
        "unit": PLURAL[encoded.reader.kind],
        "labels": len(encoded.labels),
        "train_rows": len(corpus.train),
        "held_out_rows": len(corpus.held_out),
        "scored_rows": None if found is None else found.rows,
        **{name: None if found is None else getattr(found, name) for name in figures},
        "floor": report.floor.facts(),
    }
    return card(corpus.sources, corpus.sha256, facts, trained, report)
