"""Settings, watching, checking and going on, from Python."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

import anaphora
from anaphora.api import configured
from anaphora.cli import main
from anaphora.errors import DataError, Diverged, Interrupted, UsageError
from anaphora.tasks.classify import training as classify
from anaphora.training.observer import Evaluation, Observer, Step
from labelled import sentences, waves, write_csv

ROWS: dict[str, Any] = {
    "embedding": 6, "hidden": 5, "batch": 8, "max_steps": 12, "evaluations": 4, "valid": 0.25, "output_dropout": 0.1,
}  # fmt: skip
STEPS = {name: value for name, value in ROWS.items() if name != "embedding"}
TEXTS, LABELS = sentences(40)
DATA = (TEXTS, LABELS)


# What is set


def test_keywords_win_over_config_and_config_over_the_preset(tmp_path: Path) -> None:
    nested = {"model": {"hidden": 7}, "training": {"batch": np.int64(9)}}
    found: Any = configured("classify", "small", nested, {"hidden": 8, "learning_rate": np.float32(0.5)})
    assert (found.model.hidden, found.model.embedding, found.training.batch) == (8, 64, 9)
    assert found.training.learning_rate == 0.5
    flat: Any = configured("classify", None, {"hidden": 7, "bidirectional": False}, {"training": {"batch": 3}})
    assert (flat.model.hidden, flat.model.bidirectional, flat.training.batch) == (7, False, 3)
    assert flat.model.embedding == 128  # of the usual preset
    assert configured("classify", "small", flat, {}) == flat
    (tmp_path / "c.toml").write_text("[model]\nhidden = 6\nlayers = 2\n", encoding="utf-8")
    for path in (tmp_path / "c.toml", str(tmp_path / "c.toml")):
        written: Any = configured("classify", "small", path, {"layers": 3})
        assert (written.model.hidden, written.model.layers, written.model.embedding) == (6, 3, 64)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"hiden": 3}, r"no field 'hiden'\. Did you mean 'hidden'\? `anaphora config TASK` shows all fields"),
        ({"config": {"hiden": 3}}, r"no field 'hiden'\. Did you mean 'hidden'\?"),
        ({"config": {"model": {"hiden": 3}}}, r"\[model\] has no key 'hiden'.*Did you mean 'hidden'\?"),
        ({"config": {"modle": {"hidden": 3}}}, r"no section \[modle\]\. There are: .*Did you mean 'model'\?"),
        ({"hidden": "many"}, r'hidden takes a whole number, at least 1 .*; it was given "many"'),
        ({"hidden": 2.5}, r"hidden takes a whole number.* was given 2\.5"),
        ({"cell": "lstn"}, r"cell takes one of lstm, gru, rnn .* was given \"lstn\"\. Did you mean 'lstm'\?"),
        ({"preset": "smal"}, r"no preset 'smal'.*Did you mean 'small'\?"),
        ({"config": "nowhere.toml"}, r"nowhere\.toml cannot be read: No such file"),
        ({"valid": 1.5}, r"valid takes a file, or a share of the rows between 0 and 1; it was given 1\.5"),
        (
            {"valid": "held_out.csv"},
            r"valid takes a share between 0 and 1 if the data are in memory.*'held_out\.csv'",
        ),
    ],
)
def test_a_wrong_setting_is_refused_by_name(how: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        anaphora.train("classify", DATA, **how)


def test_a_preset_that_looks_at_a_wrong_value_lets_the_check_refuse_it() -> None:
    with pytest.raises(UsageError, match=r'hidden takes a whole number.* was given "many"'):
        configured("language", "small", {"units": "word"}, {"hidden": "many"})


def test_a_task_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"no task 'clasify'.*Did you mean 'classify'\?"):
        anaphora.train("clasify", DATA)


# Data that are none


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (None, UsageError, r"Expected rows with labels: \(X, y\), a list of \(x, label\).*; got NoneType"),
        ((TEXTS, LABELS[1:]), UsageError, r"There are 40 rows and 39 labels; expected a label for each row"),
        (("one text", LABELS), UsageError, r"Expected rows with labels"),
        ([("a text", "pos"), ("another",)], UsageError, r"Expected rows with labels.* got list"),
        (
            ([*TEXTS[:5], None], LABELS[:6]),
            DataError,
            r"The data, row 6: expected a text, as in other rows, got no value",
        ),
        (([*TEXTS[:5], 3.5], LABELS[:6]), DataError, r"The data, row 6: expected a text, as in other rows, got float"),
        ((TEXTS[:6], [*LABELS[:5], None]), DataError, r"The data, row 6 has no label: add a label, or remove the row"),
        ((TEXTS[:6], [*LABELS[:5], np.nan]), DataError, r"The data, row 6 has no label"),
        (([[1.0], [2.0, "x"]], [0, 1]), DataError, r"row 2, is not a series of numbers \(could not convert.*'x'\)"),
        (([[[1, 2]], [[1, 2, 3]]], [0, 1]), DataError, r"row 2: a step has 3 numbers\.\s+Expected 2, as in row 1"),
        (([[[[1]]], [[1]]], [0, 1]), DataError, r"row 1, has shape \(1, 1, 1\)\.\s+Expected \(T, C\), or \(T,\)"),
        ((np.zeros((4, 1, 1, 1)), [0, 1, 0, 1]), UsageError, r"Expected texts, series .*got one of shape"),
        ((np.array([["x", "y"]]), [0]), DataError, r"The data contain a value that is not a number: could not convert"),
        (polars.DataFrame({"text": TEXTS, "mood": LABELS}), DataError, r"no column is called label"),
        ("nowhere.csv", DataError, r"'nowhere\.csv' does not exist"),
    ],
)
def test_what_is_no_data_is_refused(data: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        anaphora.train("classify", data, **ROWS)


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (17, UsageError, r"Expected a text, several texts, or the path of a file as pathlib\.Path; got int\."),
        (polars.DataFrame({"text": TEXTS}), UsageError, r"got DataFrame .* give the column that holds the text"),
        (["a", b"b"], DataError, r"Text 2 is not a text but bytes\.\s+Expected a text"),
        ("a few words", DataError, r"The training part of the text has 10 characters; one batch .* needs 2,049"),
        (Path("nowhere.txt"), DataError, r"'nowhere\.txt' does not exist"),
    ],
)
def test_what_is_no_text_is_refused(data: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        anaphora.train("language", data)


def test_a_text_is_never_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "novel.txt").write_text("It was a dark night.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"'novel\.txt' is the name of a file\..* give pathlib\.Path\('novel\.txt'\)"):
        anaphora.train("language", "novel.txt")


def test_a_model_reads_what_it_was_trained_on() -> None:
    model = anaphora.train("classify", DATA, **ROWS | {"max_steps": 1})
    with pytest.raises(UsageError, match=r"The model reads texts; it was given series"):
        model.predict(np.zeros((3, 4)))
    with pytest.raises(UsageError, match=r"got str\. Give it in a list\."):
        model.predict("a text")
    assert model.predict([]) == []


# Who watches


class Kept(Observer):
    """Keeps what it is told; raises where it is asked to."""

    def __init__(self, cut_at: int = 0) -> None:
        self.cut_at = cut_at
        self.stages: list[str] = []
        self.steps: list[int] = []
        self.looks: list[int] = []
        self.losses: dict[int, float] = {}
        self.best = 0

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def step(self, step: Step) -> None:
        self.steps.append(step.step)
        if step.step == self.cut_at:
            raise KeyboardInterrupt

    def evaluation(self, evaluation: Evaluation) -> None:
        self.looks.append(evaluation.step)
        self.losses[evaluation.step] = evaluation.loss
        self.best = evaluation.step if evaluation.best else self.best


def test_nothing_is_printed_unless_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    model = anaphora.train("classify", DATA, **ROWS)
    model.evaluate(DATA)
    assert capfd.readouterr() == ("", "")
    anaphora.train("classify", DATA, progress=True, **ROWS)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Planned: 12 steps in all." in err
    watch = Kept()
    anaphora.train("classify", DATA, progress=watch, **ROWS)
    assert capfd.readouterr() == ("", "")
    assert (watch.steps, watch.looks) == (list(range(1, 13)), [3, 6, 9, 12])
    assert watch.stages == ["fitting a logistic regression to 30 rows", "scoring the held-out part"]


# What is wrong with data


def test_check_finds_what_the_command_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"text": [*TEXTS, TEXTS[0], ""], "label": [*LABELS, "pos", "neg"]}
    path = write_csv(tmp_path / "films.csv", columns)
    main(["check", "classify", str(path), "-o", str(tmp_path / "m.anaphora")])
    shown = capsys.readouterr().out
    found = anaphora.check("classify", path)
    for finding in found:
        if finding.code not in ("memory", "time", "disk", "memory-short"):
            assert "\n".join(finding.lines()[:-1]) in shown  # the remedy names options, or arguments
    in_memory = anaphora.check("classify", (columns["text"], columns["label"]))
    assert [finding.code for finding in in_memory] == [finding.code for finding in found]
    assert {"duplicate", "empty-row", "lengths", "vocabulary", "time"} <= {finding.code for finding in found}
    assert found[0].code == "taken"
    severities = [finding.severity for finding in found[1:]]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_check_names_the_row_and_train_refuses_it() -> None:
    series, labels = [np.array(channels).T for channels in waves(20)[0]], waves(20)[1]
    series[6][2, 1] = np.nan
    (finding,) = (finding for finding in anaphora.check("classify", (series, labels)) if finding.severity == "error")
    assert (finding.code, finding.rows) == ("not-finite", (("the data", 7),))
    with pytest.raises(DataError, match=r"1 error found[\s\S]*not-finite[\s\S]*the data line 7"):
        anaphora.train("classify", (series, labels), **STEPS)
    assert anaphora.train("classify", (series, labels), missing="mean", **STEPS).card["steps"] == 12


def test_check_says_what_cannot_be_read() -> None:
    (finding,) = anaphora.check("classify", (["a", None], [1, 2]))
    assert (finding.code, finding.message[:18]) == ("unreadable", "The data, row 2: e")
    assert [finding.code for finding in anaphora.check("language", "short") if finding.severity == "error"] == [
        "too-short"
    ]


# Going on


def kept_in(message: str) -> Path:
    """The folder that a message names."""
    return Path(message.rpartition("anaphora.resume('")[2].removesuffix("', data=…)"))


def test_cut_off_it_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    whole = anaphora.train("classify", DATA, **ROWS)
    cut = Kept(cut_at=7)
    with pytest.raises(Interrupted, match=r"step 7.*is saved in") as caught:
        anaphora.train("classify", DATA, progress=cut, **ROWS)
    folder = kept_in(str(caught.value))
    assert cut.looks == [3, 6]
    least = min(cut.losses, key=lambda step: cut.losses[step])
    assert anaphora.load(folder / "model.anaphora").card["best_step"] == cut.best == least
    with pytest.raises(UsageError, match=r"came from a Python program: give the data again, resume\(…, data=…\)"):
        anaphora.resume(folder)
    with pytest.raises(DataError, match=r"The data of .* have changed since the run began"):
        anaphora.resume(folder, (TEXTS, LABELS[::-1]))
    watch = Kept()
    model = anaphora.resume(folder, DATA, progress=watch)
    assert watch.steps == list(range(watch.steps[0], 13))
    assert watch.steps[0] in (1, 4, 7)  # after the last look whose checkpoint was worth its time
    assert model.run_dir == folder
    assert model.report.steps == 12
    for name, tensor in whole.runtime.tensors.items():
        np.testing.assert_array_equal(tensor, model.runtime.tensors[name], err_msg=name)


def test_a_run_of_files_finds_them_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "films.csv", {"text": TEXTS, "label": LABELS})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Interrupted):
        anaphora.train("classify", "films.csv", output="films.anaphora", progress=Kept(cut_at=7), **ROWS)
    monkeypatch.chdir("/")
    model = anaphora.resume(tmp_path / "films.run")
    assert (tmp_path / "films.anaphora").read_bytes() == model.to_bytes()
    assert (model.card["steps"], model.card["sources"]) == (12, ["films.csv"])


def test_what_is_no_run_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not the folder of a run"):
        anaphora.resume(tmp_path)


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("anaphora-*"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [((TEXTS, LABELS[1:]), UsageError), ((TEXTS, ["pos"] * 40), DataError)],
    ids=["no data", "one label"],
)
def test_data_that_are_refused_leave_no_folder(
    data: Any, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(kind):
        anaphora.train("classify", data, **ROWS)
    assert left_behind(tmp_path) == []


def test_a_place_that_cannot_be_written_is_found_before_the_data_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="name another place"):
        anaphora.train("classify", "nowhere.csv", output=tmp_path / "file" / "m.anaphora")


def test_a_run_that_could_not_begin_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(UsageError, match="of free space in"):
        anaphora.train("classify", DATA, **ROWS)
    assert left_behind(tmp_path) == []


def test_a_run_that_diverged_keeps_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    real: Callable[..., Any] = classify.ClassifyTraining.batch_loss
    calls: list[int] = []

    def breaks(self: Any, model: Any, batch: Any, carry: Any) -> Any:
        calls.append(len(calls))
        loss, carry = real(self, model, batch, carry)
        return loss * (np.nan if len(calls) == 8 else 1.0), carry

    monkeypatch.setattr(classify.ClassifyTraining, "batch_loss", breaks)
    watch = Kept()
    with pytest.raises(Diverged, match=r"at step 8 of 12[\s\S]* is saved in"):
        anaphora.train("classify", DATA, progress=watch, **ROWS)
    (folder,) = left_behind(tmp_path)
    assert watch.looks == [3, 6]
    least = min(watch.losses, key=lambda step: watch.losses[step])
    assert anaphora.load(folder / "model.anaphora").card["best_step"] == watch.best == least
