"""The law of outputs for the whole program: every option that names a file or a folder is one that is read or one that
is written, and whatever is written never falls on something else.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import run_folders
from anaphora.cli import main, program
from anaphora.files import sealed
from program import Run, failed
from translated import PAIRS, write_pairs

OLD = Path(__file__).resolve().parent.parent / "frozen" / "old"
VALUES = {"N", "X", "K", "P", "A", "B", "MARK", "FORM", "FIELD", "NAME", "small|medium|large"}
READ = {"--config", "--baseline-text"}
WORDS = {("run", "--prompt")}  # texts that are meant as they stand


class Written(NamedTuple):
    """An output of a command: how the command is called without it, what it reads, and whether it is a folder."""

    command: tuple[str, ...]
    option: str
    words: tuple[str, ...]  # after the command
    reads: tuple[str, ...]  # of the words, files and folders
    folder: bool = False

    def called(self, place: str, *more: str) -> tuple[str, ...]:
        return (*self.command, *self.words, self.option, place, *more)


DATA = {
    "language": ("a.txt",), "classify": ("a.csv",), "tag": ("a.conll",), "fill": ("a.txt",),
    "translate": ("a.de", "a.en"),
}  # fmt: skip


def written() -> list[Written]:
    """Every output that a user names, by the command that writes it."""
    found = []
    for task, data in DATA.items():
        config = (*data, "--config", "c.toml")
        reads = (*data, "c.toml")
        found += [
            Written(("train", task), "-o", (*config, "--valid", "held.txt"), (*reads, "held.txt")),
            Written(("train", task), "--run-dir", config, reads, folder=True),
            *(Written((command, task), "-o", config, reads) for command in ("check", "lr-find")),
            *(Written((command, task), "--run-dir", config, reads, folder=True) for command in ("check", "lr-find")),
            Written(("lr-find", task), "--plot", config, reads),
            Written(("tune", task), "--run-dir", (*config, "--minutes", "1"), reads, folder=True),
            Written(("init", task), "-o", (*data, "--valid", "held.txt"), (*data, "held.txt")),
            Written(("demo", task), "-o", (), ()),
        ]
    runs = ("a.run", "b.run")
    found += [Written(("runs", "compare"), option, runs, runs) for option in ("--html", "--svg")]
    return [*found, Written(("run",), "--attention", ("m.anaphora", "a.de"), ("m.anaphora", "a.de"))]


ENDINGS = {"--html": ".html", "--svg": ".svg", "--plot": ".svg", "--attention": ".html"}
OUTPUTS = written()
ONE_OF_EACH = [each for each in OUTPUTS if each.command[-1] in ("language", "compare", "run")]


def named(each: Written) -> str:
    return " ".join((*each.command, each.option))


def commands(group: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the real program, with its parameters."""
    if not hasattr(group, "list_commands"):
        yield names, group
        return
    for name in group.list_commands(None):
        yield from commands(group.get_command(None, name), (*names, name))


def test_every_option_is_a_value_or_read_or_written() -> None:
    known = {(each.command, each.option) for each in OUTPUTS}
    found = set()
    for names, command in commands(program()):
        for each in command.params:
            is_field = (getattr(each, "rich_help_panel", None) or "").startswith("[")
            if each.param_type_name == "argument" or is_field or each.is_flag or each.metavar in VALUES:
                continue
            options = [name for name in each.opts if (names, name) in known]
            assert options or set(each.opts) & READ or (names[0], each.opts[0]) in WORDS, (names, each.opts)
            found |= {(names, name) for name in options}
    assert found == known


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Small data of every task, two runs, a translator, and a file and a folder that are somebody's own."""
    (tmp_path / "a.txt").write_text("one sentence of several words\n" * 9, encoding="utf-8")
    (tmp_path / "held.txt").write_text("one sentence of several words\n" * 9, encoding="utf-8")
    (tmp_path / "a.csv").write_text("text,label\n" + "a good one,pos\na bad one,neg\n" * 9, encoding="utf-8")
    (tmp_path / "a.conll").write_text("one D\nword N\n\n" * 9, encoding="utf-8")
    write_pairs(tmp_path, PAIRS)  # a.de and a.en
    (tmp_path / "c.toml").write_text("[training]\nseed = 3\n", encoding="utf-8")
    for name in ("a.run", "b.run"):
        run_folders.write(tmp_path / name, [*run_folders.events(), run_folders.finish()])
    shutil.copy(OLD / "translate-char.anaphora", tmp_path / "m.anaphora")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("my own", encoding="utf-8")
    return tmp_path


