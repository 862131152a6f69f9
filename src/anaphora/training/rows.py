"""A supervised task whose examples are rows: batches of rows of about one length, validation on evenly spaced rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.duplicates import in_both
from anaphora.data.batches import Bucketed, EncodedRows, RowBatches, edges
from anaphora.data.parts import test_files
from anaphora.data.sampling import at_least, by_length, evenly_spaced
from anaphora.errors import DataError
from anaphora.runs.report import TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.training.defaults import BatchDefaults, with_defaults
from anaphora.training.supervised import Config, Corpus, Encoded, Opened, SupervisedTask

P = TypeVar("P", bound=EncodedRows)


class RowTask(SupervisedTask[Config, Corpus, Encoded, P, Opened], Generic[Config, Corpus, Encoded, P, Opened]):
    """The training of a task on rows."""

    batch_steps: int = 2**14  # of a batch at most, where the task has no option of that name
    batch_defaults: BatchDefaults | None = None  # from which open options of batches and passes follow
    validated: P

    def __init__(self, config: Config, corpus: Corpus) -> None:
        """Raises DataError for a corpus from which nothing can be learned, and for files of a test part of which every
        row is also in the training part or in the held-out part.
        """
        super().__init__(config, corpus)
        files = test_files(config)
        before = chain(self.keys(corpus.train), self.keys(corpus.held_out)) if files else ()
        if files and all(in_both(before, self.keys(corpus.test))):
            names = ", ".join(map(repr, files))
            raise DataError(
                f"Every row of the test part (--test {names}) is also in the training part or in the held-out part, so"
                " its score would be a score of known rows. Name files of other rows, or hold out a share: --test 0.1."
            )

    def with_batch_defaults(self) -> Any:
        training: Any = super().with_batch_defaults()
        if self.batch_defaults is None:
            return training
        return with_defaults(training, self.encoded.train.lengths, self.batch_defaults)

    def make_batches(self) -> RowBatches[P]:
        training, train = self.training, self.encoded.train
        steps = getattr(training, "batch_steps", self.batch_steps)
        bucketed = Bucketed(train.lengths, steps, training.seed, getattr(training, "batch", None))
        return RowBatches(train, bucketed, self.units_of)

    def units_of(self, part: P) -> int:
        """Return the number of units in the loss of rows: the number of rows."""
        return len(part.numbers)

    @property
    def most_validated(self) -> int:
        rows = len(self.encoded.held_out.numbers)
        return min(rows, getattr(self.training, "evaluation_rows", rows))

    @property
    def most_scored(self) -> int:
        return len(self.corpus.held_out)

    def validation_part(self, count: int) -> P:
        held_out: P = self.encoded.held_out
        return held_out.take(by_length(evenly_spaced(len(held_out.numbers), count), held_out.lengths))

    def pieces(self, steps: int) -> Iterator[P]:
        """Yield the rows of `self.validated` in pieces of about as many steps as a batch has."""
        cuts = edges(self.validated.lengths, steps, len(self.validated.numbers))
        for begin, end in pairwise(cuts.tolist()):
            yield self.validated.take(np.arange(begin, end))

    @property
    def validation_units(self) -> int:
        return self.units_of(self.validated)

    @property
    def tested_rows(self) -> NDArray[np.int64]:
        """Numbers (n,) of the test rows that are scored: all of them, or the same share as of the held-out rows."""
        return evenly_spaced(len(self.corpus.test), at_least(self.score_share, self.most_tested, self.fewest))

    def keys(self, part: Any) -> Iterable[Hashable | None]:
        """Return a key per row of a part of the corpus, equal for equal rows; None for a row that equals no other."""
        return [None] * len(part)

    @cached_property
    def known_rows(self) -> NDArray[np.bool_]:
        """Whether each row (n,) of the test part is also in the training part."""
        return np.array(in_both(self.keys(self.corpus.train), self.keys(self.corpus.test)), dtype=np.bool_)

    def test(self, trained: TrainedWeights, score: Any) -> Tested:
        return replace(super().test(trained, score), known=int(self.known_rows[self.tested_rows].sum()))

    @property
    def scored_rows(self) -> NDArray[np.int64]:
        """Numbers (n,) of the held-out rows that are scored."""
        return evenly_spaced(self.most_scored, self.scored)

    def describe(self, batch: P, row: int, part: str = "") -> str:
        number = int(batch.numbers[row])
        return f"{self.corpus.train.at(number)} ({self.quote(number)})"

    def quote(self, row: int) -> str:
        """Return a training row in a few words."""
        raise NotImplementedError
