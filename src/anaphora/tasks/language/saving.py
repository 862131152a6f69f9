"""From trained weights to a report and a bundle, without torch: the score is the runtime's own, the very number that
`eval` prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora import bundle, runtime
from anaphora.bundle import spec
from anaphora.errors import UsageError
from anaphora.metrics import language_model
from anaphora.runs.content import Section
from anaphora.runs.report import Tensors, Trained, card, cut_off, ended, write
from anaphora.tasks.language import scoring
from anaphora.tasks.language.showing import results, sections
from anaphora.tasks.language.streams import Piece
from anaphora.tasks.language.task import Corpus, Encoded, Floor, LanguageConfig, Report, Scored, scored


def score(config: LanguageConfig, encoded: Encoded, trained: Trained, pieces: Sequence[Piece]) -> float:
    """The model's nats per unit of pieces of the held-out part; not finite if it is that bad."""
    return float(scoring.score(opened(config, encoded, trained.tree, trained.tensors), encoded.held_out, pieces).mean())


def opened(config: LanguageConfig, encoded: Encoded, tree: spec.Block, tensors: Tensors) -> runtime.Model:
    """The model that a bundle of these weights holds."""
    return runtime.Model(bundle.Bundle(_tensors(encoded, tensors), _settings(config, tree)))


def save(
    config: LanguageConfig,
    corpus: Corpus,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    folder: Path,
    output: Path,
    nats: float | None = None,
    share: float = 1.0,
) -> tuple[Report, dict[Path, UsageError]]:
    """Write the bundle to `output` and into the run's folder, with its score or (None) before there is one; `share` is
    how much of what a score is made of was scored.

    Gives the report, and the error of each of the two places that could not be written: they may be on two disks.
    """
    report = _report(config, encoded, floor, trained, nats, scored(encoded, floor, share), folder, output)
    settings = {**_settings(config, trained.tree), "card": _card(corpus, encoded, floor, trained, report)}
    return report, write(folder, output, _tensors(encoded, trained.tensors), settings)


def _settings(config: LanguageConfig, tree: spec.Block) -> dict[str, Any]:
    return {
        "version": bundle.VERSION,
        "task": "language",
        "model": tree,
        "units": {"kind": config.data.units},
        "training": config.model_dump(),
    }


def _tensors(encoded: Encoded, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {**tensors, **encoded.vocabulary.tensors()}


def _report(
    config: LanguageConfig,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    nats: float | None,
    part: Scored,
    folder: Path,
    output: Path,
) -> Report:
    loses = None if nats is None else not nats <= part.floor_nats
    notes = [note for note in (floor.note, part.note) if note]
    if nats is not None and loses:
        notes.append(
            f"The network loses to the n-gram model: {nats:.4f} against {part.floor_nats:.4f} nats per"
            f" {config.data.units}. Train it longer (--minutes), or on more text."
        )
    if nats is None:
        notes.append(cut_off(trained, config.data.units))
    return Report(
        unit=config.data.units,
        nats=nats,
        bits=None if nats is None else language_model.bits(nats),
        perplexity=None if nats is None else language_model.perplexity(nats),
        floor_nats=part.floor_nats,
        loses=loses,
        scored=part.units,
        **ended(trained, folder, output),
        notes=tuple(notes),
        results=results(config.data.units, nats, part.floor_nats),
        sections=_sections(config, encoded, trained, part.units) if nats is not None and math.isfinite(nats) else (),
    )


def _sections(config: LanguageConfig, encoded: Encoded, trained: Trained, most: int) -> tuple[Section, ...]:
    return sections(opened(config, encoded, trained.tree, trained.tensors), encoded.held_out, most)


def _card(corpus: Corpus, encoded: Encoded, floor: Floor, trained: Trained, report: Report) -> dict[str, Any]:
    facts = {
        "held_out_sha256": corpus.held_out_sha256,
        "unit": report.unit,
        "train_units": len(encoded.train),
        "held_out_units": len(encoded.held_out),
        "scored_units": report.scored,
        "nats_per_unit": _finite(report.nats),
        "bits_per_unit": _finite(report.bits),
        "perplexity": _finite(report.perplexity),
        "sampled_nats_per_unit": _finite(report.sampled_nats),
        "floor": {
            "model": f"interpolated Kneser-Ney, order {floor.order}",
            "nats_per_unit": floor.nats,  # of what `eval` scores of this part
            "scored_nats_per_unit": report.floor_nats,
            "note": floor.note,
        },
    }
    return card(corpus.sources, corpus.sha256, facts, trained, report)


def _finite(number: float | None) -> float | None:
    """JSON has no number for infinity or "not a number": null."""
    return number if number is not None and math.isfinite(number) else None
