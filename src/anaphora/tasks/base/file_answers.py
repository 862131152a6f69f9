"""The answers of a model to files, as values of Python: what `anaphora run MODEL FILE --json` writes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, ClassVar

from anaphora.data.in_memory import paths, unexpected
from anaphora.errors import DataError, DataWarning, warn_caller
from anaphora.tasks.base.declaration import Option
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import TrainedModel

_WHAT = "a file, or a list of files"


class FileAnsweringModel(TrainedModel):
    """A trained model that answers the lines and rows of files; `run_options` are the options of its task."""

    run_options: ClassVar[tuple[Option, ...]]

    @public()
    def answer(self, files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[dict[str, Any]]:
        """Return the answer to every line or row of files, which are read as the training data were: the JSON objects
        that `anaphora run --json` writes.

        Raises DataError for a file, or for the first row, that cannot be read, UsageError for values that are no paths.
        """
        names = paths(files, words=True)
        if names is None:
            raise unexpected(_WHAT, files)
        answers = _Answers()
        defaults = {option.name: option.default for option in self.run_options}
        self.run(names, answers, True, **defaults)
        return [json.loads(line) for line in answers.text.split("\n")[:-1]]


class _Answers:
    """The output of a run; a note is a warning, and an input that could not be read is an error."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """All answers, a line each."""
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        self._pieces.append(text)

    def complain(self, error: DataError) -> None:
        raise error

    def note(self, text: str) -> None:
        warn_caller(text, DataWarning)

    def flush(self) -> None:
        pass