@pytest.fixture
def ask(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Call the program in this process: what is refused ends before it computes anything."""
    monkeypatch.chdir(here)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def called(*words: str) -> subprocess.CompletedProcess[str]:
        code = main(words)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    yield called
    for number, handler in before.items():
        signal.signal(number, handler)


def content(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("each", [each for each in OUTPUTS if each.reads], ids=named)
def test_no_output_falls_on_an_input(ask: Run, here: Path, each: Written) -> None:
    places = []
    for at, read in enumerate(each.reads):
        if (here / read).is_dir():
            places.append((f"{read}/new", f"lies inside the input folder '{read}'"))
        elif each.folder:
            places.append((read, f"'{read}' is a file"))
        else:
            os.link(here / read, here / f"link{at}")
            places.append((f"link{at}", f"over the input '{read}', which is the same file"))
    before = content(here)
    for place, said in places[-2:] if each.command[0] in ("train", "init") else places[:1]:
        done = ask(*each.called(place, *["--force"] * (each.command[0] != "tune")))
        failed(done, 2, f"'{place}'" if not each.folder else "is a file", said if not each.folder else "")
        assert content(here) == before


@pytest.mark.parametrize("each", OUTPUTS, ids=named)
def test_what_is_of_another_kind_is_not_replaced_unasked(ask: Run, here: Path, each: Written) -> None:
    before = content(here)
    if each.folder:
        failed(ask(*each.called("mine")), 2, f"The folder 'mine' ({each.option}) is not empty", "'notes.txt'")
    else:
        said = f"name another file with {each.option}, or add --force to replace it"
        place = f"mine/notes{ENDINGS.get(each.option, '.txt')}"
        (here / place).write_text("my own", encoding="utf-8")
        before = content(here)
        failed(ask(*each.called(place)), 2, f"'{place}' exists", said)
    assert content(here) == before


@pytest.mark.parametrize("each", ONE_OF_EACH, ids=named)
@pytest.mark.parametrize("place", ["", "-", "mine"])
def test_an_output_is_a_file_that_somebody_can_find_again(ask: Run, here: Path, each: Written, place: str) -> None:
    before = content(here)
    if place != "mine" or each.folder:
        said = f"({each.option})"
    else:
        said = f"{each.option} takes a file that ends in" if each.option in ENDINGS else "'mine' is a folder"
    failed(ask(*each.called(place)), 2, said)
    assert content(here) == before


def test_two_outputs_are_never_one_file(ask: Run, here: Path) -> None:
    before = content(here)
    twice = ask("runs", "compare", "a.run", "b.run", "--html", "both.svg", "--svg", "./both.svg")
    failed(twice, 2, "'both.svg' (--html) and './both.svg' (--svg) are one place for two things")
    for output, folder, said in (
        ("m.run", "m.run", "one place for two things"),
        ("m", "m/run", "'m/run' (--run-dir) would lie inside the file 'm' (-o)"),
        ("r/config.toml", "r", "'r/config.toml' (-o) is where the run writes its 'config.toml'"),
        ("r/checkpoints/m", "r", "is where the run writes its 'checkpoints'"),
    ):
        failed(ask("train", "language", "a.txt", "-o", output, "--run-dir", folder), 2, said)
    failed(ask("train", "language", "a.txt", "-o", "x.run"), 2, "one place for two things")
    failed(ask("demo", "-o", "new.txt"), 2, "'new.txt' (-o) and 'new.txt' (-o) are one place for two things")
    assert content(here) == before


def test_a_demo_does_not_replace_data_of_its_name(ask: Run, here: Path) -> None:
    (here / "mine.html").write_text("<p>my page</p>", encoding="utf-8")
    before = content(here)
    for task, name in (("language", "a.txt"), ("fill", "a.txt"), ("tag", "a.conll")):
        failed(ask("demo", task, "-o", "a.anaphora"), 2, f"'{name}' exists and is not the example data")
    failed(ask("demo", "translate", "-o", "mine.anaphora"), 2, "'mine.html' exists and is not a page that anaphora")
    failed(ask("demo", "translate", "-o", "new.html"), 2, "'new.html' (-o) and 'new.html' (-o) are one place")
    assert content(here) == before


def test_data_in_a_folder_stay_what_they_were(ask: Run, here: Path) -> None:
    (here / "texts").mkdir()
    for name in ("pos", "neg"):
        (here / "texts" / f"{name}.txt").write_text("a text\nanother text\n" * 9, encoding="utf-8")
    before = content(here)
    for words in (["-o", "texts/pos"], ["-o", "m", "--run-dir", "texts/m.run"], ["-o", "texts/pos.txt", "--force"]):
        failed(ask("train", "classify", "texts", *words), 2, "lies inside the input folder 'texts'")
    failed(
        ask("tune", "classify", "texts", "--minutes", "1", "--run-dir", "texts/t"), 2, "lies inside the input folder"
    )
    failed(ask("lr-find", "fill", "texts", "--plot", "texts/plot.svg"), 2, "lies inside the input folder 'texts'")
    assert content(here) == before


def test_force_replaces_files_of_other_kinds_and_says_so(run: Run, here: Path) -> None:
    for each in (each for each in ONE_OF_EACH if each.command[0] in ("runs", "run")):
        place = "b.svg" if each.option == "--svg" else "b.html"
        (here / place).write_text("mine", encoding="utf-8")
        done = run(*each.called(place, "--force"))
        assert done.returncode == 0, done.stderr
        assert f"note: '{place}' exists and is not a p" in done.stderr
        assert sealed.unchanged(here / place) is True
        again = run(*each.called(place))
        assert again.returncode == 0, again.stderr
        assert again.stderr.startswith(f"note: '{place}' exists and is replaced by the new one.\n")
    for words in (["run", "m.anaphora", "a.de"], ["runs", "compare", "a.run", "b.run"], ["runs", "show", "a.run"]):
        failed(run(*words, "--force"), 2, "--force has no effect without --")
    page = here / "a.run" / "report.html"
    assert run("runs", "show", "a.run", "--html").returncode == 0
    assert run("runs", "show", "a.run", "--html").returncode == 0
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>", "<h1>my "), encoding="utf-8")
    edited = page.read_bytes()
    failed(
        run("runs", "show", "a.run", "--html"),
        2,
        "report.html' exists and was changed after anaphora wrote it: name another file",
    )
    assert page.read_bytes() == edited
    assert run("runs", "show", "a.run", "--html", "--force").returncode == 0
    assert sealed.unchanged(page) is True


def test_a_search_keeps_to_its_own_folder(ask: Run, here: Path) -> None:
    (here / "study").mkdir()
    (here / "study" / "study.jsonl").write_text('{"mine": 1}\n{"no end of line": 2}', encoding="utf-8")
    before = content(here)
    done = ask("tune", "language", "a.txt", "--minutes", "1", "--run-dir", "study")
    failed(
        done, 2, "The folder 'study' (--run-dir) is not empty and is not the folder of a search: it holds 'study.jsonl'"
    )
    assert content(here) == before


@pytest.mark.parametrize("words", ["a.de >> a.de", "- < a.de >> a.de", "a.de 1<> a.de"])
def test_answers_do_not_go_into_their_own_input(here: Path, quiet_environment: dict[str, str], words: str) -> None:
    before = content(here)
    asked = f"{sys.executable} -m anaphora run m.anaphora {words}"
    done = subprocess.run(
        asked, shell=True, cwd=here, env=quiet_environment, capture_output=True, text=True, check=False
    )
    failed(done, 2, "Standard output goes into ", "standard input" if "<" in words[:3] else "the input 'a.de'")
    assert content(here) == before
