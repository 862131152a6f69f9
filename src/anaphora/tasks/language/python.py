"""Language models in Python: texts in memory to train on, and a model that writes, guesses and scores.

    a str             a text                      pathlib.Path, or several      files, read as one text
    several str       one text, each its lines

What is a text and what a file is told by the type alone, so that no text is ever taken for the name of a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from anaphora.data.in_memory import paths
from anaphora.data.text.in_memory import refuse_name, text_of
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.decode import check_settings
from anaphora.runtime import Model, Session
from anaphora.tasks.base.trained_model import Opened
from anaphora.tasks.language import scoring
from anaphora.tasks.language.corpus import Corpus, split
from anaphora.tasks.language.settings import LanguageConfig
from anaphora.tasks.language.writing import Guess, Writer

__all__ = ["LanguageModel", "open_model", "paths", "read"]


class LanguageModel(Opened):
    """A trained language model: a vocabulary, a network, and what they say of texts."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._writer = Writer(model)

    @property
    def config(self) -> LanguageConfig:
        """Everything that was set to train it; raises IncompatibleBundle if its file does not say."""
        return self.set_by(LanguageConfig)

    @property
    def vocabulary(self) -> Vocabulary:
        """Its symbols: `encode` turns a text into ids (N,), `decode` turns them back."""
        return self._writer.vocabulary

    def generate(self, prompt: str = "", length: int = 400, **settings: Any) -> str:
        """What the model writes after a prompt, at most `length` units; settings and errors are those of `stream`."""
        return "".join(self.stream(prompt, length, **settings))

    def stream(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: Collection[str] = (),
        seed: int | None = None,
    ) -> Iterator[str]:
        """The same, piece by piece as it is drawn. It ends before a unit that is in `stop`; the same seed writes the
        same text.

        Temperature 0 takes the likeliest unit; `top_k` (0: all) and `top_p` leave the unlikely ones out. Raises
        DataError for a unit of the prompt that the model never saw, UsageError for a setting outside its range.
        """
        check_settings(temperature, top_k, top_p)
        read = self._writer.read(prompt)
        rng = np.random.default_rng(seed)
        return self._writer.write(read, length, rng, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop)

    def next(self, prompt: str, count: int = 5) -> list[Guess]:
        """The likeliest units to come after a prompt, each a (text, probability), the likeliest first; raises as
        `stream` does.
        """
        return self._writer.next_units(self._writer.read(prompt), count)

    def next_words(self, prompt: str, count: int = 5) -> list[Guess]:
        """The same of whole words, for units smaller than words; else [].

        A prompt that ends inside a word asks for that word.
        """
        return self._writer.next_words(self._writer.read(prompt), count)

    def evaluate(self, data: Any, training_text: Any = None) -> scoring.Score:
        """How surprising a text is to the model, in nats and bits per unit; beside it n-grams, where the training text
        is given, or known because `data` are the very text that was held out.

        Both may be what `anaphora.train` takes. Raises DataError for fewer than two units.
        """
        encoding = self.config.data.encoding
        counted = None if training_text is None else text_of(training_text, encoding)
        return scoring.evaluate(self._writer, text_of(data, encoding), counted)

    def session(self, state: bytes | None = None) -> Session:
        """A stream of ids through the network, `feed(ids) -> (n, V)`, at the beginning or going on from the bytes of
        another one's `state`.
        """
        return self.runtime.session(state)


def open_model(model: Model) -> LanguageModel:
    """The model of a file; raises IncompatibleBundle if it is no language model."""
    return LanguageModel(model)


def read(config: LanguageConfig, data: Any) -> Corpus:
    """Texts in memory as a corpus, its end held out.

    Raises UsageError for what is no text, DataError for one of several that is none.
    """
    refuse_name(data)
    return split(config, text_of(data, config.data.encoding))
