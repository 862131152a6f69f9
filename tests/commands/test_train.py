"""Training from the command line: what is refused before it, what is said during it, what is kept when it is
stopped.
"""

from __future__ import annotations

import errno
import json
import math
import os
import pty
import re
import signal
from pathlib import Path

import pytest

from anaphora import bundle
from program import TEXT, TINY, Run, failed
from warm import Call, Warm


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["'t.txt' does not exist"]),
        (b"", ["empty-file  t.txt", "add text to it"]),
        (b"abc\n" * 50 + b"\0\1\2\3" * 50, ["binary", "line 51"]),
        ("héllo wörld\n".encode("latin-1") * 50, ["byte 1", "line 1", "--encoding"]),
        (b"short text " * 4, ["Add text", "--batch"]),
        (b"a" * 5000, ["at least two different"]),
    ],
    ids=["missing", "empty", "binary", "encoding", "short", "one symbol"],
)
def test_text_that_cannot_be_trained_on(run: Run, tmp_path: Path, content: bytes | None, words: list[str]) -> None:
    if content is not None:
        (tmp_path / "t.txt").write_bytes(content)
    failed(run("train", "language", "t.txt", *TINY), 3, *words)
    assert not list(tmp_path.glob("*.anaphora"))


@pytest.mark.parametrize("output", [".", "t.txt", "t.txt/m.anaphora", "/dev/null/m.anaphora"])
def test_an_output_that_cannot_be_written_is_found_before_training(run: Run, tmp_path: Path, output: str) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", output, *TINY)
    failed(done, 2, output)
    assert "step" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]


def test_trains_and_reports(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "valid.txt").write_text(TEXT[:700], encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", "m.anaphora", "--valid", "valid.txt", *TINY, "--max-steps", "30")
    assert done.returncode == 0, done.stderr
    shown = re.search(
        r"network  ([\d.]+) nats  ([\d.]+) bits  perplexity ([\d.]+)\n  n-gram   ([\d.]+) nats", done.stdout
    )
    assert shown, done.stdout
    nats, bits, perplexity, floor = map(float, shown.groups())
    assert bits == pytest.approx(nats / math.log(2), abs=1e-3)
    assert perplexity == pytest.approx(math.exp(nats), rel=1e-3)
    assert "On the held-out part, the network is worse than the n-gram model: nats per character" in done.stdout
    # Progress goes to standard error as plain lines, one per validation.
    assert re.findall(r"^Step (\d+) of 30 .* validation loss [\d.]+ nats", done.stderr, re.MULTILINE) == ["15", "30"]
    assert "\x1b" not in done.stderr
    names = {path.name for path in (tmp_path / "m.run").iterdir()}
    assert names == {"checkpoints", "config.toml", "metrics.jsonl", "model.anaphora", "report.html", "run.json"}

    scored = run("eval", "m.anaphora", "valid.txt", "--json")
    facts = json.loads(scored.stdout)
    assert facts["nats_per_unit"] == pytest.approx(nats, abs=1e-4)
    assert facts["baseline_nats"] == pytest.approx(floor, abs=1e-4)  # the very text that was held out: the card knows


LONG = ["train", "language", "t.txt", "-o", "m.anaphora", *TINY[:-2], "--minutes", "10", "--evaluations", "2000"]


def training(warm: Warm, tmp_path: Path, stderr: int, **environment: str) -> Call:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    with open(os.devnull, "r+b") as nowhere:
        call = warm.begin(LONG, tmp_path, nowhere.fileno(), nowhere.fileno(), stderr, **environment)
    os.close(stderr)
    return call


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_keeps_its_best(tmp_path: Path, warm: Warm, number: signal.Signals, code: int) -> None:
    reader, writer = os.pipe()
    call = training(warm, tmp_path, writer)
    with open(reader, "rb") as err:
        for line in err:
            if b"validation" in line and b"best" in line:
                break
        os.kill(call.pid, number)
        said = err.read()
    assert call.wait() == code, said.decode()
    assert b"Traceback" not in said
    assert b"m.anaphora" in said
    assert bundle.verify(tmp_path / "m.anaphora").task == "language"


def test_a_terminal_sees_a_bar(tmp_path: Path, warm: Warm) -> None:
    ours, theirs = pty.openpty()
    call = training(warm, tmp_path, theirs, TERM="xterm", COLUMNS="140")
    seen, stopped = "", False
    while piece := _read(ours):
        seen += piece
        if not stopped and re.search(r"loss \d.*characters/s.*left", seen):
            os.kill(call.pid, signal.SIGINT)
            stopped = True
    os.close(ours)
    assert call.wait() == 130
    assert stopped, seen


def _read(terminal: int) -> str:
    """What a terminal shows next; nothing once the program has left it."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return ""


def test_training_without_torch_says_how_to_get_it(run: Run, tmp_path: Path, bare_python: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    for words in (["train", "language", "t.txt"], ["demo"]):
        failed(run(*words, python=bare_python), 2, "torch", 'pip install "anaphora[train]"')
