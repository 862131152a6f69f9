"""How the data were read is said first: by check and train, on every stream, in the run's records and in the model."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import anaphora
from anaphora.data.taken import Taken
from anaphora.errors import DataWarning
from program import TEXT, TINY, Run

LINES = TEXT.count("\n") + (not TEXT.endswith("\n"))
SAID = f"{LINES:,} lines, plain text of {len(TEXT):,} characters, utf-8."
SMALL = {"preset": "small", "hidden": 8, "embedding": 4, "batch": 4, "bptt": 16, "max_steps": 2, "evaluations": 1}


def trained(run: Run, data: str, stdin: str = "") -> str:
    """Train on data, and return all that was printed, notes first."""
    done = run("train", "language", data, "-o", "m.anaphora", "--max-steps", "2", *TINY, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path / "t.txt"


def test_check_says_first_how_the_data_were_read(run: Run, text: Path) -> None:
    assert run("check", "language", "t.txt", *TINY).stdout.splitlines()[:2] == ["info     taken  t.txt", f"    {SAID}"]
    found = json.loads(run("check", "language", "t.txt", "--json", *TINY).stdout)["findings"]
    assert [finding["code"] for finding in found].index("taken") == 0
    assert found[0]["figures"] == {
        "files": ["t.txt"], "layout": f"plain text of {len(TEXT):,} characters", "encoding": "utf-8", "rows": LINES,
        "unit": "line", "roles": {}, "left_out": {},
    }  # fmt: skip


def test_train_says_it_first_and_keeps_it_in_the_records_and_in_the_model(run: Run, text: Path) -> None:
    assert trained(run, "-", TEXT).splitlines()[0] == f"note: read standard input: {SAID}"
    assert f"data      standard input: {SAID}" in run("runs", "show", "m.run").stdout.splitlines()
    assert SAID in (text.parent / "m.run" / "report.html").read_text(encoding="utf-8")
    assert ["data", *SAID.split()] in [line.split() for line in run("verify", "m.anaphora").stdout.splitlines()]


def test_it_is_said_before_data_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("word\nword", encoding="utf-8")
    (tmp_path / "u.txt").write_text("word", encoding="utf-8")
    done = run("train", "language", "t.txt", "--valid", "u.txt", *TINY)
    assert done.returncode == 3
    said = "3 lines, plain text of 13 characters in 2 files, utf-8. text: 't.txt'; held out: 'u.txt'."
    assert done.stderr.splitlines()[0] == f"note: read t.txt and u.txt: {said}"


def test_python_has_it_in_the_findings_in_the_report_and_in_the_card(text: Path) -> None:
    read = Taken((str(text),), f"plain text of {len(TEXT):,} characters", "utf-8", LINES, "line")
    (first, *_) = anaphora.check("language", text, **SMALL)
    assert (first.code, first.figures) == ("taken", read.as_json())
    model = anaphora.train("language", text, **SMALL)
    assert model.report.taken == read
    assert model.card["taken"] == {**read.as_json(), "files": ["t.txt"]}
    in_memory = anaphora.train("language", TEXT, **SMALL)
    assert in_memory.report.taken == Taken((), read.layout, "", LINES, "line")


def test_a_warning_of_the_check_is_a_warning_of_python_at_the_line_of_the_caller(run: Run, text: Path) -> None:
    found = anaphora.check("language", text, **SMALL)
    expected = [each.in_one_line() for each in found if each.code.startswith("duplicate")]
    assert len(expected) == 2
    with pytest.warns(DataWarning) as seen:
        model = anaphora.train("language", text, **SMALL)
    assert [str(each.message) for each in seen] == expected
    assert {(each.filename, each.category) for each in seen} == {(__file__, DataWarning)}
    assert list(model.report.notes[: len(expected)]) == expected


def test_an_estimator_warns_its_caller(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="few-held-out") as seen:
        anaphora.SequenceClassifier(hidden=4, max_steps=2).fit(["good", "bad"] * 20, ["a", "b"] * 20)
    assert {each.filename for each in seen} == {__file__}


def test_a_program_may_turn_the_warnings_into_errors(text: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        with pytest.raises(DataWarning, match="duplicate an earlier line"):
            anaphora.train("language", text, **SMALL)


def test_the_command_says_each_warning_once(run: Run, text: Path) -> None:
    assert trained(run, "t.txt").count("duplicate an earlier line") == 1
    log = (text.parent / "m.run" / "metrics.jsonl").read_text(encoding="utf-8")
    assert log.count("duplicate an earlier line") == 1


def test_eval_and_run_say_how_pairs_were_read_if_training_read_them_in_another_way(run: Run, tmp_path: Path) -> None:
    pairs = [("ja", "yes"), ("nein", "no"), ("Mann", "man"), ("Hund", "dog"), ("Haus", "house"), ("Maus", "mouse")] * 3
    for name, at in (("a.de", 0), ("a.en", 1)):
        (tmp_path / name).write_text("".join(f"{pair[at]}\n" for pair in pairs), encoding="utf-8")
    (tmp_path / "b.tsv").write_text("".join(f"7\t{de}\t8\t{en}\n" for de, en in pairs[:2]), encoding="utf-8")
    options = ["--units", "char", "--hidden", "8", "--embedding", "8", "--max-steps", "2"]
    done = run("train", "translate", "a.de", "a.en", "-o", "m.anaphora", *options)
    said = "18 pairs, two parallel files, utf-8. source: 'a.de'; target: 'a.en'."
    assert done.stderr.splitlines()[0] == f"note: read a.de and a.en: {said}"
    for words in (["eval", "m.anaphora", "a.de", "a.en"], ["run", "m.anaphora", "a.de"]):
        assert "note: read" not in run(*words).stderr
    left_out = "Not read: '1' (a number in every row), '3' (a number in every row)."
    same = f"2 pairs, TSV, no line of names, utf-8. source: '2'; target: '4'. {left_out}"
    assert run("eval", "m.anaphora", "b.tsv").stderr.splitlines() == [f"note: read b.tsv: {same}"]
    ran = run("run", "m.anaphora", "b.tsv")
    assert ran.stderr.splitlines()[0] == "note: read 'b.tsv': TSV, no line of names; source: '2'."
    assert len(ran.stdout.splitlines()) == 2
