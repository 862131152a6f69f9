"""What every test may ask for: random numbers that repeat, a Python without torch, a heavier hand in the soak."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from durations import Durations
from skipped import Skipped
from warm import Warm

ROOT = Path(__file__).resolve().parent.parent

# Before torch's OpenMP library is loaded: its threads sleep between jobs instead of spinning, so that a machine with
# other work on it runs the tests several times faster. No bit depends on it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes: a processor each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile("everyday", max_examples=20, deadline=None, derandomize=True)
hypothesis.settings.register_profile("soak", max_examples=1000, deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long tests too, and more examples of every law")
    parser.addoption("--budget", action="store_true", help="print the processor seconds of every area and its budget")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("soak" if config.getoption("--soak") else "everyday")
    config.pluginmanager.register(Durations(whole=config.getoption("--budget")))
    config.pluginmanager.register(Skipped())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell begins what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--soak"):
        for item in items:
            if item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.skip(reason="long: scripts/soak runs it"))


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether this run may take its time: ``for seed in range(200 if soak else 5)``."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers of this test's own, the same in every run."""
    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))


def base_distributions() -> set[str]:
    """The names of every distribution that a base install of anaphora brings, read from pyproject.toml and followed."""
    import tomllib

    wanted = list(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])
    found: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        if "extra ==" in requirement:
            continue
        matched = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert matched, requirement
        name = re.sub(r"[-_.]+", "-", matched[0]).lower()
        if name in found:
            continue
        try:
            wanted += importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # a requirement for another system or Python
        found.add(name)
    return found


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which only anaphora's base install exists: no torch, no matplotlib, nothing of [train].

    The packages are linked from this environment, so nothing is downloaded; that they are enough is part of the test.
    """
    home = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    for name in base_distributions():
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution.locate_file(top))))
    shutil.copytree(ROOT / "src" / "anaphora", site / "anaphora", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = importlib.util.find_spec("anaphora._kernels")
    if kernels is not None and kernels.origin is not None:
        shutil.copy(kernels.origin, site / "anaphora")
    found = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
    assert found.returncode == 1, "the bare environment can import torch"
    return python


@pytest.fixture(scope="session")
def warm(quiet_environment: dict[str, str]) -> Iterator[Warm]:
    """The program, ready to be called. Networks in tests are tiny: torch's threads would only wait."""
    program = Warm({**quiet_environment, "OMP_NUM_THREADS": "1"})
    yield program
    program.close()


@pytest.fixture(scope="session")
def quiet_environment() -> dict[str, str]:
    """This process's environment without what would change how a child Python imports, warns or draws."""
    dropped = ("PYTHON", "COVERAGE", "ANAPHORA", "FORCE_COLOR", "NO_COLOR", "COLUMNS")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
