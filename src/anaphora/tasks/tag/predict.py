"""A trained tagger: sentences in, tags out, with their probabilities, on the runtime alone.

    p(tags | words) = exp(s(tags)/T) / Z        over all tags that are possible, T the temperature that was fitted

The results of a sentence are the same bits for any other sentences of its batch. Sentences are sorted by length and cut
into batches only to save time.

The output of `run` by the format of its input (`anaphora.tasks.tag.lines`):

    lines      word <tab> tag, a blank line after each sentence
    columns    the same lines with the tag as one more field
    conllu     the same with the tag's field filled in, or MISC where that field has tags of another kind
    json       the same, with `tags` and `probability`

With `top`, the best tag sequences of a sentence stand side by side, under a comment with their probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.arguments.accept import BYTES, optional, whole
from anaphora.data.files.sentences import Sentences
from anaphora.data.files.tag_layouts import Trained
from anaphora.data.files.word_lines import is_document
from anaphora.data.sampling import batches_by_length
from anaphora.data.taken import Taken
from anaphora.errors import DataError, DataWarning, UsageError, warn_caller
from anaphora.formatting import counted
from anaphora.metrics import spans
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runtime import Model, parts
from anaphora.runtime.crf import Chain
from anaphora.tasks.base.file_answers import FileAnsweringModel
from anaphora.tasks.base.line_answers import AnswerOutput, LineAnswers
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import check_outputs, needed
from anaphora.tasks.tag.baseline import Baseline
from anaphora.tasks.tag.data import read_all, tagged, untagged
from anaphora.tasks.tag.encoding import Part, Reader
from anaphora.tasks.tag.filled import field_of, filled, filled_misc, has_other_tags
from anaphora.tasks.tag.inputs import FORMATS, Block, Inputs, Line, Say, Whole
from anaphora.tasks.tag.lines import Item, item_of
from anaphora.tasks.tag.network import CHAIN, CHARACTERS, SENTENCE, WORDS
from anaphora.tasks.tag.score import Score, judge
from anaphora.tasks.tag.scorer import Scorer
from anaphora.tasks.tag.settings import TASK, TagConfig
from anaphora.tasks.tag.stream import TagStream
from anaphora.tasks.tag.truth import Truth, truth

_ROWS_AT_ONCE = 256
_WORDS_AT_ONCE = 2**13
_PAIRS_AT_ONCE = 2**19  # pairs of neighbouring tags that are compared, of all rows together
_SHOWN = 5  # tags in a message


class Prediction(NamedTuple):
    """Tags of a sentence, their joint probability and, if requested, the probability of each tag's type."""

    tags: tuple[str, ...]
    probability: float
    confidence: tuple[float, ...] = ()


