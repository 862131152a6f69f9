"""A language model as results beside the n-gram model's and as sections of a run's page: how it writes, and the
passages of the held-out part that surprise it most.
"""

from __future__ import annotations

import numpy as np

from anaphora.data.text.id_files import Units
from anaphora.runs.content import Paragraph, Preformatted, Result, Section, Table
from anaphora.runtime import Model
from anaphora.tasks.language import scoring, streams
from anaphora.tasks.language.settings import PLURAL
from anaphora.tasks.language.writing import Prompt, Writer

NGRAM = "the n-gram model"
_PROMPT, _WRITTEN, _TEMPERATURE, _SEED = 60, 400, 0.8, 0
_LOOKED_AT = 16_384  # units of the held-out part
_PASSAGE, _PASSAGES = 64, 8  # units of one, and how many are shown


def results(unit: str, nats: float | None, floor_nats: float) -> tuple[Result, ...]:
    """The score beside the n-gram model's."""
    return (Result("nats", unit, nats, floor_nats, NGRAM),)


def sections(model: Model, held_out: Units, most: int = _LOOKED_AT) -> tuple[Section, ...]:
    """What a model makes of the beginning of the held-out part, and where among so many units it is at a loss."""
    writer = Writer(model)
    return (_written(writer, held_out), _surprising(writer, held_out, min(most, _LOOKED_AT)))


def _written(writer: Writer, held_out: Units) -> Section:
    read = held_out[: min(_PROMPT, len(held_out) - 1)]
    _, state = writer.model.feed(writer.model.initial(), read[:-1])
    prompt = Prompt(writer.vocabulary.decode(read), state, int(read[-1]))
    written = writer.write(prompt, _WRITTEN, np.random.default_rng(_SEED), temperature=_TEMPERATURE)
    told = f"It has read the first {len(read)} {PLURAL[writer.vocabulary.kind]} of the held-out part:"
    goes_on = f"and goes on, at temperature {_TEMPERATURE}:"
    return Section(
        "How it writes",
        (Paragraph(told), Preformatted(prompt.text), Paragraph(goes_on), Preformatted("".join(written))),
    )


def _surprising(writer: Writer, held_out: Units, most: int) -> Section:
    pieces = streams.sample(len(held_out), most)
    nats = scoring.score(writer.model, held_out, pieces)
    found: list[tuple[float, int, int]] = []
    at = 0
    for piece in pieces:
        for first in range(piece.first, piece.stop, _PASSAGE):
            stop = min(first + _PASSAGE, piece.stop)
            here = nats[at : at + stop - first]
            at += stop - first
            if stop - first == _PASSAGE or len(pieces) == 1:
                found.append((float(here.mean()), first, stop))
    kind = writer.vocabulary.kind
    rows = tuple(
        (first + 1, mean, writer.vocabulary.decode(held_out[first:stop]).replace("\n", "⏎"))
        for mean, first, stop in sorted(found, reverse=True)[:_PASSAGES]
    )
    told = (
        f"Passages of {_PASSAGE} {PLURAL[kind]} with the highest loss, among {len(nats):,} {PLURAL[kind]} spread over"
        " the held-out part: what it has not learnt, or what should not be in the text."
    )
    return Section("What surprises it most", (Paragraph(told), Table((kind, f"nats per {kind}", "passage"), rows)))
