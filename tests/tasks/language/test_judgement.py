"""What a run's page shows of a language model: the passages that surprise it are the ones with the highest loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anaphora.bundle import Bundle
from anaphora.data.text.build import build
from anaphora.errors import CorruptBundle, UsageError
from anaphora.runs.content import Paragraph, Preformatted, ReportTable, Result
from anaphora.runtime import Model
from anaphora.tasks.language import judgement, score, windows
from anaphora.tasks.language.baseline import Baseline
from anaphora.tasks.language.predict import LanguageModel
from program import TEXT, write_model


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    write_model(tmp_path / "m.anaphora", text=TEXT)
    return LanguageModel.open(tmp_path / "m.anaphora")


def test_the_passages_with_the_highest_loss(model: LanguageModel) -> None:
    ids = build("char", TEXT).encode(TEXT)
    _, surprising = judgement.sections(model, ids)
    table = surprising.parts[1]
    assert isinstance(table, ReportTable)
    assert table.head == ("position", "nats per character", "passage")
    nats = score.nats(model.runtime, ids, windows.sample(len(ids), 16_384))
    assert len(nats) == len(ids) - 1  # all of so short a text: nats[i] is of unit i + 1
    means = {}
    for piece in windows.sample(len(ids), 16_384):
        for first in range(piece.first, piece.stop - 63, 64):
            means[first] = nats[first - 1 : first + 63].mean()
    expected = sorted(means, key=lambda first: -means[first])[:8]
    assert [row[0] for row in table.rows] == [first + 1 for first in expected]
    for (_, mean, passage), first in zip(table.rows, expected, strict=True):
        assert mean == pytest.approx(means[first], rel=1e-12)
        assert passage == TEXT[first : first + 64].replace("\n", "⏎")


def test_how_it_writes(model: LanguageModel) -> None:
    ids = build("char", TEXT).encode(TEXT)
    written = judgement.sections(model, ids)[0].parts
    assert isinstance(written[0], Paragraph)
    assert written[1] == Preformatted(TEXT[:60])
    theirs = model.write(model.read(TEXT[:60]), 400, np.random.default_rng(0), temperature=0.8)
    assert written[3] == Preformatted("".join(theirs))
    assert judgement.sections(model, ids)[0].parts == written


def test_a_held_out_part_of_two_units_has_sections(model: LanguageModel) -> None:
    ids = build("char", TEXT).encode(TEXT)[:2]
    _, surprising = judgement.sections(model, ids)
    assert isinstance(surprising.parts[1], ReportTable)
    assert surprising.parts[1].rows[0][0] == 2


def test_the_result_beside_the_baseline() -> None:
    judged = judgement.judgement(
        None, Baseline(5.5, 5.25, 7, None), "word", 9, 9, short_of_time=False, known={}, validation_loss=None
    )
    assert judged.results == (Result("nats", "word", None, 5.5, "the n-gram model"),)


def test_a_table_of_nothing_is_refused(model: LanguageModel) -> None:
    with pytest.raises(UsageError, match="count takes a whole number, at least 1"):
        model.table("the", 0)


def test_a_bundle_without_its_units_is_corrupt(model: LanguageModel) -> None:
    config = {name: value for name, value in model.runtime.config.items() if name != "units"}
    with pytest.raises(CorruptBundle, match=r"lacks 'kind', which is needed to read a text\."):
        LanguageModel(Model(Bundle(dict(model.runtime.tensors), config)))
