"""Help, mistyped words, and streams that misbehave: the program as a person meets it first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from anaphora import bundle
from anaphora.cli import COMMANDS, main
from anaphora.errors import AnaphoraError, CorruptBundle, DataError, Diverged, Interrupted, Terminated, UsageError
from program import Run, failed, write_model


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_begins_as_a_process_of_its_own(command: str, quiet_environment: dict[str, str]) -> None:
    """The other tests call the program in forks of one process, in which everything is imported already."""
    words = [sys.executable, "-X", "importtime", "-m", "anaphora", command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, env=quiet_environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.lstrip().startswith(f"Usage: anaphora {command}")
    imported = set(re.findall(r"^import time: .* \| +(\S+)$", done.stderr, re.MULTILINE))
    assert "anaphora.cli" in imported
    assert not imported & {"torch", "matplotlib", "polars"}


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


def test_every_field_is_in_the_help(run: Run) -> None:
    from anaphora.config import config_fields
    from anaphora.tasks.language.settings import LanguageConfig

    shown = run("train", "language", "--help").stdout
    for field in config_fields(LanguageConfig):
        assert (field.short or field.flag) in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trian"], ["no command 'trian'", "Did you mean 'train'?", "Try: anaphora --help"]),
        (["train", "langage"], ["Did you mean 'language'?", "Try: anaphora train --help"]),
        (["predict", "m"], ["no command 'predict'", "Did you mean 'run'?"]),
        (["generate"], ["Did you mean 'run'?"]),
        (["test"], ["Did you mean 'eval'?"]),
        (["classify", "a.csv"], ["no command 'classify'. Did you mean 'train classify'?"]),
        (
            ["train", "classify", "a.csv", "--valid", "10%"],
            ["--valid takes a share as a number: write 0.1, not '10%'."],
        ),
        (["train", "tag", "a.conll", "--valid", "0,2"], ["--valid takes a share as a number: write 0.2, not '0,2'."]),
        (["evaluate", "m"], ["Did you mean 'eval'?"]),
        (["train", "ner", "a"], ["no task 'ner'", "Did you mean 'tag'?"]),
        (["train", "language", "t", "--lr", "1"], ["no option '--lr'. Did you mean --learning-rate?"]),
        (["train", "fill", "t", "--epoch=1"], ["no option '--epoch'. Did you mean --epochs?"]),
        (["train", "tag", "t", "--output-dir", "x"], ["Did you mean --run-dir?"]),
        (["demo", "--out", "x"], ["Did you mean --output?"]),
        (["train", "translate", "t", "--length", "9"], ["Did you mean --max-length?"]),
        (["run", "m", "--max_new_tokens", "9"], ["Did you mean --length?"]),
        (["run", "m", "-p", "x"], ["no option '-p'. Did you mean --prompt?"]),
        (["run", "m", "-o", "x"], ["no option '-o'. Standard output has the results: write `> FILE`"]),
        (["eval", "m", "t", "--output=x"], ["write `> FILE` after the command.", "Try: anaphora eval --help"]),
        (["run", "m", "--source", "de"], ["The model reads columns as in training."]),
        (["run", "m", "--no-header"], ["The model reads columns as in training."]),
        (["eval", "m", "t", "--device", "cuda"], ["This command computes on the processor"]),
        (["run", "m", "--probabilities"], ["--json shows probabilities"]),
        (["train", "language", "t", "--label", "x"], ["no option '--label' in", "`anaphora train classify` has it."]),
        (["train", "language", "t", "--crf"], ["`anaphora train tag` has it."]),
        (["train", "tag", "t", "--seed", "1", "--seed=2"], ["--seed is given twice: leave one of them out."]),
        (
            ["tune", "tag", "t", "--hidden", "1", "--model.hidden=2"],
            ["--hidden and --model.hidden set the same option"],
        ),
        (["train", "classify", "t", "--wide", "--no-wide"], ["--wide and --no-wide set the same option"]),
        (["tune", "tag", "t", "--folder", "a", "--run-dir", "b"], ["--folder and --run-dir set the same option"]),
        (["run", "m", "--prompt", "a", "--prompt", "b"], ["--prompt is given twice"]),
        (["check", "tag", "t", "-o", "a", "--output", "b"], ["-o and --output set the same option"]),
        (["config", "tag", "--schema", "--preset", "small"], ["--preset has no effect with --schema"]),
        (["config", "tag", "--schema", "--config", "c.toml"], ["--config has no effect with --schema"]),
        (["config", "tag", "--schema", "--hidden", "3"], ["--model.hidden has no effect with --schema"]),
        (["zzz"], ["There are: demo, init, check, train"]),
        (["train"], ["anaphora train needs a task: language, classify", "Try: anaphora train --help"]),
        (["config"], ["anaphora config needs a task: language, classify", "Try: anaphora config --help"]),
        (["demo", "langauge"], ["no task 'langauge'", "Did you mean 'language'?", "Try: anaphora demo --help"]),
        (["demo", "zzz"], ["no task 'zzz'", "There are: language, classify"]),
        (["demo", "--minutes", "abc"], ["'--minutes': expected a number.", "Try: anaphora demo language --help"]),
        (["demo", "--minutes", "0"], ["'--minutes': expected at least 0.1."]),
        (["demo", "--minutes", "inf"], ["--minutes takes a number, more than 0", "it was given inf"]),
        (["train", "a.txt"], ["no task 'a.txt'", "Name the task before the data: anaphora train language a.txt."]),
        (["train", "language", "t", "--model.units", "char"], ["no option '--model.units'. Did you mean --units?"]),
        (["train", "language", "t", "--model.hiden", "8"], ["no option '--model.hiden'. Did you mean --model.hidden?"]),
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
        (["eval", "m"], ["Missing argument 'DATA...'"]),
        (["run", "m", "--length", "many"], ["--length", "expected a whole number"]),
        (["run", "m", "--length", "-1"], ["--length", "0"]),
        (["run", "m", "--temperature", "-1"], ["temperature", "-1"]),
        (["run", "m", "--top-p", "0"], ["top-p"]),
        (["run", "m", "--top-k", "-4"], ["top-k"]),
        (["run", "m", "x"], ["A language model takes no INPUT. Give the text to continue with --prompt."]),
        (["train", "language", "t", "--preset", "smal"], ["no preset 'smal'", "Did you mean 'small'?"]),
        (["train", "language", "t", "--cell", "lstn"], ["--cell", "Did you mean 'lstm'?"]),
        (["train", "language", "t", "--hidden", "many"], ["--hidden takes a whole number"]),
        (["train", "language", "t", "--dropout", "1.5"], ["--dropout takes", "1.5"]),
        (["train", "language", "t", "--config", "none.toml"], ["none.toml", "cannot be read"]),
    ],
)
def test_usage_errors(run: Run, tmp_path: Path, words: list[str], expected: list[str]) -> None:
    write_model(tmp_path / "m", "char")
    failed(run(*words), 2, *expected)


def test_a_dash_of_print_in_a_value_is_just_text(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora", "byte")
    done = run("run", "m.anaphora", "--prompt", "— and so", "--length", "0")
    assert (done.returncode, done.stdout) == (0, "— and so\n")


def test_a_config_file_with_a_wrong_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[model]\nhidden = 8\n\n[training]\nbach = 3\n", encoding="utf-8")
    failed(run("train", "language", "t", "--config", "c.toml"), 2, "c.toml, line 5", "no key 'bach'", "'batch'")


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


def test_closed_streams(run: Run, tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    write_model(tmp_path / "m.anaphora")
    command = f"{sys.executable} -m anaphora"
    (tmp_path / "t.txt").write_text("a text of some words\n" * 40, encoding="utf-8")
    for words, code, said in (
        ("run m.anaphora --length 5 >&-", 1, b"anaphora: could not write: standard output is closed."),
        ("config language >&-", 1, b"anaphora: could not write: standard output is closed."),
        ("run m.anaphora --length 5 >&- 2>&- <&-", 1, b""),
        ("init language t.txt >&- 2>&- <&-", 0, b""),
    ):
        asked = f"{command} {words}"
        done = subprocess.run(asked, shell=True, cwd=tmp_path, env=quiet_environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr[: len(said)]) == (code, said), asked
    assert (tmp_path / "config.toml").read_text(encoding="utf-8").startswith("# Config of `language`")


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
