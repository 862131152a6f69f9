"""Findings on labelled rows, and a description of the training data.

Rules for files and for rows of any kind are in `anaphora.checks`; the rules here concern labels: a label with one row,
and equal rows with different labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from anaphora.checks.duplicates import FOLDS, PartKeys, check_duplicates, check_folds_apart
from anaphora.checks.examine import Load
from anaphora.checks.examples import (
    HELD_OUT,
    TRAIN,
    at_rows,
    contradictions,
    few_held_out,
    load,
    named_parts,
    scored_sizes,
    unit_vocabulary,
)
from anaphora.checks.findings import Finding
from anaphora.checks.folds import check_folds
from anaphora.checks.rows import (
    check_empty,
    check_finite,
    check_labels,
    check_long,
    describe_lengths,
)
from anaphora.checks.same_files import same_files
from anaphora.checks.spellings import check_spellings, check_words
from anaphora.checks.tables import check_formats, check_quotes
from anaphora.checks.text_files import check_texts
from anaphora.config.units import PLURAL
from anaphora.data.batches import Bucketed, Ragged
from anaphora.data.files.folders import text_files
from anaphora.data.folds import rarest
from anaphora.data.parts import held_out_files, test_files
from anaphora.errors import DataError
from anaphora.formatting import counted
from anaphora.tasks.classify import label_checks
from anaphora.tasks.classify.data import Corpus, folds
from anaphora.tasks.classify.encoding import Encoded, encode, may_be_longer, reader_of
from anaphora.tasks.classify.network import BATCH_DEFAULTS, specification
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.series import plain
from anaphora.tasks.classify.settings import ClassifyConfig
from anaphora.training.defaults import with_defaults

_MANY_UNKNOWN = 0.2  # of the held-out units
_UNEVEN = 20  # times as many rows
_SHOWN = 5  # labels
_MISSING = frozenset({"nan", "nat", "null", "n/a", "<na>", "#n/a"})  # but not none, or NA, the code of Namibia


def check_files(config: ClassifyConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """Return findings on files before anything is read from them."""
    held_out = held_out_files(config)
    files = list(dict.fromkeys(text_files([*paths, *held_out, *test_files(config)])))
    again = same_files(list(map(str, paths)), held_out)
    return check_formats(files) or [*check_texts(files, config.data.encoding), *again]


def check(config: ClassifyConfig, corpus: Corpus) -> list[Finding]:
    """Return findings on a corpus."""
    parts = named_parts(corpus)
    found: list[Finding] = [*corpus.findings]
    for where, rows in parts.items():
        unit = "steps" if isinstance(rows.inputs, Ragged) else "characters"
        found += check_empty(_lengths(rows), rows.place, where, unit)
        found += _not_finite(config, corpus, rows)
    return [
        *found,
        *few_held_out(scored_sizes(corpus), "row", config.training.folds),
        *_labels(corpus),
        *label_checks.imbalance(config, parts, corpus.columns.multi),
        *label_checks.scored_labels(parts, corpus.columns.multi),
        *check_duplicates([PartKeys(where, keys(rows), rows.place) for where, rows in parts.items()]),
        *_contradictions(corpus),
        *_cut(config, parts),
        *_spellings(config, corpus),
        *_folds(config, corpus),
        *check_quotes(dict.fromkeys(table for rows in parts.values() for table in rows.tables)),
    ]


def describe(config: ClassifyConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (lengths, vocabulary, labels) and the estimated work."""
    encoded = encode(config, corpus)
    reader = encoded.reader
    training = with_defaults(config.training, encoded.train.lengths, BATCH_DEFAULTS)
    batches = Bucketed(encoded.train.lengths, training.batch_steps, training.seed, training.batch)
    tree = specification(config, reader.kind, reader.width, len(encoded.labels))
    work = load(tree, batches, [encoded.train.rows.steps, encoded.held_out.rows.steps], training.epochs)
    found = []
    parts = ((TRAIN, corpus.train, encoded.train), (HELD_OUT, corpus.held_out, encoded.held_out))
    for where, rows, part in parts:
        lengths = part.rows.lengths, rows.place, where, PLURAL[reader.kind]
        found += [*describe_lengths(*lengths), *check_long(*lengths)]
    return [*found, *_vocabulary(encoded), _counts(corpus)], work


# Rows


def _lengths(rows: Rows) -> list[int]:
    if isinstance(rows.inputs, Ragged):
        return list(map(int, rows.inputs.lengths))
    return [len(text.strip()) for text in rows.inputs]


def _not_finite(config: ClassifyConfig, corpus: Corpus, rows: Rows) -> list[Finding]:
    """Return findings on infinite numbers, and on missing ones unless the mean of their channel replaces them."""
    if not isinstance(rows.inputs, Ragged):
        return []
    inputs, refused = rows.inputs, config.data.missing == "refuse"
    series = (inputs.row(row) if refused else np.nan_to_num(inputs.row(row), nan=0.0, posinf=np.inf, neginf=-np.inf)
              for row in range(len(rows)))  # fmt: skip
    wide, names = inputs.steps.shape[1], corpus.columns.channels
    nested = [f"{names[0]}[{channel}]" for channel in range(wide)] if wide > 1 else ["the series"]
    channels = names if len(names) == wide else nested
    return check_finite(series, channels, rows.place, " (--missing mean: by their channel's mean)" if refused else "")


