"""The program as a person meets it: real processes, and the words they print."""

from __future__ import annotations

import errno
import json
import math
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from anaphora import bundle, runtime, spec
from anaphora.baselines import KneserNey
from anaphora.cli import COMMANDS, main
from anaphora.data.vocabulary import Vocabulary
from anaphora.errors import AnaphoraError, CorruptBundle, DataError, Diverged, Interrupted, Terminated, UsageError
from anaphora.tasks.language.scoring import score
from small_models import random_tensors

Run = Callable[..., subprocess.CompletedProcess[str]]

TEXT = "The cat sat on the mat, and the dog sat on the log.\nThe end of it was that the cat and the dog sat.\n" * 40
TINY = ["--hidden", "12", "--layers", "1", "--embedding", "6", "--batch", "4", "--steps", "16", "--evaluations", "2"]


@pytest.fixture
def run(tmp_path: Path, quiet_environment: dict[str, str]) -> Run:
    """Call the program in an empty folder: ``run("eval", "m.anaphora", "-", stdin="text")``."""

    environment = {**quiet_environment, "OMP_NUM_THREADS": "1"}  # tiny networks: torch's threads would only wait

    def call(
        *words: str, stdin: str | bytes = b"", python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        sent = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [python, "-m", "anaphora", *words],
            input=sent,
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


def write_model(
    path: Path, kind: str = "char", text: str = TEXT, seed: int = 5
) -> tuple[Vocabulary, dict[str, object]]:
    """A model with random weights and a real vocabulary, made without torch."""
    vocabulary = Vocabulary.build(kind, text)
    tree = spec.check(
        {
            "kind": "stack",
            "name": "model",
            "blocks": [
                {"kind": "embedding", "name": "embedding", "vocabulary": vocabulary.size, "size": 6},
                {"kind": "lstm", "name": "recurrent", "input_size": 6, "hidden_size": 10},
                {"kind": "linear", "name": "output", "input_size": 10, "output_size": vocabulary.size},
            ],
        }
    )
    config: dict[str, object] = {"version": 1, "task": "language", "model": tree, "units": {"kind": kind}}
    bundle.write(path, {**random_tensors(tree, seed), **vocabulary.tensors()}, config)
    return vocabulary, config


def failed(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The exit code, a message that begins with the program's name and has these words, and no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "anaphora: " in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# Help and mistyped words


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_names_every_command(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}\b", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "language", "--help"], ["run", "--nxt"], ["evla"], ["demo", "—x"]]
)
def test_help_and_usage_errors_import_nothing_heavy(words: list[str], quiet_environment: dict[str, str]) -> None:
    code = (
        f"import sys; sys.argv = ['anaphora', *{words!r}]\nimport anaphora.cli\ncode = anaphora.cli.main()\n"
        "print(code, [m for m in ('torch', 'numpy', 'matplotlib', 'polars') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=quiet_environment, check=True
    )
    assert done.stdout.splitlines()[-1] == ("0 []" if "--help" in words else "2 []")


def test_the_version(run: Run) -> None:
    import anaphora

    assert run("--version").stdout == f"anaphora {anaphora.__version__}\n"


def test_every_knob_is_in_the_help(run: Run) -> None:
    from anaphora.config import knobs
    from anaphora.tasks.language.settings import LanguageConfig

    shown = run("train", "language", "--help").stdout
    for knob in knobs(LanguageConfig):
        assert (knob.short or knob.flag) in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trian"], ["no command 'trian'", "Did you mean 'train'?", "Try: anaphora --help"]),
        (["train", "langage"], ["Did you mean 'language'?", "Try: anaphora train --help"]),
        (["zzz"], ["There are: demo, train, run"]),
        (
            ["run", "m", "--temprature", "1"],
            ["no option '--temprature'", "Did you mean --temperature?", "anaphora run --help"],
        ),
        (["train", "language", "t", "--hiden", "3"], ["Did you mean --hidden?"]),
        (["train", "language", "t", "—minutes", "5"], ["'—minutes' begins with an em dash", "Did you mean --minutes?"]),
        (["train", "language", "t", "–minutes=5"], ["begins with an en dash", "Did you mean --minutes?"]),
        (["train", "language", "t", "—minuts", "5"], ["Did you mean --minutes?"]),
        (["run", "m", "—prompt", "x"], ["Did you mean --prompt?"]),
        (["—help"], ["Did you mean --help?"]),
        (["run"], ["Missing argument 'MODEL'", "Try: anaphora run --help"]),
        (["eval", "m"], ["Missing argument 'TEXT...'"]),
        (["run", "m", "--length", "many"], ["--length", "integer"]),
        (["run", "m", "--length", "-1"], ["--length", "0"]),
        (["run", "m", "--temperature", "-1"], ["temperature", "-1"]),
        (["run", "m", "--top-p", "0"], ["top-p"]),
        (["run", "m", "--top-k", "-4"], ["top-k"]),
        (["run", "m", "x"], ["unexpected extra argument", "x"]),
        (["train", "language", "t", "--preset", "smal"], ["no preset 'smal'", "Did you mean 'small'?"]),
        (["train", "language", "t", "--cell", "lstn"], ["--model.cell", "Did you mean 'lstm'?"]),
        (["train", "language", "t", "--hidden", "many"], ["--model.hidden", "a whole number"]),
        (["train", "language", "t", "--dropout", "1.5"], ["--model.dropout", "1.5"]),
        (["train", "language", "t", "--config", "none.toml"], ["none.toml", "cannot be read"]),
    ],
)
def test_usage_errors(run: Run, words: list[str], expected: list[str]) -> None:
    failed(run(*words), 2, *expected)


