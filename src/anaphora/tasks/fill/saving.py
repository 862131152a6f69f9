"""From trained weights to a report and a bundle, without torch: the score is the runtime's own, the very numbers that
`eval` prints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.errors import UsageError
from anaphora.runs.report import Ending, Tensors, Trained, card, cut_off, ended, write
from anaphora.runtime.model import Joined
from anaphora.tasks.fill.corpus import Corpus, Encoded
from anaphora.tasks.fill.filler import Filler
from anaphora.tasks.fill.floor import Floor
from anaphora.tasks.fill.scoring import Score, judge, summed
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.showing import results, sections
from anaphora.tasks.fill.windows import cut, laid


@dataclass(frozen=True)
class Report(Ending):
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Floor

    def told(self) -> list[str]:
        """Both sides, the past alone, the simple methods."""
        if self.score is None:
            return []
        return [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]


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
    settings = {**_settings(config, trained.tree), "card": _card(corpus, encoded, trained, report)}
    return report, write(folder, output, _tensors(encoded, trained.tensors), settings)


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
        notes.append(cut_off(trained, "gap"))
    return Report(
        score=found,
        floor=floor,
        loses=beside[0].loses,
        **ended(trained, folder, output),
        notes=tuple(notes),
        results=beside,
        sections=() if found is None else sections(
            opened(config, encoded, trained.tree, trained.tensors), encoded.held_out),
    )  # fmt: skip


def _card(corpus: Corpus, encoded: Encoded, trained: Trained, report: Report) -> dict[str, Any]:
    found = report.score
    figures = {} if found is None else found.as_json()
    facts = {
        "held_out_sha256": corpus.held_out_sha256,
        "train_units": len(encoded.train),
        "held_out_units": len(encoded.held_out),
        **{name: _finite(figures.get(name)) for name in ("gaps", "unknown_gaps", "both", "past", "ratio")},
        "floors": _finite(report.floor.facts()),
    }
    return card(corpus.sources, corpus.sha256, facts, trained, report)


def _finite(value: Any) -> Any:
    """JSON has no number for infinity or "not a number": null."""
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
