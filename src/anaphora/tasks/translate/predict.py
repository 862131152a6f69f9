"""A trained translator: texts in, texts out, on the runtime alone, with the attention between them.

The translation of a text is the same bits for any other texts of its batch.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import decode
from anaphora.arguments.accept import TEXT, instance, optional
from anaphora.config.units import PLURAL
from anaphora.data import in_memory
from anaphora.data.files.pairs import Pairs, names_of, taken_of
from anaphora.data.sampling import batches_by_length, evenly_spaced
from anaphora.data.surrogates import refuse_half_pair
from anaphora.errors import DataError, DataWarning, warn_caller
from anaphora.formatting import counted
from anaphora.report.attention import AttentionMap
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runtime import Model
from anaphora.tasks.base.file_answers import FileAnsweringModel
from anaphora.tasks.base.line_answers import AnswerOutput
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import needed
from anaphora.tasks.translate import score, statistics
from anaphora.tasks.translate.answers import Answers
from anaphora.tasks.translate.data import pairs_in_memory, pairs_of
from anaphora.tasks.translate.deciding import Deciding
from anaphora.tasks.translate.decoding import GREEDY, DecodingOptions, Translation, decoding_options
from anaphora.tasks.translate.encoder_decoder import EncoderDecoder
from anaphora.tasks.translate.encoding import Reader
from anaphora.tasks.translate.score import Score
from anaphora.tasks.translate.settings import TASK, TranslateConfig

_ROWS_AT_ONCE = 64
_UNITS_AT_ONCE = 2**13
_SHOWN = 5  # numbers of texts in a warning


class Translator(FileAnsweringModel):
    """A trained translator."""

    task, makes, config_class = "translate", "that turns texts into texts", TranslateConfig
    run_options = TASK.run_options
    config: TranslateConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        self.reader = Reader.restore(units, model.tensors)
        self.ratio: float
        (self.ratio,) = needed(units, "limits the length of a translation", "ratio")
        self.deciding = Deciding.restore(units)
        self.network = EncoderDecoder(model)

    @public()
    def translate(self, texts: Sequence[str], **decoding: Any) -> list[str]:
        """Return the best translation of each text; `decoding` takes the arguments of `DecodingOptions`: beam=5,
        sample=True.

        Raises UsageError for values that are not texts, or an option outside its range.
        """
        found = self.translations(texts, **decoding)
        return [self.replaced(text, best[0]) for text, best in zip(texts, found, strict=True)]

    @public()
    def translations(self, texts: Sequence[str], **decoding: Any) -> list[list[Translation]]:
        """Return the `best=N` translations of each text, the best first; raises as `translate` does."""
        given = in_memory.texts(texts)
        found = self.decoded(given, decoding_options(decoding))
        self._warn(given, found)
        return found

    def outputs(self, texts: Sequence[str], options: DecodingOptions = GREEDY) -> list[str]:
        """Return the best translation of each text, with unknown symbols replaced."""
        found = self.decoded(texts, options)
        return [self.replaced(text, best[0]) for text, best in zip(texts, found, strict=True)]

    def decoded(
        self, texts: Sequence[str], options: DecodingOptions = GREEDY, numbers: Sequence[int] = ()
    ) -> list[list[Translation]]:
        """Return the translations of texts, the best first: one each, or the requested number; an empty text for an
        empty text.

        `numbers` (n,) are the positions of the texts among all texts: with the seed, they determine a sample.
        """
        sources = [self.reader.read(text) for text in texts]
        found = [[Translation("", (), 0.0, 0.0)] * options.best for _ in texts]
        lengths = np.array([len(source) for source in sources], dtype=np.int64)
        filled = np.flatnonzero(lengths > 1)
        for chosen in batches_by_length(lengths[filled], _UNITS_AT_ONCE, max(1, _ROWS_AT_ONCE // options.beam)):
            rows = filled[chosen].tolist()
            seeds = [numbers[row] if len(numbers) else row for row in rows]
            for row, best in zip(rows, self._decode([sources[row] for row in rows], options, seeds), strict=True):
                found[row] = best
        return found

    @public(text=TEXT, translation=instance("a Translation of this model", Translation))
    def attention(self, text: str, translation: Translation) -> AttentionMap:
        """Return the attention during a translation: weights (T, S) of the source's symbols, with the ends."""
        refuse_half_pair(text, "the text")
        source, target = self.reader.read(text), self.reader.target
        weights = self.network.weights(source, np.array([*translation.symbols, target.size]))
        return AttentionMap((*self.reader.pieces(text), ""), (*map(target.shown, translation.symbols), ""), weights)

    def replaced(self, text: str, translation: Translation) -> str:
        """Return a translation with each unknown symbol replaced by the source word that had the highest attention."""
        unknown, names = self.reader.target.unknown, self.reader.target.symbols
        if unknown is None or unknown not in translation.symbols:
            return translation.text
        attention = self.attention(text, translation)
        words = _words(attention.source[:-1], self.reader.kind)
        pieces = [
            words[int(attention.weights[at, :-1].argmax())] if symbol == unknown else names[symbol]
            for at, symbol in enumerate(translation.symbols)
        ]
        return "".join(pieces).replace("\n", " ").strip()

    def longest(self, source: NDArray[np.int32]) -> int:
        """Return the largest number of symbols of a translation of this source (S,), with its end."""
        return math.ceil(1.5 * self.ratio * len(source)) + 10

    @public(bleu_tokenize=optional(instance("the name of a tokenizer of sacrebleu (str)", str)))
    def evaluate(self, data: Any, *, bleu_tokenize: str | None = None, **decoding: Any) -> Score:
        """Score the model on pairs, in any form that training takes; `decoding` as for `translate`.

        `bleu_tokenize` is a tokenizer of sacrebleu, instead of that of the training.
        """
        files = TASK.paths(data)
        like = names_of(self.card)
        pairs = pairs_in_memory(self.config, data, like) if files is None else pairs_of(self.config, files, like=like)
        score = self.judged(pairs, decoding_options(decoding), tokenize=bleu_tokenize)
        for loss in score.losses():
            warn_caller(loss, DataWarning)
        return score

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        names = {"bleu": "BLEU", "chrf": "chrF", "exact": "exact"}
        settings = {"BLEU": f"tok:{self.deciding.tokenize}"}
        return StoredBaseline.of("a copy of the source", self.card.get("baseline"), names, settings)

    def score_files(
        self, paths: Sequence[str], encoding: str, bleu_tokenize: str | None = None, **options: Any
    ) -> Score:
        pairs = pairs_of(self.config, paths, encoding, names_of(self.card))
        self.notes = self.other_reading(taken_of([pairs], paths))
        return self.judged(pairs, DecodingOptions(**options), tokenize=bleu_tokenize)

    def judged(
        self,
        pairs: Pairs,
        options: DecodingOptions = GREEDY,
        most: int | None = None,
        tokenize: str | None = None,
    ) -> Score:
        """Decode the sources of pairs, or of `most` of them evenly spaced, and score the outputs.

        `tokenize` replaces the tokenizer of BLEU. Raises DataError for no pairs, and as `statistics.metrics` does.
        """
        by = replace(self.deciding, tokenize=self.deciding.tokenize if tokenize is None else tokenize)
        if not len(pairs):
            raise DataError("Expected pairs to score, got none.")
        rows = evenly_spaced(len(pairs), len(pairs) if most is None else most)
        statistics.metrics(self.reader.lower, by.tokenize)  # before the work: they may be missing
        sources = [pairs.sources[row] for row in rows]
        found = [best[0] for best in self.decoded(sources, options)]
        outputs = [self.replaced(source, one) for source, one in zip(sources, found, strict=True)]
        scored = score.judge(outputs, pairs, rows, self.reader.lower, str(options), by)
        cut, unended = sum(map(self.reader.is_cut, sources)), sum(not one.ended for one in found)
        return replace(scored, cut=cut, unended=unended)

    def _warn(self, texts: Sequence[str], found: Sequence[Sequence[Translation]]) -> None:
        """Warn the caller of texts that are not read whole, and of translations without an end."""
        reader = self.reader
        cut = [at for at, text in enumerate(texts) if reader.is_cut(text)]
        unended = [at for at, best in enumerate(found) if not best[0].ended]
        limit = f"longer than the {reader.longest:,} {PLURAL[reader.kind]} that the model reads: the rest is not read"
        for rows, loss in ((cut, limit), (unended, "translated without an end, up to the greatest length")):
            if rows:
                which = ", ".join(map(str, rows[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")
                verb = "is" if len(rows) == 1 else "are"
                warn_caller(f"{counted(len(rows), 'text')} {verb} {loss} (text {which}).", DataWarning)

    def run(
        self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, attention: str | None = None, **options: Any
    ) -> None:
        if options["temperature"] is None:
            options["temperature"] = 1.0
        if options["seed"] is None:
            options["seed"] = secrets.randbits(32)
        answers = Answers(self, as_json, DecodingOptions(**options), attention)
        try:
            answers.run(inputs, output)
        finally:
            answers.close()

    def _decode(
        self, sources: list[NDArray[np.int32]], options: DecodingOptions, seeds: Sequence[int]
    ) -> list[list[Translation]]:
        """Return the translations of sources, each (S,) with more than its end."""
        decoder, end = self.network.read(sources, coverage=options.coverage > 0), self.reader.target.size
        first, most = [end] * len(sources), [self.longest(source) for source in sources]
        if options.greedy or options.sample:
            choose = options.choice(seeds)
            written = decode.write(decoder.step, decoder.state, first, most, stop=end, choose=choose)
            return [[self._translation(tokens, math.nan, math.nan)] for tokens in written]
        searched = decode.search(
            decoder.step,
            decoder.state,
            first,
            most,
            width=options.beam,
            stop=(end,),
            length_penalty=options.length_penalty,
            no_repeat=options.no_repeat,
            extra=(lambda state: options.coverage * state.coverage) if options.coverage else None,
        )
        return [[self._translation(*best) for best in hypotheses[: options.best]] for hypotheses in searched]

    def _translation(self, tokens: Sequence[int], score: float, rank_score: float) -> Translation:
        symbols = tuple(token for token in tokens if token != self.reader.target.size)
        return Translation(self.reader.written(symbols), symbols, score, rank_score, len(symbols) < len(tokens))


MODEL = Translator


def _words(pieces: Sequence[str], kind: str) -> list[str]:
    """Return for each piece (S,) the whole word that contains it; for characters and bytes, the piece itself."""
    if kind != "subword":
        return list(pieces)
    starts = [at for at, piece in enumerate(pieces) if piece.startswith(" ") or at == 0]
    words = ["".join(pieces[begin:end]) for begin, end in zip(starts, [*starts[1:], len(pieces)], strict=True)]
    which = np.searchsorted(starts, np.arange(len(pieces)), side="right") - 1
    return [words[at] for at in which.tolist()]