def test_a_dash_of_print_in_a_value_is_just_text(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora", "byte")
    done = run("run", "m.anaphora", "--prompt", "— and so", "--length", "0")
    assert (done.returncode, done.stdout) == (0, "— and so\n")


def test_a_config_file_with_a_wrong_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[model]\nhidden = 8\n\n[training]\nbach = 3\n", encoding="utf-8")
    failed(run("train", "language", "t", "--config", "c.toml"), 2, "c.toml, line 5", "no key 'bach'", "'batch'")


# Text that cannot be used


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["'t.txt' does not exist"]),
        (b"", ["'t.txt' is empty"]),
        (b"abc\n" * 50 + b"\0\1\2\3" * 50, ["binary", "line 51"]),
        ("héllo wörld\n".encode("latin-1") * 50, ["byte 1", "line 1", "--encoding"]),
        (b"short text " * 4, ["Bring more text", "--batch"]),
        (b"a" * 5000, ["at least two different"]),
    ],
    ids=["missing", "empty", "binary", "encoding", "short", "one symbol"],
)
def test_text_that_cannot_be_trained_on(run: Run, tmp_path: Path, content: bytes | None, words: list[str]) -> None:
    if content is not None:
        (tmp_path / "t.txt").write_bytes(content)
    failed(run("train", "language", "t.txt", *TINY), 3, *words)
    assert not list(tmp_path.glob("*.anaphora"))


@pytest.mark.parametrize("output", [".", "t.txt/m.anaphora", "/dev/null/m.anaphora"])
def test_an_output_that_cannot_be_written_is_found_before_training(run: Run, tmp_path: Path, output: str) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", output, *TINY)
    failed(done, 2, output)
    assert "step" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]


# Training


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
    assert "The network loses to the n-gram model" in done.stdout
    # Progress goes to standard error as plain lines, one per look at the held-out text.
    assert len(re.findall(r"^step \d+ of 30 .* held-out [\d.]+ nats", done.stderr, re.MULTILINE)) >= 2
    assert "\x1b" not in done.stderr
    names = {path.name for path in (tmp_path / "m.run").iterdir()}
    assert {"config.toml", "metrics.jsonl", "model.anaphora"} <= names

    scored = run("eval", "m.anaphora", "valid.txt", "--json")
    facts = json.loads(scored.stdout)
    assert facts["nats_per_unit"] == pytest.approx(nats, abs=1e-4)
    assert facts["floor_nats"] == pytest.approx(floor, abs=1e-4)  # the very text that was held out: the card knows


