"""The law of outputs on plain files: every way to name an input, two outputs in one place, files of other kinds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anaphora.errors import UsageError
from anaphora.files import outputs, sealed
from anaphora.files.outputs import Kind, Output

MARKED = Kind("a marked file", lambda path: path.read_bytes().startswith(b"marked"))
FOLDER = Kind("a marked folder", lambda path: (path / "mark").exists(), folder=True)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pos.txt").write_text("good\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("text,label\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(*places: Output, inputs: list[str], force: bool = True) -> str:
    with pytest.raises(UsageError) as caught:
        outputs.check(places, inputs, force=force)
    return str(caught.value)


def linked(name: str, how: str) -> str:
    if how == "symbolic":
        os.symlink(name, "other")
    elif how == "hard":
        os.link(name, "other")
    elif how == "through a folder":
        os.symlink(os.getcwd(), "elsewhere")
    return {
        "the same": name, "relative": f"./data/../{name}", "absolute": os.path.abspath(name),
        "through a folder": f"elsewhere/{name}",
    }.get(how, "other")  # fmt: skip


@pytest.mark.parametrize("how", ["the same", "relative", "absolute", "symbolic", "hard", "through a folder"])
def test_an_input_is_never_an_output_whatever_its_name(how: str) -> None:
    name = linked("a.csv", how)
    for read, written in (("a.csv", name), (name, "a.csv")):
        said = refusal(Output("-o", written, MARKED), inputs=["-", "missing", read])
        assert f"'{written}' (-o) would be written over the input '{read}'" in said
        assert "Name another place with -o" in said
    said = refusal(Output("--folder", "data", FOLDER), inputs=["data"])
    assert "'data' (--folder) would be written over the input 'data'" in said


@pytest.mark.parametrize("written", ["data/new", "data/pos", "data/deep/new", "link/new", "linked.txt", "hard.txt"])
def test_nothing_is_written_into_a_folder_of_inputs(written: str) -> None:
    os.symlink("data", "link")
    os.symlink("data/pos.txt", "linked.txt")
    os.link("data/pos.txt", "hard.txt")
    said = refusal(Output("-o", written, MARKED), inputs=["data"])
    assert f"'{written}' (-o) lies inside the input folder 'data'" in said
    assert "Name a place outside of 'data' with -o" in said
    assert outputs.check([Output("-o", "data2", MARKED), Output("--dir", "data.run", FOLDER)], ["data"]) == []


def test_a_way_through_a_folder_that_does_not_exist_yet_leads_to_the_same_place() -> None:
    os.link("data/pos.txt", "hard.txt")
    said = refusal(Output("-o", "new/../a.csv", MARKED), inputs=["a.csv"])
    assert "'new/../a.csv' (-o) would be written over the input 'a.csv'." in said
    os.link("a.csv", "b.csv")
    said = refusal(Output("-o", "new/../b.csv", MARKED), inputs=["a.csv"])
    assert "'new/../b.csv' (-o) would be written over the input 'a.csv', which is the same file" in said
    said = refusal(Output("-o", "new/../hard.txt", MARKED), inputs=["data"])
    assert "'new/../hard.txt' (-o) lies inside the input folder 'data'" in said
    made = MARKED._replace(makes_parents=True)
    said = refusal(Output("-o", "new/../a.csv", made), inputs=[], force=False)
    assert "'new/../a.csv' exists and is not a marked file" in said
    said = refusal(Output("--dir", "new/../data", FOLDER), inputs=[])
    assert "The folder 'new/../data' (--dir) is not empty and is not a marked folder" in said
    said = refusal(Output("--dir", "new/../a.csv", FOLDER), inputs=[])
    assert "'new/../a.csv' is a file: --dir takes a folder" in said
    said = refusal(Output("--html", "x", MARKED), Output("--svg", "new/../x", MARKED), inputs=[])
    assert "are one place for two things" in said


@pytest.mark.parametrize("name", ["a.jpg", "a", "svg", "a.svg.gz", "a.csv"])
def test_an_ending_of_another_kind_is_named_before_a_remedy_that_would_not_help(name: str) -> None:
    picture = sealed.of(name, sealed.CHART_ENDINGS)
    said = refusal(Output("--plot", name, picture), inputs=[], force=False)
    assert said == f"--plot takes a file that ends in .svg, .png or .pdf; it was given '{name}'."
    assert "over the input 'a.csv'" in refusal(Output("--plot", "a.csv", picture), inputs=["a.csv"])
    assert outputs.check([Output("--plot", f"new{end}", sealed.of(f"new{end}")) for end in (".PNG", ".Htm")][:1]) == []


def test_two_outputs_are_two_files() -> None:
    said = refusal(Output("--html", "x", MARKED), Output("--svg", "./x", MARKED), inputs=[])
    assert "'x' (--html) and './x' (--svg) are one place for two things" in said
    said = refusal(Output("-o", "x", MARKED), Output("--dir", "x/run", FOLDER), inputs=[])
    assert "'x/run' (--dir) would lie inside the file 'x' (-o)" in said
    said = refusal(Output("-o", "x", MARKED), Output("--dir", "x", FOLDER), inputs=[])
    assert "one place for two things" in said
    assert outputs.check([Output("--dir", "x", FOLDER), Output("-o", "x/m", MARKED._replace(makes_parents=True))]) == [
        "The folder 'x' does not exist and is made for 'm'."
    ]


def test_a_file_of_another_kind_is_replaced_only_by_force(here: Path) -> None:
    Path("mine").write_text("my text", encoding="utf-8")
    Path("marked").write_text("marked", encoding="utf-8")
    Path("empty").touch()
    said = refusal(Output("-o", "mine", MARKED), inputs=[], force=False)
    assert said == ("'mine' exists and is not a marked file: name another file with -o, or add --force to replace it.")
    assert outputs.check([Output("-o", "mine", MARKED)], force=True) == [
        "'mine' exists and is not a marked file; it is replaced, as --force permits."
    ]
    with pytest.raises(UsageError, match=r"'mine' exists: name another file, or pass force=True to replace it\."):
        outputs.check([Output("", "mine", Kind("a config", None))])
    assert outputs.check([Output("-o", "marked", MARKED)]) == ["'marked' exists and is replaced by the new one."]
    assert outputs.check([Output("-o", "empty", MARKED), Output("-p", "new", MARKED)]) == []
    assert {path.name for path in here.iterdir()} == {"data", "a.csv", "mine", "marked", "empty"}


def test_a_link_leads_to_no_file_of_another_kind(here: Path) -> None:
    os.symlink("a.csv", "link")
    target = os.path.realpath("a.csv")
    for force in (False, True):
        said = refusal(Output("-o", "link", MARKED), inputs=[], force=force)
        assert said.startswith(
            f"'link', a link to '{target}', exists and is not a marked file: name another file with -o"
        )
    Path("marked").write_text("marked", encoding="utf-8")
    os.symlink("marked", "other")
    note = f"'other', a link to '{os.path.realpath('marked')}', exists and is replaced by the new one."
    assert outputs.check([Output("-o", "other", MARKED)]) == [note]


def test_a_folder_is_new_or_empty_or_of_the_kind() -> None:
    os.mkdir("full")
    Path("full", "notes.txt").touch()
    said = refusal(Output("--dir", "full", FOLDER), inputs=[])
    assert "The folder 'full' (--dir) is not empty and is not a marked folder: it holds 'notes.txt'." in said
    Path("full", "mark").touch()
    os.mkdir("void")
    for fine in ("full", "void", "new", "deep/new"):
        assert outputs.check([Output("--dir", fine, FOLDER)]) == []
    assert "'a.csv' is a file: --dir takes a folder" in refusal(Output("--dir", "a.csv", FOLDER), inputs=[])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "(-o) is empty: name a file"),
        ("-", "is a stream, which cannot hold"),
        ("/dev/stdout", "is a stream"),
        ("/dev/null", "is not an ordinary file"),
        ("data", "'data' is a folder"),
        (".", "'.' is a folder"),
        ("no/file", "does not exist: make it with mkdir -p"),
        ("a.csv/file", "is not a folder"),
        ("x" * 256, "File name too long"),
        ("new/../data", "'new/../data' is a folder"),
    ],
)
def test_a_place_that_no_file_can_have(name: str, said: str) -> None:
    assert said in refusal(Output("-o", name, MARKED), inputs=[])


@pytest.mark.parametrize("ending", ["html", "svg", "toml"])
def test_a_seal_tells_of_every_change(ending: str) -> None:
    path = Path(f"file.{ending}")
    sealed.write(path, "<svg>\n</svg>" if ending == "svg" else "<!doctype html>\nwords\n")
    assert sealed.unchanged(path) is True
    content = path.read_bytes()
    assert content.startswith({"toml": b"<!doctype"}.get(ending, content[:3]))
    for at in range(len(content) - 100):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert sealed.unchanged(path) is not True
    path.write_bytes(content + b"more\n")
    assert sealed.unchanged(path) is None


def test_pages_and_pictures_that_nobody_has_changed_are_replaced() -> None:
    for name, text, other in (
        ("a.html", "<!doctype html>\n<p>ours</p>\n", "<?xml version='1.0'?>\n<svg/>\n"),
        ("a.svg", "<svg></svg>", "<!doctype html>\n"),
    ):
        kind = sealed.of(name)
        said = f"'{name}' exists and {{}}: name another file with -o, or add --force to replace it."
        sealed.write(name, text)
        assert outputs.check([Output("-o", name, kind)]) == [f"'{name}' exists and is replaced by the new one."]
        content = Path(name).read_bytes()
        for mine in (content.replace(b"s", b"t", 1), content + b"more\n"):
            Path(name).write_bytes(mine)
            changed = said.format("was changed after anaphora wrote it")
            assert refusal(Output("-o", name, kind), inputs=[], force=False) == changed
        for mine in (text.encode(), b"a text"):
            Path(name).write_bytes(mine)
            theirs = said.format(f"is not {kind.name}")
            assert refusal(Output("-o", name, kind), inputs=[], force=False) == theirs
        sealed.write(name, other)
        assert f"is not {kind.name}" in refusal(Output("-o", name, kind), inputs=[], force=False)
