"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from anaphora.formatting import counted
from anaphora.metrics import spans
from anaphora.metrics.tagging import Measured
from anaphora.runs.content import ReportSection, Result, tabled
from anaphora.runs.report import Judgement, figures, headline, named_figures, partly_scored
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import notes as verdict_notes
from anaphora.tasks.tag.data import Corpus
from anaphora.tasks.tag.score import Score, shares

_NAMED = 5  # tags in a note
_FIGURES = ("accuracy", "precision", "recall", "f1", "unknown_accuracy", "exact", "nats_per_word")


def judgement(score: Score | None, baseline: Measured, corpus: Corpus, tags: int, scored: int) -> Judgement:
    """Return the report of a score on `scored` sentences, or of no score yet; F1 of spans decides if there are any."""
    nats, sentences = figures(score, "nats_per_word", "sentences")
    baseline_f1 = None if corpus.scheme == spans.PLAIN else baseline.spans.f1
    results = shares(None, None, baseline_f1, baseline.accuracy) if score is None else score.judged()
    remedy = "Train longer (--minutes), or on more sentences."
    return Judgement(
        results=(*results, Result("nats", "word", nats, None, "")),
        headline=headline(score),
        notes=[*partly_scored(scored, len(corpus.held_out), "sentences"), *verdict_notes(results, remedy)],
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


def tested(score: Score, baseline: Measured, corpus: Corpus, tags: int) -> Tested:
    """Return the report of a score on the test part."""
    assert corpus.test is not None
    notes = partly_scored(score.sentences, len(corpus.test), "sentences", "test")
    if score.unseen:
        unseen, names = set(score.unseen), ", ".join(score.unseen[:_NAMED])
        words = sum(corpus.marking.written(tag) in unseen for row in corpus.test.tags for tag in row)
        more = " and more" if len(unseen) > _NAMED else ""
        have = f"{counted(words, 'word')} of the test part {'has' if words == 1 else 'have'}"
        notes.append(f"{have} tags without a training word, always predicted wrong: {names}{more}.")
    facts = {**named_figures(score, _FIGURES), "baseline": {"accuracy": baseline.accuracy, "f1": baseline.spans.f1}}
    results = judgement(score, baseline, corpus, tags, score.sentences).results
    return Tested(tuple(results), score.sentences, "sentence", score, baseline, facts, tuple(notes))


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
