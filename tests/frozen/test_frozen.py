"""All that the program says, writes and computes is what it was when the record was made: `record.py` says how."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from frozen import store

TEXTS = store.files(store.EXPECTED / store.ANY)
NUMBERS = sorted({name for key in store.recorded_keys() for name in store.files(store.EXPECTED / key)})
REFRESH = "If it should differ: `python tests/frozen/record.py` records anew and shows what changed; read it."


class Made(NamedTuple):
    """A record that was just made, and the keys it was made for."""

    folder: Path
    keys: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once: several processes that share the tests share it through a file, locked until it is there."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "frozen-record"
    folder.mkdir(exist_ok=True)
    with (folder.parent / "frozen-keys.txt").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        keys = file.read().split()
        if not keys:
            keys = store.make(folder)
            file.write("\n".join(keys))
    return Made(folder, keys)


def same(before: Path, after: Path, name: str) -> None:
    lines = store.difference(before, after, name)
    if lines:
        pytest.fail("\n".join([*lines[:60], f"({len(lines)} lines in all)", REFRESH]), pytrace=False)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_the_recorded_ones(made: Made, name: str) -> None:
    same(store.EXPECTED / store.ANY, made.folder / store.ANY, name)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_the_recorded_ones(made: Made, name: str) -> None:
    recorded = [key for key in made.keys if (store.EXPECTED / key / name).exists()]
    if not recorded:
        pytest.skip(
            f"There is no record of {name} for {made.keys[0]}, the key of this machine's instruction set, torch and "
            f"arithmetic; the recorded keys are {', '.join(store.recorded_keys())}. To add one, run `python "
            "tests/frozen/record.py` on a commit that is known to be right."
        )
    for key in recorded:
        same(store.EXPECTED / key, made.folder / key, name)


def test_nothing_new_is_said_that_is_not_recorded(made: Made) -> None:
    known = {f"{store.ANY}/{name}" for name in TEXTS} | {
        f"{key}/{name}" for key in store.recorded_keys() for name in NUMBERS
    }
    found = [name for name in store.files(made.folder) if name.split("/")[0] in (store.ANY, *store.recorded_keys())]
    assert [name for name in found if name not in known] == []
