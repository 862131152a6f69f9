"""``anaphora check``: what it prints, its exit code, and that it needs neither torch nor a terminal."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.bundle import spec
from anaphora.checks import cost as estimate
from anaphora.checks import examine, trial
from anaphora.config import Training
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.settings import LanguageConfig
from bad.planted import GOOD, text, with_bytes
from program import TINY, Run, failed

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = ("check", "language", "a.txt", *TINY)


def test_good_data(run: Run, python: Path | str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD * 2))
    done = run(*WORDS, "--valid", "0.5", "--minutes", "2", python=python)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert [line.split()[1] for line in told if line.startswith(("error", "warning", "info"))] == [
        "taken", "duplicate-across", "lengths", "lengths", "units", "vocabulary", "memory", "time", "disk",
    ]  # fmt: skip
    assert told[-2] == "0 errors, 1 warning. You can train on these data."
    assert told[-1].startswith("Next: anaphora train language a.txt --valid 0.5 --embedding 6 --hidden 12")


def test_bad_data(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(with_bytes(GOOD, {17: "déjà".encode("cp1252")}))
    (tmp_path / "b.txt").write_bytes(b"")
    done = run(*WORDS, "b.txt", "none.txt")
    assert (done.returncode, done.stderr) == (3, "")
    assert "error    mixed-encoding  a.txt: line 17\n" in done.stdout
    assert "error    empty-file  b.txt\n" in done.stdout
    assert "error    no-file  none.txt\n" in done.stdout
    assert done.stdout.endswith("\n3 errors, 0 warnings. Training refuses data with errors.\n")


def test_the_next_command_names_preset_config_and_output(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD * 2))
    (tmp_path / "c.toml").write_text("[training]\nclip = 0.9\n", encoding="utf-8")
    done = run("check", "language", "a.txt", "--preset", "small", "--config", "c.toml", "-o", "my model", "--bptt", "8")
    words = "a.txt --preset small --config c.toml -o 'my model' --bptt 8"
    assert done.stdout.splitlines()[-1] == f"Next: anaphora train language {words}"


def test_wrong_usage_prints_json_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    done = run("check", "language", "a.txt", "--encoding", "utf8x", "--json")
    failed(done, 2, "There is no text encoding 'utf8x'")
    facts = json.loads(done.stdout)
    assert (facts["errors"], facts["findings"][0]["code"]) == (1, "unreadable")
    assert facts["findings"][0]["message"].startswith("There is no text encoding 'utf8x'")


def test_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    done = run(*WORDS, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["task"], told["data"], told["errors"]) == (0, "language", ["a.txt"], 0)
    figures = {each["code"]: each["figures"] for each in told["findings"]}
    assert figures["units"]["train"] + figures["units"]["held_out"] == len(text(GOOD).decode())
    assert figures["time"]["batches"] == -(-(figures["units"]["train"] // 4) // 16)
    (tmp_path / "a.txt").write_bytes(b"a\0b")
    done = run(*WORDS, "--json")
    (only,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, only["code"], only["rows"]) == (3, "binary", [{"file": "a.txt", "line": 1}])


def test_standard_input(run: Run) -> None:
    done = run("check", "language", "-", *TINY, stdin=text(GOOD))
    assert done.returncode == 0
    assert "the training part: standard input line " in done.stdout
    done = run("check", "language", "-", *TINY, stdin=b"caf\xe9\n" * 400)
    assert done.returncode == 3
    assert "error    unreadable  the data\n    Standard input is not utf-8 text: at byte 3, line 1" in done.stdout
    assert "add --encoding cp1252." in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "langauge", "a"], ["Did you mean 'language'?"]),
        (["check", "language"], ["Missing argument 'TEXT...'", "anaphora check language --help"]),
        (["check", "language", "a", "--jsn"], ["Did you mean --json?"]),
        (["check", "language", "a", "—json"], ["begins with an em dash", "Did you mean --json?"]),
        (["check", "language", "a.txt", "--valid", "7"], ["between 0 and 1; it was given 7.0"]),
        (["check", "language", "a.txt", "--encoding", "utf8x"], ["There is no text encoding 'utf8x'"]),
    ],
)
def test_wrong_words_are_usage_errors(run: Run, tmp_path: Path, words: list[str], expected: list[str]) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    failed(run(*words), 2, *expected)


def test_a_reader_that_goes_away(tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    words = f"{sys.executable} -m anaphora check language a.txt --preset small --batch 2 --bptt 8 | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words}"],
        cwd=tmp_path,
        env=quiet_environment,
        capture_output=True,
        check=False,
    )
    assert done.stdout.count(b"\n") == 1
    assert (done.returncode in (0, 141), done.stderr) == (True, b"")


# Estimates


def load(tree: spec.Block, **changes: Any) -> examine.Load:
    return examine.Load(**{"tree": tree, "rows": 3, "steps": 5, "batches": 7, "data_bytes": 1000, **changes})


def small(cell: str = "lstm", layers: int = 1) -> spec.Block:
    values = {"model": {"cell": cell, "layers": layers, "embedding": 4, "hidden": 6, "embedding_dropout": 0.0}}
    return specification(LanguageConfig.model_validate(values), 11)


def test_memory_is_weights_and_lines() -> None:
    weights = 4 * (11 * 4 + 4 * 6 * (4 + 6) + 8 * 6 + 11 * 6 + 11)
    told = {each.code: each for each in estimate.findings(load(small()), Training(), Path())}
    # A line keeps its embedding, h and 5·H of the walk, a masked copy and the mask, logits, log p and its gradient.
    line = 4 * 4 + 4 * (6 + 5 * 6) + 5 * 6 + 3 * 4 * 11
    memory = told["memory"].figures
    assert memory["weights_bytes"] == weights
    assert memory["batch_bytes"] == 15 * line
    assert memory["bytes"] == estimate.PROGRAM_BYTES + 1000 + estimate.COPIES * weights + 15 * line
    more = estimate.findings(load(small(), scored_lines=10**6), Training(average=0.5), Path())[0].figures
    assert more["batch_bytes"] == 10**6 * 4 * (4 + 6 + 11)
    assert more["bytes"] - more["batch_bytes"] == memory["bytes"] - memory["batch_bytes"] + weights


@pytest.mark.parametrize("kind", list(spec.KINDS))
def test_every_kind_of_block_has_an_estimate(kind: str) -> None:
    tree = spec.check(spec.KINDS[kind].example)
    cost, double = estimate.of_batch(load(tree)), estimate.of_batch(load(tree, rows=6))
    assert cost.seconds > 0  # measured
    assert (double.kept, double.scored) == (2 * cost.kept, cost.scored)
    assert cost.kept > 0


def translator() -> spec.Block:
    """Five parts, whose memory is 4 wide, whose queries 6."""

    def reading(part: str, table: str, vocabulary: int, hidden: int) -> spec.Block:
        return {
            "kind": "stack", "name": part,
            "blocks": [
                {"kind": "embedding", "name": table, "vocabulary": vocabulary, "size": 5},
                {"kind": "lstm", "name": f"{part}_walk", "input_size": 5, "hidden_size": hidden},
            ],
        }  # fmt: skip

    narrow = {"kind": "linear", "name": "narrow", "input_size": 10, "output_size": 5}
    parts = [
        reading("encoder", "source", 11, 4),
        reading("decoder", "target", 7, 6),
        {"kind": "cross_attention", "name": "attention", "query_size": 6, "memory_size": 4},
        {"kind": "stack", "name": "readout", "input_size": 10, "blocks": [narrow]},
        {"kind": "shared_output", "name": "output", "embedding": "target"},
    ]
    return spec.check({"kind": "parts", "name": "model", "parts": parts})


def test_parts_see_rows_and_steps_of_their_own() -> None:
    made = load(translator(), parts={"encoder": (3, 8)})
    # Lines keep embeddings, h and 5·H of each walk; 8 scores and weights, c and W m; 5 entries; logits, log p, dlog p.
    read, written = 4 * (5 + 6 * 4), 4 * (5 + 6 * 6) + 4 * (2 * 8 + 4 + 6) + 4 * 5 + 3 * 4 * 7
    assert estimate.of_batch(made).kept == 3 * 8 * read + 3 * 5 * written
    longer = load(translator(), parts={"encoder": (3, 80)})
    assert estimate.of_batch(longer).kept == 3 * 80 * read + 3 * 5 * (written + 4 * 2 * 72)


def test_after_pooling_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "seconds_of_product", lambda entering, leaving: 1000.0 * entering * leaving)
    cost = estimate.of_batch(load(spec.check(spec.KINDS["pooling"].example)))
    # 15 lines are embedded and pooled, 5 wide; 3 rows reach the output, 3 wide, and the loss.
    assert cost.kept == 15 * (4 * 5 + 4 * 5) + 3 * 3 * 4 * 3
    assert cost.seconds == pytest.approx(3 * 1000 * 5 * 3, rel=1e-3)


@pytest.mark.parametrize("once", [0.0, 0.3])
def test_a_long_walk_is_foreseen_from_two_short_ones(once: float, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def walk(cell: str, entering: int, H: int, P: int, rows: int, steps: int) -> int:
        tried.append(steps)
        return steps

    monkeypatch.setattr(trial, "layer_trial", walk)
    monkeypatch.setattr(trial, "best", lambda steps: once + 0.25 * steps)
    monkeypatch.setattr(trial, "OPERATIONS", 6 * 2 * 12 * 7 * 4)
    assert trial.seconds_of_layer("gru", 3, 4, 4, 2, 50) == pytest.approx(once + 0.25 * 50)
    assert trial.seconds_of_layer("gru", 3, 4, 4, 2, 2) == pytest.approx(once + 0.25 * 2)
    assert tried == [4, 8, 2]


def test_what_does_not_fit_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(estimate, "available_memory", lambda: 10**6)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=1000))
    told = {each.code: each for each in estimate.findings(load(small()), Training(), tmp_path / "not" / "there")}
    assert (told["memory-short"].severity, told["disk-full"].severity) == ("warning", "error")
    assert "1 MB are free on this machine" in told["memory-short"].message
    assert "1 kB are free" in told["disk-full"].message
    assert "-o" in told["disk-full"].remedy


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"minutes": 2.0}, "2 minutes are enough for up to 60.0 epochs."),
        ({"minutes": 1.0}, "1 minute is enough for up to 30.0 epochs."),
        ({"max_steps": 70}, "70 steps take about 20.0 s."),
        ({"max_steps": 1}, "1 step takes about 0.3 s."),
        ({"epochs": 1.0}, "1 epoch takes about 2.0 s; --minutes limits the time."),
        ({"epochs": 3.0}, "3 epochs take about 6.0 s; --minutes limits the time."),
        ({"epochs": 60.0}, "60 epochs take about 2:00; --minutes limits the time."),
        ({}, "10 epochs take about 20.0 s; --minutes limits the time."),
    ],
)
def test_how_long_it_takes_is_said_in_the_words_of_the_config(settings: dict[str, Any], said: str) -> None:
    finding = estimate._time(2.0, load(small()), Training(**settings))
    assert finding.message.startswith("One epoch of 7 batches takes about 2.0 s")
    assert finding.message.endswith(said)


def test_epochs_that_a_task_takes_by_the_amount_of_data_are_the_ones_foretold() -> None:
    foreseen = dataclasses.replace(load(small()), epochs=33.6, batches=1)
    message = estimate._time(2.0, foreseen, Training()).message
    assert message == (
        "One epoch of 1 batch takes about 2.0 s: an estimate from a short trial of the kernels on this processor under"
        " its present load. 33.6 epochs take about 1:07; --minutes limits the time."
    )
    assert "3 epochs" in estimate._time(2.0, foreseen, Training(epochs=3.0)).message


def test_memory_that_is_free_is_known_here() -> None:
    free = estimate.available_memory()
    assert free is None or free > 0
    assert np.isfinite(trial.seconds_per_byte())


def test_the_benchmark_sets_estimates_beside_what_they_are_of(
    tmp_path: Path, quiet_environment: dict[str, str]
) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    program = ROOT / "benchmarks" / "estimate.py"
    words = ["a.txt", "--json", "out.json", "--networks", f"--preset small {' '.join(TINY[:-2])}"]
    done = subprocess.run(
        [sys.executable, program, *words],
        cwd=tmp_path,
        env=quiet_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert row["estimated_step"] > 0 < row["step"]
    assert 0.3 < row["estimated_peak"] / row["peak"] < 3
