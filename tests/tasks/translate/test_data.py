"""Pairs as numbers, what is found wrong with them, and what is guessed of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anaphora.checks import examine
from anaphora.checks.findings import Finding
from anaphora.config import resolve
from anaphora.data.files.pairs import Pairs
from anaphora.data.files.tables import ColumnTable
from anaphora.data.location import Location
from anaphora.errors import CorruptBundle, DataError, UsageError
from anaphora.tasks.translate.checks import check_files
from anaphora.tasks.translate.data import read
from anaphora.tasks.translate.encoding import Reader, encode
from anaphora.tasks.translate.settings import PRESETS, TASK, TranslateConfig
from anaphora.tasks.translate.sides import swapped
from anaphora.tasks.translate.suggest import suggest
from translated import PAIRS, config, write, write_pairs


def test_a_row_ends_and_what_the_decoder_reads_begins_with_that_end(tmp_path: Path) -> None:
    settings = config()
    encoded = encode(settings, read(settings, write_pairs(tmp_path, PAIRS)))
    reader, part = encoded.reader, encoded.train
    for row in range(len(part.numbers)):
        source, target = part.sources.row(row), part.targets.row(row)
        assert (source[-1], target[-1]) == (reader.source.size, reader.target.size)
        assert (source[:-1] < reader.source.size).all()
        assert (reader.source.decode(source[:-1]), reader.written(target)) in PAIRS


@pytest.mark.parametrize("units", ["char", "byte", "subword"])
@pytest.mark.parametrize("shared", [[], ["--shared"]])
def test_a_reader_comes_back_from_its_bundle(units: str, shared: list[str], tmp_path: Path) -> None:
    if units == "byte" and shared:
        pytest.skip("bytes have one vocabulary: --shared is refused")
    settings = config("--units", units, *shared)
    reader = encode(settings, read(settings, write_pairs(tmp_path, PAIRS))).reader
    again = Reader.restore(json.loads(json.dumps(reader.settings())), reader.tensors())
    for source, target in PAIRS:
        np.testing.assert_array_equal(again.read(source), reader.read(source))
        assert again.written(again.write(f"  {target} ")) == target
        assert units == "byte" or "".join(again.pieces(source)).strip() == source
    assert (again.source is again.target) == bool(shared)
    held = {name.partition(".")[0] for name in reader.tensors()}
    assert held == (set() if units == "byte" else {"source"} if shared else {"source", "target"})
    with pytest.raises(CorruptBundle, match="'shared'"):
        Reader.restore({"kind": units}, {})


def test_letters_lines_and_spaces(tmp_path: Path) -> None:
    settings = config("--units", "subword", "--lower")
    reader = encode(settings, read(settings, write_pairs(tmp_path, PAIRS))).reader
    np.testing.assert_array_equal(reader.read("EIN  Mann\n"), reader.read("ein mann"))
    assert reader.written(reader.write("A  Man")) == "a man"
    assert reader.read("").tolist() == [reader.source.size]
    short = encode(config("--max-length", "9"), read(config(), write_pairs(tmp_path, PAIRS)))
    assert len(short.reader.read("x" * 50)) == 10
    assert short.train.sources.lengths.max() <= 9
    assert len(short.train.numbers) + len(short.left_out) == 8


def test_a_side_of_just_the_maximum_length_is_left_out(tmp_path: Path) -> None:
    pairs = [("abcd", "abcd"), ("abcde", "abcd"), ("abcd", "abcde"), ("bcda", "cdab"), ("dcba", "badc")]
    settings = config("--max-length", "5", "--units", "char", "--valid", "0.2")
    corpus = read(settings, write_pairs(tmp_path, pairs))
    encoded = encode(settings, corpus)
    sides = zip(corpus.train.sources, corpus.train.targets, strict=True)
    too_long = [row for row, side in enumerate(sides) if max(map(len, side)) >= 5]
    assert too_long
    assert encoded.left_out.tolist() == too_long


def test_units_follow_from_the_texts(tmp_path: Path) -> None:
    settings = resolve(TranslateConfig, PRESETS)
    short = encode(settings, read(settings, write_pairs(tmp_path, PAIRS)))
    assert short.reader.kind == "char"
    twos = zip(PAIRS, PAIRS[1:] * 2, strict=False)
    long = [(f"{a} und {b} und {a} auch", f"{c} and {d} and {c} too") for (a, c), (b, d) in twos]
    assert encode(settings, read(settings, write_pairs(tmp_path, long, "b"))).reader.kind == "subword"


def test_held_out_pairs_are_a_share_or_files(tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [(f"s{n}", f"t{n}") for n in range(100)])
    corpus = read(config("--valid", "0.07"), files)
    assert (len(corpus.train), len(corpus.held_out)) == (93, 7)
    assert {*corpus.train.sources, *corpus.held_out.sources} == {f"s{n}" for n in range(100)}
    assert corpus.held_out.sources != read(config("--valid", "0.07", "--seed", "1"), files).held_out.sources
    valid = write_pairs(tmp_path, PAIRS, "v")
    corpus = read(config("--valid", ",".join(valid)), files)
    assert (len(corpus.train), corpus.held_out.targets) == (100, tuple(target for _, target in PAIRS))
    assert corpus.sources == (*files, *valid)
    with pytest.raises(UsageError, match="between 0 and 1"):
        read(config("--valid", "1.5"), files)


def found(folder: Path, pairs: list[tuple[str, str]], *options: str) -> dict[str, Finding]:
    valid = ",".join(write_pairs(folder, [(f"Satz {n} hier", f"sentence {n} here") for n in range(200)], "v"))
    files = write_pairs(folder, pairs)
    findings = examine.whole(TASK, config("--valid", valid, *options), files, lambda load: [])
    return {each.code: each for each in reversed(findings)}


def many(count: int = 120) -> list[tuple[str, str]]:
    lengths = np.random.default_rng(0).integers(2, 9, count).tolist()
    return [(f"Satz {n} hier" + " Wort" * k, f"sentence {n} here" + " word" * k) for n, k in enumerate(lengths)]


def test_good_pairs_have_neither_errors_nor_warnings(tmp_path: Path) -> None:
    told = found(tmp_path, many())
    few = told.pop("few-held-out")
    assert {each.severity for each in told.values()} == {"info"}
    assert set(told) == {"taken", "lengths", "vocabulary"}
    assert few.message.endswith(" and BLEU is as imprecise.")


def test_planted_faults_are_found_in_their_rows(tmp_path: Path) -> None:
    pairs = many()
    pairs[10] = ("", "nothing")
    pairs[20] = ("kurz", "a very long text that says much more than was ever said " * 4)
    pairs[30] = pairs[40]
    pairs[50] = ("Satz 7 hier", "sentence 7 here")
    told = found(tmp_path, pairs, "--max-length", "150")
    where = {code: told[code].rows for code in ("empty-side", "length-ratio", "duplicate", "duplicate-across")}
    de = str(tmp_path / "a.de")
    assert where["empty-side"] == (Location(de, 11),)
    assert where["length-ratio"] == (Location(de, 21),)
    assert where["duplicate"] == (Location(de, 41),)
    assert where["duplicate-across"] == (Location(str(tmp_path / "v.de"), 8),)
    assert told["long-row"].rows == (Location(de, 21),)
    assert "untranslated" not in told
    assert "beside 'a very long text" in told["length-ratio"].message


def test_sides_in_one_language_are_never_called_swapped() -> None:
    """Two halves of one vocabulary: nothing but the order tells the sides apart, and the order is no evidence."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(60)]
    texts = [" ".join(rng.choice(words, 7)) for _ in range(800)]
    parts = [
        Pairs.of([ColumnTable({"source": texts[at : at + 200], "target": texts[at + 200 : at + 400]})])
        for at in (0, 400)
    ]
    assert swapped(*parts) == []
    other = [text.translate(str.maketrans("abcdefgh", "ijklmnop")) for text in texts]
    told = Pairs.of([ColumnTable({"source": texts[:200], "target": other[:200]})])
    same, turned = (
        Pairs.of([ColumnTable({"source": a[400:], "target": b[400:]})]) for a, b in ((texts, other), (other, texts))
    )
    assert swapped(told, same) == []
    assert [(each.code, each.where) for each in swapped(told, turned)] == [("swapped-sides", "the held-out part")]
    assert [(each.code, each.where) for each in swapped(told, same, turned)] == [("swapped-sides", "the test part")]


