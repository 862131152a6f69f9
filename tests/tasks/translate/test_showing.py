"""What a run's page shows of a translator, and that its score is what sacrebleu's own command prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from anaphora.runs.content import Picture, ReportSection, ReportTable
from anaphora.runs.report import Report
from anaphora.tasks.translate.data import pairs_of, read
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import judge
from anaphora.tasks.translate.training import TRAINING
from translated import DATES, config, write


def by_title(sections: Sequence[ReportSection]) -> dict[str, ReportSection]:
    return {section.title: section for section in sections}


def test_texts_beside_their_references_and_where_it_looked(report: Report, dates: Translator) -> None:
    found = by_title(report.sections)
    table = found["Translations"].parts[1]
    assert isinstance(table, ReportTable)
    assert report.score is not None
    assert [row[3] for row in table.rows] == [each.output for each in report.score.first]
    pictures = [part for part in found["Attention"].parts if isinstance(part, Picture)]
    assert len(pictures) == 3
    short = [each for each in report.score.first if len(each.source) < 32]
    assert pictures[0].shows == f"Attention from {short[0].output!r} to {short[0].source!r}"
    (best,) = dates.translations([short[0].source])[0]
    weights = dates.attention(short[0].source, best).weights
    assert pictures[0].svg.count("<title>") == weights.size + 1
    assert f": {weights[0, 0]:.3f}</title>" in pictures[0].svg


def test_a_run_that_goes_on_shows_what_its_weights_write(report: Report, folder: Path, dates: Translator) -> None:
    settings = config("--valid", ",".join(str(folder / f"valid.{side}") for side in ("de", "en")), tiny=DATES)
    corpus = read(settings, [str(folder / f"train.{side}") for side in ("de", "en")])
    work = TRAINING(settings, corpus)
    tensors = {
        name: tensor for name, tensor in dates.runtime.tensors.items() if not name.startswith(("source.", "target."))
    }
    found = by_title(work.sections(tensors))
    table = found["Translations"].parts[0]
    assert isinstance(table, ReportTable)
    assert len(table.rows) == 12
    valid = [(folder / f"valid.{side}").read_text(encoding="utf-8").splitlines() for side in ("de", "en")]
    assert all((str(row[1]), str(row[2])) in zip(*valid, strict=True) for row in table.rows)
    assert [str(row[3]) for row in table.rows] == dates.translate([str(row[1]) for row in table.rows])
    assert sum(isinstance(part, Picture) for part in found["Attention"].parts) == 3


@pytest.mark.parametrize("lower", [False, True])
def test_bleu_and_chrf_are_those_of_the_sacrebleu_command(lower: bool, dates: Translator, tmp_path: Path) -> None:
    """The outputs and references written to files, and judged by the pinned sacrebleu's own program."""
    sources = ["3 Mar 1994", "the third of May, 1894", "Friday, 1.1.2072", "7 Apr 2004 and more", "nothing at all"]
    targets = ["1994-03-03", "1894-05-03 , or so", "Friday 2072-01-01", "2004-04-07 And More, we hear", "None"]
    outputs = [f"{output} AND more" for output in dates.outputs(sources)]
    right, out = write(tmp_path, "right.txt", targets), write(tmp_path, "out.txt", outputs)
    words = [sys.executable, "-m", "sacrebleu", right, "-i", out, "-b", "-w", "6", "-m", "bleu", "chrf"]
    words += ["-lc", "--chrf-lowercase"] if lower else []
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    bleu, chrf = (float(number) for number in re.findall(r"[\d.]+", told))
    score = judge(outputs, pairs_of(config(), [write(tmp_path, "source.txt", sources), right]), np.arange(5), lower)
    assert (score.bleu, score.chrf) == (pytest.approx(bleu, abs=1e-6), pytest.approx(chrf, abs=1e-6))
    assert 0 < score.bleu < 100
