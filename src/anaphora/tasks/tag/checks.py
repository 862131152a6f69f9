"""What is wrong with sentences that have tags, and what would be trained on them.

Rules of files and of rows of any kind are in `anaphora.data`; here they meet words and tags: lines with too many fields
or too few, tags that their scheme would not write, tags that only the held-out part has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path

import numpy as np

from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding, errors
from anaphora.checks.rows import check_duplicates, check_labels, check_lengths
from anaphora.checks.text_files import check_texts
from anaphora.data.batches import Bucketed
from anaphora.data.files.conll import Sentences, look
from anaphora.data.location import Row
from anaphora.errors import DataError
from anaphora.metrics import spans
from anaphora.tasks.tag.amounts import settled
from anaphora.tasks.tag.encoding import UNKNOWN, Encoded, encode
from anaphora.tasks.tag.network import LETTERS, specification
from anaphora.tasks.tag.reading import Corpus, valid_paths
from anaphora.tasks.tag.settings import TagConfig

TRAIN, HELD_OUT = "the training part", "the held-out part"
_MANY_UNKNOWN = 0.3  # of the held-out words
_FEW = 1_000  # held-out words
_KEPT = 1_000  # rows of one finding
_SHORT = 4  # words; shorter sentences repeat in any text


def check_files(config: TagConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before sentences are made of them: no text, or lines that are no words."""
    data = config.data
    files = [str(path) for path in paths]
    files += [name for name in (valid_paths(data.valid) if isinstance(data.valid, str) else []) if name not in files]
    found = check_texts([name for name in files if Path(name).suffix.lower() != ".parquet"], data.encoding)
    if errors(found):
        return found
    for name in files:
        if name == "-":
            continue
        try:
            _, wrong = look(name, data)
        except DataError:
            continue  # whoever reads it says what is wrong with it
        if wrong:
            rows = tuple(Row(name, line.line) for line in wrong)
            message = f"{_lines(len(wrong))} not what the others are; line {wrong[0].line}: {wrong[0].message}"
            remedy = "Repair these lines, or name the form with --format columns, conllu or json."
            found.append(Finding("ragged-columns", "error", name, rows, message, remedy))
    return found


