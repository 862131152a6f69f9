"""``anaphora init``: the file it writes says why, is read back as it was meant, and is never written over another."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from anaphora.config import resolve, toml
from anaphora.config.toml import Suggestion
from anaphora.errors import UsageError
from anaphora.tasks.language.settings import PRESETS, TASK, LanguageConfig
from anaphora.tasks.language.suggest import suggest
from bad.planted import GOOD, prose, text
from program import Run, failed


def test_the_file_runs_and_says_how(run: Run, tmp_path: Path, python: Path | str) -> None:
    (tmp_path / "my novel.txt").write_bytes(text(GOOD * 3))
    done = run("init", "language", "my novel.txt", python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Wrote config.toml, based on the preset 'small':\n  units = char: about ")
    command = "anaphora train language 'my novel.txt' --config config.toml"
    assert f"  {command}\n" in done.stdout
    written = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert f"#     {command}\n" in written
    content = text(GOOD * 3).decode()
    assert f"# suggested: about {len(content):,} characters, {len(set(content))} different\n" in written
    assert 'units = "char"\n' in written
    assert "\n# clip = 1.0\n" in written
    checked = run("check", "language", "my novel.txt", "--config", "config.toml")
    assert (checked.returncode, "0 errors" in checked.stdout) == (0, True)


def test_a_file_is_replaced_only_if_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    (tmp_path / "c.toml").write_text("mine", encoding="utf-8")
    failed(run("init", "language", "a.txt", "-o", "c.toml"), 2, "'c.toml' exists", "--force")
    failed(run("init", "language", "a.txt", "-o", "a.txt", "--force"), 2, "would be written over the input 'a.txt'")
    assert (tmp_path / "c.toml").read_text(encoding="utf-8") == "mine"
    assert run("init", "language", "a.txt", "-o", "c.toml", "--force").returncode == 0
    assert "[training]" in (tmp_path / "c.toml").read_text(encoding="utf-8")


def test_what_cannot_be_guessed_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    (tmp_path / "e.txt").write_bytes(b"")
    (tmp_path / "l.txt").write_bytes("café\n".encode("latin-1") * 99)
    (tmp_path / "u.txt").write_bytes("café\n".encode() * 99)
    failed(run("init", "language", "e.tx"), 3, "'e.tx' does not exist", "did you mean 'e.txt'")
    failed(run("init", "language", "e.txt"), 3, "'e.txt' is empty")
    failed(run("init", "language", "-"), 2, "A config is suggested from files")
    failed(run("init", "language", "l.txt", "u.txt"), 3, "different encodings", "l.txt cp1252", "u.txt utf-8")
    failed(run("init", "language", "a.txt", "-o", "none/c.toml"), 2, "none")
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.parametrize("usual", [*PRESETS, None])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_file_to_begin_with_means_the_same_on_top_of_any_preset(
    preset: str, usual: str | None, tmp_path: Path
) -> None:
    values = {"data": {"units": "word", "valid": 0.25}, "training": {"minutes": 3.0, "patience": 2}}
    wanted = Suggestion(preset, values, {"data.units": "because"})
    written = toml.begin(LanguageConfig, PRESETS, wanted)
    (tmp_path / "c.toml").write_text(written, encoding="utf-8")
    read = resolve(LanguageConfig, PRESETS, preset=usual, file=tmp_path / "c.toml")
    assert read == toml.suggested(LanguageConfig, PRESETS, wanted)
    assert (read.data.units, read.data.valid, read.training.minutes, read.training.patience) == ("word", 0.25, 3.0, 2)
    assert '# suggested: because\nunits = "word"\n' in written


def test_lines_that_are_commented_out_hold_anyway() -> None:
    """Every field stands in the file: taking the marks away changes nothing."""
    suggestion = Suggestion(TASK.default_preset, {"training": {"seed": 3}})
    written = toml.begin(LanguageConfig, PRESETS, suggestion)
    lines = [line.removeprefix("# ") if " = " in line else line for line in written.splitlines()]
    assert tomllib.loads("\n".join(lines)) == {
        section: {key: value for key, value in keys.items() if value is not None}
        for section, keys in toml.suggested(LanguageConfig, PRESETS, suggestion).model_dump().items()
    }


def test_a_guess_is_checked_like_anything_else() -> None:
    with pytest.raises(UsageError, match="Did you mean 'char'"):
        toml.begin(LanguageConfig, PRESETS, Suggestion("small", {"data": {"units": "chars"}}))


CHINESE = "".join(map(chr, range(0x4E00, 0x4E00 + 900)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (text(GOOD), {"preset": "small", "units": "char", "encoding": "utf-8", "batch": 8, "bptt": 32}),
        (text(prose(4000) * 4), {"preset": "medium", "units": "char", "batch": 32, "bptt": 64}),
        ("ein schöner Tag\n".encode("latin-1") * 900, {"encoding": "cp1252", "preset": "small", "batch": 16}),
        ("plain enough\n".encode("utf-16"), {"encoding": "utf-16", "batch": 1, "bptt": 8}),
        ((CHINESE + "\n").encode() * 400, {"preset": "medium", "units": "subword", "batch": 32}),
        ((CHINESE + "\n").encode() * 4, {"preset": "small", "units": "byte", "batch": 4}),
    ],
)
def test_what_is_suggested(content: bytes, expected: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    found = suggest([tmp_path / "a.txt"])
    flat = {"preset": found.preset, **found.values["data"], **found.values["training"]}
    assert {key: flat[key] for key in expected} == expected
    assert toml.suggested(LanguageConfig, PRESETS, found)


def test_of_a_long_text_less_is_held_out(tmp_path: Path) -> None:
    with open(tmp_path / "a.txt", "wb") as file:
        file.write(text(GOOD))
        file.truncate(200_000_000)  # holes: it is looked at no further
    found = suggest([tmp_path / "a.txt"])
    assert (found.preset, found.values["data"]["valid"]) == ("large", 0.03)


@pytest.mark.parametrize(
    ("task", "content", "options", "expected"),
    [
        ("classify", "good film;pos\nbad film;neg\n" * 20, ["--no-header", "--text", "1", "--label=2"],
         {"header": False, "text": "1", "label": "2"}),
        ("classify", "a;b\ngood;pos\nbad;neg\n" * 20, ["--text", "a", "--label", "b", "--units", "word"],
         {"text": "a", "label": "b", "units": "word"}),
        ("translate", "eins zwei;one two\ndrei;three\n" * 20, ["--no-header", "--source", "2", "--target", "1"],
         {"header": False, "source": "2", "target": "1"}),
        ("tag", "1 the DET\n2 cat NOUN\n\n" * 20, ["--token", "2", "--tag=3", "--scheme", "none"],
         {"token": "2", "tag": "3", "scheme": "none"}),
        ("language", "plain text\n" * 200, ["--units", "word", "--encoding", "latin-1", "--valid", "0.2"],
         {"units": "word", "encoding": "latin-1", "valid": 0.2}),
        ("fill", "plain text\n" * 200, ["--encoding", "latin-1", "--vocabulary", "50"],
         {"encoding": "latin-1", "vocabulary": 50}),
    ],
)  # fmt: skip
def test_the_options_that_say_how_data_are_read(
    run: Run, tmp_path: Path, task: str, content: str, options: list[str], expected: dict[str, object]
) -> None:
    (tmp_path / "d.csv").write_text(content, encoding="utf-8")
    done = run("init", task, "d.csv", *options, "-o", "c.toml")
    assert (done.returncode, done.stderr) == (0, "")
    written = tomllib.loads((tmp_path / "c.toml").read_text(encoding="utf-8"))["data"]
    assert {key: written.get(key) for key in expected} == expected
