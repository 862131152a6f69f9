"""The model file: its golden bytes, the safetensors library as a second reader, and every kind of damage."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from anaphora import bundle
from anaphora.errors import BundleError, CorruptBundle, DataError, IncompatibleBundle

CONFIG = {"version": 1, "task": "language", "model": {"kind": "stack", "name": "m", "blocks": []}}
TENSORS = {"v": np.frombuffer(b"ab\xff", np.uint8), "w": np.array([[1.5, -2.0]], np.float32)}


def small() -> bytes:
    return bundle.to_bytes(TENSORS, CONFIG)


def spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def parts(raw: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Take a file apart into entries, the object under ``anaphora``, and data."""
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    inner = json.loads(header.pop("__metadata__")["anaphora"])
    return header, inner, raw[8 + length :]


def sealed(header: str, data: bytes, spaces: int | None = None) -> bytes:
    """A file with this header text, padded, and a digest that is right: only the check meant can refuse it."""
    text = header.encode("utf-8")
    text += b" " * (-(8 + len(text)) % 64 if spaces is None else spaces)
    raw = struct.pack("<Q", len(text)) + text + data
    return raw.replace(b"0" * 64, hashlib.sha256(raw).hexdigest().encode(), 1)


def forged(change: Callable[[dict[str, Any], dict[str, Any]], None], data: bytes | None = None, **more: Any) -> bytes:
    """The small file with something changed in its entries or its ``anaphora``, canonical and sealed again."""
    entries, inner, old = parts(small())
    inner["whole"] = "0" * 64
    change(entries, inner)
    return sealed(
        spelled(entries | {"__metadata__": {"anaphora": spelled(inner)} | more}), old if data is None else data
    )


def test_golden_bytes() -> None:
    data = struct.pack("<ff", 1.5, -2.0) + b"ab\xff"
    inner = (
        '{"config":{"model":{"blocks":[],"kind":"stack","name":"m"},"task":"language","version":1},'
        f'"sha256":{{"v":"{hashlib.sha256(data[8:]).hexdigest()}","w":"{hashlib.sha256(data[:8]).hexdigest()}"}},'
        '"whole":"' + "0" * 64 + '"}'
    )
    header = (
        '{"__metadata__":{"anaphora":"' + inner.replace('"', '\\"') + '"},'
        '"v":{"data_offsets":[8,11],"dtype":"U8","shape":[3]},'
        '"w":{"data_offsets":[0,8],"dtype":"F32","shape":[1,2]}}'
    )
    header += " " * (64 - (8 + len(header)) % 64)
    zeroed = struct.pack("<Q", len(header)) + header.encode("ascii") + data
    expected = zeroed.replace(b"0" * 64, hashlib.sha256(zeroed).hexdigest().encode("ascii"))
    assert small() == expected
    assert hashlib.sha256(expected).hexdigest() == "f0888338237060335afc528f1feb23697fccd5ed0f7f86f416500c3eb3f2bb59"


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    turned = {name: TENSORS[name] for name in sorted(TENSORS, reverse=True)}
    config = {name: CONFIG[name] for name in sorted(CONFIG, reverse=True)}
    assert bundle.to_bytes(turned, config) == small()
    bundle.write(tmp_path / "a", TENSORS, CONFIG)
    again = bundle.read(tmp_path / "a")
    bundle.write(tmp_path / "b", again.tensors, again.config)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == small()


def test_every_type_and_shape_comes_back_here_and_in_safetensors(tmp_path: Path, rng: np.random.Generator) -> None:
    tensors: dict[str, np.ndarray] = {
        f"{name}.{i}": rng.integers(0, 2, shape).astype(dtype)
        if name == "BOOL"
        else rng.normal(0, 50, shape).astype(dtype)
        for name, dtype in bundle.DTYPES.items()
        if name[0] != "U"
        for i, shape in enumerate([(), (3,), (2, 0, 5), (3, 5, 2)])
    }
    tensors |= {f"{name}": rng.integers(0, 200, 7).astype(bundle.DTYPES[name]) for name in ("U8", "U16", "U32", "U64")}
    tensors["transposed"] = rng.normal(size=(3, 4)).astype(np.float32).T
    tensors["every other"] = rng.normal(size=9)[::2]
    tensors["big endian"] = rng.normal(size=5).astype(">f4")
    tensors['größe \U0001f600 "quoted"'] = rng.normal(size=2)
    path = tmp_path / "m.anaphora"
    bundle.write(path, tensors, CONFIG | {"card": {"µ": 0.1, "parts": (1, 2), "none": None}})
    ours, theirs = bundle.read(path), safetensors.numpy.load_file(path)
    assert ours.tensors.keys() == theirs.keys() == tensors.keys()
    for name, tensor in tensors.items():
        for found in (ours.tensors[name], theirs[name]):
            assert found.shape == tensor.shape
            assert found.dtype == tensor.dtype.newbyteorder("=")
            np.testing.assert_array_equal(found, tensor)
    assert ours.config["card"] == {"µ": 0.1, "parts": [1, 2], "none": None}
    with safetensors.safe_open(path, "numpy") as file:
        assert json.loads(file.metadata()["anaphora"])["config"]["task"] == "language"


