"""What is wrong with pairs, and what would be trained on them.

Two files that ceased to match somewhere still have texts in every line; what gives them away is the lengths. Of a pair
with n and m characters,

    z = (ln n − ln m − median) / max(0.25, 1.4826 · median |ln n − ln m − median|)

and beyond 5 it is told of.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding, errors
from anaphora.checks.rows import check_duplicates, check_lengths
from anaphora.checks.text_files import check_texts
from anaphora.data.batches import Bucketed
from anaphora.data.files.pairs import Pairs, lines_of, mismatch, sorted_out
from anaphora.tasks.translate.encoding import Encoded, Part, encode, prepared
from anaphora.tasks.translate.network import specification
from anaphora.tasks.translate.reading import Corpus, valid_paths
from anaphora.tasks.translate.settings import PLURAL, TranslateConfig

TRAIN, HELD_OUT = "the training part", "the held-out part"
_FAR = 5.0
_LEAST_SPREAD = 0.25
_ENOUGH = 50  # pairs from which a median means something
_SAME = 0.05  # of the pairs
_MANY_UNKNOWN = 0.05  # of the held-out units
_FEW = 200  # held-out pairs


def check_files(config: TranslateConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before pairs are made of them: no text, or not as many lines."""
    data = config.data
    found: list[Finding] = []
    for named in (paths, valid_paths(data.valid) if isinstance(data.valid, str) else []):
        tables, twos = sorted_out(named)
        texts = [name for name in (*tables, *twos) if Path(name).suffix.lower() != ".parquet"]
        here = check_texts(texts, data.encoding)
        found += here
        if errors(here):
            continue
        for source, target in zip(twos[::2], twos[1::2], strict=False):
            a, b = lines_of(source, data.encoding), lines_of(target, data.encoding)
            if len(a) != len(b):
                message, _, remedy = mismatch(source, target, a, b).rpartition(" Look ")
                found.append(Finding("misaligned", "error", f"{source} and {target}", (), message, f"Look {remedy}"))
    return found


