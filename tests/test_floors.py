"""The house's floors as data: who may import whom, read from the source with ``ast`` and tried without torch."""

from __future__ import annotations

import ast
import fnmatch
import functools
import graphlib
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Room:
    """One room: how high it lives, the modules in it, and what they must never name."""

    height: int
    modules: tuple[str, ...]
    forbidden: frozenset[str] = frozenset()


def rooms(height: int, *names: str, forbidden: Iterable[str] = ()) -> dict[str, Room]:
    """Rooms of one height: a module or a package of `anaphora` each."""
    return {name: Room(height, (f"anaphora.{name}", f"anaphora.{name}.*"), frozenset(forbidden)) for name in names}


TORCH = {"torch"}
TERMINAL = {"torch", "typer", "rich"}  # what a reader of data has no business with
GROUND = TERMINAL | {"pydantic"}
RUNTIME = GROUND | {"matplotlib", "polars", "pandas", "sklearn"}

# Arrows point down, and sideways only inside one room; no row is an exception.
FLOORS = {
    **rooms(0, "_kernels"),
    **rooms(0, "errors", "version", "formatting", forbidden=RUNTIME),
    **rooms(1, "arguments", forbidden=RUNTIME),
    **rooms(2, "extras", "files", "kernels", "metrics", "decode", forbidden=GROUND),
    **rooms(2, "config", forbidden=TERMINAL),
    **rooms(3, "data", "bundle", forbidden=GROUND),
    **rooms(4, "baselines", "runs", forbidden=GROUND),
    **rooms(4, "runtime", forbidden=RUNTIME),
    **rooms(5, "checks", forbidden=GROUND),
    **rooms(6, "nn"),
    **rooms(7, "training", "cells"),
    **rooms(8, "report"),
    **rooms(9, "tasks", forbidden=TORCH),
    **rooms(10, "commands"),
    **rooms(10, "api", forbidden=TORCH),
    **rooms(11, "estimators", "cli", forbidden=TORCH),
    "a task's training": Room(9, ("anaphora.tasks.*.training",)),
    "door": Room(12, ("anaphora", "anaphora.__main__"), frozenset(TORCH)),
}
# Rooms of which a task is made: its training may import its other files, never the other way round.
SIDEWAYS = {("a task's training", "tasks")}
# Nothing loads by executing.
NEVER = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "lightning"})
# The single file that calls the kernels on tensors.
BRIDGE = "anaphora.nn.engine.kernels_on_tensors"
KERNELS = {"anaphora.kernels", "anaphora.kernels.calls", "anaphora._kernels"}
NAMES_AVOIDED = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
LINES_AT_MOST, LINES_OF_MOST_SOURCES, LINES_OF_A_FUNCTION = 400, 120, 60
MODULES_AT_THE_TOP = 11


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """A file's tree, read once for all tests of a process."""
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    """The room a module lives in: the one with the most exact pattern."""
    found = [
        (len(pattern), name)
        for name, room in FLOORS.items()
        for pattern in room.modules
        if fnmatch.fnmatchcase(module, pattern)
    ]
    assert found, f"{module} lives on no floor: give it one in tests/test_floors.py"
    return max(found)[1]


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
    here = FLOORS[room_of(importer)]
    root = imported.split(".")[0]
    if root in NEVER:
        return f"{root} must never be used: nothing loads by executing"
    if root in here.forbidden:
        return f"{root} is forbidden in the room of {room_of(importer)}"
    if root != "anaphora":
        return None
    if imported not in MODULES and imported != "anaphora._kernels":
        imported = imported.rpartition(".")[0]
    room, there = room_of(imported), FLOORS[room_of(imported)]
    ours, theirs = task_of(importer), task_of(imported)
    if ours not in (None, "base") and theirs not in (None, "base", ours):
        return "no task imports a task"
    if ours == "base" and theirs not in (None, "base"):
        return "what every task is built of knows no task"
    if there.height > here.height:
        return f"{room} is above {room_of(importer)}"
    if there.height == here.height and room != room_of(importer) and (room_of(importer), room) not in SIDEWAYS:
        return f"{room} and {room_of(importer)} don't know each other"
    return None


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {why}"
        for line, imported in imports_of(parsed(MODULES[module]))
        if (why := complaint(module, imported))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_goes_in_a_circle() -> None:
    imports = {
        module: {name for _, name in imports_of(parsed(path)) if name in MODULES}
        for module, path in MODULES.items()
        if module != "anaphora"  # the door names rooms that it opens only when they are asked for
    }
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_one_file_names_both_torch_and_the_kernels() -> None:
    both = set()
    for module, path in MODULES.items():
        names = {name for _, name in imports_of(parsed(path))}
        if room_of(module) == "commands":
            continue  # `doctor` reports on both
        if any(n.split(".")[0] == "torch" for n in names) and names & KERNELS:
            both.add(module)
    assert both == {BRIDGE}


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("anaphora.bundle.format", "anaphora.runtime.model", False),
        ("anaphora.bundle.format", "anaphora.errors", True),
        ("anaphora.runtime.model", "torch", False),
        ("anaphora.runtime.model", "pydantic", False),
        ("anaphora.runtime.model", "anaphora.baselines.ngram", False),
        ("anaphora.data.files.conll", "anaphora.checks.findings", False),
        ("anaphora.training.loop", "anaphora.report.page", False),
        ("anaphora.tasks.language.task", "torch.nn", False),
        ("anaphora.tasks.language.task", "anaphora.tasks.language.training", False),
        ("anaphora.tasks.language.training", "anaphora.tasks.language.task", True),
        ("anaphora.tasks.language.training", "anaphora.tasks.tag.task", False),
        ("anaphora.tasks.language.training", "anaphora.tasks.base.trained_model", True),
        ("anaphora.tasks.base.trained_model", "anaphora.tasks.tag.task", False),
        ("anaphora.api", "anaphora.commands.train", False),
        ("anaphora.nn.lstm", "anaphora.training.loop", False),
        ("anaphora.nn.lstm", "anaphora.kernels.reference", True),
        ("anaphora.data.files.text", "pickle", False),
    ],
)
def test_the_table_itself(importer: str, imported: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (importer, imported):
        if name.startswith("anaphora"):
            monkeypatch.setitem(MODULES, name, SOURCE)
    assert (complaint(importer, imported) is None) is allowed


def test_tests_and_benchmarks_unpickle_nothing_either() -> None:
    for path in (path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")):
        tree = parsed(path)
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
    sources = [lines for path, lines in lengths.items() if path.parts[0] == "src"]
    assert statistics.median(sources) <= LINES_OF_MOST_SOURCES


def test_functions_are_short() -> None:
    for path in MODULES.values():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < LINES_OF_A_FUNCTION, f"{path}:{node.lineno}: {node.name}"


def test_few_modules_stand_at_the_top() -> None:
    loose = [path.name for path in (SOURCE / "anaphora").glob("*.py")]
    assert len(loose) <= MODULES_AT_THE_TOP, loose


WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; "


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_the_door_is_light(quiet_environment: dict[str, str]) -> None:
    done = python("import anaphora, sys; print([m for m in ('numpy', 'torch') if m in sys.modules])", quiet_environment)
    assert done.stdout.strip() == "[]", done.stderr


def test_commands_reach_torch_only_when_they_run(quiet_environment: dict[str, str]) -> None:
    modules = [name for name in MODULES if room_of(name) in ("door", "cli", "commands", "api")]
    modules.remove("anaphora.__main__")  # it runs the program
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in ("torch", "matplotlib", "polars"))
    done = python(f"import sys, importlib; {blocked}[importlib.import_module(m) for m in {modules}]", quiet_environment)
    assert done.returncode == 0, done.stderr


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