def test_data_lies_aligned_and_arrays_are_read_only(rng: np.random.Generator) -> None:
    tensors = {
        f"t{i}": rng.normal(size=i + 1).astype(dtype) for i, dtype in enumerate(["i1", "f8", "f2", "f4", "i1", "i8"])
    }
    raw = bundle.to_bytes(tensors, CONFIG)
    entries, _, data = parts(raw)
    assert (len(raw) - len(data)) % 64 == 0
    assert all(entries[name]["data_offsets"][0] % tensors[name].itemsize == 0 for name in tensors)
    for tensor in bundle.from_bytes(raw).tensors.values():
        with pytest.raises(ValueError, match="read-only"):
            tensor[...] = 0


def test_every_flipped_bit_is_found() -> None:
    raw = bytearray(small())
    for byte in range(len(raw)):
        for bit in range(8):
            raw[byte] ^= 1 << bit
            with pytest.raises(BundleError):
                bundle.from_bytes(bytes(raw))
            raw[byte] ^= 1 << bit
    bundle.from_bytes(bytes(raw))


def test_every_truncation_and_anything_behind_is_found() -> None:
    raw = small()
    for length in range(len(raw)):
        with pytest.raises(CorruptBundle):
            bundle.from_bytes(raw[:length])
    for tail in (b"\0", b" ", b"x" * 64, raw):
        with pytest.raises(CorruptBundle, match="too long"):
            bundle.from_bytes(raw + tail)


def test_damage_is_named_and_located(tmp_path: Path) -> None:
    raw = small()
    path = tmp_path / "model.anaphora"
    path.write_bytes(raw[:-1] + b"\xfe")
    with pytest.raises(
        CorruptBundle, match=rf"model\.anaphora.*tensor 'v' \(bytes {len(raw) - 3} to {len(raw)}\).*opy"
    ) as caught:
        bundle.read(path)
    assert caught.value.exit_code == 5
    path.write_bytes(raw[:-1])
    with pytest.raises(CorruptBundle, match="cut short: 10 bytes of data, expected 11"):
        bundle.verify(path)
    path.write_bytes(b"")
    with pytest.raises(CorruptBundle, match="cut short: 0 bytes"):
        bundle.read(path)
    with pytest.raises(DataError, match=r"none\.anaphora.*No such file"):
        bundle.read(tmp_path / "none.anaphora")


