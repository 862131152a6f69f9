"""The package around the code: pins, versions, exit codes, scripts, findings."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import tomllib
from pathlib import Path

import pytest

import anaphora
import durations
from anaphora import errors

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPTS = [*sorted(path for path in (ROOT / "scripts").iterdir() if not path.suffix), ROOT / ".ci" / "run"]
FINDINGS = sorted((ROOT / "findings").glob("*.sh"))


def pins() -> dict[str, tuple[int, ...]]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, version = line.split("==")
            found[name] = tuple(map(int, version.split(".")))
    return found


def requirements() -> list[str]:
    project = PROJECT["project"]
    lists = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    return sorted({line for lines in lists for line in lines if not line.startswith("anaphora[")})


@pytest.mark.parametrize("requirement", requirements())
def test_every_direct_dependency_is_pinned_within_its_bounds(requirement: str) -> None:
    name, _, least = requirement.partition(">=")
    assert pins()[name] >= tuple(map(int, least.split("."))) if least else name in pins()


def test_no_pin_without_a_requirement() -> None:
    assert set(pins()) == {requirement.partition(">=")[0] for requirement in requirements()}


def test_the_isolated_build_uses_the_same_tools() -> None:
    for requirement in PROJECT["build-system"]["requires"]:
        name, version = requirement.split("==")
        assert tuple(map(int, version.split("."))) == pins()[name]


def test_torch_is_not_in_the_base_install() -> None:
    assert not any(line.startswith("torch") for line in PROJECT["project"]["dependencies"])
    assert any(line.startswith("torch") for line in PROJECT["project"]["optional-dependencies"]["train"])
    assert pins()["torch"] == (2, 13, 0)


def test_one_version() -> None:
    assert anaphora.__version__ == PROJECT["project"]["version"]


def test_the_door_knows_its_rooms() -> None:
    from anaphora import kernels

    assert anaphora.runtime.__name__ == "anaphora.runtime"
    assert anaphora.set_threads is kernels.set_threads
    assert set(anaphora.__all__) <= set(dir(anaphora))
    with pytest.raises(AttributeError, match="no attribute 'mm'"):
        anaphora.mm  # noqa: B018


def test_exit_codes() -> None:
    codes = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.AnaphoraError)
    }
    assert codes == {
        "AnaphoraError": 1,
        "UsageError": 2,
        "MissingExtra": 2,
        "WrongArgument": 2,
        "WrongCall": 2,
        "DataError": 3,
        "Diverged": 4,
        "BundleError": 5,
        "CorruptBundle": 5,
        "IncompatibleBundle": 5,
        "WorkerGone": 1,
        "Interrupted": 130,
        "Terminated": 143,
    }


def test_a_missing_extra_names_the_line_that_installs_it() -> None:
    assert str(errors.MissingExtra("train", "anaphora demo", ["torch", "matplotlib"])).splitlines() == [
        "anaphora demo needs torch and matplotlib, which are not installed. Install it with:",
        '    pip install "anaphora[train]"',
    ]
    assert "needs packages that are not installed" in str(errors.MissingExtra("serve", "anaphora serve"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--hiden", "--hidden"),
        ("\u2014hidden", "--hidden"),  # pasted from a text that made a dash of two hyphens
        ("\u2013\u2013learning_rate", "--learning-rate"),
        ("LAYERS", "--layers"),
        ("--zebra", None),
        ("", None),
    ],
)
def test_did_you_mean(typed: str, meant: str | None) -> None:
    assert errors.closest(typed, ["--hidden", "--layers", "--learning-rate"]) == meant


def test_contributing_fits_one_screen() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


def test_every_test_belongs_to_an_area_with_a_budget() -> None:
    areas = durations.budgets(durations.PAGE.read_text(encoding="utf-8"))
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    examples = ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")), "src/anaphora/api.py"]
    found = [durations.area_of(address, areas) for address in [*files, *examples]]
    assert set(found) == set(areas)


def test_contributing_gives_the_sum_of_the_budgets() -> None:
    areas = durations.budgets(durations.PAGE.read_text(encoding="utf-8"))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"budget of (\d+) processor seconds in all", text) == [f"{sum(areas.values()):.0f}"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run_and_say_what_they_do(script: Path) -> None:
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert re.match(r"# [A-Z]", lines[1])
    subprocess.run(["bash", "-n", script], check=True)


def test_the_lint_of_shapes_finds_the_function_that_gives_none(tmp_path: Path) -> None:
    lint = runpy.run_path(str(ROOT / "scripts" / "lint_shapes.py"))
    package = tmp_path / "package"
    package.mkdir()
    types, module = package / "types.py", package / "module.py"
    types.write_text("Rows = list[NDArray]\nStep = Callable[[Rows], Rows]\nText = list[str]\n", encoding="utf-8")
    module.write_text(
        "from package.types import Rows, Step, Text\n\n\n"
        'def one(x: Tensor) -> None:\n    """Take x (T, B, I)."""\n\n\n'
        'def two(x: int, y: "Mapping[str, NDArray[Any]]") -> None:\n    """Take arrays (all of them)."""\n\n\n'
        'def three(x: int) -> None:\n    """Take a number."""\n\n\n'
        'def four(x: Pair | None) -> None:\n    """Take the name of another module\'s alias of an alias."""\n\n\n'
        'def five(x: Step, y: Text) -> None:\n    """Take no array."""\n\n\n'
        "Pair = tuple[Rows, Rows]\n",
        encoding="utf-8",
    )
    assert lint["offenders"](package) == [f"{module}:8: two", f"{module}:16: four"]


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda path: path.stem)
def test_findings_are_pinned_and_stand_alone(finding: Path) -> None:
    subprocess.run(["bash", "-n", finding], check=True)
    text = finding.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert re.match(r"# \S", lines[1])
    assert "set -euo pipefail" in lines
    parts = re.findall(r"^# (Packages|Valid input|Expectation|Behaviour): ", text, re.MULTILINE)
    assert parts == ["Packages", "Valid input", "Expectation", "Behaviour"]
    (packages,) = re.findall(r"^install (.+)$", text, re.MULTILINE)
    found = dict(re.findall(r"(?:^| )([a-z0-9_-]+)==([0-9.]+)(?= |$)", packages))
    assert len(found) == len(packages.split())
    assert found.get("torch", "2.13.0") == "2.13.0"
    assert "torch" not in found or "numpy" in found
    assert "anaphora" not in text
    assert len(re.findall(r"^(program|expect) <<'END'$", text, re.MULTILINE)) == 2
    assert "pip install" not in text