class Tagger(FileAnsweringModel):
    """A trained tagger."""

    task, makes, config_class = "tag", "that tags words", TagConfig
    run_options = TASK.run_options
    config: TagConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        self.reader = Reader.restore(units, model.tensors)
        self.baseline = Baseline.restore(model.tensors)
        (self.temperature,) = needed(units, "is needed for the probabilities of tags", "temperature")
        found = parts(model)
        self._scorer = Scorer(found[WORDS], found.get(CHARACTERS), found[SENTENCE])
        tags, K = self.reader.tags, len(self.reader.tags)
        check_outputs(f"The file names {counted(K, 'tag')}", K, self._scorer.sentence.width)
        self._chain: Chain = found.get(CHAIN) or Chain(np.zeros((K, K)), np.zeros(K), np.zeros(K))
        are_spans = self.reader.internal != spans.PLAIN
        types = [spans.parts(tag)[1] if are_spans and tag != "O" else tag for tag in tags]
        self._same_type = [[at for at, other in enumerate(types) if other == own] for own in types]
        self.chain = self.at(self.temperature)

    @property
    def scheme(self) -> str:
        """The scheme in which tags mark spans: iob1, iob2, iobes, bilou or none."""
        return self.reader.scheme

    @public()
    def predict(self, X: Any) -> list[tuple[str, ...]]:
        """Return the most probable tags of each sentence: lists of words, or texts with spaces between words.

        Raises UsageError for values that are not sentences.
        """
        return [best[0].tags for best in self.tag(untagged(X, self.reader.format))]

    @public(top=whole(least=1))
    def several(self, X: Any, top: int = 5) -> list[list[Prediction]]:
        """Return the `top` most probable tag sequences of each sentence, the best first, each with its probability; the
        best also with the probability of each tag's type.
        """
        return self.tag(untagged(X, self.reader.format), top, confident=True)

    @public()
    def evaluate(self, data: Any) -> Score:
        """Score the model on tagged sentences, in any form that training takes; raises as `predict` does, and
        DataError if the model knows no tag of the sentences.
        """
        files, read = TASK.paths(data), self.config.data
        sentences, _ = tagged(read, data) if files is None else read_all(read, files)
        score = self.judged(sentences)
        for note in score.notes:
            warn_caller(f"{note}.", DataWarning)
        return score

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        names = {"f1": "span F1", "accuracy": "accuracy"}
        if self.reader.scheme == spans.PLAIN:
            del names["f1"]
        return StoredBaseline.of("each word's most frequent tag", self.card.get("baseline"), names)

    def score_files(self, paths: Sequence[str], encoding: str, **options: Any) -> Score:
        return self.judged(read_all(self.config.data, paths, encoding)[0])

    def run(self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, **options: Any) -> None:
        Answers(self, as_json, **options).run(inputs, output)

    @public(state=optional(BYTES))
    def open_stream(self, state: bytes | None = None) -> TagStream:
        """Return a stream of words, or the stream with this state, which gives each tag as soon as it is certain.

        Raises UsageError if the network reads sentences in both directions, DataError if the bytes are damaged or not a
        state, IncompatibleBundle if they belong to another model.
        """
        return TagStream(self.runtime, self.reader, self._scorer, self.chain, state)

    def at(self, temperature: float) -> Chain:
        """Return the chain of tags at a temperature, without impossible tags."""
        return self._chain.limited(*self.reader.impossible(), temperature)

    def tag(self, tokens: Sequence[Sequence[str]], top: int = 1, confident: bool = False) -> list[list[Prediction]]:
        """Return the most probable tag sequences of each sentence, the best first: `top`, or as many as exist.

        With `confident`, the best one also has the probability of the type of each word's tag.
        """
        found = [[Prediction((), 1.0)] for _ in tokens]
        for rows, scores, lengths in self.scores(self.reader.unlabelled(tokens)):
            best = self.chain.best(scores, lengths)
            for at, (row, n) in enumerate(zip(rows.tolist(), lengths.tolist(), strict=True)):
                own = scores[:n, at]
                likeliest = [best[at]] if top == 1 else self.chain.several(own, top)
                found[row] = [
                    Prediction(self.reader.tags_of(path.labels.tolist()), math.exp(path.log_probability))
                    for path in likeliest
                ]
                if confident:
                    confidence = self._confidence(own, likeliest[0].labels)
                    found[row][0] = found[row][0]._replace(confidence=confidence)
        return found

    def _confidence(self, scores: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, ...]:
        """Return p(the word's tag is of this type) of each word of one sentence, scores (n, K)."""
        marginals = self.chain.marginals(scores)
        return tuple(
            float(np.add.reduce(own[self._same_type[label]])) for own, label in zip(marginals, labels, strict=True)
        )

    def scores(self, part: Part) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Yield some sentences at a time, without empty ones: their numbers in the part (B,), the network's scores of
        their words (T, B, K), and their numbers of words (B,).
        """
        lengths = part.lengths
        filled = np.flatnonzero(lengths)
        most = max(1, min(_ROWS_AT_ONCE, _PAIRS_AT_ONCE // len(self.reader.tags) ** 2))
        for chosen in batches_by_length(lengths[filled], _WORDS_AT_ONCE, most):
            rows = filled[chosen]
            yield rows, self._scorer.scores(part.take(rows)), lengths[rows]

    def judged(self, sentences: Sentences) -> Score:
        """Return the score on sentences in any scheme and notation; raises DataError for sentences without a word, and
        if the model knows no tag of them.
        """
        if not sentences.words:
            raise DataError("Expected sentences with words to score, got none.")
        true = truth(sentences, self.reader.marking, self.config.data.normalize)
        self._check_known(true)
        return self.scored(true)

    def _check_known(self, true: Truth) -> None:
        """Raise DataError if the model knows no tag of sentences that have other tags than O."""
        plain = self.reader.scheme == spans.PLAIN
        ours, theirs = (
            {tag if plain else spans.parts(tag)[1] for tag in tags if tag != "O"}
            for tags in (self.reader.tags, (tag for row in true.sentences.tags for tag in row))
        )
        if theirs and ours.isdisjoint(theirs):
            raise DataError(
                f"The model does not know the tags of the data, which are {_listed(theirs)}; it knows"
                f" {_listed(ours)}. Check the column of tags (--tag), or evaluate the model that was trained on such"
                " tags."
            )

    def scored(self, true: Truth, part: Part | None = None, cross_fitted: NDArray[np.float64] | None = None) -> Score:
        """Return the score on sentences; `part` is the encoded sentences (B,), and `cross_fitted` (B,) the temperature
        of each, in place of the model's.
        """
        sentences = true.sentences
        part = self.reader.labelled(sentences) if part is None else part
        each = np.full(len(part.numbers), self.temperature) if cross_fitted is None else cross_fitted
        predictions: list[tuple[str, ...]] = [()] * len(sentences)
        nats, uncalibrated = np.zeros(len(sentences)), np.zeros(len(sentences))
        for rows, scores, lengths in self.scores(part):
            numbers, tags = part.numbers[rows], np.maximum(part.targets(rows), 0)
            for into, own in ((nats, each[rows]), (uncalibrated, np.ones(len(rows)))):
                for temperature in np.unique(own).tolist():
                    at = own == temperature
                    log_p = self.at(temperature).log_probabilities(scores[:, at], lengths[at], tags[:, at])
                    into[numbers[at]] = 0.0 - log_p  # from 0.0, so that a certain sentence has 0, not −0
            for number, path in zip(numbers.tolist(), self.chain.best(scores, lengths), strict=True):
                predictions[number] = self.reader.plain_tags_of(path.labels.tolist())
        usual = [self.baseline.predict(tokens) for tokens in sentences.tokens]
        longest = self.config.data.max_length
        found = judge(self.reader, true, part, predictions, nats, uncalibrated, usual, self.temperature, longest)
        return replace(found, cross_fitted=cross_fitted is not None)


class Answers(LineAnswers[Item, list[Prediction]]):
    """A tagger that answers sentences; `top` is the number of tag sequences for each."""

    def __init__(self, tagger: Tagger, as_json: bool, top: int | None = None, form: str = "auto") -> None:
        """Raises UsageError for an unknown form of sentences."""
        if form not in FORMATS:
            raise UsageError(f"--format takes one of {', '.join(FORMATS)}; it was given {form!r}.")
        self.tagger, self.as_json, self.top, self.form = tagger, as_json, top or 1, form
        self.blank = "{}" if as_json else ""
        self.say: Say = lambda _: None
        reader, taken = tagger.reader, Taken.of_card(tagger.card)
        self.tags = set(map(reader.marking.written, spans.written_in(reader.tags, reader.scheme)))
        self.trained = taken.columns("tags") if taken else ()
        if reader.format == "offsets":
            self.trained += ("entities",)
        self.said = set[str]()
        self.long = 0  # sentences with more words than those of training

    def run(self, paths: Sequence[str], output: AnswerOutput) -> None:
        self.say = output.note
        try:
            super().run(paths, output)
        finally:
            if self.long:
                longest = self.tagger.config.data.max_length
                self.say(
                    f"{counted(self.long, 'sentence')} of more than {longest:,} words: training splits such a sentence."
                )

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[Line | Block | Whole]]:
        reader, data = self.tagger.reader, self.tagger.config.data
        trained = Trained(self.tags, reader.format, reader.width)
        return Inputs(self.form, data, trained, self.tagger.reading, self.say, not self.as_json).sentences(paths)

    def blank_of(self, line: Any) -> str:
        """Return a blank line for each line of a sentence that could not be read."""
        return self.blank if self.as_json or not isinstance(line, Block) else "\n" * len(line.lines)

    def parse(self, line: Any) -> Item:
        return item_of(line, self.tagger.config.data.token, self.tagger.reader.format)

    def predict(self, items: Sequence[Item]) -> list[list[Prediction]]:
        self.long += sum(len(item.tokens) > self.tagger.config.data.max_length for item in items)
        return self.tagger.tag([item.tokens for item in items], self.top, confident=self.as_json)

    def format(self, item: Item, prediction: list[Prediction]) -> str:
        if self.as_json:
            return self._object(item, prediction)
        if not item.lines:
            return ""
        if item.layout is not None and item.layout.named is not None and not item.layout.named.more:
            return self._filled(item, prediction)
        lines = [] if len(prediction) == 1 else [f"# p {' '.join(f'{one.probability:.4f}' for one in prediction)}"]
        for fields, number in item.lines:
            if number is None:
                tags = ["O" for _ in prediction] if is_document(fields[0]) else []
            else:
                tags = [one.tags[number] for one in prediction]
            lines.append(item.between.join([*fields, *tags]))
        return "\n".join([*lines, ""])

    def _filled(self, item: Item, prediction: list[Prediction]) -> str:
        """Return lines of CoNLL-U with the tag in its field, or in MISC where the field has tags of another kind."""
        assert item.layout is not None
        assert item.layout.named is not None
        named, tags = item.layout.named, prediction[0].tags
        field = field_of(named, self.tagger.config.data.tag)
        several = enumerate(prediction, 1) if self.top > 1 else ()
        lines = [f"# tags {rank} p={one.probability:.4f}: {' '.join(one.tags)}" for rank, one in several]
        other = self.tagger.reader.format != "conllu" and has_other_tags(item, field, self.tags)
        if other and "MISC" in named.names:
            name = named.names[field]
            self._say_once(
                f"{name} has tags that the model does not know: they stay, and the tags of the model are in"
                " MISC, as Tag=."
            )
            lines += filled_misc(item, tags, named.names.index("MISC"))
        else:
            if other:
                self._say_once(f"{named.names[field]} had tags that the model does not know: its tags replace them.")
            lines += filled(item, tags, field)
        return "\n".join([*lines, ""])

    def _say_once(self, note: str) -> None:
        if note not in self.said:
            self.said.add(note)
            self.say(note)

    def _object(self, item: Item, prediction: list[Prediction]) -> str:
        added = {**prediction[0]._asdict(), **item.marked(prediction[0].tags, self.tagger.reader.marking)}
        if self.top > 1:
            added["best"] = [{"tags": one.tags, "probability": one.probability} for one in prediction]
        return self.object_of(item.values, added)


MODEL = Tagger


def _listed(names: Iterable[str]) -> str:
    first = sorted(names)
    return ", ".join(first[:_SHOWN]) + (", …" if len(first) > _SHOWN else "")
