"""The texts of a task: read from files or from memory, split into two parts, and turned into units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from anaphora.data.text.corpus import TextCorpus, read_corpus
from anaphora.data.text.in_memory import corpus_of
from anaphora.data.text.tokenized import Encoded, Tokenization, prepare
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import DataError

V = TypeVar("V", bound=Vocabulary)


class Shortage(NamedTuple):
    """A part of a corpus that is too short to train on or to score."""

    where: str  # the part
    message: str


def _no_others(_: Sequence[Any]) -> Mapping[str, str]:
    """Return the files of folders that are not read: none."""
    return {}


@dataclass(frozen=True)
class TextReading(Generic[V]):
    """The reading of a task; configs have `data.valid`, `data.test` and `data.encoding`."""

    tokenization: Callable[[Any], Tokenization[V]]  # of a config
    empty: Callable[[Any, TextCorpus], str]  # the message about an empty training part
    shortage: Callable[[Any, TextCorpus, Encoded[V]], Shortage | None]
    files: Callable[[Sequence[Any]], Sequence[Any]] = list  # that the named paths mean
    others: Callable[[Sequence[Any]], Mapping[str, str]] = _no_others

    def read(self, config: Any, paths: Sequence[str | Path]) -> TextCorpus:
        """Return texts of any length as a corpus, `-` being standard input; raises as `read_corpus` does."""
        corpus = read_corpus(self.files(paths), config.data.valid, config.data.encoding, config.data.test)
        others = self.others(paths)
        return corpus if corpus.taken is None else replace(corpus, taken=replace(corpus.taken, left_out=others))

    def from_memory(self, config: Any, data: Any) -> TextCorpus:
        """Return texts in memory as a corpus; raises as `corpus_of` does."""
        return corpus_of(data, config.data.valid, config.data.encoding, self.files, config.data.test)

    def in_units(self, config: Any, corpus: TextCorpus) -> Encoded[V]:
        """Encode both parts, however short; raises DataError if the training part yields no vocabulary."""
        if not len(corpus.train):
            raise DataError(self.empty(config, corpus))
        return prepare(corpus, self.tokenization(config))

    def encode(self, config: Any, corpus: TextCorpus) -> Encoded[V]:
        """Encode both parts; raises DataError if one is too short to train on or to score."""
        encoded = self.in_units(config, corpus)
        short = self.shortage(config, corpus, encoded)
        if short is not None:
            raise DataError(short.message)
        return encoded
