"""The language task without torch: splitting, encoding, the floor, presets, places."""

from __future__ import annotations

import hashlib
import io
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.baselines.ngram import KneserNey
from anaphora.config import resolve
from anaphora.data.text.corpus import split_corpus
from anaphora.errors import DataError, UsageError
from anaphora.tasks.language import data, windows
from anaphora.tasks.language.baseline import fitted, ngram_nats
from anaphora.tasks.language.settings import PRESETS, LanguageConfig

TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog.\n" * 40


def config(*options: str, preset: str | None = None) -> LanguageConfig:
    return resolve(LanguageConfig, PRESETS, preset=preset, options=["--batch", "4", "--bptt", "16", *options])


def test_the_end_is_held_out_and_the_hash_is_of_both_parts(tmp_path: Path) -> None:
    line_end = TEXT.index("\n", 1000) + 1
    (tmp_path / "a.txt").write_text(TEXT[:line_end], encoding="utf-8")
    (tmp_path / "b.txt").write_text(TEXT[line_end:], encoding="utf-8")
    corpus = data.read(config("--valid", "0.25"), [tmp_path / "a.txt", tmp_path / "b.txt"])
    edge = round(0.75 * len(TEXT))
    assert (str(corpus.train), str(corpus.held_out)) == (TEXT[:edge], TEXT[edge:])
    assert corpus.sha256 == hashlib.sha256(TEXT[:edge].encode() + b"\0" + TEXT[edge:].encode()).hexdigest()
    assert corpus.held_out_sha256 == hashlib.sha256(TEXT[edge:].encode()).hexdigest()
    assert corpus.sources == (str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))
    assert str(data.from_memory(config("--valid", "0.25"), TEXT).train) == str(corpus.train)


def test_a_file_of_its_own_can_be_held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "valid.txt").write_text("held out", encoding="utf-8")
    standard_input = io.TextIOWrapper(io.BytesIO(TEXT.encode()))
    monkeypatch.setattr(sys, "stdin", standard_input)
    corpus = data.read(config("--valid", str(tmp_path / "valid.txt")), ["-"])
    assert (str(corpus.train), str(corpus.held_out)) == (TEXT, "held out")


@pytest.mark.parametrize("share", ["0", "1", "1.5", "-0.1"])
def test_a_share_is_between_0_and_1(share: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    with pytest.raises(UsageError, match=r"--valid takes a file, or a share of the text between 0 and 1; it was given"):
        data.read(config(f"--valid={share}"), [tmp_path / "a.txt"])


def test_a_missing_held_out_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    with pytest.raises(DataError, match=r"none\.txt' does not exist"):
        data.read(config("--valid", "none.txt"), [tmp_path / "a.txt"])


def test_the_vocabulary_is_of_the_training_part_alone() -> None:
    encoded = data.encode(config(), data.from_memory(config(), TEXT + "QZ" * 50))
    assert "Q" not in encoded.vocabulary.symbols
    assert (encoded.held_out == encoded.vocabulary.unknown).sum() == 100


@pytest.mark.parametrize(
    ("options", "text", "said"),
    [
        (
            [],
            TEXT[:60],
            r"novel\.txt has 54 characters; one batch of 4 rows by 16 steps needs 65\. .* --batch 1 --bptt 8",
        ),
        (
            ["--batch", "64"],
            TEXT[:900],
            r"has 810 characters; .* 64 rows by 16 steps needs 1,025\. .*--batch 8 --bptt 32",
        ),
        (["--units", "word"], TEXT[:90], r"has 26 words; one batch of 4 rows by 16 steps needs 65"),
        ([], "ab", r"has 2 characters; one batch .* needs 65\. Add text, or use another text"),
        (["--valid", "0.999"], "a", r"training part of novel\.txt is empty; one batch needs 65 characters"),
        (["--valid", "0.0001"], TEXT, r"held-out part of novel\.txt has 0 characters; a score needs at least 2"),
        ([], "a" * 200, "only one character"),
    ],
)
def test_too_little_text_says_how_much_is_there_and_what_to_do(options: list[str], text: str, said: str) -> None:
    settings = config(*options)
    with pytest.raises(DataError, match=said):
        data.encode(settings, split_corpus(text, settings.data.valid, "novel.txt"))


def test_the_remedy_for_too_little_text_works() -> None:
    settings = config("--batch", "64")
    text = TEXT[:900]
    with pytest.raises(DataError, match="use --batch 8 --bptt 32"):
        data.encode(settings, data.from_memory(settings, text))
    settings = config("--batch", "8", "--bptt", "32")
    assert len(data.encode(settings, data.from_memory(settings, text)).train) == 810


@pytest.mark.parametrize(("units", "order"), [("char", 7), ("byte", 7), ("word", 5)])
def test_the_floor_scores_every_held_out_unit_but_the_first(units: str, order: int) -> None:
    settings = config("--units", units)
    encoded = data.encode(settings, data.from_memory(settings, TEXT))
    found = fitted(settings, encoded).baseline(windows.cut(len(encoded.held_out)), 1.0)
    expected = KneserNey(order, encoded.vocabulary.size).fit(encoded.train).nats(encoded.held_out)
    assert found.order == order
    assert found.nats == pytest.approx(float(np.mean(expected[1:])), rel=1e-12)
    assert found.nats < math.log(encoded.vocabulary.size)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("units", ["char", "byte", "word", "subword"])
def test_presets_choose_by_the_units_and_never_overrule(preset: str, units: str) -> None:
    made = resolve(LanguageConfig, PRESETS, preset=preset, options=["--units", units, "--learning-rate", "0.5"])
    assert made.model.tied == (units in ("word", "subword"))
    assert made.training.learning_rate == 0.5
    other = resolve(LanguageConfig, PRESETS, preset=preset, options=["--units", units, "--no-tied", "--hidden", "24"])
    assert not other.model.tied
    assert other.model.hidden == 24


def test_presets_grow() -> None:
    sizes = [resolve(LanguageConfig, PRESETS, preset=name).model for name in ("small", "medium", "large")]
    assert sorted(sizes, key=lambda network: network.hidden * network.layers) == sizes
    assert resolve(LanguageConfig, PRESETS, preset="medium") == LanguageConfig()


def test_wrong_values_name_the_nearest(tmp_path: Path) -> None:
    wrong: list[tuple[list[Any], str]] = [
        (["--units", "chars"], "takes one of char, byte, word, subword.* Did you mean 'char'?"),
        (["--cell", "ltsm"], "Did you mean 'lstm'?"),
        (["--layer", "2"], "no option '--layer'. Did you mean --layers?"),
    ]
    for options, said in wrong:
        with pytest.raises(UsageError, match=said):
            config(*options)


def test_where_time_is_short_the_floor_counts_a_sample_and_says_so() -> None:
    settings = config("--minutes", "0.006")  # in which 30,000 units are counted
    rng = np.random.default_rng(3)
    text = "".join(rng.choice(list("abcd "), size=60_000))
    encoded = data.encode(settings, data.from_memory(settings, text))
    found = fitted(settings, encoded).baseline(windows.cut(len(encoded.held_out)), 1.0)
    assert found.note is not None
    assert "sample of 30,000 of 54,000 units" in found.note
    model = KneserNey(found.order, encoded.vocabulary.size).fit(encoded.train, 30_000)
    expected = ngram_nats(model, encoded.held_out, windows.cut(len(encoded.held_out)))
    assert found.nats == pytest.approx(float(expected.mean()), rel=1e-12)
    assert math.log(5) < found.nats < math.log(5) + 0.2  # five letters at random, and what counting them costs
