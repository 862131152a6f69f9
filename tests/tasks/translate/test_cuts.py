"""A text that is not read whole, or a translation without an end, is counted and said by all commands and in Python."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from anaphora import bundle
from anaphora.checks import examine
from anaphora.data.files.pairs import Pairs
from anaphora.data.files.tables import ColumnTable
from anaphora.errors import DataWarning
from anaphora.tasks.translate.data import read
from anaphora.tasks.translate.encoding import encode
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import judge
from anaphora.tasks.translate.settings import TASK
from anaphora.tasks.translate.training import TRAINING
from anaphora.training import run
from program import Run
from translated import PAIRS, config, write_pairs

MOST = 20  # units
LONG = [("ein Mann " * 5, "a man"), ("ein Mann", "a man " * 5)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """A translator that reads 20 characters, its files, and its held-out files with two texts that are longer."""
    folder = tmp_path_factory.mktemp("cut")
    files = write_pairs(folder, [*PAIRS, *PAIRS, *LONG])
    valid = write_pairs(folder, [*PAIRS[:3], *LONG], "v")
    settings = config("--valid", ",".join(valid), "--max-length", str(MOST))
    run.train(TRAINING(settings, read(settings, files)), folder / "m.anaphora")
    return folder / "m.anaphora", files, valid


def test_exactly_the_longest_text_is_whole(model: tuple[Path, list[str], list[str]]) -> None:
    reader = Translator.open(model[0]).reader
    assert [reader.is_cut("e" * count) for count in (MOST - 1, MOST, MOST + 1)] == [False, False, True]
    assert [len(reader.read("e" * count)) for count in (MOST, MOST + 1)] == [MOST + 1, MOST + 1]


def test_training_and_check_count_the_pairs(model: tuple[Path, list[str], list[str]]) -> None:
    _, files, valid = model
    settings = config("--valid", ",".join(valid), "--max-length", str(MOST))
    found = [each for each in examine.whole(TASK, settings, files, lambda load: []) if each.code == "long-row"]
    assert [(each.where, each.count, each.rows[0].line) for each in found] == [
        ("the training part", 2, 21),
        ("the held-out part", 2, 4),
    ]
    encoded = encode(settings, read(settings, files))
    assert (len(encoded.left_out), encoded.cut) == (2, 2)


def test_the_report_and_eval_say_what_was_cut(
    model: tuple[Path, list[str], list[str]], program: Run, tmp_path: Path
) -> None:
    path, _, valid = model
    score = json.loads(program(tmp_path, "eval", str(path), *valid, "--json").stdout)
    assert score["cut"] == 1  # of the sources; the targets are compared whole
    lines = program(tmp_path, "eval", str(path), *valid).stdout
    assert "Of 1 source only the beginning was read: longer than --max-length." in lines
    log = (path.with_suffix(".run") / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    notes = json.loads(log[-1])["notes"]
    assert "2 pairs were left out of training, with an empty side or a side that is too long (--max-length)." in notes
    assert "2 held-out texts are longer than --max-length: only the beginning was read." in notes


def test_run_names_the_first_line_and_counts_all(
    model: tuple[Path, list[str], list[str]], program: Run, tmp_path: Path
) -> None:
    texts = ["ja", "ein Mann " * 5, "nein", "zwei Hunde " * 5]
    done = program(tmp_path, "run", str(model[0]), stdin="".join(f"{text}\n" for text in texts))
    cut = f"longer than the {MOST} characters that the model reads: the rest is not read."
    said = [line for line in done.stderr.splitlines() if "longer" in line]
    assert said == [f"note: standard input, line 2 is {cut}", f"note: 2 lines are {cut}"]
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)


def endless(path: Path, to: Path) -> Translator:
    """The same translator, which never ends a translation."""
    read = bundle.read(path)
    tensors = {name: np.array(tensor) for name, tensor in read.tensors.items()}
    bias = next(name for name in tensors if name.startswith("output") and name.endswith("bias"))
    tensors[bias][-1] = -1e4
    bundle.write(to, tensors, read.config)
    return Translator.open(to)


@pytest.mark.parametrize("options", [{}, {"beam": 3}, {"sample": True}])
def test_a_translation_without_an_end_is_said(
    model: tuple[Path, list[str], list[str]], tmp_path: Path, options: dict[str, int]
) -> None:
    translator = endless(model[0], tmp_path / "e.anaphora")
    with pytest.warns(DataWarning) as seen:
        found = translator.translations(["ja", "ein Mann " * 5], **options)
    assert [best[0].ended for best in found] == [False, False]
    assert [len(best[0].symbols) for best in found] == [
        translator.longest(translator.reader.read(t)) for t in ("ja", "e" * 30)
    ]
    assert [str(each.message) for each in seen] == [
        f"1 text is longer than the {MOST} characters that the model reads: the rest is not read (text 1).",
        "2 texts are translated without an end, up to the greatest length (text 0, 1).",
    ]
    assert {each.filename for each in seen} == {__file__}
    decoding = {name: value for name, value in options.items() if name == "beam"}
    with pytest.warns(DataWarning, match=r"^1 output stopped at the greatest length, without an end\.$"):
        assert translator.evaluate([("ja", "yes")], **decoding).unended == 1


def test_whole_texts_with_an_end_are_not_warned_of(dates: Translator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        assert dates.translate(["3 Mar 1994"]) == ["1994-03-03"]
    assert dates.evaluate([("3 Mar 1994", "1994-03-03")]).losses() == []


@pytest.mark.parametrize("count", [99, 100])
def test_tokenized_texts_are_noted_in_our_words_alone(count: int, caplog: pytest.LogCaptureFixture) -> None:
    outputs = ["a man ."] * count + ["a man."]
    table = ColumnTable({"source": ["x"] * len(outputs), "target": ["a man ."] * len(outputs)})
    score = judge(outputs, Pairs.of([table]), np.arange(len(outputs)), lower=False)
    noted = [note for note in score.losses() if note.startswith("100 outputs end with a full stop after a blank")]
    assert (score.tokenized, len(noted)) == (count, count // 100)
    assert caplog.records == []
