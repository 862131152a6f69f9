"""Words that come one after another: the tag of each word, as soon as no later word can change it.

A tag is certain when the best paths to all tags of the last word agree on it (`anaphora.runtime.viterbi`). Tags of
spans that are written in another scheme than the learned one also wait for the end of their span.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anaphora.data.files.tag_rows import listed
from anaphora.data.surrogates import refuse_half_pair
from anaphora.errors import UsageError
from anaphora.metrics import spans
from anaphora.runtime import Model
from anaphora.runtime.crf import Chain, Labels
from anaphora.runtime.state import Parts
from anaphora.runtime.viterbi import Viterbi
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.stream import Stream
from anaphora.tasks.tag.encoding import Reader
from anaphora.tasks.tag.scorer import Scorer


class TagStream(Stream[Sequence[str], tuple[str, ...]]):
    """A tagger that reads a sentence word by word; `feed` and `finish` give the next tags of the words read."""

    def __init__(self, model: Model, reader: Reader, scorer: Scorer, chain: Chain, state: bytes | None = None) -> None:
        """Raises UsageError if the network reads in both directions, and as `Stream` does."""
        if scorer.sentence.needs_whole_rows:
            raise UsageError(
                "This tagger reads a sentence in both directions, so no tag is certain before the sentence ends."
                " Train it with --no-bidirectional to tag words as they come."
            )
        self._reader, self._scorer, self._chain = reader, scorer, chain
        super().__init__(model, state)

    def begin(self) -> None:
        self._state = self._scorer.sentence.initial()
        self._search = Viterbi.begin(self._chain)
        self._certain: Labels = np.zeros(0, np.int64)  # the last given span, and what waits
        self._given = 0  # of these labels

    @public()
    def feed(self, chunk: Sequence[str]) -> tuple[str, ...]:
        words = listed(chunk, "chunk")
        refuse_half_pair(" ".join(words), "the chunk")
        if not words:
            return ()
        scores, state = self._scorer.go_on(self._state, self._reader.unlabelled([words]))
        labels, search = self._search.read(self._chain, scores)
        self._state, self._search = state, search
        return self._give(labels, False)

    def finish(self) -> tuple[str, ...]:
        found = self._give(self._search.end(self._chain), True)
        self.begin()
        return found

    def parts(self) -> Parts:
        state = {f"memory.{number}": part for number, part in enumerate(self._state)}
        search = {"delta": self._search.delta, "paths": self._search.paths}
        return {**state, **search, "certain": self._certain, "given": np.array(self._given, np.int64)}

    def restore(self, parts: Parts) -> None:
        """Restore the state, parts (layers·D, 1, width), and the search over the labels that are not certain yet."""
        self._state = tuple(parts[f"memory.{number}"] for number in range(len(self._scorer.sentence.layout)))
        self._search = Viterbi(parts["delta"], parts["paths"])
        self._certain, self._given = parts["certain"], int(parts["given"])

    def _give(self, labels: Labels, ended: bool) -> tuple[str, ...]:
        """Return the tags that can be written now; `labels` (m,) have become certain."""
        if self._reader.internal in (spans.PLAIN, self._reader.scheme):
            return self._reader.tags_of(labels.tolist())
        known = np.concatenate([self._certain, labels])
        tags = [self._reader.tags[label] for label in known.tolist()]
        closed = len(tags) if ended else spans.closed_length(tags)
        keep = spans.last_begin(tags[:closed])
        found = self._reader.tags_of(known[:closed].tolist())[self._given :]
        self._certain, self._given = known[keep:], closed - keep
        return found
