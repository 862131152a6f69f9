"""A score as results beside their baselines and as sections of a run's page."""

from __future__ import annotations

from anaphora.metrics import spans
from anaphora.runs.content import Paragraph, Result, Section, Table
from anaphora.tasks.tag.measuring import Measured
from anaphora.tasks.tag.scoring import Score

_BEAT = "each word's most frequent tag"


def results(score: Score | None, floor: Measured, scheme: str) -> tuple[Result, ...]:
    """F1 of spans, where tags are spans, and accuracy beside those of each word's most frequent tag; then nats."""
    accuracy, f1, nats = (None, None, None) if score is None else (score.accuracy, score.f1, score.nats_per_word)
    found = [
        Result("accuracy", "", accuracy, floor.accuracy, _BEAT, lower_is_better=False),
        Result("nats", "word", nats, None, ""),
    ]
    if scheme != spans.PLAIN:
        found.insert(0, Result("span F1", "", f1, floor.spans.f1, _BEAT, lower_is_better=False))
    return tuple(found)


def sections(score: Score | None) -> tuple[Section, ...]:
    """What is known of each type or tag, which are confused, and the sentences that it is most wrong about."""
    if score is None:
        return ()
    of_spans = score.f1 is not None
    head = ("type" if of_spans else "tag", "there", "guessed", "precision", "recall", "F1")
    each = tuple((one.name, one.there, one.guessed, one.precision, one.recall, one.f1) for one in score.each)
    found = [Section("Types of spans" if of_spans else "Tags", (Table(head, each),))]
    if score.confused:
        pairs = tuple((truth, guess, count) for count, truth, guess in score.confused)
        found.append(Section("Most often confused", (Table(("tag", "guess", "words"), pairs),)))
    if score.worst:
        told = Paragraph(
            "Wrong, and sure of it: mistakes of the network, or of the data. Look at them first. A wrong word stands as"
            " word[tag→guess]."
        )
        rows = tuple((one.where, one.text, one.wrong, one.nats) for one in score.worst)
        found.append(Section("Worst sentences", (told, Table(("where", "sentence", "wrong", "nats"), rows))))
    return tuple(found)
