"""From trained weights to a report and a bundle, without torch: the score is the runtime's own, the very numbers that
`eval` prints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.errors import UsageError
from anaphora.runs.content import Section
from anaphora.runs.report import Ending, Tensors, Trained, card, cut_off, ended, write
from anaphora.runtime.model import Joined
from anaphora.tasks.translate.encoding import Encoded
from anaphora.tasks.translate.floor import Floor
from anaphora.tasks.translate.reading import Corpus
from anaphora.tasks.translate.scoring import Score, evaluate
from anaphora.tasks.translate.settings import PLURAL, TranslateConfig
from anaphora.tasks.translate.showing import looks, results, sections
from anaphora.tasks.translate.translator import Translator

_USUAL = 0.999  # the share of training pairs whose ratio of lengths a translation may reach


@dataclass(frozen=True)
class Report(Ending):
    """How a training ended. Scores are of decoded held-out text; None if the run was cut off before there were any."""

    score: Score | None
    floor: Floor

    def told(self) -> list[str]:
        """The network beside a copy of the source."""
        if self.score is None:
            return []
        lines = [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]
        lines += ["", "on the same texts       BLEU    chrF    exact"]
        for name, worth in (("network", self.score), ("copy of the source", self.floor)):
            lines.append(f"  {name:<18}  {worth.bleu:6.2f}  {worth.chrf:6.2f}  {worth.exact:6.2%}")
        return lines


def score(config: TranslateConfig, corpus: Corpus, encoded: Encoded, trained: Trained, most: int) -> Score:
    """How good the trained weights are: so many of the held-out sources, decoded greedily, beside their targets."""
    return evaluate(opened(config, encoded, trained.tree, trained.tensors), corpus.held_out, most=most)


def opened(config: TranslateConfig, encoded: Encoded, tree: spec.Block, tensors: Tensors) -> Translator:
    """The translator that a bundle of these weights holds."""
    return Translator(Joined(bundle.Bundle(_tensors(encoded, tensors), _settings(config, encoded, tree))))


def save(
    config: TranslateConfig,
    corpus: Corpus,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    folder: Path,
    output: Path,
    found: Score | None = None,
) -> tuple[Report, dict[Path, UsageError]]:
    """Write the bundle to `output` and into the run's folder, with its score or (None) before there is one.

    Gives the report, and the error of each of the two places that could not be written: they may be on two disks.
    """
    report = _report(config, corpus, encoded, floor, trained, found, folder, output)
    filled = _settings(config, encoded, trained.tree)
    filled["card"] = _card(corpus, encoded, trained, report)
    return report, write(folder, output, _tensors(encoded, trained.tensors), filled)


def _settings(config: TranslateConfig, encoded: Encoded, tree: spec.Block) -> dict[str, Any]:
    ratios = encoded.train.targets.lengths / encoded.train.sources.lengths
    return {
        "version": bundle.VERSION,
        "task": "translate",
        "model": tree,
        "units": {**encoded.reader.settings(), "ratio": float(np.quantile(ratios, _USUAL))},
        "training": config.model_dump(),
    }


def _tensors(encoded: Encoded, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {**tensors, **encoded.reader.tensors()}


def _report(
    config: TranslateConfig,
    corpus: Corpus,
    encoded: Encoded,
    floor: Floor,
    trained: Trained,
    found: Score | None,
    folder: Path,
    output: Path,
) -> Report:
    beside = results(found, floor, trained.sampled)
    loses = beside[0].loses
    notes = []
    if len(encoded.left_out):
        notes.append(
            f"{len(encoded.left_out):,} pairs were left out of training: empty on one side, or too long (--longest)."
        )
    if found is not None and found.rows < len(corpus.held_out):
        notes.append(f"Of {len(corpus.held_out):,} held-out pairs {found.rows:,} were decoded, evenly spread.")
    if loses:
        notes.append(
            f"The network loses to a copy of the source: BLEU {floor.bleu:.2f}. Train it longer (--minutes), or on more"
            " pairs."
        )
    if found is None:
        notes.append(cut_off(trained, "symbol"))
    return Report(
        score=found,
        floor=floor,
        loses=loses,
        **ended(trained, folder, output),
        notes=tuple(notes),
        results=beside,
        sections=_sections(config, encoded, trained, found),
    )


def _sections(config: TranslateConfig, encoded: Encoded, trained: Trained, found: Score | None) -> tuple[Section, ...]:
    if found is None:
        return ()
    sources = [row.source for row in found.first]
    return (*sections(found), *looks(opened(config, encoded, trained.tree, trained.tensors), sources))


def _card(corpus: Corpus, encoded: Encoded, trained: Trained, report: Report) -> dict[str, Any]:
    found = report.score
    figures = ("rows", "bleu", "chrf", "exact", "decoding", "bleu_signature", "chrf_signature")
    facts = {
        "unit": PLURAL[encoded.reader.kind],
        "train_pairs": len(encoded.train.rows),
        "held_out_pairs": len(corpus.held_out),
        **{name: None if found is None else getattr(found, name) for name in figures},
        "nats_per_unit": trained.sampled if math.isfinite(trained.sampled) else None,
        "floor": report.floor.facts(),
    }
    return card(corpus.sources, corpus.sha256, facts, trained, report)
