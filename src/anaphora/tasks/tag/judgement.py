"""A score beside its baseline: results, lines, sections of the run's page, notes, and facts for the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from anaphora.metrics import spans
from anaphora.metrics.tagging import Measured
from anaphora.runs.content import Paragraph, ReportSection, ReportTable, Result
from anaphora.runs.report import headline, lost, partly_scored
from anaphora.tasks.tag.data import Corpus
from anaphora.tasks.tag.score import Score

_RIVAL = "each word's most frequent tag"
_FIGURES = ("accuracy", "precision", "recall", "f1", "unknown_accuracy", "exact", "nats_per_word")


@dataclass(frozen=True)
class Judgement:
    """The report of a score, or of no score yet (None)."""

    score: Score | None
    baseline: Measured
    corpus: Corpus
    tags: int
    scored: int  # sentences

    @property
    def results(self) -> tuple[Result, ...]:
        """F1 of spans, if tags mark spans, and accuracy, beside those of the baseline; then nats."""
        score, baseline = self.score, self.baseline
        accuracy, f1, nats = (None, None, None) if score is None else (score.accuracy, score.f1, score.nats_per_word)
        found = (
            Result("span F1", "", f1, baseline.spans.f1, _RIVAL, lower_is_better=False),
            Result("accuracy", "", accuracy, baseline.accuracy, _RIVAL, lower_is_better=False),
            Result("nats", "word", nats, None, ""),
        )
        return found[1:] if self.corpus.scheme == spans.PLAIN else found

    @property
    def headline(self) -> list[str]:
        return headline(self.score)

    @property
    def notes(self) -> list[str]:
        """Notes: sentences that were not scored, and a network that is worse than its baseline."""
        remedy = "Train longer (--minutes), or on more sentences."
        partly = partly_scored(self.scored, len(self.corpus.held_out), "sentences")
        return [*partly, *lost(self.results[0], _RIVAL, remedy)]

    @property
    def facts(self) -> Mapping[str, Any]:
        score, corpus = self.score, self.corpus
        return {
            "unit": "words",
            "tags": self.tags,
            "scheme": corpus.scheme,
            "train_sentences": len(corpus.train),
            "train_words": corpus.train.words,
            "held_out_sentences": len(corpus.held_out),
            "held_out_words": corpus.held_out.words,
            "scored_sentences": None if score is None else score.sentences,
            **{name: None if score is None else getattr(score, name) for name in _FIGURES},
            "baseline": {"accuracy": self.baseline.accuracy, "f1": self.baseline.spans.f1},
        }

    @property
    def sections(self) -> tuple[ReportSection, ...]:
        """Return sections with figures per type or tag, confused tags, and the sentences with the highest loss."""
        score = self.score
        if score is None:
            return ()
        of_spans = score.f1 is not None
        head = ("type" if of_spans else "tag", "support", "predicted", "precision", "recall", "F1")
        found = [
            ReportSection(
                "Types of spans" if of_spans else "Tags", (ReportTable(head, tuple(map(astuple, score.each))),)
            )
        ]
        if score.confused:
            pairs = tuple((truth, predicted, count) for count, truth, predicted in score.confused)
            found.append(ReportSection("Most often confused", (ReportTable(("tag", "predicted", "words"), pairs),)))
        if score.worst:
            told = Paragraph(
                "Wrong predictions with a high probability: mistakes of the network or of the tags. Check"
                " these sentences first. A wrong word stands as word[tag→prediction]."
            )
            rows = tuple((one.where, one.text, one.wrong, one.nats) for one in score.worst)
            table = ReportTable(("where", "sentence", "wrong", "nats"), rows)
            found.append(ReportSection("Wrong sentences with the highest loss", (told, table)))
        return tuple(found)
