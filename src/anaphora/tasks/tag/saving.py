"""From trained weights to a report and a bundle, without torch: temperature and score are the runtime's own, the very
numbers that `eval` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora import bundle
from anaphora.data.files.conll import Sentences
from anaphora.errors import UsageError
from anaphora.runs.report import Ending, Trained, card, cut_off, ended, write
from anaphora.runtime.model import Joined
from anaphora.tasks.tag.encoding import Reader
from anaphora.tasks.tag.floor import Floor
from anaphora.tasks.tag.measuring import Measured
from anaphora.tasks.tag.reading import Corpus
from anaphora.tasks.tag.scoring import Score, encoded_as, judge, temperature_of
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.showing import results, sections
from anaphora.tasks.tag.tagger import Tagger


@dataclass(frozen=True)
class Report(Ending):
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Measured

    def told(self) -> list[str]:
        """The network beside each word's most frequent tag."""
        if self.score is None:
            return []
        return [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]


def score(held_out: Sentences, reader: Reader, floor: Floor, trained: Trained) -> Score:
    """How good the trained weights are on held-out sentences, at the temperature that is fitted to them."""
    config = {"task": "tag", "model": trained.tree, "units": {**reader.settings(), "temperature": 1.0}}
    tagger = Tagger(Joined(bundle.Bundle(_tensors(reader, floor, trained), config)))
    part = encoded_as(tagger, held_out)
    return judge(tagger, held_out, temperature_of(tagger, part), part)


def save(
    config: TagConfig,
    corpus: Corpus,
    held_out: Sentences,
    reader: Reader,
    floor: Floor,
    trained: Trained,
    folder: Path,
    output: Path,
    found: Score | None = None,
) -> tuple[Report, dict[Path, UsageError]]:
    """Write the bundle to `output` and into the run's folder, with its score or (None) before there is one; `held_out`
    is what of the corpus is scored.

    Gives the report, and the error of each of the two places that could not be written: they may be on two disks.
    """
    report = _report(corpus, held_out, floor.score(held_out), trained, found, folder, output)
    filled: dict[str, Any] = {
        "version": bundle.VERSION,
        "task": "tag",
        "model": trained.tree,
        "units": {**reader.settings(), "temperature": 1.0 if found is None else found.temperature},
        "training": config.model_dump(),
        "card": _card(corpus, reader, trained, report),
    }
    return report, write(folder, output, _tensors(reader, floor, trained), filled)


def _tensors(reader: Reader, floor: Floor, trained: Trained) -> dict[str, NDArray[Any]]:
    return {**trained.tensors, **reader.tensors(), **floor.tensors()}


def _report(
    corpus: Corpus,
    held_out: Sentences,
    floor: Measured,
    trained: Trained,
    found: Score | None,
    folder: Path,
    output: Path,
) -> Report:
    beside = results(found, floor, corpus.scheme)
    loses = beside[0].loses
    notes = []
    if len(held_out) < len(corpus.held_out):
        whole = f"{len(held_out):,} of {len(corpus.held_out):,} held-out sentences"
        notes.append(f"Scored are {whole}: --minutes left no time for more.")
    if loses:
        notes.append(
            f"The network loses to each word's most frequent tag: {beside[0].name} {beside[0].value:.4f} against"
            f" {beside[0].baseline:.4f}. Train it longer (--minutes), or on more sentences."
        )
    if found is None:
        notes.append(cut_off(trained, "word"))
    return Report(
        score=found,
        floor=floor,
        loses=loses,
        **ended(trained, folder, output),
        notes=tuple(notes),
        results=beside,
        sections=sections(found),
    )


def _card(corpus: Corpus, reader: Reader, trained: Trained, report: Report) -> dict[str, Any]:
    found, floor = report.score, report.floor
    figures = ("accuracy", "precision", "recall", "f1", "unknown_accuracy", "exact", "nats_per_word")
    facts = {
        "unit": "words",
        "tags": len(reader.tags),
        "scheme": corpus.scheme,
        "train_sentences": len(corpus.train),
        "train_words": corpus.train.words,
        "held_out_sentences": len(corpus.held_out),
        "held_out_words": corpus.held_out.words,
        "scored_sentences": None if found is None else found.sentences,
        **{name: None if found is None else getattr(found, name) for name in figures},
        "floor": {"accuracy": floor.accuracy, "f1": floor.spans.f1},
    }
    return card(corpus.sources, corpus.sha256, facts, trained, report)
