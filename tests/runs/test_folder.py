"""Where a run's files go: never where another run's are, and refused before the work begins."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from anaphora import bundle
from anaphora.errors import DataError, UsageError
from anaphora.runs import folder as run_folder
from anaphora.runs.claim import Claim


def test_where_a_model_can_be_written_is_known_before_training(tmp_path: Path) -> None:
    run_folder.check_places(tmp_path / "new" / "folder" / "model.anaphora", None)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for wrong in (tmp_path, tmp_path / "file" / "model.anaphora"):
        with pytest.raises(UsageError, match=r"another place|expected the name of a file"):
            run_folder.check_places(wrong, None)


def test_the_records_of_a_run_are_found_on_a_way_through_a_new_folder(tmp_path: Path) -> None:
    run_folder.begin(tmp_path / "m.run", "", {})
    with pytest.raises(UsageError, match="holds the records of another run"):
        run_folder.check_places(tmp_path / "new.anaphora", tmp_path / "new" / ".." / "m.run")


@pytest.mark.parametrize("name", ["model.anaphora", "metrics.jsonl", "checkpoints/new", "new/../config.toml"])
def test_the_files_of_another_run_stay(tmp_path: Path, name: str) -> None:
    run = tmp_path / "m.run"
    run_folder.begin(run, "", {})
    bundle.write(run / "model.anaphora", {}, {"version": 1, "task": "language", "model": {}})
    with pytest.raises(UsageError, match=r"is a file of the run .*m\.run, which keeps its own model and records there"):
        run_folder.check_places(run / name, tmp_path / "new.run", force=True)
    run_folder.check_places(run / "other.anaphora", tmp_path / "new.run")
    run_folder.check_places(tmp_path / "new.run" / "model.anaphora", tmp_path / "new.run")


def test_a_model_replaces_a_model_and_no_other_file(tmp_path: Path) -> None:
    for name, content in (("text.txt", b"a text that someone wrote"), ("short", b"x"), ("zeros", bytes(4000))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}' exists and is not a model file: name another file with -o"):
            run_folder.check_places(tmp_path / name, None)
        assert (tmp_path / name).read_bytes() == content
    (tmp_path / "empty").touch()
    bundle.write(tmp_path / "model", {}, {"version": 1, "task": "language", "model": {}})
    for fine in ("empty", "model"):
        run_folder.check_places(tmp_path / fine, None)


def test_a_run_that_goes_on_replaces_no_file_of_another_kind(tmp_path: Path) -> None:
    run, output = tmp_path / "m.run", tmp_path / "m.anaphora"
    run.mkdir()
    assert run_folder.check_output(run, output) == []
    output.write_text("notes that somebody wrote meanwhile", encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"m.anaphora', where the run .*m.run writes its model, is another file by now"
    ):
        run_folder.check_output(run, output)
    assert "it is replaced, as --force permits" in run_folder.check_output(run, output, force=True)[0]
    bundle.write(output, {}, {"version": 1, "task": "language", "model": {}}, force=True)
    assert run_folder.check_output(run, output) == [f"'{output}' exists and is replaced by the new one."]
    (run / "model.anaphora").write_bytes(output.read_bytes())
    assert run_folder.check_output(run, output) == []  # the run's own


def test_a_run_that_goes_on_never_replaces_the_model_of_another_run(tmp_path: Path) -> None:
    run, output = tmp_path / "m.run", tmp_path / "m.anaphora"
    bundle.write(output, {}, {"version": 1, "task": "language", "model": {}})
    os.utime(output, (1_000, 1_000))  # from before the run
    facts = {"started": "2020-01-01T00:00:00+00:00", "data_sha256": "ab"}
    run_folder.begin(run, "[training]\nseed = 4\n", facts)
    assert run_folder.check_output(run, output) == [f"'{output}' exists and is replaced by the new one."]
    of_the_run = {"training": {"training": {"seed": 4, "minutes": None}}, "card": {"data_sha256": "ab"}}
    bundle.write(output, {}, {"version": 1, "task": "language", "model": {}, **of_the_run})
    assert run_folder.check_output(run, output) == []
    (run / "model.anaphora").write_bytes(b"the model without its score")  # the process died between the two files
    assert run_folder.check_output(run, output) == []
    of_the_run["training"]["training"]["seed"] = 5
    for copy in (None, b"another model"):
        bundle.write(output, {}, {"version": 1, "task": "language", "model": {}, **of_the_run})
        if copy is not None:
            (run / "model.anaphora").write_bytes(copy)
        for force in (False, True):
            with pytest.raises(UsageError, match=r"m.anaphora', where .* is the model of another run by now.* Move"):
                run_folder.check_output(run, output, force=force)


def test_runs_never_share_a_folder(tmp_path: Path) -> None:
    output = tmp_path / "model.anaphora"
    made = []
    for _ in range(3):
        made.append(run_folder.free_run_dir(output))
        made[-1].mkdir()
    assert [folder.name for folder in made] == ["model.run", "model-2.run", "model-3.run"]


def test_two_runs_that_begin_at_once_share_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, places = tmp_path / "model.anaphora", iter(["model.run", "model.run", "model-2.run"])
    monkeypatch.setattr(run_folder, "free_run_dir", lambda _: tmp_path / next(places))  # both found it free
    with Claim(run_folder.OWN) as first, Claim(run_folder.OWN) as second:
        assert run_folder.made(output, None, first).name == "model.run"
        assert run_folder.made(output, None, second).name == "model-2.run"


def test_what_a_run_is_of_reads_back(tmp_path: Path) -> None:
    run_folder.begin(tmp_path / "m.run", "[data]\n", {"task": "language", "data": ["/é.txt"]})
    assert run_folder.facts(tmp_path / "m.run") == {"version": 1, "task": "language", "data": ["/é.txt"]}
    assert (tmp_path / "m.run" / "config.toml").read_text(encoding="utf-8") == "[data]\n"
    assert (tmp_path / "m.run" / "checkpoints").is_dir()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, UsageError, "is not the folder of a run"),
        ("{", DataError, "run.json' is damaged"),
        (json.dumps({"version": 99}), DataError, "of another version"),
        ("[]", DataError, "of another version"),
    ],
)
def test_a_folder_that_is_no_runs(tmp_path: Path, content: str | None, error: type[Exception], said: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(error, match=said):
        run_folder.facts(tmp_path)
