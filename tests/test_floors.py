"""The house's floors as data: who may import whom, read from the source with ``ast`` and tried without torch."""

from __future__ import annotations

import ast
import fnmatch
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Floor:
    """One row of the table: the modules that live there, how high they live, and what they must never name."""

    height: float
    modules: tuple[str, ...]
    forbidden: frozenset[str] = frozenset()


NO_TORCH = frozenset({"torch"})
READERS = frozenset({"torch", "typer", "rich"})  # what a reader of data has no business with
RUNTIME = frozenset({"torch", "pydantic", "typer", "rich", "matplotlib", "polars", "pandas", "sklearn"})

# Arrows point down, and sideways only inside one row (for tasks, server and the like: inside one folder).
FLOORS = {
    "door": Floor(7, ("anaphora", "anaphora.__main__"), NO_TORCH),
    "cli": Floor(6, ("anaphora.cli",), NO_TORCH),
    "commands": Floor(6, ("anaphora.commands", "anaphora.commands.*")),
    "api": Floor(6, ("anaphora.api", "anaphora.estimators"), NO_TORCH),
    "model": Floor(5, ("anaphora.tasks.*.model",)),
    "training": Floor(4, ("anaphora.training", "anaphora.training.*")),
    "probing": Floor(4, ("anaphora.probing", "anaphora.probing.*")),
    "cells": Floor(4, ("anaphora.cells", "anaphora.cells.*")),
    "export": Floor(4, ("anaphora.export",)),
    "server": Floor(4, ("anaphora.server", "anaphora.server.*"), NO_TORCH),
    "nn": Floor(3, ("anaphora.nn", "anaphora.nn.*")),
    "task": Floor(3, ("anaphora.tasks", "anaphora.tasks.*"), NO_TORCH),
    "opened": Floor(2.5, ("anaphora.opened",), NO_TORCH),
    "runtime": Floor(2, ("anaphora.runtime", "anaphora.runtime.*"), RUNTIME),
    "config": Floor(1, ("anaphora.config", "anaphora.config_text"), READERS),
    "ground": Floor(
        1,
        (
            "anaphora.atomic",
            "anaphora.baselines",
            "anaphora.bundle",
            "anaphora.checking",
            "anaphora.data",
            "anaphora.data.*",
            "anaphora.decode",
            "anaphora.errors",
            "anaphora.findings",
            "anaphora.gap_baselines",
            "anaphora.kernels",
            "anaphora.kinds",
            "anaphora.label_baselines",
            "anaphora.label_metrics",
            "anaphora.lines",
            "anaphora.machine",
            "anaphora.metrics",
            "anaphora.places",
            "anaphora.ranges",
            "anaphora.reference",
            "anaphora.reference_cells",
            "anaphora.runs",
            "anaphora.sections",
            "anaphora.spec",
            "anaphora.wording",
            "anaphora.trained",
        ),
        READERS | {"pydantic"},
    ),
    "csrc": Floor(0, ("anaphora._kernels",)),
}
# Pairs of rows on one height that may still see each other.
NEIGHBOURS = {("config", "ground"), ("commands", "cli"), ("cli", "commands"), ("api", "commands")}
# Nothing loads by executing.
NEVER = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "lightning"})
# The single file that names both torch and the kernels.
BRIDGE = "anaphora.nn.functional"
NAMES_AVOIDED = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
LINES_AT_MOST = 400


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def row_of(module: str) -> str:
    """The row a module lives in: the one with the most exact pattern."""
    rows = [
        (len(pattern), row)
        for row, floor in FLOORS.items()
        for pattern in floor.modules
        if fnmatch.fnmatchcase(module, pattern)
    ]
    assert rows, f"{module} lives on no floor: give it one in tests/test_floors.py"
    return max(rows)[1]


def task_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["tasks"] and len(parts) > 2 else None


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a file imports, in functions too; `import_module("…")` counts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield node.lineno, whole if whole in MODULES or node.module == "anaphora" else str(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                yield node.lineno, str(node.args[0].value)


def complaint(importer: str, imported: str) -> str | None:
    """Why this import breaks the house, or None."""
    here = FLOORS[row_of(importer)]
    root = imported.split(".")[0]
    if root in NEVER:
        return f"{root} must never be used: nothing loads by executing"
    if root in here.forbidden:
        return f"{root} is forbidden on the floor of {row_of(importer)}"
    if root != "anaphora":
        return None
    if imported not in MODULES and imported != "anaphora._kernels":
        imported = imported.rpartition(".")[0]
    if imported == "anaphora":
        return None  # the version
    row, there = row_of(imported), FLOORS[row_of(imported)]
    if task_of(importer) != task_of(imported) and task_of(importer) and task_of(imported):
        return "no task imports a task"
    if there.height > here.height:
        return f"{row} is above {row_of(importer)}"
    if there.height == here.height and row != row_of(importer) and (row_of(importer), row) not in NEIGHBOURS:
        return f"{row} and {row_of(importer)} don't know each other"
    return None


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {why}"
        for line, imported in imports_of(tree)
        if (why := complaint(module, imported)) and module != "anaphora"
    ]
    assert not wrong, "\n".join(wrong)


