"""What earlier commands left in a folder of data is never read as data."""

from __future__ import annotations

from pathlib import Path

import pytest

import run_folders
from anaphora.data.files.folders import read_tables
from anaphora.errors import DataError
from anaphora.tasks.fill.data import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in ("pos", "neg"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "1.txt").write_text(f"a {label} text\n", encoding="utf-8")
    return tmp_path / "data"


def test_runs_and_searches_in_a_folder_are_refused_by_name(folder: Path) -> None:
    assert [row for _, row in read_tables([folder])[0].rows(["label"])] == [("neg",), ("pos",)]
    assert files([folder]) == [str(folder / "neg" / "1.txt"), str(folder / "pos" / "1.txt")]
    run = run_folders.write(folder / "m.run", run_folders.events())
    (run / "notes.txt").touch()
    said = f"'{run}' is the folder of a run that anaphora wrote, and would be read as data of '{folder}'"
    for read in (read_tables, files):
        with pytest.raises(DataError, match=said):
            read([folder])
    run.rename(folder.parent / "m.run")
    search = folder / "tune.run"
    (search / "trials").mkdir(parents=True)
    (search / "study.jsonl").touch()
    (search / "job-2.txt").touch()
    for read in (read_tables, files):
        with pytest.raises(DataError, match=f"'{search}' is the folder of a search"):
            read([folder])


def test_a_model_among_files_without_an_ending_is_no_label(tmp_path: Path) -> None:
    for name in ("pos", "neg", "model.anaphora"):
        (tmp_path / name).write_text("text\n", encoding="utf-8")
    for read in (read_tables, files):
        with pytest.raises(DataError, match=r"model.anaphora' is a model that anaphora wrote"):
            read([tmp_path])
    (tmp_path / "a.txt").write_text("text\n", encoding="utf-8")
    assert files([tmp_path]) == [str(tmp_path / "a.txt")]  # only such files are read