def _folds(config: ClassifyConfig, corpus: Corpus) -> list[Finding]:
    count = config.training.folds
    if count is None:
        return []
    made = folds(config, corpus, count)
    rows = PartKeys(FOLDS, keys(made.pool), made.pool.place)
    return [*check_folds(rarest(made.pool.labels), made.of, count), *check_folds_apart(rows, made.of)]


def keys(rows: Rows) -> Iterator[Hashable | None]:
    """Yield a key per row, equal for equal rows; None for an empty row."""
    for row in range(len(rows)):
        key = rows.inputs.row(row).tobytes() if isinstance(rows.inputs, Ragged) else rows.inputs[row].strip()
        yield key or None


def _cut(config: ClassifyConfig, parts: Mapping[str, Rows]) -> Iterator[Finding]:
    """Yield a finding on the rows of each part whose ends are cut off."""
    longest, train = config.data.max_length, parts[TRAIN]
    texts = [text for rows in parts.values() if not isinstance(rows.inputs, Ragged) for text in rows.inputs]
    if not isinstance(train.inputs, Ragged) and not any(may_be_longer(text, longest) for text in texts):
        return
    try:
        reader = reader_of(config.data, train)
    except DataError:  # training reports it
        return
    for where, rows in parts.items():
        cut = reader.cut(rows)
        if cut:
            yield at_rows(
                "long-row", where, rows.place, cut, reader.cut_in_words(len(cut)), "Read more with --max-length."
            )


# Labels


def _labels(corpus: Corpus) -> list[Finding]:
    """Return findings on labels that cannot be learned; several labels of a row count separately."""
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
        message = f"{len(lone):,} label{'s have' if len(lone) > 1 else ' has'} only one training row: {names}."
        remedy = "Add rows with this label, or merge the label with another one."
        places = tuple(corpus.train.place(row) for _, row in lone)
        found.append(Finding("lone-label", "warning", TRAIN, places, message, remedy))
    return [*found, *(finding for where, rows in named_parts(corpus).items() for finding in _missing(where, rows))]


def _missing(where: str, rows: Rows) -> Iterator[Finding]:
    """Yield a finding on labels that programs write for a missing value."""
    at = [row for row, labels in enumerate(rows.labels) if any(label.lower() in _MISSING for label in labels)]
    if at:
        names = dict.fromkeys(label for row in at for label in rows.labels[row] if label.lower() in _MISSING)
        message = (
            f"{counted(len(at), 'row')} {'has' if len(at) == 1 else 'have'} the label {' or '.join(map(repr, names))},"
            " which programs write for a missing value: it is read as a label like any other."
        )
        yield at_rows(
            "missing-label", where, rows.place, at, message, "Remove these rows, if their labels are missing."
        )


def _spellings(config: ClassifyConfig, corpus: Corpus) -> list[Finding]:
    """Return findings on labels and words that look alike and differ as typed."""
    parts = named_parts(corpus).values()
    labels = list(dict.fromkeys(label for rows in parts for row in rows.labels for label in row))
    by_case: dict[str, list[str]] = {}
    for label in labels:
        by_case.setdefault(plain(" ".join(label.casefold().split())), []).append(label)
    alike = [" and ".join(map(repr, names)) for names in by_case.values() if len(names) > 1]
    found = check_spellings(labels, "labels", "the data")
    if alike and not found:
        shown = "; ".join(alike[:_SHOWN]) + ("; and more" if len(alike) > _SHOWN else "")
        message = (
            f"{counted(len(alike), 'label')} {'is' if len(alike) == 1 else 'are'} written in several ways: {shown}."
        )
        remedy = "Write each label in one way, if the difference means nothing."
        found.append(Finding("spelling", "warning", "the data", (), message, remedy, len(alike)))
    texts = (text for rows in parts if not isinstance(rows.inputs, Ragged) for text in rows.inputs)
    return [*found, *check_words(texts, config.data.normalize)]


def _contradictions(corpus: Corpus) -> list[Finding]:
    parts = [(keys(rows), [*map(frozenset, rows.labels)], rows.place) for rows in named_parts(corpus).values()]
    remedy = "Give equal rows one label; if several labels apply to a row, list all of them in that row (--separator)."
    return contradictions(parts, "rows", "labels", remedy)


def _counts(corpus: Corpus) -> Finding:
    counts = Counter(label for labels in corpus.train.labels for label in labels).most_common()
    (most, many), (least, few) = counts[0], counts[-1]
    message = f"{len(counts):,} labels, from {most!r} ({many:,} rows) to {least!r} ({few:,})."
    uneven = not corpus.columns.multi and many > _UNEVEN * few
    remedy = "Add --class-weights root if rare labels matter as much as frequent ones." if uneven else ""
    return Finding("labels", "info", TRAIN, (), message, remedy, figures={"labels": dict(counts)})


def _vocabulary(encoded: Encoded) -> list[Finding]:
    known, unit = encoded.reader.vocabulary, PLURAL[encoded.reader.kind]
    if known is None:
        return []
    parts = encoded.train.rows.steps, encoded.held_out.rows.steps
    remedy = "Add text, or use smaller units: --units subword or char."
    return unit_vocabulary(known, parts, unit, _MANY_UNKNOWN, remedy)
