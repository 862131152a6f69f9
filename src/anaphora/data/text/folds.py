"""K folds of a text: contiguous stretches of about equal length, each in turn the test part of a training on the rest.

fold k = characters ⌊k·N/K⌋ … ⌊(k+1)·N/K⌋        the rest = what stands before it and after it, as one text

The end of the rest is held out, as without folds, unless the held-out part has a file of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from anaphora.data.examples import checked_share
from anaphora.data.files.text import Text
from anaphora.data.folds import refuse_many
from anaphora.data.text.corpus import TextCorpus, of_parts


@dataclass(frozen=True)
class TextFolds:
    """The folds of a corpus; `valid` is the share that is held out, or a file."""

    corpus: TextCorpus
    count: int
    valid: float | str

    def __post_init__(self) -> None:
        """Raises UsageError for more folds than characters."""
        refuse_many(self.count, len(self._pool))

    @property
    def _pool(self) -> Text:
        train, held_out = self.corpus.train, self.corpus.held_out
        return train if isinstance(self.valid, str) else Text.joined([train, held_out])

    def corpus_of(self, number: int) -> TextCorpus:
        """Return the corpus whose test part is fold `number`, from 0."""
        pool, length = self._pool, len(self._pool)
        begin, end = (length * at // self.count for at in (number, number + 1))
        rest, held_out = Text.joined([pool[:begin], pool[end:]]), self.corpus.held_out
        if not isinstance(self.valid, str):
            edge = round(len(rest) * (1 - checked_share(self.valid, "a file, or a share of the text")))
            rest, held_out = rest[:edge], rest[edge:]
        found = of_parts(rest, held_out, self.corpus.sources, test=pool[begin:end])
        return replace(found, taken=self.corpus.taken)