def entry(name: str, **changes: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda entries, inner: entries[name].update(changes)


STRUCTURE = {
    "overlap": (entry("v", data_offsets=[7, 10]), "expected its data at 8 to 11"),
    "hole": (entry("v", data_offsets=[9, 12]), "expected its data at 8 to 11"),
    "out of range": (entry("v", data_offsets=[8, 4000]), "expected its data at 8 to 11"),
    "negative offset": (entry("w", data_offsets=[-8, 0]), "expected its data at 0 to 8"),
    "offset as a float": (entry("w", data_offsets=[0.0, 8.0]), "expected its data at 0 to 8"),
    "offset as a truth value": (entry("w", data_offsets=[False, 8]), "expected its data at 0 to 8"),
    "offsets are no list": (entry("w", data_offsets="0,8"), "expected its data at 0 to 8"),
    "shape too large for its bytes": (entry("w", shape=[1, 3]), "expected its data at"),
    "negative size": (entry("w", shape=[-1, -2]), "shape is not a list"),
    "size as a float": (entry("w", shape=[1, 2.0]), "shape is not a list"),
    "size as a truth value": (entry("w", shape=[True, 2]), "shape is not a list"),
    "shape is no list": (entry("w", shape=2), "shape is not a list"),
    "too many dimensions": (entry("w", shape=[1] * 32 + [2]), "shape is not a list"),
    "huge shape": (entry("w", shape=[1 << 40, 1 << 40]), "too large"),
    "huge shape of nothing": (entry("w", shape=[0, 1 << 62]), "too large"),
    "unknown dtype": (entry("w", dtype="BF16"), "dtype 'BF16'"),
    "dtype of another size": (entry("w", dtype="F64"), "expected its data at"),
    "dtype is no word": (entry("w", dtype=["F32"]), "dtype"),
    "another key": (entry("w", note="x"), "expected dtype, shape and data_offsets"),
    "missing key": (lambda entries, inner: entries["w"].pop("shape"), "expected dtype, shape and data_offsets"),
    "no object": (lambda entries, inner: entries.update(w=3), "expected dtype, shape and data_offsets"),
    "no name": (lambda entries, inner: entries.update({"": entries.pop("w")}), "expected dtype, shape"),
    "no truth value": (entry("v", dtype="BOOL"), "neither 0 nor 1"),
    "tensor missing": (lambda entries, inner: entries.pop("v"), "too long"),
    "tensor too many": (
        lambda entries, inner: entries.update(x={"data_offsets": [11, 12], "dtype": "U8", "shape": [1]}),
        "cut short",
    ),
    "digest missing": (lambda entries, inner: inner["sha256"].pop("v"), "does not name the tensors"),
    "digest too many": (lambda entries, inner: inner["sha256"].update(x="0" * 63), "does not name the tensors"),
    "digests are no object": (lambda entries, inner: inner.update(sha256=[]), "does not name the tensors"),
    "another digest": (lambda entries, inner: inner["sha256"].update(v="ab" * 32), "tensor 'v'.*damaged"),
    "no whole": (lambda entries, inner: inner.pop("whole"), "header is damaged"),
    "whole is no word": (lambda entries, inner: inner.update(whole=0), "header is damaged"),
}


@pytest.mark.parametrize("kind", STRUCTURE)
def test_a_wrong_structure_is_corrupt(kind: str) -> None:
    change, message = STRUCTURE[kind]
    with pytest.raises(CorruptBundle, match=message):
        bundle.from_bytes(forged(change))


def in_config(**changes: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda entries, inner: inner["config"].update(changes)


MEANING = {
    "newer": (in_config(version=3), "newer anaphora .file version 3; this one reads 2.*pip install -U"),
    "newer with new fields": (in_config(version=4, dream=1), "newer anaphora"),
    "older": (in_config(version=0), "file version is 0"),
    "version as a truth value": (in_config(version=True), "file version is True"),
    "version as a word": (in_config(version="1"), "file version is '1'"),
    "unknown field": (in_config(dream=1), "unknown fields .'dream'"),
    "missing field": (lambda entries, inner: inner["config"].pop("task"), "lacks .'task'"),
    "task is no word": (in_config(task=7), "task that is not a word"),
    "model is no object": (in_config(model="os.system"), "model that is not an object"),
    "config is no object": (lambda entries, inner: inner.update(config=[1]), "config is not an object"),
    "unknown key beside config": (
        lambda entries, inner: inner.update(code="print(1)"),
        "expected config, sha256 and whole",
    ),
}


@pytest.mark.parametrize("kind", MEANING)
def test_a_whole_file_that_says_something_else_is_incompatible(kind: str) -> None:
    change, message = MEANING[kind]
    with pytest.raises(IncompatibleBundle, match=message):
        bundle.from_bytes(forged(change))


def test_a_newer_file_that_is_damaged_is_corrupt_not_newer() -> None:
    raw = forged(in_config(version=2))
    with pytest.raises(CorruptBundle):
        bundle.from_bytes(raw[:-1] + b"\0")


def test_header_is_refused_when_it_is_spelled_in_another_way() -> None:
    entries, inner, data = parts(small())
    inner["whole"] = "0" * 64
    whole = entries | {"__metadata__": {"anaphora": spelled(inner)}}
    right = spelled(whole)
    assert sealed(right, data) == small()
    length = len(right.encode())
    least = -(8 + length) % 64
    others = {
        "white space": (json.dumps(whole, sort_keys=True), None),
        "unsorted": (json.dumps(dict(sorted(whole.items(), reverse=True)), separators=(",", ":")), None),
        "a leading space": (" " + right, None),
        "escaped in another way": (right.replace('"w":', '"\\u0077":'), None),
        "a slash escaped": (right.replace("language", "langu\\u0061ge"), None),
        "number in another way": (right.replace('"shape":[3]', '"shape":[3e0]'), None),
        "line feeds as padding": (right + "\n" * least, 0),
        "more padding": (right, least + 64),
        "no padding": (right, 0),
        "metadata beside ours": (right.replace('{"anaphora":', '{"a":"","anaphora":'), None),
        "key twice": (right.replace('"v":{', '"v":0,"v":{'), None),
        "key twice inside": (right.replace('{\\"config\\":', '{\\"config\\":{},\\"config\\":'), None),
        "NaN": (right.replace('"shape":[3]', '"shape":NaN'), None),
        "infinity inside": (right.replace('\\"version\\":1', '\\"version\\":-Infinity'), None),
        "beyond float64": (right.replace('\\"version\\":1', '\\"version\\":1e999'), None),
        "endless digits": (right.replace('\\"version\\":1', f'\\"version\\":{"9" * 5000}'), None),
        "nested too deep": (right.replace('\\"blocks\\":[]', f'\\"blocks\\":{"[" * 40}{"]" * 40}'), None),
        "nested far too deep": (right.replace('\\"blocks\\":[]', f'\\"blocks\\":{"[" * 10**5}{"]" * 10**5}'), None),
        "a list": ("[1]", None),
        "a list inside": (spelled(entries | {"__metadata__": {"anaphora": "[1]"}}), None),
        "no JSON": ("{", None),
        "nothing": ("", None),
    }
    for kind, (header, spaces) in others.items():
        assert header != right or spaces is not None, kind
        with pytest.raises(CorruptBundle):
            bundle.from_bytes(sealed(header, data, spaces))


def test_other_files_are_told_apart() -> None:
    with pytest.raises(IncompatibleBundle, match="no 'anaphora' in its metadata"):
        bundle.from_bytes(safetensors.numpy.save(TENSORS))
    with pytest.raises(IncompatibleBundle, match=r"torch\.save"):
        bundle.from_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(CorruptBundle, match="does not begin like a model file"):
        bundle.from_bytes(b"First Citizen:\nBefore we proceed any further")
    with pytest.raises(CorruptBundle, match="its header would have 16777217 bytes"):
        bundle.from_bytes(struct.pack("<Q", (16 << 20) + 1) + bytes(100))
    with pytest.raises(CorruptBundle, match="more than 'anaphora'"):
        bundle.from_bytes(forged(lambda entries, inner: None, other="x"))


def test_nothing_executes(tmp_path: Path) -> None:
    trap = f"cposix\nmkdir\n(V{tmp_path / 'sprung'}\ntR.".encode()  # a pickle that makes a folder when it is read
    for raw in (trap, struct.pack("<Q", len(trap)) + trap, sealed("{}", trap)):
        with pytest.raises(BundleError):
            bundle.from_bytes(raw)
    with pytest.raises(ValueError, match="object"):
        bundle.to_bytes({"w": np.array([object()], dtype=object)}, CONFIG)
    config = CONFIG | {"model": {"kind": "os.system", "!!python/object": "os.system", "__class__": "Booby"}}
    kept = bundle.from_bytes(bundle.to_bytes({"v": np.frombuffer(trap, np.uint8)}, config))
    assert kept.config == config
    assert kept.tensors["v"].tobytes() == trap
    assert not (tmp_path / "sprung").exists()


def test_verify_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.anaphora"
    bundle.write(path, TENSORS, CONFIG)
    facts = bundle.verify(path)
    raw = path.read_bytes()
    assert facts == (str(path), len(raw), 1, "language", 2, 5, parts(raw)[1]["whole"], CONFIG)
    assert hashlib.sha256(raw.replace(facts.sha256.encode(), b"0" * 64)).hexdigest() == facts.sha256


@pytest.mark.parametrize(
    ("tensors", "config", "message"),
    [
        ({}, CONFIG | {"dream": 1}, "at most"),
        ({}, {"version": 1, "task": "language"}, "expected"),
        ({}, CONFIG | {"version": 3}, "version 1 to 2"),
        ({}, CONFIG | {"card": {1: "x"}}, "the key 1 is not a string"),
        ({}, CONFIG | {"card": [{"x": {None: 1}}]}, "the key None is not a string"),
        ({}, CONFIG | {"card": float("nan")}, "JSON compliant"),
        ({"": np.zeros(1)}, CONFIG, "expected a name"),
        ({"__metadata__": np.zeros(1)}, CONFIG, "expected a name"),
        ({"w": np.zeros(1, complex)}, CONFIG, "complex128"),
        ({"w": np.array(["text"])}, CONFIG, "<U4"),
    ],
)
def test_what_a_file_cannot_hold_is_not_written(tensors: Any, config: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        bundle.write(tmp_path / "m", tensors, config)
    assert list(tmp_path.iterdir()) == []
