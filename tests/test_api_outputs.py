"""Python's functions that write a file obey the law of outputs, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import anaphora
from anaphora import bundle
from anaphora.errors import UsageError
from program import TEXT, write_model


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("t.txt", "valid.txt", "data/a.txt"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    (tmp_path / "c.toml").write_text("[training]\nseed = 3\n", encoding="utf-8")
    os.link(tmp_path / "t.txt", tmp_path / "link.txt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("task", "data", "given", "said"),
    [
        ("language", [Path("t.txt")], {"output": "t.txt"}, "'t.txt' (output) would be written over the input 't.txt'"),
        ("language", [Path("t.txt")], {"output": Path("link.txt")}, "'link.txt' (output) would be written over"),
        ("language", TEXT, {"output": "c.toml", "config": "c.toml"}, "over the input 'c.toml'"),
        ("language", TEXT, {"output": "valid.txt", "valid": "valid.txt"}, "over the input 'valid.txt'"),
        ("fill", [Path("data")], {"output": "data/m"}, "lies inside the input folder 'data'"),
        ("fill", [Path("data")], {"run_dir": "data/m.run"}, "lies inside the input folder 'data'"),
        ("language", TEXT, {"output": ""}, "is empty: name a file"),
        ("language", TEXT, {"run_dir": ""}, "is empty: name a folder"),
        ("language", TEXT, {"run_dir": "data"}, "is not empty: it holds 'a.txt'"),
    ],
)
def test_training_writes_over_nothing_that_it_reads(
    here: Path, task: Any, data: Any, given: dict[str, Any], said: str
) -> None:
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    with pytest.raises(UsageError) as caught:
        anaphora.train(task, data, force=True, **given)
    assert said in str(caught.value)
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_model_is_saved_over_a_model_and_over_nothing_else_unasked(here: Path) -> None:
    write_model(here / "m.anaphora")
    model = anaphora.load("m.anaphora")
    model.save("m.anaphora")
    model.save("new.anaphora")
    assert Path("new.anaphora").read_bytes() == Path("m.anaphora").read_bytes()
    said = r"'t.txt' exists and is not a model file: name another file, or pass force=True to replace it\."
    with pytest.raises(UsageError, match=said):
        model.save("t.txt")
    with pytest.raises(UsageError, match=said):
        bundle.write("t.txt", {}, {"version": 1, "task": "language", "model": {}})
    assert Path("t.txt").read_text(encoding="utf-8") == TEXT
    model.save("t.txt", force=True)
    assert Path("t.txt").read_bytes() == Path("m.anaphora").read_bytes()


@pytest.mark.parametrize("kind", ["a checkpoint", "another library's", "a cut model", "an archive"])
def test_only_whole_headers_of_ours_are_models(here: Path, kind: str) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    from anaphora.training import checkpoint

    write_model(here / "m.anaphora")
    if kind == "a checkpoint":
        checkpoint.write(here / "file", {"w": np.ones(3)}, {"step": 1})
    elif kind == "another library's":
        save_file({"w": np.ones(3)}, here / "file")
    else:
        whole = (here / "m.anaphora").read_bytes()
        (here / "file").write_bytes(whole[:100] if kind == "a cut model" else b"PK\x03\x04" + whole[4:])
    assert bundle.is_model(here / "m.anaphora")
    assert not bundle.is_model(here / "file")
    with pytest.raises(UsageError, match="is not a model file"):
        anaphora.load("m.anaphora").save("file")
