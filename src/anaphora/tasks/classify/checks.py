"""What is wrong with labelled rows, and what would be trained on them.

Rules of files and of rows of any kind are in `anaphora.data`; here they meet labels: one that stands alone, and rows
that are the same but for their labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import numpy as np

from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.checks.rows import check_duplicates, check_finite, check_labels, check_lengths
from anaphora.checks.text_files import check_texts
from anaphora.data.batches import Bucketed, Ragged
from anaphora.data.files.folders import text_files
from anaphora.tasks.classify.amounts import settled
from anaphora.tasks.classify.encoding import Encoded, encode
from anaphora.tasks.classify.network import specification
from anaphora.tasks.classify.reading import Corpus, Rows
from anaphora.tasks.classify.settings import PLURAL, ClassifyConfig

TRAIN, HELD_OUT = "the training part", "the held-out part"
_MANY_UNKNOWN = 0.2  # of the held-out units
_UNEVEN = 20  # times as many rows
_FEW = 20  # held-out rows
_SHOWN = 5  # labels


def check_files(config: ClassifyConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before anything is read from them."""
    valid = config.data.valid
    return check_texts(text_files([*paths, *([valid] if isinstance(valid, str) else [])]), config.data.encoding)


def check(config: ClassifyConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read."""
    train, held_out = corpus.train, corpus.held_out
    found: list[Finding] = []
    for where, rows in ((TRAIN, train), (HELD_OUT, held_out)):
        unit = "steps" if isinstance(rows.inputs, Ragged) else "characters"
        found += [each for each in check_lengths(_lengths(rows), rows.place, where, unit) if each.code == "empty-row"]
        found += _not_finite(config, corpus, rows)
    return [
        *found,
        *_few(held_out),
        *_labels(corpus),
        *check_duplicates(_keys(train), _keys(held_out), train.place, held_out.place),
        *_contradictions(corpus),
    ]


def describe(config: ClassifyConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """What would be trained on: lengths, vocabulary, labels; and how much work that is."""
    encoded = encode(config, corpus)
    reader, lengths = encoded.reader, encoded.train.rows.lengths
    training = settled(config, lengths)
    batches = Bucketed(lengths, training.batch_steps, training.seed, training.batch)
    load = Load(
        tree=specification(config, reader.kind, reader.width, len(encoded.labels)),
        rows=max(1, round(len(lengths) / batches.per_epoch)),
        steps=max(1, round(float(lengths.mean()))),
        batches=batches.per_epoch,
        data_bytes=encoded.train.rows.steps.nbytes + encoded.held_out.rows.steps.nbytes,
        passes=training.epochs,
    )
    found = []
    parts = ((TRAIN, corpus.train, encoded.train), (HELD_OUT, corpus.held_out, encoded.held_out))
    for where, rows, part in parts:
        told = check_lengths(part.rows.lengths, rows.place, where, PLURAL[reader.kind])
        found += [each for each in told if each.code != "empty-row"]
        found += _cut(config, rows, part.rows, where, PLURAL[reader.kind])
    return [*found, *_vocabulary(encoded), _counts(corpus)], load


# Rows


def _lengths(rows: Rows) -> list[int]:
    if isinstance(rows.inputs, Ragged):
        return list(map(int, rows.inputs.lengths))
    return [len(text.strip()) for text in rows.inputs]


def _not_finite(config: ClassifyConfig, corpus: Corpus, rows: Rows) -> list[Finding]:
    """Missing and infinite numbers; a missing one is nothing wrong where it stands for its channel's mean."""
    if not isinstance(rows.inputs, Ragged):
        return []
    inputs, refused = rows.inputs, config.data.missing == "refuse"
    series = (inputs.row(row) if refused else np.nan_to_num(inputs.row(row), nan=0.0, posinf=np.inf, neginf=-np.inf)
              for row in range(len(rows)))  # fmt: skip
    wide, names = inputs.steps.shape[1], corpus.columns.channels
    nested = [f"{names[0]}[{channel}]" for channel in range(wide)] if wide > 1 else ["the series"]
    channels = names if len(names) == wide else nested
    return check_finite(series, channels, rows.place, " (--missing mean: by their channel's mean)" if refused else "")


def _few(held_out: Rows) -> list[Finding]:
    if len(held_out) >= _FEW:
        return []
    off = 50 / max(1, len(held_out)) ** 0.5
    told = "1 row is" if len(held_out) == 1 else f"{len(held_out):,} rows are"
    message = f"{told} held out: an accuracy on so few has a standard error of up to {off:.0f} points in a hundred."
    return [Finding("few-held-out", "warning", HELD_OUT, (), message, "Hold out more with --valid.")]


def _keys(rows: Rows) -> Iterator[Hashable]:
    """Equal for equal rows; an empty row is like no other."""
    for row in range(len(rows)):
        key = rows.inputs.row(row).tobytes() if isinstance(rows.inputs, Ragged) else rows.inputs[row].strip()
        yield key or (rows.place(row),)


def _cut(config: ClassifyConfig, rows: Rows, encoded: Ragged, where: str, unit: str) -> list[Finding]:
    longest = config.data.longest
    cut = np.flatnonzero(encoded.lengths >= longest)
    if not cut.size:
        return []
    message = f"Of {len(cut):,} rows only the first {longest:,} {unit} are read."
    places = tuple(rows.place(row) for row in cut[:1000].tolist())
    return [Finding("long-row", "warning", where, places, message, "Read more with --longest.", len(cut))]


# Labels


def _labels(corpus: Corpus) -> list[Finding]:
    """Labels that cannot be learned; with several per row, each is by itself."""
    train, held_out = (
        [(label, row) for row, labels in enumerate(rows.labels) for label in labels]
        for rows in (corpus.train, corpus.held_out)
    )
    found = check_labels(
        [label for label, _ in train],
        [label for label, _ in held_out],
        lambda number: corpus.held_out.place(held_out[number][1]),
    )
    if corpus.columns.multi:
        found = [each for each in found if each.code != "single-class"]
    counts = Counter(label for label, _ in train)
    lone = [(label, row) for label, row in train if counts[label] == 1]
    if lone:
        names = ", ".join(repr(label) for label, _ in lone[:_SHOWN]) + (" and more" if len(lone) > _SHOWN else "")
        message = f"{len(lone):,} label{'s have' if len(lone) > 1 else ' has'} one row to train on: {names}."
        remedy = "Bring more rows of it, or merge it with another label."
        places = tuple(corpus.train.place(row) for _, row in lone)
        found.append(Finding("lone-label", "warning", TRAIN, places, message, remedy))
    return found


def _contradictions(corpus: Corpus) -> list[Finding]:
    """Rows that are the same but for their labels."""
    seen: dict[Hashable, list[tuple[Rows, int]]] = {}
    for rows in (corpus.train, corpus.held_out):
        for row, key in enumerate(_keys(rows)):
            seen.setdefault(key, []).append((rows, row))
    places = [
        rows.place(row)
        for same in seen.values()
        if len(same) > 1 and len({frozenset(rows.labels[row]) for rows, row in same}) > 1
        for rows, row in same
    ]
    if not places:
        return []
    message = f"{len(places):,} rows stand more than once, with different labels: not all of them can be right."
    remedy = "Give them one label; or, if several are true of a row, all of them in that row (--separator)."
    return [Finding("contradiction", "warning", "the data", tuple(places), message, remedy)]


def _counts(corpus: Corpus) -> Finding:
    counts = Counter(label for labels in corpus.train.labels for label in labels).most_common()
    (most, many), (least, few) = counts[0], counts[-1]
    message = f"{len(counts):,} labels, from {most!r} ({many:,} rows) to {least!r} ({few:,})."
    remedy = "" if many <= _UNEVEN * few else "If a rare label counts as much as a frequent one: --class-weights root."
    return Finding("labels", "info", TRAIN, (), message, remedy, figures={"labels": dict(counts)})


def _vocabulary(encoded: Encoded) -> list[Finding]:
    vocabulary = encoded.reader.vocabulary
    if vocabulary is None:
        return []
    train, held_out = (
        float(np.mean(part.rows.steps == (-1 if vocabulary.unknown is None else vocabulary.unknown)))
        if part.rows.steps.size
        else 0.0
        for part in (encoded.train, encoded.held_out)
    )
    unit = PLURAL[encoded.reader.kind]
    message = f"{vocabulary.size:,} different {unit}; unknown are {train:.1%} to train on and {held_out:.1%} held out."
    figures = {"size": vocabulary.size, "train_unknown": train, "held_out_unknown": held_out}
    found = [Finding("vocabulary", "info", TRAIN, (), message, "", figures=figures)]
    if held_out > _MANY_UNKNOWN:
        message = f"{held_out:.1%} of the {unit} are in no vocabulary: they all look alike to the network."
        remedy = "Bring more text, or smaller units: --units subword, or char."
        found.append(Finding("many-unknown", "warning", HELD_OUT, (), message, remedy))
    return found
