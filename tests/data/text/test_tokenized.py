"""A text in blocks is the text whole: wherever it is cut, the same characters, units, vocabularies and complaints."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import types
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data import progress
from anaphora.data.files import sources
from anaphora.data.files.decoding import decoded
from anaphora.data.files.text import Text, open_texts
from anaphora.data.text import splitting, words
from anaphora.data.text.build import KINDS, build
from anaphora.data.text.splitting import recut
from anaphora.data.text.words import split_words
from anaphora.errors import DataError

CONTROLS = "".join(map(chr, [*range(9), *range(14, 27), *range(28, 32)]))
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]
SAYINGS = (
    "Say -- don't wait...\n  Die Größe – “naïve” 数据 is (not)  known;\r\n"
    "the cat's \U0001f600\U0001f600 hat's\t\there.\n"
)
characters = st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS + "\r\ufeff")
prose = st.text(characters | st.sampled_from("aab  \n\n.,'-’é数\U0001f600"), min_size=1, max_size=80)


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held in memory, and a block is a few bytes."""
    monkeypatch.setattr(sources, "IN_MEMORY", 0)
    monkeypatch.setattr(sources, "BLOCK", 7)


def pieces_of(whole: str, size: int) -> list[str]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


@given(
    parts=st.lists(prose, min_size=1, max_size=3),
    encoding=st.sampled_from(ENCODINGS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 9),
    cut=st.tuples(st.integers(0, 240), st.integers(0, 240)),
)
def test_files_in_blocks_are_their_text(
    parts: list[str],
    encoding: str,
    end: str,
    block: int,
    cut: tuple[int, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    paths = [folder / f"part {number}.txt" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part.replace("\n", end).encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "IN_MEMORY", 0)
        patch.setattr(sources, "BLOCK", block)
        ended = [part if part.endswith("\n") else f"{part}\n" for part in parts[:-1]]  # a line ends with its file
        found, whole = open_texts(paths, encoding), "".join([*ended, parts[-1]])
        assert str(found) == str(found) == whole
        assert len(found) == len(whole)
        begin, stop = cut
        assert str(found[begin:stop]) == str(Text.of(whole)[begin:stop]) == whole[begin:stop]
        assert str(found[begin:][:stop]) == whole[begin:][:stop]
        assert len(found[begin:stop]) == len(whole[begin:stop])
        assert all(found[begin:].blocks())


@pytest.mark.parametrize("block", [8, 16, 24, 1000])
@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [
        ("utf-8", b"\xff"),
        ("utf-8", b"\xe2\x82"),
        ("utf-8", b"\xed\xa0\x80"),
        ("ascii", b"\xc3"),
        ("cp1252", b"\x81"),
        ("gb18030", b"\xff"),
        ("gb18030", b"\x81\x30\x81"),
        ("shift_jis", b"\xfd"),
        ("utf-16-le", b"\x00\xdc"),
        ("utf-16", b"\x00\xdc"),
        ("utf-32-le", b"\xff\xff\xff\xff"),
    ],
)
def test_a_wrong_byte_is_found_where_it_is(encoding: str, wrong: bytes, block: int) -> None:
    good = "日本\r\n語 x\n" if encoding not in ("ascii", "cp1252") else "plain\r\nwords\n"
    mark = len("".encode(encoding))
    for repeats in range(5):
        raw = (good * repeats).encode(encoding) + wrong + (good * 9).encode(encoding)[mark:]
        with pytest.raises(UnicodeDecodeError) as truth:
            raw.decode(encoding)
        start = truth.value.start
        line = raw[:start].decode(encoding).count("\n") + 1
        with pytest.raises(DataError, match=rf"is not {encoding} text: at byte {start}, line {line}, "):
            list(decoded(pieces_of(raw, block), encoding, "it"))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("block", [8, 16, 1000])
def test_a_zero_is_found_where_it_is(encoding: str, block: int) -> None:
    for repeats in range(5):
        whole = "é\r\nx数\n" * repeats + "ab"
        raw = f"{whole}\0{whole * 3}".encode(encoding)
        byte = len(whole.encode(encoding))
        with pytest.raises(DataError, match=rf"a NUL character at byte {byte}, line {2 * repeats + 1}; "):
            list(decoded(pieces_of(raw, block), encoding, "it"))  # type: ignore[arg-type]


def test_control_characters_are_counted_through_all_blocks() -> None:
    few = "all work and no play\n" * 50 + "\x1a" + "makes him dull\n" * 5
    assert "".join(decoded(pieces_of(few.encode(), 64), "utf-8", "it")) == few  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"control character U\+001A at byte 1050, line 51"):
        list(decoded(pieces_of((few + "\x01").encode(), 64), "utf-8", "it"))  # type: ignore[arg-type]


