"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from anaphora.metrics import spans
from anaphora.metrics.tagging import Measured
from anaphora.runs.content import ReportSection, Result, tabled
from anaphora.runs.report import Judgement, figures, headline, lost, named_figures, partly_scored
from anaphora.tasks.tag.data import Corpus
from anaphora.tasks.tag.score import Score

_RIVAL = "each word's most frequent tag"
_FIGURES = ("accuracy", "precision", "recall", "f1", "unknown_accuracy", "exact", "nats_per_word")


def judgement(score: Score | None, baseline: Measured, corpus: Corpus, tags: int, scored: int) -> Judgement:
    """Return the report of a score on `scored` sentences, or of no score yet; F1 of spans decides if there are any."""
    accuracy, f1, nats, sentences = figures(score, "accuracy", "f1", "nats_per_word", "sentences")
    shares = [
        Result("span F1", "", f1, baseline.spans.f1, _RIVAL, lower_is_better=False),
        Result("accuracy", "", accuracy, baseline.accuracy, _RIVAL, lower_is_better=False),
    ]
    shares = shares[1:] if corpus.scheme == spans.PLAIN else shares
    remedy = "Train longer (--minutes), or on more sentences."
    return Judgement(
        results=(*shares, Result("nats", "word", nats, None, "")),
        headline=headline(score),
        notes=[*partly_scored(scored, len(corpus.held_out), "sentences"), *lost(shares[0], _RIVAL, remedy)],
        facts={
            "unit": "words",
            "tags": tags,
            "scheme": corpus.scheme,
            "train_sentences": len(corpus.train),
            "train_words": corpus.train.words,
            "held_out_sentences": len(corpus.held_out),
            "held_out_words": corpus.held_out.words,
            "scored_sentences": sentences,
            **named_figures(score, _FIGURES),
            "baseline": {"accuracy": baseline.accuracy, "f1": baseline.spans.f1},
        },
        sections=() if score is None else tuple(_sections(score)),
    )


def _sections(score: Score) -> Iterator[ReportSection]:
    """Yield sections with figures per type or tag, confused tags, and the sentences with the highest loss."""
    title, first = ("Tags", "tag") if score.f1 is None else ("Types of spans", "type")
    yield tabled(title, (first, "support", "predicted", "precision", "recall", "F1"), map(astuple, score.each))
    if score.confused:
        pairs = ((truth, predicted, count) for count, truth, predicted in score.confused)
        yield tabled("Most often confused", ("tag", "predicted", "words"), pairs)
    if score.worst:
        about = (
            "Wrong predictions with a high probability: mistakes of the network or of the tags. Check"
            " these sentences first. A wrong word stands as word[tag→prediction]."
        )
        worst = map(astuple, score.worst)
        yield tabled("Wrong sentences with the highest loss", ("where", "sentence", "wrong", "nats"), worst, about)
