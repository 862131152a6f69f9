"""`anaphora tune`: a table of trials, the best settings as a file, a search that is stopped and gone on with."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from program import TEXT, TINY, Run, failed

OLD = Path(__file__).resolve().parent.parent / "frozen" / "old"
SHORT = [
    *TINY,
    "--max-steps",
    "12",
    "--minutes",
    "3",
    "--option",
    "training.learning_rate",
    "--option",
    "model.cell=gru,rnn",
]


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    return "t.txt"


def test_trials_the_best_settings_and_more_trials(run: Run, tmp_path: Path, text: str) -> None:
    done = run("tune", "language", text, *SHORT, "--trials", "3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["trial", "state", "validation", "loss", "time", "learning_rate", "cell"]
    losses = [float(line.split()[2]) for line in lines[1:4]]
    assert losses == sorted(losses)
    assert lines[-2:] == [
        "best config  tune.run/best.toml",
        "train with   anaphora train language t.txt --config tune.run/best.toml --minutes 3",
    ]
    more = run("tune", "language", text, *SHORT, "--trials", "5", "--json")
    trials = [json.loads(line) for line in more.stdout.splitlines()]
    assert [trial["number"] for trial in trials] == [0, 1, 2, 3, 4]
    finished = [trial for trial in trials if trial["state"] == "finished"]
    assert f"{finished[0]['loss']:.4f}" in done.stdout
    best = min(finished, key=lambda trial: trial["loss"])
    settings = run("config", "language", "--config", "tune.run/best.toml").stdout
    assert f'cell = "{best["values"]["model.cell"]}"' in settings
    assert f"learning_rate = {best['values']['training.learning_rate']!r}" in settings
    listed = [json.loads(line) for line in run("runs", "tune.run", "--json").stdout.splitlines()]
    assert sorted(each["run"] for each in listed) == [f"tune.run/trials/{number:04}" for number in range(5)]
    other = run("tune", "language", text, "--hidden", "13", *SHORT[2:])
    failed(other, 2, "tune.run holds another search: its settings differ")


def test_a_field_is_either_set_or_searched(run: Run, tmp_path: Path, text: str) -> None:
    words = ("tune", "language", text, "--minutes", "1", "--hidden", "64")
    done = run(*words, "--option", "model.hidden=32..128")
    failed(
        done, 2, "--option model.hidden: the command also sets this field", "Remove --option model.hidden or --hidden"
    )
    assert [path.name for path in tmp_path.iterdir()] == [text]


def test_two_processes_at_once(run: Run, tmp_path: Path, text: str) -> None:
    done = run("tune", "language", text, *SHORT, "--trials", "6", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    trials = [json.loads(line) for line in done.stdout.splitlines()]
    assert 6 <= len(trials) <= 7  # the two may begin the last one together
    assert {trial["state"] for trial in trials} <= {"finished", "pruned"}
    assert (tmp_path / "tune.run" / "job-2.txt").is_file()


def test_ctrl_c_keeps_finished_trials(tmp_path: Path, quiet_environment: dict[str, str], text: str) -> None:
    words = ["tune", "language", text, *TINY, "--minutes", "30", "--trials", "600"]
    environment = {**quiet_environment, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "anaphora", *words], cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stderr is not None
        for line in child.stderr:
            if "trial 0:" in line:
                break
        child.send_signal(signal.SIGINT)
        shown, said = child.communicate()
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert "kept in tune.run. The same command continues the search." in said
    assert shown.splitlines()[1].split()[1] == "finished"
    assert (tmp_path / "tune.run" / "best.toml").is_file()


def test_a_searched_field_without_effect_on_the_data_is_refused(run: Run, tmp_path: Path) -> None:
    rows = [f"{number},{step},{number % 2}" for number in range(20) for step in range(3)]
    (tmp_path / "s.csv").write_text("\n".join(["id,x,label", *rows, ""]), encoding="utf-8")
    done = run("tune", "classify", "s.csv", "--id", "id", "--minutes", "0.1", "--option", "model.embedding=8,16")
    failed(done, 2, "--embedding has no effect on series, which these data are")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--minutes", "1", "--option", "model.hiden"], "no field 'model.hiden'. Did you mean model.hidden?"),
        (["--minutes", "1", "--option", "training.epochs=1..3"], "all trials have the same length"),
        (["--minutes", "1", "--option", "training.folds=2..3"], "folds cannot be searched"),
        (["--minutes", "1", "--folds", "3"], "--folds 3 has no effect on a search"),
        ([], "tune needs a time limit: --minutes 30."),
        (["--minutes", "1", "--batch", "4000"], "Add text"),
    ],
)
def test_what_is_refused(run: Run, text: str, words: list[str], said: str) -> None:
    done = run("tune", "language", text, *words)
    failed(done, 3 if "--batch" in words else 2, said)


def test_a_search_of_an_earlier_version_goes_on(run: Run, tmp_path: Path) -> None:
    shutil.copy(OLD / "spans.conll", tmp_path)
    shutil.copytree(OLD / "tune-tag.run", tmp_path / "tune.run")
    same = ["--minutes", "0.3", "--trials", "1", "--embedding", "6", "--character-embedding", "4", "--hidden", "5"]
    same += ["--character-hidden", "3", "--batch", "8", "--option", "model.characters"]
    fields = ["--option", "model.dropout=0..0.5"]
    done = run("tune", "tag", "spans.conll", *same, "--seed", "3", *fields, "--json")
    assert done.returncode == 0, done.stderr
    (trial,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (trial["state"], trial["loss"]) == ("finished", 1.0380622773439998)
    assert trial["values"] == {"model.characters": "recurrent", "model.dropout": 0.3}
    best = run("config", "tag", "--config", "tune.run/best.toml").stdout
    assert 'characters = "recurrent"' in best
    assert "seed = 3" in best
    failed(run("tune", "tag", "spans.conll", *same, "--seed", "4", *fields), 2, "its data and settings and seed differ")
    failed(run("tune", "tag", "spans.conll", *same, "--seed", "3"), 2, "its fields differ")
