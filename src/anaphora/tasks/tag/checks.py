"""Findings on tagged sentences, and a description of the training data.

Rules for files and for rows of any kind are in `anaphora.checks`; the rules here concern words and tags: tags that are
invalid in their scheme, tags that only the held-out part has. `anaphora.tasks.tag.file_checks` has those of lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterator

import numpy as np

from anaphora.checks import examples
from anaphora.checks.duplicates import FOLDS, PartKeys, check_duplicates, check_folds_apart
from anaphora.checks.examine import Load
from anaphora.checks.examples import (
    HELD_OUT,
    KEPT,
    TRAIN,
    at_rows,
    contradictions,
    few_held_out,
    named_parts,
    others,
    scored_sizes,
    unknown_share,
)
from anaphora.checks.findings import Finding
from anaphora.checks.rows import check_empty, check_long, describe_lengths
from anaphora.checks.spellings import check_spellings
from anaphora.data.batches import Bucketed
from anaphora.data.files.sentences import Sentences
from anaphora.data.location import Location
from anaphora.formatting import counted
from anaphora.metrics import spans
from anaphora.tasks.tag.data import Corpus
from anaphora.tasks.tag.data import folds as folds_of_corpus
from anaphora.tasks.tag.encoding import Encoded, encode
from anaphora.tasks.tag.file_checks import check_files as check_files
from anaphora.tasks.tag.file_checks import sentences_again
from anaphora.tasks.tag.network import BATCH_DEFAULTS, CHARACTERS, specification
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.symbols import UNKNOWN
from anaphora.training.defaults import with_defaults

_MANY_UNKNOWN = 0.3  # of the held-out words
_SHOWN = 5  # odd tags
_SHORT = 4  # words; shorter sentences repeat in any text


def check(config: TagConfig, corpus: Corpus) -> list[Finding]:
    """Return findings on a corpus."""
    train, named = corpus.train, named_parts(corpus)
    found: list[Finding] = []
    for where, part in named.items():
        found += check_empty(part.lengths, part.place, where, "words")
        found += _faults(corpus, part, where)
    parts = [(map(_key, part.tokens), part.tags, part.place) for part in named.values()]
    remedy = "Compare these sentences, and give equal sentences equal tags."
    return [
        *found,
        *sentences_again("", corpus.found.again),
        *_tags(corpus),
        *_odd(corpus),
        *_long(config, train),
        *_spelling(config, corpus),
        *check_duplicates([PartKeys(where, keys(part), part.place) for where, part in named.items()]),
        *_folds(config, corpus),
        *contradictions(parts, "sentences", "tags", remedy),
        *few_held_out(
            scored_sizes(corpus), "sentence", config.training.folds, "a share of sentences without a mistake"
        ),
    ]


def _folds(config: TagConfig, corpus: Corpus) -> list[Finding]:
    if config.training.folds is None:
        return []
    made = folds_of_corpus(config, corpus, config.training.folds)
    pool = made.pool
    return check_folds_apart(PartKeys(FOLDS, keys(pool), pool.place), made.of)


def describe(config: TagConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (lengths, words, tags and their scheme) and the estimated work."""
    encoded = encode(config, corpus)
    reader, train = encoded.reader, encoded.train
    training = with_defaults(config.training, train.lengths, BATCH_DEFAULTS)
    batches = Bucketed(train.lengths, training.batch_steps, training.seed, training.batch)
    forms = len(train.take(batches.at(1)).characters.ends), max(1, round(float(train.characters.lengths.mean())))
    load = examples.load(
        specification(config, reader.words.size, reader.characters.size, len(reader.tags)),
        batches,
        [
            array
            for part in (train, encoded.held_out)
            for array in (part.words.steps, part.forms, part.characters.steps, part.tags)
        ],
        training.epochs,
        {CHARACTERS: forms},
    )
    found: list[Finding] = []
    is_split = bool(_long(config, corpus.train))
    for where, part in ((TRAIN, corpus.train), (HELD_OUT, corpus.held_out)):
        lengths = part.lengths, part.place, where, "words"
        found += [*describe_lengths(*lengths), *([] if is_split else check_long(*lengths))]
    return [*found, *_words(encoded), _counts(corpus)], load


def _odd(corpus: Corpus) -> list[Finding]:
    """Return a finding on tags that do not fit the others, which mark spans."""
    if not corpus.odd:
        return []
    tags = Counter(tag for tag, _ in corpus.odd)
    some = ", ".join(f"{tag!r} ({counted(count, 'word')})" for tag, count in tags.most_common(_SHOWN))
    example = corpus.marking.written("B-PER")
    message = (
        f"{counted(len(corpus.odd), 'word')} with a tag that does not fit the others, which mark spans as {example}:"
        f" {some}. Such a word is read as outside all spans."
    )
    remedy = "Correct these tags, or add --scheme none: then every tag stands for itself."
    rows = tuple(place for _, place in corpus.odd[:KEPT])
    return [Finding("odd-tag", "warning", "the data", rows, message, remedy, len(corpus.odd))]


def _spelling(config: TagConfig, corpus: Corpus) -> list[Finding]:
    """Return findings on words and on tags that look alike and are typed with different characters."""
    if config.data.normalize != "none":
        return []
    parts = named_parts(corpus).values()
    words = (word for part in parts for row in part.tokens for word in row)
    tags = (tag for part in parts for row in part.tags for tag in row)
    return [*check_spellings(words, "words", "the data"), *check_spellings(tags, "tags", "the data")]


