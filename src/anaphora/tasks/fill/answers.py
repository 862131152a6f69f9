"""What `anaphora run` answers with a gap filler.

A line is a text with gaps, or a JSON object with `text`. The answer is the text, its gaps filled, and for each gap the
likeliest words with their probabilities, with tabs between them; as JSON the same object with `filled` and `gaps`. A
text that stands on the command line itself, in a file's place, is answered by a table for each gap.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from anaphora.data.files.lines import Line
from anaphora.data.files.text import STANDARD_INPUT
from anaphora.errors import DataError
from anaphora.tasks.base.line_answers import LineAnswers, text_of, value_of
from anaphora.tasks.fill.gaps import FilledText, GapPrediction, split, table
from anaphora.tasks.fill.settings import GAP, WORDS

_FIELD = "text"


class Filler(Protocol):
    """What fills gaps."""

    def fill_all(self, texts: Sequence[str], top: int, *, one_sided: bool, mark: str) -> list[FilledText]:
        """Each text with its gaps filled."""


class Answers(LineAnswers[dict[str, Any], tuple[FilledText, ...]]):
    """A gap filler that answers lines; `top` asks for so many words of each gap, `one_sided` for the prediction of the
    past alone, beside.
    """

    def __init__(
        self, filler: Filler, as_json: bool, top: int | None = None, gap: str = GAP, one_sided: bool = False
    ) -> None:
        split("", gap)
        self.filler, self.as_json, self.top, self.mark = filler, as_json, WORDS if top is None else top, gap
        self.sides = (False, True) if one_sided else (False,)
        self.blank = "{}" if as_json else ""
        self._tables = False

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[Line]]:
        """The lines of files and of standard input; what is no file is a text itself."""
        for given in paths or [STANDARD_INPUT]:
            is_file = given == STANDARD_INPUT or os.path.exists(given)
            self._tables = not self.as_json and not is_file
            if is_file:
                yield from super().batches([given])
            elif len(split(given, self.mark)) < 2:
                raise DataError(f"{given!r} is no file, and has no gap: mark one with {self.mark}.")
            else:
                yield [Line("the text", given.encode("utf-8", "surrogateescape"), False)]

    def parse(self, line: Line) -> dict[str, Any]:
        text = text_of(line)
        item: Any = value_of(line, text) if line.json else {_FIELD: text}
        if not isinstance(item, dict) or not isinstance(item.get(_FIELD), str):
            raise DataError(f"{line.where}: expected a JSON object with a text '{_FIELD}', got {text[:80]}.")
        if len(split(item[_FIELD], self.mark)) < 2:
            raise DataError(f"{line.where}: there is no gap in {item[_FIELD][:80]!r}: mark one with {self.mark}.")
        return item

    def predict(self, items: Sequence[dict[str, Any]]) -> list[tuple[FilledText, ...]]:
        texts = [item[_FIELD] for item in items]
        sides = (self.filler.fill_all(texts, self.top, one_sided=side, mark=self.mark) for side in self.sides)
        return list(zip(*sides, strict=True))

    def format(self, item: dict[str, Any], prediction: tuple[FilledText, ...]) -> str:
        both, *past = prediction
        if self.as_json:
            named = zip(("gaps", "past"), prediction, strict=False)
            plain = {name: [_plain(gap) for gap in side.gaps] for name, side in named}
            return json.dumps({**item, "filled": both.text, **plain}, ensure_ascii=False)
        if self._tables:
            return table(prediction)
        beside = [f"past: {_listed(gap)}" for side in past for gap in side.gaps]
        return "\t".join([" ".join(both.text.split()), *map(_listed, both.gaps), *beside])


def _listed(gap: GapPrediction) -> str:
    return " ".join(f"{word} {probability:.4f}" for word, probability in gap.words)


def _plain(gap: GapPrediction) -> dict[str, Any]:
    return {"words": [word._asdict() for word in gap.words], "unknown": gap.unknown}
