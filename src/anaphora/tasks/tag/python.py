"""Taggers in Python: a model that tags sentences, and can be judged by sentences with tags.

(X, y)                        sentences, lists of words, and their lists of tags
[(words, tags), …]            the same, sentence by sentence
a frame                       its columns of lists are found as a file's are
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.data import in_memory
from anaphora.data.files.conll import TAGS, TOKENS, Sentences, listed
from anaphora.data.in_memory import is_sequence, kind
from anaphora.errors import DataError, UsageError
from anaphora.runtime import Model
from anaphora.tasks.base.trained_model import Opened
from anaphora.tasks.tag import scoring
from anaphora.tasks.tag.reading import Corpus, read_all, set_aside
from anaphora.tasks.tag.scoring import Score
from anaphora.tasks.tag.settings import Data, TagConfig
from anaphora.tasks.tag.tagger import Tagged, Tagger

__all__ = ["TagModel", "open_model", "paths", "read"]

NAME = "the data"
_WHAT = (
    "Expected sentences with tags: (X, y), a list of (words, tags), a frame with two columns of lists, or paths;"
    " got {}."
)


class TagModel(Opened):
    """A trained tagger."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._tagger = Tagger(model)

    @property
    def config(self) -> TagConfig:
        """Everything that was set to train it; raises IncompatibleBundle if its file does not say."""
        return self.set_by(TagConfig)

    @property
    def scheme(self) -> str:
        """How its tags mean spans: iob1, iob2, iobes, bilou or none."""
        return self._tagger.reader.scheme

    def predict(self, X: Any) -> list[tuple[str, ...]]:
        """The likeliest tags of each sentence: lists of words, or texts with blanks between words.

        Raises UsageError for what are no sentences.
        """
        return [best[0].tags for best in self._tagger.tag(_sentences(X))]

    def several(self, X: Any, top: int = 5) -> list[list[Tagged]]:
        """The `top` likeliest rows of tags of each sentence, the best first, each with its probability; the best with
        the confidence of each word's type too.
        """
        return self._tagger.tag(_sentences(X), top, confident=True)

    def evaluate(self, data: Any) -> Score:
        """How good its tags are on sentences with tags, in any form that training takes.

        Raises as `predict` does.
        """
        files = paths(data)
        sentences = _tagged(self.config.data, data) if files is None else read_all(self.config.data, files)
        return scoring.evaluate(self._tagger, sentences)


def open_model(model: Model) -> TagModel:
    """The model of a file; raises IncompatibleBundle if it is no tagger."""
    return TagModel(model)


def paths(data: Any) -> list[str] | None:
    """The files that are named, by str or pathlib.Path; None if the data are in memory."""
    return in_memory.paths(data, words=True)


def read(config: TagConfig, data: Any) -> Corpus:
    """Sentences as a corpus, a share of them held out.

    Raises UsageError for what are no sentences with tags, DataError for one that cannot be read.
    """
    return set_aside(config, _tagged(config.data, data))


def _tagged(data: Data, rows: Any) -> Sentences:
    frame = in_memory.columns(rows)
    if frame is not None:
        X, y = (_column(frame, name, usual) for name, usual in ((data.token, TOKENS), (data.tag, TAGS)))
    elif isinstance(rows, tuple) and len(rows) == 2 and all(map(is_sequence, rows)):
        X, y = map(list, rows)
    elif isinstance(rows, list) and rows and all(isinstance(row, tuple | list) and len(row) == 2 for row in rows):
        X, y = [words for words, _ in rows], [tags for _, tags in rows]
    else:
        raise UsageError(_WHAT.format(kind(rows)))
    if len(X) != len(y):
        raise UsageError(f"There are {len(X):,} sentences and {len(y):,} rows of tags; expected as many.")
    tokens, tags = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for number, pair in enumerate(zip(X, y, strict=True), 1):
        try:
            words, own = (listed(each, name) for each, name in zip(pair, ("words", "tags"), strict=True))
        except DataError as error:
            raise DataError(f"{NAME}, sentence {number}: {error}") from error
        if len(words) != len(own):
            raise DataError(
                f"{NAME}, sentence {number}: {len(words)} words and {len(own)} tags; expected a tag for each word."
            )
        tokens.append(words)
        tags.append(own)
    return Sentences.of(tokens, tags)


def _column(frame: dict[str, list[Any]], named: str | None, usual: Sequence[str]) -> list[Any]:
    names = [named] if named else [name for name in frame if name.strip().lower() in usual]
    if not names or names[0] not in frame:
        raise DataError(
            f"{NAME}: there is no column {names[0] if names else usual[0]!r}; there are: {', '.join(frame)}."
        )
    return frame[str(names[0])]


def _sentences(X: Any) -> list[tuple[str, ...]]:
    if isinstance(X, str) or not is_sequence(X):
        raise UsageError(f"Expected a list of sentences, each a list of words or a text, got {kind(X)}.")
    return [tuple(row.split()) if isinstance(row, str) else listed(row, "a sentence") for row in X]
