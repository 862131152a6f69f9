"""A trained language model: it generates text after a prompt, predicts next units, and scores texts.

    p(x_1 … x_n | prompt) = Π_t p(x_t | prompt, x_1 … x_{t−1})

Everything runs on ``anaphora.runtime``. The unknown unit is never written: its probability goes to the others.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora import decode
from anaphora.arguments.accept import BYTES, TEXT, Rule, optional, real, whole
from anaphora.data.files.lines import batches
from anaphora.data.files.reading import Reading
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import open_texts
from anaphora.data.text import in_memory
from anaphora.data.text.build import restore
from anaphora.data.text.vocabulary import SHOWN_UNKNOWN
from anaphora.errors import DataError, UsageError
from anaphora.formatting import unit_name
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runtime import Model, Session
from anaphora.runtime.state import State
from anaphora.tasks.base.line_answers import AnswerOutput, text_of
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import TrainedModel, check_outputs, needed
from anaphora.tasks.language import score
from anaphora.tasks.language.settings import LanguageConfig
from anaphora.tasks.language.stream import TextStream

NEWLINE = "\n"
BAR = 24  # characters of a bar that stands for probability 1
_IN_WORDS = "_'’-"
_NAMES = {" ": "space", "\n": "newline", "\t": "tab", "\r": "carriage return", "\u00a0": "no-break space"}
_UNIT = {"char": "character", "byte": "byte", "word": "word", "subword": "subword"}
_TEMPERATURE = 0.8
_TEXTS = Rule("a collection of texts", lambda value: isinstance(value, Collection) and all(map(TEXT.accepts, value)))
_GENERATION = {
    "prompt": TEXT, "length": whole(least=0), "temperature": real(least=0), "top_k": whole(least=0),
    "top_p": real(above=0, most=1), "stop": _TEXTS, "seed": optional(whole(least=0)),
}  # fmt: skip


class Prediction(NamedTuple):
    """A unit or a word that may come next, and its probability."""

    text: str
    probability: float


class Prompt(NamedTuple):
    """A prompt that the model has read except for its last unit: the beginning of a generation."""

    text: str
    state: State
    last: int


class LanguageModel(TrainedModel):
    """A trained language model."""

    task, makes, config_class = "language", "of text", LanguageConfig
    config: LanguageConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        (kind,) = needed(units, "is needed to read a text", "kind")
        self.vocabulary = restore(kind, model.tensors, units.get("normalize", "none"))
        """Its symbols: `encode` turns a text into ids (N,), `decode` turns them back."""
        size = self.vocabulary.size
        check_outputs(f"The file's vocabulary has {size} symbols", size, model.width)

    @public(**_GENERATION)
    def generate(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        temperature: float = _TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: Collection[str] = (),
        seed: int | None = None,
    ) -> str:
        """Return text generated after a prompt, at most `length` units; the arguments and errors are those of
        `stream`.
        """
        chosen: dict[str, Any] = {
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "stop": stop,
            "seed": seed,
        }
        return "".join(self.stream(prompt, length, **chosen))

    @public(**_GENERATION)
    def stream(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        temperature: float = _TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: Collection[str] = (),
        seed: int | None = None,
    ) -> Iterator[str]:
        """Yield the generated text piece by piece.

        Generation ends before a unit that is in `stop`; the same seed gives the same text. Temperature 0 takes the most
        probable unit; `top_k` (0: all) and `top_p` exclude improbable units. Raises DataError for a unit of the prompt
        that the model never saw, UsageError for a setting outside its range.
        """
        decode.check_settings(temperature, top_k, top_p)
        read = self.read(prompt)
        rng = np.random.default_rng(seed)
        return self.write(read, length, rng, stop, temperature=temperature, top_k=top_k, top_p=top_p)

    @public(prompt=TEXT, count=whole(least=1))
    def next(self, prompt: str, count: int = 5) -> list[Prediction]:
        """Return the most probable units after a prompt, the best first; raises as `stream` does."""
        return self.units_after(self.read(prompt), count)

    @public(prompt=TEXT, count=whole(least=1))
    def next_words(self, prompt: str, count: int = 5) -> list[Prediction]:
        """Return the most probable words after a prompt, for units smaller than words; otherwise [].

        For a prompt that ends inside a word, return the whole word.
        """
        return self.words_after(self.read(prompt), count)

    @public()
    def evaluate(self, data: Any, training_text: Any = None) -> score.Score:
        """Score the model on a text, in nats and bits per unit.

        The baseline is an n-gram model; it needs the training text, unless `data` are the very text that was held out.
        Both arguments take any form that `anaphora.train` takes. Raises DataError for fewer than two units.
        """
        encoding = self.config.data.encoding
        counted = None if training_text is None else in_memory.text_of(training_text, encoding)
        return score.evaluate(self.runtime, self.vocabulary, in_memory.text_of(data, encoding), counted)

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        unit = unit_name(self.vocabulary.kind)
        return StoredBaseline.of("the n-gram model", self.card.get("baseline"), {"nats_per_unit": f"nats per {unit}"})

    def score_files(
        self, paths: Sequence[str], encoding: str, *, baseline_text: list[str] | None, max_units: int
    ) -> score.Score:
        counted = open_texts(baseline_text, encoding) if baseline_text else None
        return score.evaluate(self.runtime, self.vocabulary, open_texts(list(paths), encoding), counted, max_units)

    @public(state=optional(BYTES))
    def session(self, state: bytes | None = None) -> Session:
        """Return a session, `feed(ids) -> (n, V)`, new or continued from another session's `state` bytes."""
        return self.runtime.session(state)

    @public(state=optional(BYTES))
    def open_stream(self, state: bytes | None = None) -> TextStream:
        """Return a stream, `feed(text) -> (n,)` nats of its units; raises as `Stream.open` does."""
        return TextStream(self.runtime, self.vocabulary, state)

    def run(
        self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, *,
        prompt: str, length: int, following: int, temperature: float | None, top_k: int, top_p: float, seed: int | None,
    ) -> None:  # fmt: skip
        chosen: dict[str, Any] = {
            "temperature": _TEMPERATURE if temperature is None else temperature, "top_k": top_k, "top_p": top_p,
        }  # fmt: skip
        decode.check_settings(**chosen)
        rng = np.random.default_rng(seed)

        def answer(text: str, stop: tuple[str, ...]) -> None:
            read = self.read(text)
            if following:
                output.write(self._table(read, following))
                return
            output.write(read.text)
            for piece in self.write(read, length, rng, stop, **chosen):
                output.write(piece)
                output.flush()
            output.write("\n")

        if prompt != "-":
            answer(prompt, ())
            return
        for number, text in enumerate(_prompts(self.reading.encoding), 1):
            if following:
                output.write(f"{'' if number == 1 else NEWLINE}after {text!r}\n")
            answer(text, (NEWLINE,))

    @public(prompt=TEXT, count=whole(least=1))
    def table(self, prompt: str, count: int) -> str:
        """Return a table of the most probable next words and units, with bars; raises as `stream` does."""
        return self._table(self.read(prompt), count)

    def _table(self, prompt: Prompt, count: int) -> str:
        words = self.words_after(prompt, count)
        units = _bars(f"next {_UNIT.get(self.vocabulary.kind, 'unit')}", self.units_after(prompt, count))
        return f"{_bars('next word', words)}\n{units}" if words else units

    def read(self, text: str) -> Prompt:
        """Read a prompt; an empty one begins like a new line.

        Raises DataError that names each unit the model never saw, and its position.
        """
        ids = self.vocabulary.encode_prompt(text)
        if ids.size == 0:
            ids = self.vocabulary.encode(NEWLINE)
            if int(ids[0]) == self.vocabulary.unknown:
                raise DataError(
                    'The model\'s vocabulary has no newline, so it cannot begin without a prompt: add --prompt "…".'
                )
            return Prompt("", self.runtime.initial(), int(ids[0]))
        _, state = self.runtime.feed(self.runtime.initial(), ids[:-1])
        return Prompt(self.vocabulary.decode(ids), state, int(ids[-1]))

    def write(
        self,
        prompt: Prompt,
        length: int,
        rng: np.random.Generator,
        stop: Collection[str] = (),
        **settings: Any,
    ) -> Iterator[str]:
        """Yield the text of up to `length` units as they are drawn, ending before a unit that is in `stop`.

        Bytes wait for the rest of their character, and an incomplete last character is dropped. Settings and errors
        are those of `decode.sample`.
        """
        ends = [index for index, symbol in enumerate(self.vocabulary.symbols) if symbol in stop]
        drawn = decode.sample(self._known_step, prompt.state, prompt.last, length, rng, stop=ends, **settings)
        decoder = self.vocabulary.decoder()
        for token in drawn:
            if token not in ends:
                yield decoder.push(token)

    def units_after(self, prompt: Prompt, count: int) -> list[Prediction]:
        """Return the ``count`` most likely units after the prompt, the likeliest first."""
        logits, _ = self.runtime.step(prompt.state, prompt.last)
        probabilities = decode.distribution(logits)
        likeliest = np.argsort(-probabilities, kind="stable")[:count].tolist()
        return [Prediction(self.name(token), float(probabilities[token])) for token in likeliest]

    def words_after(self, prompt: Prompt, count: int) -> list[Prediction]:
        """Return the ``count`` most likely words after the prompt, for units smaller than words; [] for others.

            p(word) = Π p(its symbols) · p(a symbol that is in no word)

        A prompt that ends inside a word asks for the whole word. Found best first, so no likelier word is missed.
        """
        if self.vocabulary.kind not in ("char", "byte"):
            return []
        begun = _word_at_end(prompt.text)
        outside = ~np.array([_in_word(symbol) for symbol in self.vocabulary.symbols])
        found = decode.runs(self._known_step, prompt.state, prompt.last, outside, count + 1)
        words = [Prediction(begun + self.vocabulary.decode(run), probability) for run, probability in found]
        # With nothing begun, the empty run stands for all the marks and spaces that may come instead of a word.
        return [found for found in words if found.text][:count]

    def name(self, token: int) -> str:
        """Return a readable name of a unit for a table: white space by name, a word's own space as ␣."""
        if token == self.vocabulary.unknown:
            return SHOWN_UNKNOWN
        symbol = self.vocabulary.symbols[token]
        if symbol in _NAMES:
            return _NAMES[symbol]
        if symbol.startswith(" ") and len(symbol) > 1:
            return "␣" + symbol[1:]
        return symbol if symbol.isprintable() else ascii(symbol)[1:-1]

    def _known_step(self, state: State, token: int) -> tuple[NDArray[Any], State]:
        logits, after = self.runtime.step(state, token)
        if self.vocabulary.unknown is not None:
            logits = logits.copy()
            logits[self.vocabulary.unknown] = -np.inf
        return logits, after


MODEL = LanguageModel


def _prompts(encoding: str) -> Iterator[str]:
    """Yield the lines of standard input."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--prompt - reads prompts from standard input, one per line: pipe some in.")
    for batch in batches([STANDARD_INPUT], Reading(encoding), plain=True):
        yield from map(text_of, batch)


def _bars(title: str, found: Sequence[Prediction]) -> str:
    """Return a table of text, probability, and a bar of it."""
    width = max(len(title), *(len(each.text) for each in found)) if found else len(title)
    lines = [f"{title:<{width}}  probability"]
    for text, probability in found:
        lines.append(f"{text:<{width}}  {probability:.4f}  {'█' * round(BAR * probability)}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _in_word(symbol: str) -> bool:
    return all(character.isalnum() or character in _IN_WORDS for character in symbol) or symbol.startswith("\\x")


def _word_at_end(text: str) -> str:
    begin = len(text)
    while begin and _in_word(text[begin - 1]):
        begin -= 1
    return text[begin:]