def test_one_file_names_both_torch_and_the_kernels() -> None:
    both = set()
    for module, path in MODULES.items():
        names = {name for _, name in imports_of(ast.parse(path.read_text(encoding="utf-8")))}
        if row_of(module) == "commands":
            continue  # `doctor` reports on both
        if any(n.split(".")[0] == "torch" for n in names) and names & {"anaphora.kernels", "anaphora._kernels"}:
            both.add(module)
    assert both <= {BRIDGE}


HEAVY = {"model", "training", "probing", "cells", "nn"}


@pytest.mark.parametrize("module", [name for name in MODULES if row_of(name) in ("door", "cli", "commands", "api")])
def test_commands_reach_torch_only_when_they_run(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_once = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    names = {name for _, name in imports_of(at_once)}
    assert not {name for name in names if name.split(".")[0] in ("torch", "matplotlib", "polars")}
    assert not {name for name in names if name in MODULES and row_of(name) in HEAVY}


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("anaphora.bundle", "anaphora.runtime", False),
        ("anaphora.bundle", "anaphora.errors", True),
        ("anaphora.runtime", "torch", False),
        ("anaphora.runtime", "pydantic", False),
        ("anaphora.training.loop", "anaphora.probing.gates", False),
        ("anaphora.tasks.language.task", "torch.nn", False),
        ("anaphora.tasks.language.task", "anaphora.tasks.language.model", False),
        ("anaphora.tasks.language.model", "anaphora.tasks.language.task", True),
        ("anaphora.tasks.language.model", "anaphora.tasks.tag.task", False),
        ("anaphora.nn.lstm", "anaphora.training.loop", False),
        ("anaphora.nn.lstm", "anaphora.reference", True),
        ("anaphora.server.sessions", "torch", False),
        ("anaphora.data.text", "pickle", False),
    ],
)
def test_the_table_itself(importer: str, imported: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (importer, imported):
        if name.startswith("anaphora"):
            monkeypatch.setitem(MODULES, name, SOURCE)
    assert (complaint(importer, imported) is None) is allowed


def test_tests_and_benchmarks_unpickle_nothing_either() -> None:
    for path in (path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        attributes = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        assert not {name.split(".")[0] for _, name in imports_of(tree)} & NEVER, path
        assert not {"torch.load", "torch.save", "numpy.load", "np.load"} & set(attributes), path


def test_files_are_short_and_named_after_what_they_hold() -> None:
    folders = (SOURCE, ROOT / "tests", ROOT / "benchmarks")
    files = [*(path for folder in folders for path in folder.rglob("*.py")), *(ROOT / "csrc").rglob("*.[ch]*")]
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_AT_MOST} == {}
    assert {path for path in lengths if set(path.with_suffix("").parts) & NAMES_AVOIDED} == set()
    assert statistics.median(lengths.values()) <= 200


WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; "


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_the_door_is_light(quiet_environment: dict[str, str]) -> None:
    done = python("import anaphora, sys; print([m for m in ('numpy', 'torch') if m in sys.modules])", quiet_environment)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_runtime_is_numpy_alone(quiet_environment: dict[str, str]) -> None:
    done = python(
        WITHOUT_TORCH + "import anaphora.runtime; print(sorted({m.split('.')[0] for m in sys.modules} - "
        "set(sys.stdlib_module_names) - {'anaphora', 'numpy', 'torch', 'sitecustomize'}))",
        quiet_environment,
    )
    assert done.returncode == 0, done.stderr
    third_party = [name for name in ast.literal_eval(done.stdout) if not name.startswith(("_", "nanobind"))]
    assert third_party == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "language", "--help"], ["run", "--help"], ["eval", "--help"], ["verify", "--help"]],
)
def test_help_needs_no_torch(arguments: list[str], quiet_environment: dict[str, str]) -> None:
    code = (
        WITHOUT_TORCH + f"sys.argv = ['anaphora', *{arguments!r}]; import anaphora.cli; sys.exit(anaphora.cli.main())"
    )
    done = python(code, quiet_environment)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("arguments", [["trian"], ["train", "language", "--hiden", "3"], ["run"]])
def test_a_usage_error_needs_no_torch(arguments: list[str], quiet_environment: dict[str, str]) -> None:
    code = (
        WITHOUT_TORCH + f"sys.argv = ['anaphora', *{arguments!r}]; import anaphora.cli; sys.exit(anaphora.cli.main())"
    )
    done = python(code, quiet_environment)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
