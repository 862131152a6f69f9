"""Findings on how often each label occurs: imbalance in all parts, and the labels of the scored parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from anaphora.checks.examples import KEPT, TEST, TRAIN, others
from anaphora.checks.findings import Finding
from anaphora.formatting import counted
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.settings import ClassifyConfig

_IMBALANCE = 100  # times as many rows
_SHOWN = 5  # labels


def imbalance(config: ClassifyConfig, parts: Mapping[str, Rows], multi: bool) -> Iterator[Finding]:
    """Yield a finding on labels of training rows of which another one has a hundred times as many rows of all parts, or
    more.
    """
    known = {label for labels in parts[TRAIN].labels for label in labels}
    each = Counter(label for rows in parts.values() for labels in rows.labels for label in labels)
    counts = [(label, count) for label, count in each.most_common() if label in known]
    if not counts or counts[0][1] < _IMBALANCE * counts[-1][1]:
        return
    (most, many), (_, few) = counts[0], counts[-1]
    rare = [(label, count) for label, count in reversed(counts) if many >= _IMBALANCE * count]
    named = ", ".join(f"{label!r} {count:,}" for label, count in rare[:_SHOWN])
    more = f" and {counted(len(rare) - _SHOWN, 'more label')}" if len(rare) > _SHOWN else ""
    message = f"The label {most!r} has {counted(many, 'row')}, {named}{more}: {many / few:,.0f} to 1."
    remedy = "Judge by F1 and recall of the rare labels, and add rows of them"
    if not multi:
        share = many / sum(map(len, parts.values()))
        message += f" A model that always answers {most!r} has an accuracy of {share:.1%} on all rows."
        remedy = "Judge by macro F1, and add rows of the rare labels"
        if config.training.class_weights == "none":
            remedy += " or --class-weights root"
    yield Finding("imbalance", "warning", "the data", (), message, f"{remedy}.", figures={"labels": dict(counts)})


def scored_labels(parts: Mapping[str, Rows], multi: bool) -> Iterator[Finding]:
    """Yield findings on scored parts of one label, and on labels of the test part that no training row has."""
    known = {label for labels in parts[TRAIN].labels for label in labels}
    for where, rows in parts.items():
        if where == TRAIN:
            continue
        labels = {label for own in rows.labels for label in own}
        if len(labels) == 1 and labels < known and not multi:
            (only,) = labels
            message = (
                f"All {counted(len(rows), 'row')} of {where} have the label {only!r}: the score says nothing about"
                f" {others(len(known) - 1, 'label')}, and a model that always answers {only!r} has 100%."
            )
            yield Finding("one-label-scored", "warning", where, (), message, "Add rows with the other labels to it.")
        if where == TEST:
            yield from _unseen(rows, labels - known)


def _unseen(test: Rows, strange: set[str]) -> Iterator[Finding]:
    for label in sorted(strange):
        numbers = [row for row, own in enumerate(test.labels) if label in own]
        message = (
            f"The label {label!r} has {counted(len(numbers), 'test row')} ({len(numbers) / len(test):.1%} of the part)"
            " and no training row, so it is never predicted and each of these rows counts as a mistake."
        )
        remedy = "Add training rows with this label, or remove these rows from the test part."
        places = tuple(map(test.place, numbers[:KEPT]))
        yield Finding("unseen-test-label", "warning", TEST, places, message, remedy, len(numbers))
