"""Gap fillers in Python: texts in memory to train on, and a model that fills gaps and can be judged.

    a str             a text                      pathlib.Path, or several      files and folders, read as one text
    several str       one text, each its lines

model.fill("feeling ___ the weather")[0].word  ->  "under"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.data.in_memory import is_sequence, kind, paths
from anaphora.data.text.in_memory import refuse_name, text_of
from anaphora.errors import DataError, UsageError
from anaphora.runtime import Model
from anaphora.tasks.base.trained_model import Opened
from anaphora.tasks.fill import scoring
from anaphora.tasks.fill.corpus import Corpus, files, split
from anaphora.tasks.fill.filler import Filled, Filler, Guess
from anaphora.tasks.fill.lexicon import Lexicon
from anaphora.tasks.fill.settings import GAP, TOP, FillConfig

__all__ = ["GapModel", "open_model", "paths", "read"]


class GapModel(Opened):
    """A trained gap filler."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._filler = Filler(model)

    @property
    def config(self) -> FillConfig:
        """Everything that was set to train it; raises IncompatibleBundle if its file does not say."""
        return self.set_by(FillConfig)

    @property
    def lexicon(self) -> Lexicon:
        """The words and marks that it knows."""
        return self._filler.lexicon

    def fill(self, text: str, top: int = TOP, *, one_sided: bool = False, mark: str = GAP) -> list[Guess]:
        """The likeliest words for the one gap of a text, each a (word, probability), the likeliest first; with
        `one_sided` as the past alone has it.

        Raises DataError unless there is exactly one gap, UsageError for a mark or a number that cannot be.
        """
        (filled,) = self.fill_all([text], top, one_sided=one_sided, mark=mark)
        if len(filled.gaps) > 1:
            raise DataError(f"There are {len(filled.gaps)} gaps in {text[:80]!r}; fill takes one, fill_all any number.")
        return list(filled.gaps[0].words)

    def fill_all(
        self, texts: Sequence[str], top: int = TOP, *, one_sided: bool = False, mark: str = GAP
    ) -> list[Filled]:
        """Each text with its gaps filled, and the likeliest words for every gap; raises as `fill` does."""
        if isinstance(texts, str) or not is_sequence(texts) or not all(isinstance(text, str) for text in texts):
            raise UsageError(f"Expected a list of texts, got {kind(texts)}: give one in a list, too.")
        return self._filler.fill(texts, "past" if one_sided else "both", top, mark)

    def evaluate(self, data: Any, training_text: Any = None) -> scoring.Score:
        """How good it fills every word of a text as a gap, from both sides and from the past alone; beside it counts
        of neighbours, where the training text is given, or known because `data` are the very text that was held out.

        Both may be what `anaphora.train` takes. Raises DataError for a text without a word.
        """
        encoding = self.config.data.encoding
        counted = None if training_text is None else text_of(training_text, encoding, files)
        return scoring.evaluate(self._filler, text_of(data, encoding, files), counted)


def open_model(model: Model) -> GapModel:
    """The model of a file; raises IncompatibleBundle if it fills no gaps."""
    return GapModel(model)


def read(config: FillConfig, data: Any) -> Corpus:
    """Texts in memory as a corpus, its end held out.

    Raises UsageError for what is no text, DataError for one of several that is none.
    """
    refuse_name(data)
    return split(config, text_of(data, config.data.encoding, files))
