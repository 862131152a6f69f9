"""Letting a language model write: a prompt in, text out, unit by unit; and what it expects next.

    p(x_1 … x_n | prompt) = Π_t p(x_t | prompt, x_1 … x_{t−1})

Everything runs on ``anaphora.runtime``. The unknown unit is never written: its probability goes to the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora import decode
from anaphora.data.text.build import restore
from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime import Model, load
from anaphora.runtime.state import State

NEWLINE = "\n"
_IN_WORDS = "_'’-"
_NAMES = {" ": "space", "\n": "newline", "\t": "tab", "\r": "carriage return", "\u00a0": "no-break space"}


class Guess(NamedTuple):
    """Something that may come next, and how likely the model holds it."""

    text: str
    probability: float


class Prompt(NamedTuple):
    """A prompt that the model has read but for its last unit: what ``decode`` goes on from."""

    text: str
    state: State
    last: int


class Writer:
    """A language model with its vocabulary, ready to write."""

    def __init__(self, model: Model) -> None:
        """Take the vocabulary out of the model's file; raises IncompatibleBundle when the model is not a language
        model.
        """
        task = model.config.get("task")
        if task != "language":
            raise IncompatibleBundle(
                f"Expected a model of text, made by `anaphora train language`; this one is of {task!r}."
            )
        self.model = model
        self.vocabulary = restore(model.config["units"]["kind"], model.tensors)
        if self.vocabulary.size != model.width:
            raise IncompatibleBundle(
                f"The file's vocabulary has {self.vocabulary.size} symbols, but its network scores {model.width}."
            )

    @classmethod
    def open(cls, path: str | Path) -> Writer:
        """Return the writer of a model file; raises CorruptBundle or IncompatibleBundle."""
        return cls(load(path))

    def read(self, text: str) -> Prompt:
        """Read a prompt; an empty one begins as a new line does.

        Raises DataError naming each unit the model never saw and where it stands.
        """
        ids = self.vocabulary.encode_prompt(text)
        if ids.size == 0:
            ids = self.vocabulary.encode(NEWLINE)
            if int(ids[0]) == self.vocabulary.unknown:
                raise DataError(
                    'The model has never seen a new line to begin with: give it some text with --prompt "…".'
                )
            return Prompt("", self.model.initial(), int(ids[0]))
        _, state = self.model.feed(self.model.initial(), ids[:-1])
        return Prompt(self.vocabulary.decode(ids), state, int(ids[-1]))

    def write(
        self,
        prompt: Prompt,
        length: int,
        rng: np.random.Generator,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: Collection[str] = (),
    ) -> Iterator[str]:
        """Yield the text of up to ``length`` units as they are drawn, ending before one that is in ``stop``.

        Raises UsageError for a setting outside its range.
        """
        ends = [index for index, symbol in enumerate(self.vocabulary.symbols) if symbol in stop]
        drawn = decode.sample(
            self._known_step, prompt.state, prompt.last, length, rng,
            temperature=temperature, top_k=top_k, top_p=top_p, stop=ends,
        )  # fmt: skip
        decoder = self.vocabulary.decoder()
        for token in drawn:
            if token not in ends:
                yield decoder.push(token)
        yield decoder.flush()

    def next_units(self, prompt: Prompt, count: int) -> list[Guess]:
        """Return the ``count`` most likely units after the prompt, the likeliest first."""
        logits, _ = self.model.step(prompt.state, prompt.last)
        probabilities = decode.distribution(logits)
        likeliest = np.argsort(-probabilities, kind="stable")[:count].tolist()
        return [Guess(self.name(token), float(probabilities[token])) for token in likeliest]

    def next_words(self, prompt: Prompt, count: int) -> list[Guess]:
        """Return the ``count`` most likely words after the prompt, for units smaller than words; [] for others.

            p(word) = Π p(its symbols) · p(a symbol that is in no word)

        A prompt that ends inside a word asks for the whole word. Found best first, so no likelier word is missed.
        """
        if self.vocabulary.kind not in ("char", "byte"):
            return []
        begun = _word_at_end(prompt.text)
        outside = ~np.array([_in_word(symbol) for symbol in self.vocabulary.symbols])
        found = decode.runs(self._known_step, prompt.state, prompt.last, outside, count + 1)
        words = [Guess(begun + self.vocabulary.decode(run), probability) for run, probability in found]
        # With nothing begun, the empty run stands for all the marks and spaces that may come instead of a word.
        return [guess for guess in words if guess.text][:count]

    def name(self, token: int) -> str:
        """Return a unit as a person can read it in a table: white space by name, a word's own space as ␣."""
        if token == self.vocabulary.unknown:
            return "(unknown)"
        symbol = self.vocabulary.symbols[token]
        if symbol in _NAMES:
            return _NAMES[symbol]
        if symbol.startswith(" ") and len(symbol) > 1:
            return "␣" + symbol[1:]
        return symbol if symbol.isprintable() else ascii(symbol)[1:-1]

    def _known_step(self, state: State, token: int) -> tuple[NDArray[Any], State]:
        logits, after = self.model.step(state, token)
        if self.vocabulary.unknown is not None:
            logits = logits.copy()
            logits[self.vocabulary.unknown] = -np.inf
        return logits, after


def _in_word(symbol: str) -> bool:
    return all(character.isalnum() or character in _IN_WORDS for character in symbol) or symbol.startswith("\\x")


def _word_at_end(text: str) -> str:
    begin = len(text)
    while begin and _in_word(text[begin - 1]):
        begin -= 1
    return text[begin:]