def check(config: TagConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read."""
    train, held_out = corpus.train, corpus.held_out
    found: list[Finding] = []
    for where, part in ((TRAIN, train), (HELD_OUT, held_out)):
        found += [each for each in check_lengths(part.lengths, _at(part), where, "words") if each.code == "empty-row"]
        found += _faults(corpus.scheme, part, where)
    return [
        *found,
        *_tags(corpus),
        *check_duplicates(_keys(train), _keys(held_out), _at(train), _at(held_out)),
        *_contradictions(train, held_out),
        *_few(held_out),
    ]


def describe(config: TagConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """What would be trained on: lengths, words, tags and their scheme; and how much work that is."""
    encoded = encode(config, corpus)
    reader, lengths = encoded.reader, encoded.train.words.lengths
    training = settled(config, lengths)
    batches = Bucketed(lengths, training.batch_steps, training.seed, training.batch)
    rows = max(1, round(len(lengths) / batches.per_epoch))
    different = len(encoded.train.take(batches.at(1)).letters.ends)
    load = Load(
        tree=specification(config, reader.words.size, reader.letters.size, len(reader.tags)),
        rows=rows,
        steps=max(1, round(float(lengths.mean()))),
        batches=batches.per_epoch,
        data_bytes=sum(
            array.nbytes
            for part in (encoded.train, encoded.held_out)
            for array in (part.words.steps, part.forms, part.letters.steps, part.tags)
        ),
        parts={LETTERS: (different, max(1, round(float(encoded.train.letters.lengths.mean()))))},
        passes=training.epochs,
    )
    found = _long(config, corpus.train)
    told_already = {"empty-row", *(each.code for each in found)}
    for where, part in ((TRAIN, corpus.train), (HELD_OUT, corpus.held_out)):
        told = check_lengths(part.lengths, _at(part), where, "words")
        found += [each for each in told if each.code not in told_already]
    return [*found, *_words(encoded), _counts(corpus)], load


def _at(part: Sentences) -> Callable[[int], Row]:
    return lambda row: part.place(row)


def _faults(scheme: str, part: Sentences, where: str) -> list[Finding]:
    """Tags that the scheme would not write there."""
    if scheme == spans.PLAIN:
        return []
    rows: list[Row] = []
    count, example = 0, ""
    for number, tags in enumerate(part.tags):
        wrong = spans.faults(tags, scheme)
        count += len(wrong)
        if wrong and not example:
            at = wrong[0]
            after = f"after {tags[at - 1]}" if at else "at the beginning of a sentence"
            example = f"{tags[at]} {after}, line {part.place(number, at).line:,}"
        rows += [part.place(number, at) for at in wrong[: _KEPT - len(rows)]]
    if not count:
        return []
    message = (
        f"{count:,} tags cannot stand where they do in {scheme}, as {example}. They are read as conlleval reads them:"
        " a span begins there."
    )
    remedy = "Repair them, or name the scheme they are in: --scheme iob1, iob2, iobes, bilou or none."
    return [Finding("scheme-error", "warning", where, tuple(rows), message, remedy, count)]


def _tags(corpus: Corpus) -> list[Finding]:
    """One tag for all, and tags that only held-out words have."""
    train = [tag for row in corpus.train.tags for tag in row]
    found = [each for each in check_labels(train, [], _at(corpus.train)) if each.code == "single-class"]
    known = set(train)
    strange: dict[str, list[Row]] = {}
    for number, row in enumerate(corpus.held_out.tags):
        for word, tag in enumerate(row):
            if tag not in known:
                strange.setdefault(tag, []).append(corpus.held_out.place(number, word))
    for tag, places in strange.items():
        message = f"The tag {tag!r} has {len(places):,} held-out words and none to train on: it is never guessed."
        remedy = "Add sentences with it to the training part, if it matters."
        found.append(Finding("unseen-tag", "warning", HELD_OUT, tuple(places[:_KEPT]), message, remedy, len(places)))
    return found


def _keys(part: Sentences) -> Iterator[Hashable]:
    """Equal for equal sentences with their tags; a very short one is like no other."""
    for row, (tokens, tags) in enumerate(zip(part.tokens, part.tags, strict=True)):
        yield (tokens, tags) if len(tokens) >= _SHORT else (part.files[row], row, id(part))


def _contradictions(*parts: Sentences) -> list[Finding]:
    """Sentences that are the same but for their tags."""
    seen: dict[tuple[str, ...], list[tuple[Sentences, int]]] = {}
    for part in parts:
        for row, tokens in enumerate(part.tokens):
            if len(tokens) >= _SHORT:
                seen.setdefault(tokens, []).append((part, row))
    places = [
        part.place(row)
        for same in seen.values()
        if len(same) > 1 and len({part.tags[row] for part, row in same}) > 1
        for part, row in same
    ]
    if not places:
        return []
    message = f"{len(places):,} sentences stand more than once, with different tags: not all of them can be right."
    remedy = "Look at them side by side, and give them the same tags."
    return [Finding("contradiction", "warning", "the data", tuple(places[:_KEPT]), message, remedy, len(places))]


def _few(held_out: Sentences) -> list[Finding]:
    if held_out.words >= _FEW:
        return []
    message = f"{held_out.words:,} words are held out: a score of so few is good to several points only."
    return [Finding("few-held-out", "warning", HELD_OUT, (), message, "Hold out more with --valid.")]


def _long(config: TagConfig, train: Sentences) -> list[Finding]:
    longest = config.data.longest
    rows = np.flatnonzero(train.lengths > longest).tolist()
    if not rows:
        return []
    message = f"{len(rows):,} sentences have more than {longest:,} words and are trained on in pieces."
    remedy = "Look whether blank lines between sentences are missing; or raise --longest."
    places = tuple(train.place(row) for row in rows[:_KEPT])
    return [Finding("long-row", "warning", TRAIN, places, message, remedy, len(rows))]


def _words(encoded: Encoded) -> list[Finding]:
    train, held_out = (float(np.mean(part.words.steps == UNKNOWN)) for part in (encoded.train, encoded.held_out))
    size = encoded.reader.words.size
    message = (
        f"{size:,} different words, {encoded.reader.letters.size:,} letters; of the words {train:.1%} to train on and"
        f" {held_out:.1%} held out are known by their letters alone."
    )
    figures = {"size": size, "train_unknown": train, "held_out_unknown": held_out}
    found = [Finding("vocabulary", "info", TRAIN, (), message, "", figures=figures)]
    if held_out > _MANY_UNKNOWN:
        message = f"{held_out:.1%} of the words are in no vocabulary."
        remedy = "Bring more sentences; see that both parts are of one language and are cut into words in one way."
        found.append(Finding("many-unknown", "warning", HELD_OUT, (), message, remedy))
    return found


def _counts(corpus: Corpus) -> Finding:
    counts = Counter(tag for row in corpus.train.tags for tag in row).most_common()
    (most, many), (least, few) = counts[0], counts[-1]
    plain = corpus.scheme == spans.PLAIN
    told = "they are no spans" if plain else f"spans in the scheme {corpus.scheme}"
    message = f"{len(counts):,} tags, from {most!r} ({many:,} words) to {least!r} ({few:,}); {told}."
    return Finding("labels", "info", TRAIN, (), message, "", figures={"labels": dict(counts), "scheme": corpus.scheme})


def _lines(count: int) -> str:
    return "1 line is" if count == 1 else f"{count:,} lines are"
