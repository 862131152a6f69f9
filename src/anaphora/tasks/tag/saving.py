"""From trained weights to a report and a bundle, without torch: temperature and score are the runtime's own, the very
numbers that `eval` prints.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora import bundle, places, spec
from anaphora.errors import UsageError
from anaphora.runtime.model import Joined
from anaphora.sections import Result, Section
from anaphora.tasks.tag.encoding import Reader
from anaphora.tasks.tag.floor import Floor
from anaphora.tasks.tag.formats import Sentences
from anaphora.tasks.tag.measuring import Measured
from anaphora.tasks.tag.reading import Corpus
from anaphora.tasks.tag.scoring import Score, encoded_as, judge, temperature_of
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.showing import results, sections
from anaphora.tasks.tag.tagger import Tagger
from anaphora.trained import Trained, versions
from anaphora.wording import clock


@dataclass(frozen=True)
class Report:
    """How a training ended. Scores are on the held-out part; None if the run was cut off before they were computed."""

    score: Score | None
    floor: Measured
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
        """What a person reads at the end, the network beside each word's most frequent tag."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {clock(self.seconds)}"]
        if self.score is not None:
            lines += [f"held out: {line}" if not at else line for at, line in enumerate(self.score.lines())]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


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
    failed: dict[Path, UsageError] = {}
    for path in places.models(folder, output):
        try:
            bundle.write(path, _tensors(reader, floor, trained), filled)
        except UsageError as error:
            failed[path] = error
    return report, failed


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
        notes.append(
            f"Cut off before the held-out part was scored; a look at it had {trained.sampled:.4f} nats per word."
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


def _card(corpus: Corpus, reader: Reader, trained: Trained, report: Report) -> dict[str, Any]:
    found, floor = report.score, report.floor
    figures = ("accuracy", "precision", "recall", "f1", "unknown_accuracy", "exact", "nats_per_word")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in corpus.sources],
        "data_sha256": corpus.sha256,
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
        "parameters": report.parameters,
        "steps": trained.steps,
        "best_step": trained.best_step,
        "weights": trained.weights,
        "stopped": trained.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }
