"""A row that comes in pieces: the probabilities of its labels for what was read so far.

stream.feed(chunk) → p (K,)        of the text so far, without a last word that may go on, or of the steps so far
stream.finish() → p (K,)           of the whole row: the same bits as `probabilities([row])[0]`
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anaphora.config.units import PLURAL
from anaphora.data.batches import Ragged
from anaphora.data.in_memory import kind
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.text.normal_form import normal, settled
from anaphora.data.text.splitting import last_break
from anaphora.errors import DataError, DataWarning, UsageError, warn_caller
from anaphora.metrics.classification import Floats
from anaphora.runtime import Model
from anaphora.runtime.pooled import Carried, PooledModel
from anaphora.runtime.series_linear import SeriesLinear
from anaphora.runtime.sparse_linear import NAME, SparseLinear
from anaphora.runtime.state import Parts
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.stream import Stream, text_from, text_part
from anaphora.tasks.classify import memory
from anaphora.tasks.classify.encoding import Reader
from anaphora.tasks.classify.inputs import prepared
from anaphora.tasks.classify.linear_part import LinearPart

_SIGMA = "Σ"  # the only letter whose lower case depends on the letters around it


class Scorer(Protocol):
    """A classifier, as its stream needs it."""

    runtime: Model
    reader: Reader
    linear: LinearPart | None

    @property
    def digest(self) -> bytes:
        """SHA-256 (32 bytes) of network and linear part."""

    def mixed(self, network: NDArray[np.float32], linear: Floats | None) -> Floats:
        """Return the probabilities (B, K) for the scores (B, K) of network and linear part."""


class RowStream(Stream[Any, Floats]):
    """A classifier that reads a row in pieces, texts or steps (n, C); `feed` and `finish` give probabilities (K,)."""

    def __init__(self, model: Scorer, state: bytes | None = None) -> None:
        """Raises UsageError if the network reads in both directions, and as `Stream` does."""
        self._model, self._reader, self._network = model, model.reader, PooledModel(model.runtime)
        if self._network.needs_whole_rows:
            raise UsageError(
                "This classifier reads a row in both directions, so it needs the end of the row first. Train it with"
                " --no-bidirectional to read rows in pieces."
            )
        super().__init__(model, state)

    def begin(self) -> None:
        self._carried, self._read = self._network.begin(), 0
        self._held, self._cased = "", False
        self._linear: Parts = {} if self._model.linear is None else self._model.linear.initial()

    @public()
    def feed(self, chunk: Any) -> Floats:
        if self._reader.vocabulary is None:
            self._take(self._steps(chunk))
            return self._answer()
        if not isinstance(chunk, str):
            raise UsageError(f"The model reads texts, so a chunk is a text; got {kind(chunk)}.")
        refuse_half_pair(chunk, "the chunk")
        certain, self._held = self._certain(self._held + chunk)
        self._take_text(certain, self._held)
        return self._answer()

    @public()
    def finish(self) -> Floats:
        self._take_text(normal(self._held, self._reader.normalize), "")
        found = self._answer()
        self.begin()
        return found

    def parts(self) -> Parts:
        state = {f"memory.{number}": part for number, part in enumerate(self._carried.state)}
        numbers = {"read": np.array(self._read, np.int64), "cased": np.array(self._cased)}
        return {**state, **self._linear, "steps": self._carried.steps, **numbers, "held": text_part(self._held)}

    def restore(self, parts: Parts) -> None:
        """Restore the state, parts (layers·D, 1, width), the steps (m, W) of the pooling, and the text that waits."""
        state = tuple(parts[f"memory.{number}"] for number in range(len(self._model.runtime.layout)))
        self._carried = Carried(state, parts["steps"])
        self._read, self._cased = int(parts["read"]), bool(parts["cased"])
        self._held = text_from(parts["held"])
        self._linear = {name: part for name, part in parts.items() if name.startswith(f"{NAME}.")}

    def _answer(self) -> Floats:
        linear = None if self._model.linear is None else self._model.linear.scores(self._linear)
        return self._model.mixed(self._network.output(self._carried), linear)

    def _take(self, steps: NDArray[Any]) -> None:
        """Read steps (n,) or (n, C), up to the length at which rows are cut."""
        longest, before = self._reader.longest, self._read
        kept = steps[: max(0, longest - before)]
        self._carried = self._network.feed(self._carried, kept)
        if isinstance(self._model.linear, SeriesLinear):
            self._linear = self._model.linear.feed(self._linear, kept)
        self._read += len(steps)
        if before <= longest < self._read:
            warn_caller(f"Only the first {longest:,} {PLURAL[self._reader.kind]} of this row are read.", DataWarning)

    def _take_text(self, text: str, rest: str) -> None:
        """Read a text that ends between two units, before the rest; Σ is lowered as the text around it requires."""
        if not text:
            return
        assert self._reader.vocabulary is not None
        if self._reader.lower:
            before, after = self._before, "a" if rest.startswith(_SIGMA) else ""
            self._cased = (before + text + _SIGMA).lower()[-1] == "ς"
            text = (before + text + after).lower()[len(before) :].removesuffix(after)
        if isinstance(self._model.linear, SparseLinear):
            first = self._reader.first_units(text, max(0, self._reader.longest - self._read))
            self._linear = self._model.linear.feed(self._linear, text if first is None else first)
        self._take(self._reader.vocabulary.encode(prepared(text, self._reader.kind, lower=False)))

    def _certain(self, text: str) -> tuple[str, str]:
        """Return the beginning of a text, whose units no later text changes, in its normal form, and the rest."""
        end = settled(text, self._reader.normalize)
        begun = normal(text[:end], self._reader.normalize)
        at = self._cut(begun)
        return begun[:at], begun[at:] + text[end:]

    def _cut(self, text: str) -> int:
        """Return the last position at which a split of a text in the normal form changes no unit, or 0."""
        reader = self._reader
        assert reader.vocabulary is not None
        if reader.kind in ("word", "subword"):
            changes = reader.lower and text.lower() != text  # then the lower case may have other units
            return last_break(text) if changes else reader.vocabulary.cut(text)
        known = self._before + text
        waits = reader.lower and (known + "a").lower()[:-1] != (known + " ").lower()[:-1]
        return text.rfind(_SIGMA) if waits else len(text)

    @property
    def _before(self) -> str:
        """A letter in place of the text that was read, if that ends in one; it decides the lower case of a Σ."""
        return "a" if self._cased else ""

    def _steps(self, chunk: Any) -> NDArray[np.float32]:
        """Return the steps (n, C) of a chunk on the network's scale."""
        channels = self._reader.channels
        if isinstance(chunk, str | bytes):
            raise UsageError(f"The model reads series, so a chunk is steps (n, {channels}); got {kind(chunk)}.")
        read = memory.inputs([chunk])
        if not isinstance(read, Ragged):
            raise DataError(f"Expected steps (n, {channels}), got {kind(chunk)}.")
        steps = read.row(0)[: max(0, self._reader.longest - self._read)]
        found = self._reader.series(steps, "the chunk")
        rest = len(read.row(0)) - len(steps)
        return np.concatenate([found, np.zeros((rest, channels), np.float32)])  # beyond the length: counted, not read
