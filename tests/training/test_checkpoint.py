"""Checkpoints are whole or not there, whatever fails while one is written."""

from __future__ import annotations

import errno
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from anaphora.errors import CorruptBundle, UsageError
from anaphora.training import checkpoint

OLD = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([], dtype=np.float32)}
NEW = {"a.weight": -np.ones((2, 3), np.float32), "b": np.zeros(0, np.float32)}
POINTS = ("open", "write", "fsync", "replace")


def same(found: tuple[dict[str, Any], dict[str, Any]], tensors: dict[str, Any], facts: dict[str, Any]) -> bool:
    return found[1] == facts and all(np.array_equal(found[0][name], tensors[name]) for name in tensors)


def test_what_is_written_reads_back_with_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    checkpoint.write(path, OLD, {"step": 3, "loss": 1.25, "weights": "raw"})
    assert same(checkpoint.read(path), OLD, {"step": 3, "loss": 1.25, "weights": "raw"})
    checkpoint.write(path, NEW, {"step": 4})
    assert same(checkpoint.read(path), NEW, {"step": 4})
    assert list(tmp_path.iterdir()) == [path]


def test_any_reader_of_safetensors_opens_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    tensors = {
        "random": rng.integers(0, 256, (2, 5), np.uint8),
        "ü/weight": rng.normal(size=(3, 2)).astype(np.float32).T,
        "double": rng.normal(size=(2, 2, 2)),
        "count": np.array(7, np.int64),
        "half": rng.normal(size=3).astype(np.float16),
        "truth": np.array([True, False, True]),
        "none": np.zeros((0, 4), np.int32),
    }
    checkpoint.write(tmp_path / "a", tensors, {"step": 3})
    found = load_file(tmp_path / "a")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype
    with safe_open(tmp_path / "a", framework="numpy") as file:
        assert json.loads(file.metadata()["anaphora"]) == {"step": 3}


def test_writing_takes_no_copy_of_the_tensors(tmp_path: Path) -> None:
    tensors = {f"{number}": np.zeros(2**20, np.float32) for number in range(8)}  # 32 MiB
    tracemalloc.start()
    checkpoint.write(tmp_path / "a", tensors, {"step": 1})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


class Disk:
    """Counts the calls that reach the disk, and fails the n-th of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int | None, error: BaseException) -> None:
        self.calls: list[str] = []
        self.fails_at, self.error = fails_at, error
        real_open = open
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, self._guarded(name, getattr(os, name)))

        def guarded_open(*arguments: Any, **options: Any) -> Any:
            self.count("open")
            file = real_open(*arguments, **options)
            disk = self

            class Guarded:
                def __enter__(self) -> Guarded:
                    return self

                def __exit__(self, *_: object) -> None:
                    file.close()

                def write(self, data: bytes) -> int:
                    disk.count("write")
                    return int(file.write(data))

                def __getattr__(self, name: str) -> Any:
                    return getattr(file, name)

            return Guarded()

        monkeypatch.setattr("anaphora.files.atomic.open", guarded_open, raising=False)

    def _guarded(self, name: str, real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            self.count(name)
            return real(*arguments)

        return call

    def count(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) - 1 == self.fails_at:
            raise self.error


def disk_calls(tmp_path: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as patched:
        disk = Disk(patched, None, OSError())
        checkpoint.write(tmp_path / "trial", OLD, {})
    (tmp_path / "trial").unlink()
    return disk.calls


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"]
)
@pytest.mark.parametrize("there", [True, False], ids=["over an old one", "the first"])
def test_the_old_one_is_whole_wherever_writing_fails(tmp_path: Path, error: BaseException, there: bool) -> None:
    path = tmp_path / "best.safetensors"
    calls = disk_calls(tmp_path)
    assert set(calls) == set(POINTS)
    renamed = calls.index("replace") + 1
    for fails_at in range(len(calls)):
        path.unlink(missing_ok=True)
        if there:
            checkpoint.write(path, OLD, {"step": 1})
        with pytest.MonkeyPatch.context() as patched:
            Disk(patched, fails_at, error)
            with pytest.raises((UsageError, KeyboardInterrupt)) as caught:
                checkpoint.write(path, NEW, {"step": 2})
        if isinstance(error, OSError):
            assert "best.safetensors" in str(caught.value)
            assert "No space left on device" in str(caught.value)
        if fails_at >= renamed:
            assert same(checkpoint.read(path), NEW, {"step": 2})
        elif there:
            assert same(checkpoint.read(path), OLD, {"step": 1})
        else:
            assert not path.exists()
        assert set(tmp_path.iterdir()) <= {path}, "something was left beside it"


@pytest.mark.parametrize("content", [b"", b"short", b"\x10" + bytes(7) + b"not a header {{{"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(content)
    with pytest.raises(CorruptBundle, match=r"best\.safetensors is damaged"):
        checkpoint.read(path)


def test_a_safetensors_file_of_another_program_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(OLD, tmp_path / "other.safetensors")
    with pytest.raises(CorruptBundle, match="is damaged"):
        checkpoint.read(tmp_path / "other.safetensors")
