"""Lines in, translations out: what `anaphora run` does with a translator.

A line is a text, or a JSON object with the source's column. The answer is the translation; with several, each with what
it is ranked by and a tab before it, the best first. As JSON it is the same object with `translation`, and with
`translations`, each with its `score` (Σ ln p) and `merit`, where a beam was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.data.files.lines import Line
from anaphora.data.files.pairs import SOURCES
from anaphora.errors import DataError
from anaphora.files import atomic
from anaphora.report.attention import Gallery
from anaphora.runtime import Model
from anaphora.tasks.translate.translator import How, Translation, Translator


class Answers:
    """A translator that answers lines; with `pictures` it also draws where it looked, into that file."""

    def __init__(self, model: Model, as_json: bool, how: How, pictures: str | None = None) -> None:
        how.check()
        self.translator = Translator(model)
        self.as_json, self.how = as_json, how
        self.blank = "{}" if as_json else "\n".join([""] * how.best)  # stands for a line that could not be read
        self._columns = [name for name in (model.config.get("training", {}).get("data", {}).get("source"),) if name]
        self._number = 0
        self._gallery = None if pictures is None else Gallery(Path(pictures))
        if self._gallery is not None:
            atomic.writable(self._gallery.path)

    def __call__(self, lines: Sequence[Line]) -> list[str | DataError]:
        """An answer to each line, or what is wrong with it."""
        answers: list[Any] = [self._read(line) for line in lines]
        good = [at for at, read in enumerate(answers) if not isinstance(read, DataError)]
        numbers = [self._number + at for at in good]
        self._number += len(lines)
        texts = [answers[at][1] for at in good]
        for at, text, found in zip(good, texts, self.translator.translate(texts, self.how, numbers), strict=True):
            if self._gallery is not None and text.strip():
                self._gallery.add(self.translator.attention(text, found[0].symbols))
            answers[at] = self._answer(answers[at][0], text, found)
        return answers

    def close(self) -> None:
        """Write the pictures."""
        if self._gallery is not None:
            self._gallery.write()

    def _answer(self, item: dict[str, Any] | None, text: str, found: Sequence[Translation]) -> str:
        written = [self.translator.replaced(text, one) for one in found]
        if self.as_json:
            added: dict[str, Any] = {"translation": written[0]}
            if self.how.beam > 1:
                ranked = zip(written, found, strict=True)
                added["translations"] = [{"text": t, "score": one.score, "merit": one.merit} for t, one in ranked]
            return json.dumps({**({"source": text} if item is None else item), **added}, ensure_ascii=False)
        if self.how.best == 1:
            return written[0]
        ranked = zip(written, found, strict=True)
        rows = [f"{one.merit:.4f}\t{text}" for text, one in ranked]
        return "\n".join([*rows, *[""] * (self.how.best - len(rows))])

    def _read(self, line: Line) -> tuple[dict[str, Any] | None, str] | DataError:
        """A line's object, if it is one, and its text."""
        try:
            text = line.text.decode()
        except UnicodeDecodeError as error:
            return DataError(
                f"{line.where} is not UTF-8: its byte {error.start} is {line.text[error.start]:#04x}. Convert it first,"
                " for example with iconv -t utf-8."
            )
        if not line.json:
            return None, text
        try:
            item = json.loads(text)
        except (ValueError, RecursionError) as error:
            return DataError(f"{line.where} is not JSON: {error}.")
        names = [name for name in (*self._columns, *SOURCES) if isinstance(item, dict) and name in item]
        if not names:
            wanted = self._columns[0] if self._columns else SOURCES[0]
            return DataError(f"{line.where}: expected a JSON object with '{wanted}', got {text[:80]}.")
        if not isinstance(item[names[0]], str):
            return DataError(f"{line.where}: '{names[0]}' is {str(item[names[0]])[:60]!r}; expected a text.")
        return item, item[names[0]]
