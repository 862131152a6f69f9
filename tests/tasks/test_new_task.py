"""docs/new-task.md, file by file: the task that the page writes is made, trained, asked and scored."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import anaphora
from anaphora.cli import main
from anaphora.tasks import registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "new-task.md"
FILES = dict(re.findall(r"## `(\w+\.py)`\n\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
MOST = 200


@pytest.fixture
def parity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The task of the page, registered; gives a file of bits."""
    from anaphora import tasks

    folder = tmp_path / "tasks" / "parity"
    folder.mkdir(parents=True)
    for name, code in {"__init__.py": "", **FILES}.items():
        (folder / name).write_text(code, encoding="utf-8")
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder.parent)])
    monkeypatch.setattr(registry, "TASKS", (*registry.TASKS, "parity"))
    data = tmp_path / "bits.txt"
    data.write_text(registry.task("parity").demo.data(), encoding="utf-8")
    yield data
    for module in [name for name in sys.modules if name.startswith("anaphora.tasks.parity")]:
        del sys.modules[module]


def test_the_task_fits_in_so_many_lines() -> None:
    lines = [line for code in FILES.values() for line in code.splitlines() if line.strip()]
    assert len(lines) <= MOST


def test_the_page_is_a_task(parity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(tmp_path / "parity.anaphora")
    options = ["--epochs", "40", "--learning-rate", "0.02", "--seed", "1"]
    assert main(["check", "parity", str(parity)]) == 0
    assert main(["train", "parity", str(parity), "-o", model, *options]) == 0
    capsys.readouterr()
    assert main(["eval", model, str(parity), "--json"]) == 0
    assert '"accuracy": 1.0' in capsys.readouterr().out
    asked = tmp_path / "asked.txt"
    asked.write_text("1011\n1001\n", encoding="utf-8")
    assert main(["run", model, str(asked)]) == 0
    assert capsys.readouterr().out == "odd\t1011\neven\t1001\n"
    loaded = anaphora.load(model)
    assert loaded.predict(["111", "0000", "10"]) == [1, 0, 1]  # type: ignore[attr-defined]
    assert loaded.card["accuracy"] == 1.0
