"""Translators in Python: a model that turns texts into texts, and can be judged by pairs.

anaphora.train("translate", data=(sources, targets))        a list of (source, target), a frame, or paths
model.translate(["ein Mann"], beam=5)  ->  ["a man"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anaphora.data import in_memory
from anaphora.data.files.pairs import Pairs
from anaphora.data.files.tables import Columns
from anaphora.data.in_memory import is_sequence, kind
from anaphora.errors import UsageError
from anaphora.report.attention import Attention
from anaphora.runtime import Model
from anaphora.tasks.base.trained_model import Opened
from anaphora.tasks.translate import scoring
from anaphora.tasks.translate.reading import Corpus, pairs_of, set_aside
from anaphora.tasks.translate.scoring import Score
from anaphora.tasks.translate.settings import TranslateConfig
from anaphora.tasks.translate.translator import How, Translation, Translator

__all__ = ["TextModel", "open_model", "paths", "read"]

NAME = "the data"
_WHAT = "Expected pairs: (sources, targets), a list of (source, target), a frame with two columns, or paths; got {}."


class TextModel(Opened):
    """A trained translator."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._translator = Translator(model)

    @property
    def config(self) -> TranslateConfig:
        """Everything that was set to train it; raises IncompatibleBundle if its file does not say."""
        return self.set_by(TranslateConfig)

    def translate(self, texts: Sequence[str], **how: Any) -> list[str]:
        """The best translation of each text; `how` is what `How` takes: beam=5, length_penalty=1.0, sample=True.

        Raises UsageError for what are no texts, or a setting outside its range.
        """
        settings = How(**how)
        return scoring.outputs_of(self._translator, _texts(texts, settings), settings)

    def translations(self, texts: Sequence[str], **how: Any) -> list[list[Translation]]:
        """All that was asked for of each text with `best=N`, the best first; raises as `translate` does."""
        settings = How(**how)
        return self._translator.translate(_texts(texts, settings), settings)

    def attention(self, text: str, translation: Translation) -> Attention:
        """Where the network looks as it writes a translation: weights (T, S)."""
        return self._translator.attention(text, translation.symbols)

    def evaluate(self, data: Any, **how: Any) -> Score:
        """How good decoded text is on pairs, in any form that training takes; `how` as for `translate`."""
        files = paths(data)
        pairs = pairs_of(self.config, files) if files is not None else _pairs(self.config, data)
        return scoring.evaluate(self._translator, pairs, How(**how))


def open_model(model: Model) -> TextModel:
    """The model of a file; raises IncompatibleBundle if it is no translator."""
    return TextModel(model)


def paths(data: Any) -> list[str] | None:
    """The files that are named, by str or pathlib.Path; None if the data are in memory."""
    return in_memory.paths(data, words=True)


def read(config: TranslateConfig, data: Any) -> Corpus:
    """Pairs as a corpus, a share of them held out.

    Raises UsageError for what are no pairs, DataError for one that cannot be read.
    """
    return set_aside(config, _pairs(config, data))


def _pairs(config: TranslateConfig, data: Any) -> Pairs:
    columns = in_memory.columns(data)
    if columns is not None:
        return Pairs.of([Columns(columns, NAME)], config.data.source, config.data.target)
    sides: Mapping[str, Sequence[Any]]
    if isinstance(data, tuple) and len(data) == 2 and all(map(is_sequence, data)):
        sides = dict(zip(("source", "target"), map(in_memory.values, data), strict=True))
    elif isinstance(data, list) and data and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in data):
        sides = {"source": [one for one, _ in data], "target": [other for _, other in data]}
    else:
        raise UsageError(_WHAT.format(kind(data)))
    if len(sides["source"]) != len(sides["target"]):
        raise UsageError(f"There are {len(sides['source']):,} sources and {len(sides['target']):,} targets.")
    return Pairs.of([Columns(sides, NAME)])


def _texts(texts: Any, how: How) -> list[str]:
    how.check()
    if isinstance(texts, str) or not is_sequence(texts) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"Expected a list of texts, got {kind(texts)}: give one in a list, too.")
    return list(texts)