def test_the_guess_is_of_whole_lines_near_the_place() -> None:
    raw = b"plain words\n" * 20 + "Voilà, déjà vu à Besançon\n".encode("cp1252") * 20
    with pytest.raises(DataError, match=r"at byte 244, line 21, .* probably cp1252: add --encoding cp1252"):
        list(decoded(pieces_of(raw, 250), "utf-8", "it"))  # type: ignore[arg-type]
    raw = "日本語のテキスト、これは\n".encode("shift_jis") * 20
    with pytest.raises(DataError, match="probably shift_jis"):
        list(decoded(pieces_of(raw, 64), "utf-8", "it"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@given(whole=prose, block=st.integers(1, 30))
def test_units_and_vocabularies_know_no_blocks(kind: str, whole: str, block: int) -> None:
    whole = (whole + SAYINGS) * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK", block)
        cut = build(kind, Text.of(whole), 200)
        found = np.concatenate(list(cut.encode_all(Text.of(whole).blocks())))
    once = build(kind, whole, 200)
    assert {name: tensor.tobytes() for name, tensor in cut.tensors().items()} == {
        name: tensor.tobytes() for name, tensor in once.tensors().items()
    }
    np.testing.assert_array_equal(found, once.encode(whole))
    assert found.dtype == np.int32


@given(whole=prose, block=st.integers(1, 30))
def test_words_are_cut_in_blocks_as_they_are_whole(whole: str, block: int) -> None:
    chunks = list(splitting.recut(pieces_of(whole, block), words.break_at))
    assert "".join(chunks) == whole
    assert [unit for chunk in chunks for unit in split_words(chunk)] == split_words(whole)


def test_where_no_word_ends_a_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "LONGEST", 100)
    chunks = list(splitting.recut(pieces_of("数据很" * 200, 30), words.break_at))
    assert max(map(len, chunks)) <= 32
    with pytest.raises(
        DataError, match=r"120 characters in which no word ends, beginning 'xxxx.*use --units char or --units byte"
    ):
        list(splitting.recut(pieces_of("x" * 300, 30), words.break_at))


def test_the_rarest_of_very_many_words_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    drawn = [f"w{number}" for number in rng.zipf(1.3, 30_000)]
    whole = "\n".join(drawn)
    often = [word for word, count in Counter(drawn).most_common(30) if count > 1]
    monkeypatch.setattr(words, "COUNTED", 1000)
    monkeypatch.setattr(sources, "BLOCK", 2000)
    assert set(often) <= set(build("word", whole, 60).symbols)
    assert len(words.counted(Text.of(whole))) <= 1000


def test_words_of_a_very_long_text_are_counted_in_every_nth_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "COUNTED_FROM", 2500)
    monkeypatch.setattr(sources, "BLOCK", 100)
    lines = "".join(f"{number:03} a line of twenty!\n" for number in range(400))  # 8,800 characters
    seen = sorted(int(unit) for unit in words.counted(Text.of(lines)) if unit.isdigit())
    chunks = list(recut(Text.of(lines).blocks(), words.break_at))
    assert "".join(chunks) == lines
    keep = Fraction(2500, len(lines))
    counted = "".join(chunk for i, chunk in enumerate(chunks, 1) if int(i * keep) > int((i - 1) * keep))
    assert seen == [int(number) for number in re.findall(r"\b\d{3}\b", counted)]


def test_a_file_that_changes_between_two_passes_is_refused(long: None, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("as it was, and long enough", encoding="utf-8")
    found = open_texts([path])
    assert str(found[3:9]) == "it was"
    path.write_text("as it is now", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt' changed while it was read: do not change it"):
        str(found)
    path.unlink()
    with pytest.raises(DataError, match=r"a\.txt' does not exist"):
        str(found)


@pytest.mark.parametrize("limit", [0, 2**20])
def test_what_comes_through_a_pipe_can_be_read_twice(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "IN_MEMORY", limit)
    monkeypatch.setattr(sources, "BLOCK", 7)
    whole = "from standard input, größer\n" * 20
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(whole.encode())))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("from a pipe", encoding="utf-8"))
    writer.start()
    found = open_texts(["-", pipe])
    writer.join()
    assert str(found) == str(found) == whole + "from a pipe"
    assert str(found[5:-3]) == (whole + "from a pipe")[5:-3]


def test_a_full_disk_under_a_pipe_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Full()))
    with pytest.raises(DataError, match=r"standard input .*No space left on device; free disk space .*TMPDIR"):
        open_texts(["-"])


def test_it_says_how_far_it_is(long: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x" * 69 + "\n", encoding="utf-8")
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    heard: list[str] = []
    with progress.observed_by(heard.append):
        assert len(open_texts([tmp_path / "a.txt"])) == 70
    assert len(open_texts([tmp_path / "a.txt"])) == 70
    assert [re.sub("'.*'", "F", line) for line in heard] == [f"reading F, {share} %" for share in range(10, 101, 10)]


def test_slices_are_of_neighbours() -> None:
    with pytest.raises(ValueError, match="got every 2th character"):
        Text.of("abc")[::2]
