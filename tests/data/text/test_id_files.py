"""Units on disk are the array they were written from; what is not whole is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.text import id_files
from anaphora.data.text.id_files import IdFile
from anaphora.errors import DataError


@pytest.mark.parametrize(
    ("size", "kind"),
    [(2, "u1"), (256, "u1"), (257, "<u2"), (65_536, "<u2"), (65_537, "<u4"), (2**31 - 1, "<u4")],
)
def test_the_smallest_type_that_holds_them(size: int, kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    ids = np.append(rng.integers(0, size, 999), size - 1)
    digest = id_files.write(tmp_path / "ids.npy", np.array_split(ids, 7), size)
    again = np.lib.format.open_memmap(tmp_path / "ids.npy", mode="r")
    assert again.dtype == kind
    np.testing.assert_array_equal(again, ids)
    shard = IdFile(tmp_path / "ids.npy")
    assert shard[:].dtype == np.int32
    np.testing.assert_array_equal(shard[:], ids)
    assert shard.digest() == digest == hashlib.sha256(ids.astype(kind).tobytes()).hexdigest()


@given(
    length=st.integers(0, 60),
    start=st.none() | st.integers(-70, 70),
    stop=st.none() | st.integers(-70, 70),
    block=st.integers(1, 70),
)
def test_a_stretch_is_that_of_the_array(
    length: int, start: int | None, stop: int | None, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("shard") / "ids.npy"
    ids = np.random.default_rng(length).integers(0, 300, length)
    id_files.write(path, [ids], 300)
    shard = IdFile(path)
    assert len(shard) == length
    np.testing.assert_array_equal(shard[start:stop], ids[start:stop])
    np.testing.assert_array_equal(np.concatenate([np.zeros(0, int), *id_files.blocks(shard, block)]), ids)
    np.testing.assert_array_equal(id_files.counts(shard, 300), np.bincount(ids, minlength=300))


def test_counts_through_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.arange(50) % 7
    for block in (1, 8, 50, 64):
        found = sum(np.bincount(part, minlength=9) for part in id_files.blocks(ids, block))
        np.testing.assert_array_equal(found, id_files.counts(ids, 9))
    assert id_files.counts(ids, 9).tolist() == [8, 7, 7, 7, 7, 7, 7, 0, 0]


def test_what_is_no_shard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ids.npy"
    id_files.write(path, [np.arange(100)], 100)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"ids\.npy' is incomplete: expected 228 bytes, got 227"):
        IdFile(path)
    for wrong, message in (
        (b"", "cannot be read as a file of units"),
        (b"not an array" * 20, "magic string is not correct"),
    ):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=message):
            IdFile(path)
    for array in (np.zeros((2, 2), np.uint8), np.zeros(3, np.float32), np.zeros(3, ">u2")):
        np.save(path, array)
        with pytest.raises(DataError, match="expected one dimension of uint8, uint16 or uint32, got"):
            IdFile(path)
    with pytest.raises(DataError, match="No such file"):
        IdFile(tmp_path / "none.npy")
    with pytest.raises(FileExistsError):
        id_files.write(path, [], 2)


def test_a_file_that_is_cut_off_in_use_is_noticed(tmp_path: Path) -> None:
    id_files.write(tmp_path / "ids.npy", [np.arange(100)], 100)
    shard = IdFile(tmp_path / "ids.npy")
    os.truncate(tmp_path / "ids.npy", 150)
    assert shard[5:9].tolist() == [5, 6, 7, 8]
    with pytest.raises(DataError, match="was cut off while it was in use"):
        shard[50:60]
    with pytest.raises(ValueError, match="got every 3th unit"):
        shard[::3]
