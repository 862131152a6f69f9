"""A trained gap filler: texts with gaps in, likely words out, on the runtime alone.

A text may have several gaps. Each is first read as an unknown word; the gap with the highest probability is filled with
its most probable word, then the next of the others, and so on: each step reads the words that were filled before. The
prediction for a gap is the network's once all other gaps are filled. The left side alone fills from left to right.

The results of a text are the same bits for any other texts of its batch.

A line that `run` answers is a text with gaps, or a JSON object with `text`. The answer is the text, its gaps filled,
and for each gap the likeliest words with their probabilities, with tabs between them; as JSON the same object with
`filled` and `gaps`. A text that stands on the command line itself, in a file's place, is answered by a table for each
gap.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.arguments.accept import TEXT, TRUTH, whole
from anaphora.baselines.cloze import GapCounts
from anaphora.data.batches import Ragged
from anaphora.data.files import lines as line_files
from anaphora.data.files.first_line import begins_list, first_line, names_columns
from anaphora.data.files.json_values import hint_of_list
from anaphora.data.files.lines import InputLine
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.table_files import ENDINGS, read_table
from anaphora.data.files.tables import Table
from anaphora.data.files.text import Text, open_texts
from anaphora.data.in_memory import texts as listed
from anaphora.data.sampling import batches_by_length
from anaphora.data.text import in_memory
from anaphora.data.text.corpus import sha256_of
from anaphora.data.text.tokenized import units_of
from anaphora.errors import DataError
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runs.tested import part_of_text
from anaphora.runs.text_sample import restored
from anaphora.runtime import Model
from anaphora.tasks.base.file_answers import FileAnsweringModel
from anaphora.tasks.base.line_answers import AnswerOutput, LineAnswers, text_of, value_of
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import check_outputs, needed
from anaphora.tasks.fill.data import files
from anaphora.tasks.fill.gaps import FilledText, GapPrediction, LikelyWord, fill_in, split, table
from anaphora.tasks.fill.joined import Indices, JoinedNetwork
from anaphora.tasks.fill.score import FIGURES, MethodScore, Score, baselines, judge, summed
from anaphora.tasks.fill.settings import GAP, SCORED, TASK, WORDS, FillConfig
from anaphora.tasks.fill.vocabulary import WordVocabulary
from anaphora.tasks.fill.windows import gaps_of

_ROWS_AT_ONCE = 64
_UNITS_AT_ONCE = 2**15
_FIELD = "text"
_FILLING = {"top": whole(least=1), "left_to_right": TRUTH, "mask_token": TEXT}
_FLOOR_FROM = "this is not the whole held-out text of the training: name the training text with --baseline-text"


class _Line(NamedTuple):
    """A text as symbols, with unknown symbols in its gaps; `between` are the texts around the gaps."""

    between: tuple[str, ...]
    ids: NDArray[np.int32]
    gaps: Indices


class GapFiller(FileAnsweringModel):
    """A trained gap filler."""

    task, makes, config_class = "fill", "that fills gaps", FillConfig
    run_options = TASK.run_options
    config: FillConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        (lower,) = needed(units, "is needed to read words", "lower")
        self.vocabulary = WordVocabulary.restored(model.tensors, lower, units.get("normalize", "none"))
        self.network = JoinedNetwork(model)
        size = self.vocabulary.size
        check_outputs(f"The file has {size} words and punctuation marks", size, self.network.width)
        known = self.vocabulary.words.copy()
        known[0] = False
        self._words = np.flatnonzero(known)

    @public(text=TEXT, **_FILLING)
    def fill(
        self, text: str, top: int = WORDS, *, left_to_right: bool = False, mask_token: str = GAP
    ) -> list[LikelyWord]:
        """Return the most probable words for the one gap of a text as (word, probability), the best first; with
        `left_to_right` from the left side alone.

        Raises DataError unless there is exactly one gap, UsageError for an invalid mask token or number.
        """
        (filled,) = self.fill_all([text], top, left_to_right=left_to_right, mask_token=mask_token)
        if len(filled.gaps) > 1:
            raise DataError(f"There are {len(filled.gaps)} gaps in {text[:80]!r}; fill takes one, fill_all any number.")
        return list(filled.gaps[0].words)

    @public(**_FILLING)
    def fill_all(
        self, texts: Sequence[str], top: int = WORDS, *, left_to_right: bool = False, mask_token: str = GAP
    ) -> list[FilledText]:
        """Return each text with its gaps filled, and the most probable words for every gap; raises as `fill` does."""
        texts = listed(texts)
        lines = [self._line(text, mask_token) for text in texts]
        done: dict[int, FilledText] = {}
        side, lengths = "past" if left_to_right else "both", np.array([len(line.ids) for line in lines], np.int64)
        for rows in batches_by_length(lengths, _UNITS_AT_ONCE, _ROWS_AT_ONCE):
            done.update(zip(rows.tolist(), self._filled([lines[row] for row in rows], side, top), strict=True))
        return [done[row] for row in range(len(lines))]

    @public(text=TEXT, **_FILLING)
    def table(self, text: str, top: int = WORDS, *, left_to_right: bool = False, mask_token: str = GAP) -> str:
        """Return a table of the most probable words for every gap; with `left_to_right` also those from the left side
        alone. Raises as `fill` does.
        """
        sides = (False, True) if left_to_right else (False,)
        return table([self.fill_all([text], top, left_to_right=side, mask_token=mask_token)[0] for side in sides])

    def likeliest(self, rows: Ragged, places: Indices, side: str, top: int) -> list[GapPrediction]:
        """Return predictions for steps of rows; `places` (n,) count the steps of all rows."""
        beside = self.network.read(rows, places, both=side == "both")
        logs = [self.network.log_probabilities(beside[chunk], side) for chunk in self.network.chunks(len(places))]
        return [self._prediction(np.exp(row), top) for chunk in logs for row in chunk]

    @public()
    def evaluate(self, data: Any, training_text: Any = None) -> Score:
        """Score the model on every word of a text as a gap, from both sides and from the left side alone.

        The baseline counts neighbours; it needs the training text, unless `data` are the very text that was held out.
        Both arguments take any form that `anaphora.train` takes. Raises DataError for a text without a word.
        """
        encoding = self.config.data.encoding
        counted = None if training_text is None else in_memory.text_of(training_text, encoding, files)
        return self.judged(in_memory.text_of(data, encoding, files), counted)

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        methods = self.card.get("baselines") or [{}]
        names = {"accuracy": "accuracy", "top_5": "top 5", "nats": "nats per gap"}
        return StoredBaseline.of(str(methods[0].get("name", "")), methods[0], names)

    def score_files(self, paths: Sequence[str], encoding: str, *, baseline_text: list[str] | None = None) -> Score:
        counted = open_texts(files(baseline_text), encoding) if baseline_text else None
        return self.judged(open_texts(files(paths), encoding), counted)

    def judged(self, text: Text, counted: Text | None = None, max_units: int = SCORED) -> Score:
        """Score the model on at most `max_units` units of a text; `counted` is the text of the baseline."""
        words = self.vocabulary.words
        with units_of(self.vocabulary, text) as ids:
            found = judge(self.network, words, gaps_of(ids, words, max_units), len(ids))
        if counted is not None:
            with units_of(self.vocabulary, counted) as ids:
                counts = GapCounts(words).fit(ids)
            return summed(found, baselines(counts, found.gaps), counts.note or "counted on the text that was given")
        part, stored = part_of_text(self.card, sha256_of(text)) or ("", {})
        if stored.get("gaps") == len(found.gaps):
            names = ("name", "accuracy", "top_5", "nats")
            kept = [
                MethodScore(**{name: each[name] for name in names}, sample=restored(each.get("blocks"), FIGURES))
                for each in stored["baselines"]
            ]
            return summed(found, kept, f"this is the {part} text of the training")
        return summed(found, (), _FLOOR_FROM)

    def run(self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, **options: Any) -> None:
        Answers(self, as_json, **options).run(inputs, output)

    def _line(self, text: str, mask_token: str) -> _Line:
        between = tuple(split(text, mask_token))
        if len(between) < 2:
            raise DataError(f"There is no gap in {text[:80]!r}: mark the gap with {mask_token}.")
        pieces = [self.vocabulary.encode(piece) for piece in between]
        joined = [part for piece in pieces for part in (piece, np.zeros(1, np.int32))][:-1]
        gaps = np.cumsum([len(piece) + 1 for piece in pieces[:-1]]) - 1
        return _Line(between, np.concatenate(joined), gaps)

    def _filled(self, lines: list[_Line], side: str, top: int) -> list[FilledText]:
        ids = [line.ids.copy() for line in lines]
        open_ = [list(line.gaps.tolist()) for line in lines]
        while any(open_):
            several = [number for number, gaps in enumerate(open_) if gaps]
            asked = [(number, gap) for number in several for gap in open_[number][: 1 if side == "past" else None]]
            p = self._probabilities(ids, asked, side)[:, self._words]
            best, sure = self._words[p.argmax(axis=1)], p.max(axis=1)
            for number in several:
                mine = [at for at, (row, _) in enumerate(asked) if row == number]
                surest = max(mine, key=lambda at: (sure[at], -at))
                gap = asked[surest][1]
                ids[number][gap] = best[surest]
                open_[number].remove(gap)
        asked = [(number, gap) for number, line in enumerate(lines) for gap in line.gaps.tolist()]
        predicted = iter([self._prediction(row, top) for row in self._probabilities(ids, asked, side)])
        found = []
        for line in lines:
            gaps = tuple(next(predicted) for _ in line.gaps)
            found.append(FilledText(fill_in(line.between, [gap.words[0].word for gap in gaps]), gaps))
        return found

    def _prediction(self, p: NDArray[np.float64], top: int) -> GapPrediction:
        """Return probabilities (V,) as the most probable known words."""
        likeliest = self._words[np.argsort(-p[self._words], kind="stable")[:top]].tolist()
        words = tuple(LikelyWord(self.vocabulary.symbols[word], float(p[word])) for word in likeliest)
        return GapPrediction(words, float(p[0]))

    def _probabilities(
        self, ids: Sequence[NDArray[np.int32]], asked: Sequence[tuple[int, int]], side: str
    ) -> NDArray[np.float64]:
        """Return probabilities (n, V) of the requested gaps, each a row and a step."""
        rows = Ragged.of(ids, np.zeros(0, np.int32))
        row, step = np.array(asked, dtype=np.int64).reshape(-1, 2).T
        places = rows.ends[row] - rows.lengths[row] + step
        return np.exp(self.network.log_probabilities(self.network.read(rows, places, both=side == "both"), side))


class Answers(LineAnswers[dict[str, Any], tuple[FilledText, ...]]):
    """A gap filler that answers lines with `top` words per gap; `left_to_right` adds those from the left side."""

    def __init__(
        self,
        filler: GapFiller,
        as_json: bool,
        top: int | None = None,
        mask_token: str = GAP,
        left_to_right: bool = False,
    ) -> None:
        """Raises UsageError for a blank mask token."""
        split("", mask_token)
        self.filler, self.as_json, self.mask_token, self.reading = filler, as_json, mask_token, filler.reading
        self.top = WORDS if top is None else top
        self.sides = (False, True) if left_to_right else (False,)
        self.blank = "{}" if as_json else ""
        self._tables = False

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[InputLine]]:
        """Yield the lines of files and of standard input; an argument that names no file is a text itself."""
        for given in paths or [STANDARD_INPUT]:
            is_file = given == STANDARD_INPUT or os.path.exists(given)
            self._tables = not self.as_json and not is_file
            if is_file and self._is_table(given):
                yield from line_files.of_table(read_table(given, self.reading.encoding))
            elif is_file:
                self._find_gap(given)
                yield from super().batches([given])
            elif len(split(given, self.mask_token)) < 2:
                raise DataError(f"{given!r} is not a file, and has no gap: mark a gap with {self.mask_token}.")
            else:
                yield [InputLine("the text", given.encode("utf-8", "surrogateescape"), False)]

    def _is_table(self, given: str) -> bool:
        """Return whether the first line of standard input, or of a file without the ending of a table, names the
        column of the texts.
        """
        if ending(given) in ENDINGS:
            return False
        first = first_line(given, self.reading.encoding)
        return begins_list(first) or (self.mask_token not in first and names_columns(first, [_FIELD]))

    def _find_gap(self, given: str) -> None:
        """Raise DataError if no line of a text file has a gap."""
        if not os.path.isfile(given) or ending(given) in ENDINGS:
            return
        lines = 0
        for batch in line_files.batches([given], self.reading, plain=True):
            if any(len(split(line.text.decode(line.encoding, "replace"), self.mask_token)) > 1 for line in batch):
                return
            lines += len(batch)
        if lines:
            raise DataError(f"'{given}' has no gap in any line: mark a gap with {self.mask_token}.")

    def check(self, table: Table) -> None:
        table.need(_FIELD)

    def parse(self, line: InputLine) -> dict[str, Any]:
        text = text_of(line)
        item: Any = value_of(line, text) if line.json else {_FIELD: text}
        if not isinstance(item, dict) or not isinstance(item.get(_FIELD), str):
            if isinstance(item, dict) and _FIELD in item and item[_FIELD] is None:
                raise DataError(f"{line.where}: '{_FIELD}' is null: expected a text with a gap.")
            raise DataError(
                f"{line.where}: expected a JSON object with a text '{_FIELD}', got {text[:80]}.{hint_of_list(item)}"
            )
        if len(split(item[_FIELD], self.mask_token)) < 2:
            raise DataError(
                f"{line.where}: there is no gap in {item[_FIELD][:80]!r}: mark a gap with {self.mask_token}."
            )
        return item

    def predict(self, items: Sequence[dict[str, Any]]) -> list[tuple[FilledText, ...]]:
        texts = [item[_FIELD] for item in items]
        sides = (
            self.filler.fill_all(texts, self.top, left_to_right=side, mask_token=self.mask_token) for side in self.sides
        )
        return list(zip(*sides, strict=True))

    def format(self, item: dict[str, Any], prediction: tuple[FilledText, ...]) -> str:
        both, *past = prediction
        if self.as_json:
            named = zip(("gaps", "past"), prediction, strict=False)
            plain = {name: [_plain(gap) for gap in side.gaps] for name, side in named}
            return self.object_of(item, {"filled": both.text, **plain})
        if self._tables:
            return table(prediction)
        beside = [f"past: {_listed(gap)}" for side in past for gap in side.gaps]
        return "\t".join([" ".join(both.text.split()), *map(_listed, both.gaps), *beside])


MODEL = GapFiller


def _listed(gap: GapPrediction) -> str:
    return " ".join(f"{word} {probability:.4f}" for word, probability in gap.words)


def _plain(gap: GapPrediction) -> dict[str, Any]:
    return {"words": [word._asdict() for word in gap.words], "unknown": gap.unknown}
