"""Sentences with known tags beside a model: their tags in the model's scheme, and as they are written.

Spans are compared as spans: a file may mark them in another scheme or notation than the training data did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from anaphora.data.files.sentences import Sentences
from anaphora.data.text.normal_form import Form, normal
from anaphora.metrics import spans
from anaphora.metrics.notation import Marking, marking, marking_like


@dataclass(frozen=True)
class Truth:
    """Sentences with plain tags in the scheme of a model, and the same tags as they are written."""

    sentences: Sentences
    written: tuple[tuple[str, ...], ...]
    odd: frozenset[str] = frozenset()


def truth(sentences: Sentences, model: Marking, form: Form) -> Truth:
    """Return sentences of any scheme and notation in those of a model, whose words and tags have a normal form."""
    sentences = in_form(sentences, form)
    own = marking_like(sentences.tags, model)
    return Truth(converted(sentences, own, model.scheme), sentences.tags, own.odd)


def converted(sentences: Sentences, own: Marking, scheme: str) -> Sentences:
    """Return sentences with plain tags in a scheme; `own` is how their tags mark spans."""
    tags = tuple(map(own.plain, sentences.tags))
    if own.scheme != scheme:
        tags = tuple(tuple(spans.tags_of(spans.spans(row), len(row), scheme)) for row in tags)
    return replace(sentences, tags=tags)


def in_one_notation(sentences: Sentences) -> Sentences:
    """Return the sentences of several files with tags as the first file writes them, if the files differ in notation
    and each of them marks spans; otherwise the same sentences.
    """
    rows: dict[str, list[tuple[str, ...]]] = {}
    for tags, file in zip(sentences.tags, sentences.files, strict=True):
        rows.setdefault(file, []).append(tags)
    if len(rows) < 2:
        return sentences
    own = {file: marking(given) for file, given in rows.items()}
    first = next(iter(own.values()))
    if len({each.notation for each in own.values()}) == 1:
        return sentences
    if any(each.scheme == spans.PLAIN or each.odd for each in own.values()):
        return sentences
    plain = (
        own[file].plain(row) if own[file].scheme == first.scheme
        else spans.tags_of(spans.spans(own[file].plain(row)), len(row), first.scheme)
        for row, file in zip(sentences.tags, sentences.files, strict=True)
    )  # fmt: skip
    return replace(sentences, tags=tuple(tuple(map(first.written, row)) for row in plain))


def in_form(sentences: Sentences, form: Form) -> Sentences:
    """Return sentences whose words and tags are in a normal form."""
    if form == "none":
        return sentences
    tokens, tags = (
        tuple(tuple(normal(text, form) for text in row) for row in rows) for rows in (sentences.tokens, sentences.tags)
    )
    return replace(sentences, tokens=tokens, tags=tags)