def training(tmp_path: Path, environment: dict[str, str], stderr: int) -> subprocess.Popen[bytes]:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    words = ["train", "language", "t.txt", "-o", "m.anaphora", *TINY, "--minutes", "10", "--evaluations", "2000"]
    return subprocess.Popen(
        [sys.executable, "-m", "anaphora", *words],
        cwd=tmp_path,
        env={**environment, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_keeps_its_best(
    tmp_path: Path, quiet_environment: dict[str, str], number: signal.Signals, code: int
) -> None:
    with training(tmp_path, quiet_environment, subprocess.PIPE) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if b"held-out" in line and b"best" in line:
                break
        child.send_signal(number)
        said = child.stderr.read()
    assert child.returncode == code, said.decode()
    assert b"Traceback" not in said
    assert b"m.anaphora" in said
    assert bundle.verify(tmp_path / "m.anaphora").task == "language"


def test_a_terminal_sees_a_bar(tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    with training(tmp_path, {**quiet_environment, "TERM": "xterm", "COLUMNS": "140"}, theirs) as child:
        os.close(theirs)
        seen, stopped = "", False
        while piece := _read(ours):
            seen += piece
            if not stopped and re.search(r"loss \d.*characters/s.*left", seen):
                child.send_signal(signal.SIGINT)
                stopped = True
        os.close(ours)
    assert stopped, seen
    assert child.returncode == 130


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


# Running without torch


@pytest.fixture(params=["this Python", "a Python without torch"])
def python(request: pytest.FixtureRequest) -> Path | str:
    return request.getfixturevalue("bare_python") if "without" in request.param else sys.executable


@pytest.mark.parametrize("kind", ["char", "byte", "word", "subword"])
def test_run_eval_and_verify(run: Run, tmp_path: Path, python: Path | str, kind: str) -> None:
    vocabulary, _ = write_model(tmp_path / "m.anaphora", kind)
    (tmp_path / "t.txt").write_text(TEXT[:600], encoding="utf-8")

    words = ["run", "m.anaphora", "--prompt", "The cat sat", "--length", "25", "--seed", "4"]
    first, second = run(*words, python=python), run(*words, python=python)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.startswith("The cat sat")
    assert "\ufffd" not in first.stdout or kind == "byte"  # the unknown unit is never written

    following = run("run", "m.anaphora", "--prompt", "The cat sat", "--next", "3", python=python)
    assert following.returncode == 0, following.stderr
    probabilities = [float(p) for p in re.findall(r"  (0\.\d{4})", following.stdout)]
    logits = runtime.load(tmp_path / "m.anaphora").session().feed(vocabulary.encode("The cat sat"))[-1]
    expected = np.sort(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum())[::-1][:3]
    np.testing.assert_allclose(probabilities[-3:], expected, atol=1e-4)
    assert ("next word" in following.stdout) == (kind != "subword")

    scored = run("eval", "m.anaphora", "t.txt", "--json", python=python)
    assert scored.returncode == 0, scored.stderr
    facts = json.loads(scored.stdout)
    nats = score(runtime.load(tmp_path / "m.anaphora"), vocabulary.encode(TEXT[:600])).mean()
    assert facts["nats_per_unit"] == pytest.approx(nats, rel=1e-12)
    assert facts["bits_per_unit"] == pytest.approx(nats / math.log(2))
    assert facts["perplexity"] == pytest.approx(math.exp(nats))
    assert facts["floor_nats"] is None
    assert "--floor-from" in facts["floor_note"]

    whole = run("verify", "m.anaphora", python=python)
    assert whole.returncode == 0, whole.stderr
    assert "whole" in whole.stdout


def test_the_floor_from_the_training_text(run: Run, tmp_path: Path) -> None:
    vocabulary, _ = write_model(tmp_path / "m.anaphora")
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "e.txt").write_text(TEXT[30:500], encoding="utf-8")
    facts = json.loads(run("eval", "m.anaphora", "e.txt", "--json", "--floor-from", "t.txt").stdout)
    ngram = KneserNey(7, vocabulary.size).fit(vocabulary.encode(TEXT))
    assert facts["floor_nats"] == pytest.approx(ngram.nats(vocabulary.encode(TEXT[30:500]))[1:].mean())
    assert "n-gram" in run("eval", "m.anaphora", "e.txt", "--floor-from", "t.txt").stdout


def test_prompts_from_lines(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    done = run("run", "m.anaphora", "--prompt", "-", "--seed", "1", "--length", "30", stdin="The cat\nthe dog\n\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3  # one line in, one line out
    assert lines[0].startswith("The cat")
    assert lines[1].startswith("the dog")
    tables = run("run", "m.anaphora", "--prompt", "-", "--next", "2", stdin="The cat\nthe dog\n").stdout
    assert re.findall(r"^after (.*)$", tables, re.MULTILINE) == ["'The cat'", "'the dog'"]
    failed(run("run", "m.anaphora", "--prompt", "-", stdin=b"The cat\ncaf\xe9\n"), 3, "Line 2", "0xe9", "iconv")


def test_a_prompt_with_unknown_symbols(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    failed(run("run", "m.anaphora", "--prompt", "The ☃ sat"), 3, "'☃'", "character 5", "Remove or replace")
    write_model(tmp_path / "w.anaphora", "word")
    failed(run("run", "w.anaphora", "--prompt", "The cot sat"), 3, "'cot'", "character 5", "'cat'")


def test_names_for_white_space(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora", text="a \n" * 400)
    shown = run("run", "m.anaphora", "--prompt", "a", "--next", "4").stdout
    for name in ("space", "newline", "(unknown)"):
        assert re.search(rf"^{re.escape(name)} +0\.", shown, re.MULTILINE), shown
    write_model(tmp_path / "w.anaphora", "word")
    assert re.search(r"^␣cat +0\.", run("run", "w.anaphora", "--prompt", "The", "--next", "99").stdout, re.MULTILINE)


def test_a_reader_that_goes_away(run: Run, tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    write_model(tmp_path / "m.anaphora")
    words = [sys.executable, "-m", "anaphora", "run", "m.anaphora", "--length", "100000", "--prompt", "The"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=tmp_path, env=quiet_environment, stdout=pipe, stderr=pipe) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_standard_output_on_a_full_disk(tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    write_model(tmp_path / "m.anaphora")
    with open("/dev/full", "w", encoding="utf-8") as full:
        words = [sys.executable, "-m", "anaphora", "verify", "m.anaphora"]
        done = subprocess.run(
            words, cwd=tmp_path, env=quiet_environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    failed(done, 1, "No space left on device", "Free some space")


# Model files that cannot be used


@pytest.mark.parametrize("command", [["verify"], ["run"], ["eval"]])
def test_a_damaged_model(run: Run, tmp_path: Path, command: list[str]) -> None:
    write_model(tmp_path / "m.anaphora")
    raw = bytearray((tmp_path / "m.anaphora").read_bytes())
    raw[-5] ^= 1
    (tmp_path / "m.anaphora").write_bytes(raw)
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    more = ["t.txt"] if command == ["eval"] else []
    failed(run(*command, "m.anaphora", *more), 5, "m.anaphora", "damaged", "SHA-256")


@pytest.mark.parametrize("command", ["verify", "run"])
def test_a_newer_model(run: Run, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    monkeypatch.setattr(bundle, "VERSION", 2)
    (tmp_path / "m.anaphora").write_bytes(bundle.to_bytes(opened.tensors, {**opened.config, "version": 2}))
    failed(run(command, "m.anaphora"), 5, "newer anaphora", "pip install -U anaphora")


def test_something_else_is_no_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.anaphora").write_text(TEXT, encoding="utf-8")
    failed(run("run", "m.anaphora", "--prompt", "x"), 5, "m.anaphora")
    failed(run("run", "none.anaphora", "--prompt", "x"), 3, "none.anaphora", "No such file")


def test_a_model_of_another_task(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    bundle.write(tmp_path / "m.anaphora", opened.tensors, {**opened.config, "task": "juggling"})
    failed(run("run", "m.anaphora", "--prompt", "x"), 5, "'juggling'")


def test_verify_as_json(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    facts = json.loads(run("verify", "m.anaphora", "--json").stdout)
    assert facts["sha256"] == bundle.verify(tmp_path / "m.anaphora").sha256
    assert facts["parameters"] == sum(math.prod(shape) for shape in spec.tensors(facts["config"]["model"]).values())


def test_a_card_cannot_draw_on_the_screen(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    card = {"sources": ["a\x1b[2Jb.txt"], "floor": {"nats_per_unit": 1.5}, "steps": 12345}
    bundle.write(tmp_path / "m.anaphora", opened.tensors, {**opened.config, "card": card})
    shown = run("verify", "m.anaphora").stdout
    assert "\x1b" not in shown
    assert re.search(r"^  sources +a\\x1b\[2Jb.txt$", shown, re.MULTILINE)
    assert re.search(r"^  floor.nats_per_unit +1.5$", shown, re.MULTILINE)
    assert re.search(r"^  steps +12,345$", shown, re.MULTILINE)


# What nobody foresaw


def test_closed_streams(run: Run, tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    write_model(tmp_path / "m.anaphora")
    words = f"{sys.executable} -m anaphora run m.anaphora --length 5 >&- 2>&-"
    done = subprocess.run(words, shell=True, cwd=tmp_path, env=quiet_environment, check=False)
    assert done.returncode == 0


def test_a_terminal_that_knows_no_unicode(tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    write_model(tmp_path / "m.anaphora", text="naïve café " * 50)
    words = [sys.executable, "-m", "anaphora", "run", "m.anaphora", "--prompt", "café", "--length", "0"]
    environment = {**quiet_environment, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"caf\\xe9\n")


@pytest.mark.parametrize("error", [UsageError, DataError, Diverged, CorruptBundle, Interrupted, Terminated])
def test_every_error_has_its_exit_code(
    error: type[AnaphoraError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: str) -> None:
        raise error("what was expected, and what to do.")

    monkeypatch.setattr(bundle, "verify", broken)
    codes = {UsageError: 2, DataError: 3, Diverged: 4, CorruptBundle: 5, Interrupted: 130, Terminated: 143}
    assert main(["verify", "m"]) == codes[error]
    assert capsys.readouterr().err == "anaphora: what was expected, and what to do.\n"


def test_a_mistake_of_ours_keeps_its_traceback(quiet_environment: dict[str, str]) -> None:
    code = (
        "import sys, anaphora.bundle, anaphora.cli\n"
        "def broken(path): raise RuntimeError('no one foresaw this')\n"
        "anaphora.bundle.verify = broken\n"
        "sys.exit(anaphora.cli.main(['verify', 'm']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=quiet_environment, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: no one foresaw this" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("anaphora: a mistake in anaphora, not yours. Please report")


# Doctor and demo


def test_doctor(run: Run, python: Path | str) -> None:
    done = run("doctor", python=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("All is well.\n")
    for title in ("anaphora", "python", "instructions", "threads", "numpy"):
        assert re.search(rf"^{title} +\S", done.stdout, re.MULTILINE)
    if python == sys.executable:
        assert re.search(r"^cpu float32 +anaphora's kernels$", done.stdout, re.MULTILINE)
        assert re.search(r"^cpu float64 +torch's own operation$", done.stdout, re.MULTILINE)
        assert re.search(r"learns what stood 2 steps ago: 2\.\d+ nats before, 0\.\d+ after", done.stdout)
    else:
        assert re.search(r"^torch +not installed$", done.stdout, re.MULTILINE)


def test_demo(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("pydoc_data.topics", "n-gram", "next word", "next character", "anaphora run demo.anaphora", "⠀"):
        assert shown in done.stdout
    assert (tmp_path / "demo.run" / "curve.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "demo.run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "demo.anaphora: whole" in run("verify", "demo.anaphora").stdout