def check(config: TranslateConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read."""
    train, held_out = corpus.train, corpus.held_out
    found: list[Finding] = []
    for where, pairs in ((TRAIN, train), (HELD_OUT, held_out)):
        found += [*_empty(pairs, where), *_far(pairs, where), *_same(pairs, where)]
    lower = config.data.lower
    keys = _keys(train, lower), _keys(held_out, lower)
    return [*found, *check_duplicates(*keys, train.place, held_out.place), *_few(held_out)]


def describe(config: TranslateConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """What would be trained on: lengths, vocabularies, what is unknown; and how much work that is."""
    encoded = encode(config, corpus)
    reader, training = encoded.reader, config.training
    lengths = encoded.train.sources.lengths + encoded.train.targets.lengths
    batches = Bucketed(lengths, training.batch_steps, training.seed)
    tree = specification(config, reader.source.size + 1, reader.target.size + 1)
    rows = max(1, round(len(lengths) / batches.per_epoch))
    read, written = (
        max(1, round(float(side.lengths.mean()))) for side in (encoded.train.sources, encoded.train.targets)
    )
    load = Load(
        tree=tree,
        rows=rows,
        steps=written,
        batches=batches.per_epoch,
        data_bytes=sum(
            side.steps.nbytes for part in (encoded.train, encoded.held_out) for side in (part.sources, part.targets)
        ),
        parts={"encoder": (rows, read), "bridge": (rows, read)},
    )
    unit = PLURAL[reader.kind]
    found: list[Finding] = []
    for where, pairs, part in ((TRAIN, corpus.train, encoded.train), (HELD_OUT, corpus.held_out, encoded.held_out)):
        for side, texts in (("sources", part.sources), ("targets", part.targets)):
            told = check_lengths(texts.lengths - 1, _places(pairs, part), f"{where}, {side}", unit)
            found += [each for each in told if each.code != "empty-row"]
    return [*found, *_left_out(config, corpus, encoded), *_vocabularies(encoded)], load


def _places(pairs: Pairs, part: Part):  # type: ignore[no-untyped-def]
    return lambda number: pairs.place(int(part.rows[number]))


def _empty(pairs: Pairs, where: str) -> list[Finding]:
    found = []
    for side, texts in (("source", pairs.sources), ("target", pairs.targets)):
        rows = [row for row, text in enumerate(texts) if not text.strip()]
        if rows:
            message = f"{_pairs(len(rows))} an empty {side}; such pairs are left out of training."
            found.append(_finding("empty-side", where, pairs, rows, message, "Fill or remove them."))
    return found


def _far(pairs: Pairs, where: str) -> list[Finding]:
    """Pairs whose sides are unlike in length: a translation that is missing in part, or of another line."""
    sizes = np.array([[len(text.strip()) for text in side] for side in (pairs.sources, pairs.targets)], np.float64)
    whole = np.flatnonzero((sizes > 0).all(axis=0))
    if len(whole) < _ENOUGH:
        return []
    ratios: NDArray[np.float64] = np.log(sizes[0, whole]) - np.log(sizes[1, whole])
    middle = float(np.median(ratios))
    spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(ratios - middle))))
    far = np.abs(ratios - middle) / spread
    rows = whole[np.argsort(-far, kind="stable")][: int((far > _FAR).sum())]
    if not rows.size:
        return []
    first = int(rows[0])
    message = (
        f"{_pairs(rows.size)} sides whose lengths are far from the usual ratio of {np.exp(middle):.2f}; the farthest:"
        f" {pairs.sources[first][:60]!r} beside {pairs.targets[first][:60]!r}."
    )
    remedy = "Look whether these lines belong together; many in a row mean that the files ceased to match."
    return [_finding("length-ratio", where, pairs, rows.tolist(), message, remedy)]


def _same(pairs: Pairs, where: str) -> list[Finding]:
    """Sources that are their own targets."""
    rows = [
        row for row, (one, other) in enumerate(zip(pairs.sources, pairs.targets, strict=True))
        if one.strip() and one.strip() == other.strip()
    ]  # fmt: skip
    if len(rows) <= _SAME * len(pairs):
        return []
    message = f"{_pairs(len(rows))} a target that is its source ({len(rows) / len(pairs):.0%} of all)."
    remedy = "Remove them, unless leaving a text as it is is what should be learned."
    return [_finding("untranslated", where, pairs, rows, message, remedy)]


def _keys(pairs: Pairs, lower: bool) -> Iterator[Hashable]:
    """Equal for equal pairs; one without text is like no other."""
    for row, pair in enumerate(zip(pairs.sources, pairs.targets, strict=True)):
        key = tuple(prepared(text, lower) for text in pair)
        yield key if any(key) else row


def _few(held_out: Pairs) -> list[Finding]:
    if len(held_out) >= _FEW:
        return []
    message = f"{len(held_out):,} pairs are held out: BLEU of so few is good to several points only."
    return [Finding("few-held-out", "warning", HELD_OUT, (), message, "Hold out more with --valid.")]


def _left_out(config: TranslateConfig, corpus: Corpus, encoded: Encoded) -> list[Finding]:
    rows = [row for row in encoded.left_out.tolist() if corpus.train.sources[row].strip()]
    rows = [row for row in rows if corpus.train.targets[row].strip()]
    if not rows:
        return []
    message = f"{_pairs(len(rows))} a side of {config.data.longest:,} units or more and are left out of training."
    return [_finding("long-row", TRAIN, corpus.train, rows, message, "Read more with --longest.")]


def _vocabularies(encoded: Encoded) -> list[Finding]:
    reader, found = encoded.reader, []
    for side, vocabulary, parts in (
        ("sources", reader.source, (encoded.train.sources, encoded.held_out.sources)),
        ("targets", reader.target, (encoded.train.targets, encoded.held_out.targets)),
    ):
        unknown = -1 if vocabulary.unknown is None else vocabulary.unknown
        shares = [float(np.mean(part.steps == unknown)) if part.steps.size else 0.0 for part in parts]
        message = (
            f"{vocabulary.size:,} different {PLURAL[reader.kind]}; unknown are {shares[0]:.1%} to train on and"
            f" {shares[1]:.1%} held out."
        )
        figures = {"size": vocabulary.size, "train_unknown": shares[0], "held_out_unknown": shares[1]}
        found.append(Finding("vocabulary", "info", f"{TRAIN}, {side}", (), message, "", figures=figures))
        if shares[1] > _MANY_UNKNOWN:
            message = f"{shares[1]:.1%} of the {PLURAL[reader.kind]} are in no vocabulary: they all look alike."
            remedy = "Bring more text, a larger --vocabulary, or --units byte."
            found.append(Finding("many-unknown", "warning", f"{HELD_OUT}, {side}", (), message, remedy))
    return found


def _finding(code: str, where: str, pairs: Pairs, rows: Sequence[int], message: str, remedy: str) -> Finding:
    places = tuple(pairs.place(row) for row in rows[:1000])
    return Finding(code, "warning", where, places, message, remedy, len(rows))


def _pairs(count: int) -> str:
    return "1 pair has" if count == 1 else f"{count:,} pairs have"
