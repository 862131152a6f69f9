"""Lines in, filled gaps out: what `anaphora run` does with a gap filler.

A line is a text with gaps, or a JSON object with `text`. The answer is the text, its gaps filled, and for each gap the
likeliest words with their probabilities, with tabs between them; as JSON the same object with `filled` and `gaps`. A
text that stands on the command line itself, in a file's place, is answered by a table for each gap.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from anaphora.data.files import lines as stream
from anaphora.data.files.lines import Line
from anaphora.data.files.text import STANDARD_INPUT
from anaphora.errors import DataError
from anaphora.formatting import columns
from anaphora.runtime import Model
from anaphora.tasks.fill.filler import Filled, Filler, Gap, cut
from anaphora.tasks.fill.settings import GAP, TOP

_BAR = 24  # characters of a bar that stands for probability 1
_FIELD = "text"
_TITLES = {"both": "both sides", "past": "the past alone"}


class Answers:
    """A gap filler that answers lines; `top` asks for so many words of each gap, `one_sided` for what the past alone
    would say, beside.
    """

    def __init__(
        self, model: Model, as_json: bool, top: int | None = None, mark: str = GAP, one_sided: bool = False
    ) -> None:
        cut("", mark)
        self.filler = Filler(model)
        self.as_json, self.top, self.mark = as_json, TOP if top is None else top, mark
        self.sides = ("both", "past") if one_sided else ("both",)
        self.blank = "{}" if as_json else ""  # stands for a line that could not be read
        self._tables = False

    def batches(self, inputs: Sequence[str]) -> Iterator[list[Line]]:
        """The lines of files and of standard input; what is no file is a text itself."""
        for given in inputs or [STANDARD_INPUT]:
            self._tables = not self.as_json and given != STANDARD_INPUT and not os.path.exists(given)
            if given == STANDARD_INPUT or os.path.exists(given):
                yield from stream.batches([given])
            elif len(cut(given, self.mark)) < 2:
                raise DataError(f"{given!r} is no file, and has no gap: mark one with {self.mark}.")
            else:
                yield [Line("the text", given.encode("utf-8", "surrogateescape"), False)]

    def __call__(self, lines: Sequence[Line]) -> list[str | DataError]:
        """An answer to each line, or what is wrong with it."""
        answers: list[Any] = [self._read(line) for line in lines]
        good = [at for at, read in enumerate(answers) if not isinstance(read, DataError)]
        texts = [answers[at][_FIELD] for at in good]
        found = [self.filler.fill(texts, side, self.top, self.mark) for side in self.sides]
        for number, at in enumerate(good):
            answers[at] = self._answer(answers[at], [side[number] for side in found])
        return answers

    def _read(self, line: Line) -> dict[str, Any] | DataError:
        """A line as an object with a text in it."""
        try:
            text = line.text.decode()
        except UnicodeDecodeError as error:
            return DataError(
                f"{line.where} is not UTF-8: its byte {error.start} is {line.text[error.start]:#04x}. Convert it first,"
                " for example with iconv -t utf-8."
            )
        item: Any = {_FIELD: text}
        if line.json:
            try:
                item = json.loads(text)
            except (ValueError, RecursionError) as error:
                return DataError(f"{line.where} is not JSON: {error}.")
            if not isinstance(item, dict) or not isinstance(item.get(_FIELD), str):
                return DataError(f"{line.where}: expected a JSON object with a text '{_FIELD}', got {text[:80]}.")
        if len(cut(item[_FIELD], self.mark)) < 2:
            return DataError(f"{line.where}: there is no gap in {item[_FIELD][:80]!r}: mark one with {self.mark}.")
        return dict(item)

    def _answer(self, item: dict[str, Any], sides: list[Filled]) -> str:
        if self.as_json:
            told = {"gaps" if side == "both" else "past": [_plain(gap) for gap in filled.gaps]
                    for side, filled in zip(self.sides, sides, strict=True)}  # fmt: skip
            return json.dumps({**item, "filled": sides[0].text, **told}, ensure_ascii=False)
        if self._tables:
            return "\n".join(self._table(item[_FIELD], sides))
        text = " ".join(sides[0].text.split())
        return "\t".join([text, *(_listed(gap) for gap in sides[0].gaps),
                          *(f"past: {_listed(gap)}" for filled in sides[1:] for gap in filled.gaps)])  # fmt: skip

    def _table(self, text: str, sides: list[Filled]) -> Iterator[str]:
        """A row for each of a gap's likeliest words, one side beside the other."""
        for number, gaps in enumerate(zip(*(filled.gaps for filled in sides), strict=True), 1):
            if number > 1:
                yield ""
            if len(sides[0].gaps) > 1:
                yield f"gap {number}"
            head = [cell for side in self.sides for cell in (_TITLES[side], "probability", "")]
            rows = [
                [cell for gap in gaps for cell in _row(gap, place)] for place in range(max(len(g.words) for g in gaps))
            ]
            yield from columns(head, rows)
        yield f"\n{sides[0].text}"


def _row(gap: Gap, place: int) -> list[str]:
    if place >= len(gap.words):
        return ["", "", ""]
    word, probability = gap.words[place]
    return [word, f"{probability:.4f}", "█" * round(_BAR * probability)]


def _listed(gap: Gap) -> str:
    return " ".join(f"{word} {probability:.4f}" for word, probability in gap.words)


def _plain(gap: Gap) -> dict[str, Any]:
    words = [{"word": word, "probability": probability} for word, probability in gap.words]
    return {"words": words, "unknown": gap.unknown}
