"""A long text trains as a short one does: the same vocabulary, units, windows and scores from the disk; and little
memory.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.baselines.ngram import KneserNey
from anaphora.config import resolve
from anaphora.data.files import sources
from anaphora.data.text import id_files, tokenized
from anaphora.data.text.build import KINDS
from anaphora.data.text.id_files import IdFile
from anaphora.errors import DataError
from anaphora.tasks.language import checks, data, score, windows
from anaphora.tasks.language.baseline import Fitted, fitted
from anaphora.tasks.language.judgement import judgement
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.tasks.language.windows import Windows
from small_models import STREAMING, V, small_model

TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog – größer!\n" * 40


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where units are kept, even of the shortest text; nothing else is held in memory, and blocks are short."""
    monkeypatch.setenv("ANAPHORA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tokenized, "IN_MEMORY", 0)
    monkeypatch.setattr(sources, "IN_MEMORY", 0)
    monkeypatch.setattr(sources, "BLOCK", 100)
    return tmp_path / "cache"


def config(*options: str) -> LanguageConfig:
    return resolve(LanguageConfig, PRESETS, options=["--batch", "4", "--bptt", "16", *options])


@given(
    N=st.integers(2, 300),
    batch=st.integers(1, 6),
    steps=st.integers(1, 20),
    seed=st.integers(0, 9),
    at=st.lists(st.integers(0, 500), max_size=8),
)
def test_windows_over_a_shard_are_windows_over_the_array(
    N: int, batch: int, steps: int, seed: int, at: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    if batch > N:
        return
    path = tmp_path_factory.mktemp("shard") / "ids.npy"
    ids = np.random.default_rng(seed).integers(0, 300, N).astype(np.int32)
    id_files.write(path, [ids], 300)
    on_disk, in_memory = Windows(IdFile(path), batch, steps, seed), Windows(ids, batch, steps, seed)
    for position in at:
        found, window = on_disk.at(position), in_memory.at(position)
        assert found.begins == window.begins
        for ours, theirs in ((found.inputs, window.inputs), (found.targets, window.targets)):
            assert (ours.dtype, ours.strides) == (theirs.dtype, theirs.strides)
            np.testing.assert_array_equal(ours, theirs)
        epoch, number = divmod(position, in_memory.per_epoch)  # by the definition, unit by unit
        shift = np.random.default_rng([seed, epoch]).integers(N)
        expected = [ids[(shift + row * (N // batch) + number * steps) % N] for row in range(batch)]
        assert found.inputs[0].tolist() == expected


@pytest.mark.parametrize("kind", KINDS)
def test_units_on_disk_are_those_in_memory(kind: str, home: Path, tmp_path: Path) -> None:
    limited = [] if kind == "byte" else ["--vocabulary", "60"]
    settings = config("--units", kind, *limited, "--valid", "0.2")
    line_end = TEXT.index("\n", 500) + 1
    (tmp_path / "a.txt").write_text(TEXT[:line_end], encoding="utf-8")
    (tmp_path / "b.txt").write_text(TEXT[line_end:], encoding="utf-8")
    long = data.read(settings, [tmp_path / "a.txt", tmp_path / "b.txt"])
    found = data.encode(settings, long)
    assert isinstance(found.train, IdFile)
    with pytest.MonkeyPatch.context() as patch:
        for module in (tokenized, sources):
            patch.setattr(module, "IN_MEMORY", 2**20)
        patch.setattr(sources, "BLOCK", 2**20)
        short = data.read(settings, [tmp_path / "a.txt", tmp_path / "b.txt"])
        expected = data.encode(settings, short)
    edge = round(0.8 * len(TEXT))
    digest = hashlib.sha256(TEXT[:edge].encode() + b"\0" + TEXT[edge:].encode()).hexdigest()
    assert long.sha256 == short.sha256 == digest
    assert long.held_out_sha256 == short.held_out_sha256 == hashlib.sha256(TEXT[edge:].encode()).hexdigest()
    assert found.vocabulary.symbols == expected.vocabulary.symbols
    assert isinstance(expected.train, np.ndarray)
    for ours, theirs in ((found.train, expected.train), (found.held_out, expected.held_out)):
        np.testing.assert_array_equal(ours[:], theirs)
        assert ours[:].dtype == theirs[:].dtype
    ours, theirs = fitted(settings, found), fitted(settings, expected)
    assert (ours.order, ours.note) == (theirs.order, theirs.note)
    np.testing.assert_array_equal(ours.each, theirs.each)


def test_a_second_run_finds_the_units_and_another_text_or_vocabulary_does_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    write = id_files.write
    monkeypatch.setattr(id_files, "write", lambda path, *rest: made.append(path.name) or write(path, *rest))
    first = data.encode(config(), data.from_memory(config(), TEXT))
    again = data.encode(config(), data.from_memory(config(), TEXT))
    assert made == ["train.npy", "held_out.npy"]
    assert again.vocabulary.symbols == first.vocabulary.symbols
    np.testing.assert_array_equal(again.train[:], first.train[:])
    for options, whole in (([], TEXT + "a"), (["--valid", "0.2"], TEXT), (["--vocabulary", "9"], TEXT)):
        data.encode(config(*options), data.from_memory(config(*options), whole))
    assert len(made) == 8
    assert len([path for path in home.iterdir() if path.is_dir()]) == 4


@pytest.mark.parametrize("name", ["train.npy", "held_out.npy", "vocabulary.safetensors", "data.json"])
@pytest.mark.parametrize("how", ["changed", "cut off", "gone"])
def test_what_was_damaged_is_made_again(name: str, how: str, home: Path) -> None:
    first = data.encode(config(), data.from_memory(config(), TEXT))
    path = next(folder for folder in home.iterdir() if folder.is_dir()) / name
    raw = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(raw[:-2] + bytes([raw[-2] ^ 1, raw[-1]]))
    elif how == "cut off":
        path.write_bytes(raw[:-2])
    again = data.encode(config(), data.from_memory(config(), TEXT))
    np.testing.assert_array_equal(again.train[:], first.train[:])
    np.testing.assert_array_equal(again.held_out[:], first.held_out[:])
    assert again.vocabulary.symbols == first.vocabulary.symbols
    if name != "data.json":
        assert path.read_bytes() == raw


def test_a_long_text_that_makes_no_batch_or_no_vocabulary_is_refused_as_a_short_one(home: Path) -> None:
    for whole, said in (("ab" * 20, r"has 36 characters; one batch"), ("a" * 200, "only one character")):
        with pytest.raises(DataError, match=said):
            data.encode(config(), data.from_memory(config(), whole))


def test_a_finding_names_the_part_that_is_too_short() -> None:
    for valid, part in (("0.1", "the training part"), ("0.00001", "the held-out part")):
        settings = config("--valid", valid, *([] if valid == "0.1" else ["--batch", "1", "--bptt", "1"]))
        (found,), load = checks.describe(settings, data.from_memory(settings, "abcd" * 2))
        assert (found.code, found.where, load) == ("too-short", part, None)
        assert found.message.lower().startswith(part)


def test_the_floor_reads_a_sample_and_no_more(tmp_path: Path, rng: np.random.Generator) -> None:
    ids = rng.integers(0, 5, 100_000)
    id_files.write(tmp_path / "ids.npy", [ids], 5)
    read = 0

    class Counted(IdFile):
        def __getitem__(self, index: slice, /) -> np.ndarray:
            nonlocal read
            found = super().__getitem__(index)
            read += len(found)
            return found

    model = KneserNey(3, 5).fit(Counted(tmp_path / "ids.npy"), 30_000)
    assert read == 30_000
    np.testing.assert_array_equal(model.nats(ids[:999]), KneserNey(3, 5).fit(ids, 30_000).nats(ids[:999]))


def test_a_huge_held_out_part_is_scored_in_part_by_both(tmp_path: Path, rng: np.random.Generator) -> None:
    model, ids = small_model(STREAMING["lstm"]), rng.integers(0, V, 30_000)
    id_files.write(tmp_path / "ids.npy", [ids], V)
    pieces = windows.cut(len(ids), 100, 13, 64, 5_000)
    assert windows.scored_in(pieces) == 64 * (5_000 // 64)
    assert pieces[0].first == 1
    assert pieces[-1].stop == len(ids)
    assert len({piece.first - before.first for before, piece in itertools.pairwise(pieces)}) <= 2
    nats = score.nats(model, IdFile(tmp_path / "ids.npy"), pieces)
    np.testing.assert_array_equal(nats, score.nats(model, ids, pieces))
    ngram = KneserNey(3, V).fit(ids)
    whole = ngram.nats(ids)
    expected = np.concatenate([whole[piece.first : piece.stop] for piece in pieces])
    np.testing.assert_array_equal(score.ngram_nats(ngram, IdFile(tmp_path / "ids.npy"), pieces), expected)


def test_what_is_scored_in_part_is_said() -> None:
    for length, said in ((2_000_001, None), (3_000_001, "sample of 2,000,000 of the held-out part's 3,000,000 units")):
        pieces = windows.cut(length)
        baseline = Fitted(7, None, np.full(windows.scored_in(pieces), 1.5)).baseline(pieces, 1.0)
        judged = judgement(
            None, baseline, "char", windows.scored_in(pieces), length - 1, short_of_time=False, known={},
            validation_loss=None,
        )  # fmt: skip
        assert (judged.facts["scored_units"], judged.results[0].baseline) == (2_000_000, 1.5)
        assert judged.notes == [] if said is None else said in judged.notes[0]


MEASURED = """
import json, sys
from anaphora.config import resolve
from anaphora.tasks.language import data
from anaphora.tasks.language.baseline import fitted
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.tasks.language.windows import Windows

def peak():
    return next(int(line.split()[1]) / 1e3 for line in open("/proc/self/status") if line.startswith("VmHWM"))

settings = resolve(LanguageConfig, PRESETS, options=["--minutes", "0.02"])
data.encode(settings, data.from_memory(settings, "the cat sat on the mat. " * 2000))  # what every run needs
before = peak()
encoded = data.encode(settings, data.read(settings, [sys.argv[1]]))
windows = Windows(encoded.train, 32, 4096, 0)
seen = sum(int(windows.at(position).inputs.size) for position in range(windows.per_epoch))
fitted(settings, encoded)
print(json.dumps([len(encoded.train), seen, peak() - before]))
"""


def test_a_text_of_128_megabytes_passes_through_half_as_many(tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    """Peak of resident memory: read, prepared, a whole pass of windows, and the floor counted on a sample."""
    block = np.random.default_rng(0).choice(list(b"etaoin shrdlu\n"), 2**20).astype(np.uint8).tobytes()
    with open(tmp_path / "long.txt", "wb") as file:
        for _ in range(128):
            file.write(block)
    environment = {**quiet_environment, "ANAPHORA_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "long.txt")],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    units, seen, grown = json.loads(done.stdout)
    assert units == round(0.9 * 2**27)
    assert seen == units // 32 * 32
    assert grown < 64
    assert sum(os.path.getsize(path) for path in (tmp_path / "cache").rglob("*.npy")) < 2**27 + 2**16
