"""What the network must beat: the source itself, handed in as its translation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from anaphora.tasks.translate.encoding import Encoded
from anaphora.tasks.translate.reading import Corpus
from anaphora.tasks.translate.scoring import copies, figures, spread
from anaphora.tasks.translate.settings import TranslateConfig


@dataclass(frozen=True)
class Floor:
    """What copies of the sources are worth on the rows that the network is scored on."""

    bleu: float
    chrf: float
    exact: float

    def facts(self) -> dict[str, Any]:
        """For the model's card."""
        return asdict(self)


def floor(config: TranslateConfig, corpus: Corpus, encoded: Encoded, most: int | None = None) -> Floor:
    """Judge copies of so many of the held-out sources; raises MissingExtra where sacrebleu is not installed."""
    rows = spread(len(corpus.held_out), config.training.scored_rows if most is None else most)
    targets = [corpus.held_out.targets[row] for row in rows]
    return Floor(*figures(copies(encoded.reader, corpus.held_out, rows), targets, config.data.lower))