def _faults(corpus: Corpus, part: Sentences, where: str) -> list[Finding]:
    """Return findings on tags that are invalid at their positions."""
    scheme, written = corpus.scheme, corpus.marking.written
    if scheme == spans.PLAIN:
        return []
    wrong = [(number, at) for number, tags in enumerate(part.tags) for at in spans.scheme_errors(tags, scheme)]
    if not wrong:
        return []
    number, at = wrong[0]
    after = f"after {written(part.tags[number][at - 1])}" if at else "at the beginning of a sentence"
    message = (
        f"{counted(len(wrong), 'tag')} {'is' if len(wrong) == 1 else 'are'} invalid at"
        f" {'its position' if len(wrong) == 1 else 'their positions'} in {scheme}, for example"
        f" {written(part.tags[number][at])} {after}, line {part.place(number, at).line:,}. Scores follow conlleval:"
        " a span begins there."
    )
    remedy = f"Correct the tags, or name their scheme: --scheme {', '.join(spans.SCHEMES)} or none."
    rows = tuple(part.place(number, at) for number, at in wrong[:KEPT])
    return [Finding("scheme-error", "warning", where, rows, message, remedy, len(wrong))]


def _tags(corpus: Corpus) -> list[Finding]:
    """Return findings on a single tag, and on tags of held-out words only."""
    written = corpus.marking.written
    train = [written(tag) for row in corpus.train.tags for tag in row]
    known, found = set(train), list[Finding]()
    if len(known) == 1:
        message = f"All {len(train):,} training words have the tag {train[0]!r}."
        remedy = "Add sentences with other tags, or name another column with --tag."
        found.append(Finding("single-class", "error", TRAIN, (), message, remedy, len(train)))
    if len(known) > 1 and all(map(str.isdigit, known)):
        message = (
            f"All {len(known):,} tags are numbers, so spans of several words are not known and every word counts alone."
        )
        remedy = "If the numbers stand for tags such as B-PER, write these tags in place of the numbers."
        found.append(Finding("number-tags", "warning", TRAIN, (), message, remedy))
    for where, part in named_parts(corpus).items():
        found += _unseen(where, part, known, written)
        tags = {written(tag) for row in part.tags for tag in row}
        if where != TRAIN and len(tags) == 1 and tags < known:
            only = next(iter(tags))
            message = (
                f"All {counted(part.words, 'word')} of {where} have the tag {only!r}: the score says nothing about"
                f" {others(len(known) - 1, 'tag')}."
            )
            remedy = "Add sentences with the other tags to it."
            found.append(Finding("one-label-scored", "warning", where, (), message, remedy))
    return found


def _unseen(where: str, part: Sentences, known: Container[str], written: Callable[[str], str]) -> Iterator[Finding]:
    """Yield a finding on each tag of a part that no training word has."""
    strange: dict[str, list[Location]] = {}
    for number, row in enumerate(part.tags):
        for word, tag in enumerate(map(written, row)):
            if tag not in known:
                strange.setdefault(tag, []).append(part.place(number, word))
    for tag, places in strange.items():
        words = counted(len(places), "word")
        message = f"The tag {tag!r} has {words} of {where} and no training word, so it is never predicted."
        remedy = "Add sentences with this tag to the training part if the tag matters."
        yield Finding("unseen-tag", "warning", where, tuple(places[:KEPT]), message, remedy, len(places))


def _key(tokens: tuple[str, ...]) -> Hashable | None:
    """Return a key, equal for equal sentences; None for a very short sentence."""
    return tokens if len(tokens) >= _SHORT else None


def keys(sentences: Sentences) -> Iterator[Hashable | None]:
    """Yield a key per sentence, equal for equal sentences with equal tags; None for a very short sentence."""
    for tokens, tags in zip(sentences.tokens, sentences.tags, strict=True):
        yield (tokens, tags) if len(tokens) >= _SHORT else None


def _long(config: TagConfig, train: Sentences) -> list[Finding]:
    longest = config.data.max_length
    rows = np.flatnonzero(train.lengths > longest).tolist()
    if not rows:
        return []
    message = f"{len(rows):,} sentences have more than {longest:,} words and are split for training."
    remedy = "Check for missing blank lines between sentences, or raise --max-length."
    return [at_rows("long-row", TRAIN, train.place, rows, message, remedy)]


def _words(encoded: Encoded) -> list[Finding]:
    size, characters = encoded.reader.words.size, encoded.reader.characters.size
    train, held_out = (unknown_share(part.words.steps, UNKNOWN) for part in (encoded.train, encoded.held_out))
    message = (
        f"{size:,} different words and {characters:,} characters in the vocabulary; words known by their"
        f" characters only: {train:.1%} of the training part, {held_out:.1%} of the held-out part."
    )
    many = f"{held_out:.1%} of the held-out words are not in the vocabulary."
    remedy = "Add sentences; check that both parts are of one language and are split into words in the same way."
    return examples.vocabulary(size, (train, held_out), message, _MANY_UNKNOWN, (many, remedy))


def _counts(corpus: Corpus) -> Finding:
    written = corpus.marking.written
    counts = Counter(written(tag) for row in corpus.train.tags for tag in row).most_common()
    (most, many), (least, few) = counts[0], counts[-1]
    meaning = (
        ("the tags mark no spans")
        if corpus.scheme == spans.PLAIN
        else f"the tags mark spans in the scheme {corpus.scheme}"
    )
    message = f"{len(counts):,} tags, from {most!r} ({many:,} words) to {least!r} ({few:,}); {meaning}."
    return Finding("labels", "info", TRAIN, (), message, "", figures={"labels": dict(counts), "scheme": corpus.scheme})