def test_sources_that_are_their_targets(tmp_path: Path) -> None:
    told = found(tmp_path, [*many(), *[(f"gleich {n} und gleich", f"gleich {n} und gleich") for n in range(20)]])
    assert told["untranslated"].count == 20
    assert "14% of all" in told["untranslated"].message


def test_files_of_unlike_length_are_an_error(tmp_path: Path) -> None:
    files = write_pairs(tmp_path, many())
    lines = Path(files[1]).read_text(encoding="utf-8").splitlines()
    del lines[60]
    write(tmp_path, "a.en", lines)
    findings = check_files(config(), files)
    assert [(each.code, each.severity) for each in findings] == [("misaligned", "error")]
    assert "has 120 lines" in findings[0].message
    assert "has 119" in findings[0].message
    with pytest.raises(DataError, match="stop matching at line"):
        read(config(), files)
    (tmp_path / "a.en").write_bytes("café\n".encode("latin-1") * 120)
    assert [each.code for each in check_files(config(), files)] == ["wrong-encoding"]


def test_what_is_guessed(tmp_path: Path) -> None:
    rows = [f"{source}\t{target}" for source, target in many()]
    guess = suggest([write(tmp_path, "a.tsv", ["tgt\tsrc", *rows])])
    assert guess.values == {"data": {"units": "subword", "source": "src", "target": "tgt"}}
    assert guess.preset == "small"
    assert suggest(write_pairs(tmp_path, PAIRS)).values == {"data": {"units": "char"}}
