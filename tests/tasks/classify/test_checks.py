"""Planted faults are found, with the row that a person's editor shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tagged
from anaphora.checks.examine import examine
from anaphora.checks.findings import Finding, errors
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify import checks, data
from anaphora.tasks.classify.encoding import encode
from anaphora.tasks.classify.settings import TASK
from anaphora.tasks.tag import checks as of_tags
from labelled import config, sentences, waves, write_csv, write_jsonl


def found(paths: list[Path], *options: str) -> dict[str, list[Finding]]:
    corpus, findings = examine(TASK, config(*options), paths)
    if corpus is not None and not errors(findings):
        findings = [*findings, *checks.describe(config(*options), corpus)[0]]
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return by_code


def lines(findings: list[Finding]) -> list[int]:
    return sorted(row.line for finding in findings for row in finding.rows)


def texts_with(tmp_path: Path, changes: dict[int, tuple[str, str]], rows: int = 80) -> Path:
    texts, labels = sentences(rows)
    for row, (text, label) in changes.items():
        texts[row], labels[row] = text or texts[row], label or labels[row]
    return write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})


def test_good_data_have_figures_and_nothing_else(tmp_path: Path) -> None:
    codes = found([texts_with(tmp_path, {})])
    assert set(codes) == {"taken", "lengths", "vocabulary", "labels", "few-held-out"}
    few = "Only 20 rows are scored: an accuracy of 80% there has a 95 % interval of about 58% to 92%."
    assert codes["few-held-out"][0].message == few
    assert "--folds 10" in codes["few-held-out"][0].remedy
    assert codes["labels"][0].figures["labels"] == {"neg": 30, "pos": 30}
    assert codes["lengths"][0].figures["rows"] == 60
    assert codes["vocabulary"][0].figures["held_out_unknown"] == 0.0


def test_empty_rows(tmp_path: Path) -> None:
    codes = found([texts_with(tmp_path, {10: ("   ", ""), 11: (" ", "")})])
    assert lines(codes["empty-row"]) == [12, 13]
    assert "duplicate" not in codes or 13 not in lines(codes["duplicate"])


def test_one_label_only(tmp_path: Path) -> None:
    codes = found([texts_with(tmp_path, dict.fromkeys(range(80), ("", "neg")))])
    assert codes["single-class"][0].severity == "error"


def test_a_label_of_the_held_out_part_alone(tmp_path: Path) -> None:
    texts, labels = sentences()
    train = write_csv(tmp_path / "train.csv", {"text": texts[:40], "label": labels[:40]})
    labels[50] = "new"
    valid = write_csv(tmp_path / "valid.csv", {"text": texts[40:], "label": labels[40:]})
    codes = found([train], "--valid", str(valid))
    assert lines(codes["unseen-label"]) == [12]
    assert codes["unseen-label"][0].rows[0].file == str(valid)


def test_a_label_with_one_row(tmp_path: Path) -> None:
    codes = found([texts_with(tmp_path, {20: ("", "odd")})])
    assert lines(codes["lone-label"]) == [22]
    assert "'odd'" in codes["lone-label"][0].message


def test_the_same_row_again_in_both_parts_and_with_another_label(tmp_path: Path) -> None:
    texts, labels = sentences()
    train = write_csv(
        tmp_path / "train.csv",
        {"text": [*texts[:40], texts[3], f"{texts[5]} "], "label": [*labels[:40], labels[3], "neg"]},
    )
    valid = write_csv(tmp_path / "valid.csv", {"text": [*texts[40:], texts[7]], "label": [*labels[40:], labels[7]]})
    codes = found([train], "--valid", str(valid))
    rows = [" ".join(text.split()) for text in [*texts[:40], texts[3], texts[5]]]
    assert lines(codes["duplicate"]) == [at + 2 for at, text in enumerate(rows) if text in rows[:at]]
    held_out = [*texts[40:], texts[7]]
    assert lines(codes["duplicate-across"]) == [at + 2 for at, text in enumerate(held_out) if text in rows]
    assert lines(codes["contradiction"]) == [7, 43]
    assert labels[5] == "pos"


def test_unknown_words(tmp_path: Path) -> None:
    texts, labels = sentences()
    train = write_csv(tmp_path / "train.csv", {"text": texts[:60], "label": labels[:60]})
    valid = write_csv(
        tmp_path / "valid.csv", {"text": [f"{text} qq rr ss tt uu" for text in texts[60:]], "label": labels[60:]}
    )
    codes = found([train], "--valid", str(valid))
    assert codes["many-unknown"][0].severity == "warning"
    known, words = {word for text in texts[:60] for word in text.split()}, " ".join(texts[60:]).split()
    unknown = 20 * 5 + sum(word not in known for word in words)
    assert codes["vocabulary"][0].figures["held_out_unknown"] == pytest.approx(unknown / (20 * 5 + len(words)))


def test_rows_that_are_cut(tmp_path: Path) -> None:
    codes = found([texts_with(tmp_path, {30: ("good " * 400, "")})], "--max-length", "300")
    assert 32 in lines(codes["long-row"])
    assert "first 300 words" in codes["long-row"][-1].message + codes["long-row"][0].message


@pytest.mark.parametrize(("longest", "cut"), [("5", 0), ("4", 60)])
def test_rows_of_just_the_maximum_length_are_not_cut(tmp_path: Path, longest: str, cut: int) -> None:
    rows = [{"x": [float(at + step) for step in range(5)], "label": "ab"[at % 2]} for at in range(60)]
    series = write_jsonl(tmp_path / "a.jsonl", {name: [row[name] for row in rows] for name in ("x", "label")})
    words = [f"red green blue w{at} v{at % 7}" for at in range(60)]
    texts = write_csv(tmp_path / "a.csv", {"text": words, "label": ["ab"[at % 2] for at in range(60)]})
    for path in (series, texts):
        found_here = found([path], "--max-length", longest).get("long-row", [])
        assert sum(finding.count or 0 for finding in found_here) == cut


def test_long_rows_without_a_vocabulary_are_one_finding(tmp_path: Path) -> None:
    rows = {"text": [" ".join(f"w{at}x{word}" for word in range(9)) for at in range(20)], "label": ["a", "b"] * 10}
    path = write_csv(tmp_path / "a.csv", rows)
    codes = {each.code for each in examine(TASK, config("--max-length", "5", "--units", "word"), [path])[1]}
    assert codes <= {"taken", "few-held-out"}


def test_class_weights_are_for_one_label_per_row(tmp_path: Path) -> None:
    labels = [["a"] if at else ["a", "b"] for at in range(80)]
    path = write_jsonl(tmp_path / "a.jsonl", {"text": [f"text number {at}" for at in range(80)], "labels": labels})
    assert found([path])["labels"][0].remedy == ""
    with pytest.raises(UsageError, match="--class-weights has no effect on rows with several labels"):
        found([path], "--class-weights", "root")


def test_uneven_labels_are_told_what_helps(tmp_path: Path) -> None:
    texts, _ = sentences(400)
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": ["a"] * 392 + ["b"] * 8})
    assert "--class-weights root" in found([path])["labels"][0].remedy


def series_with(tmp_path: Path, value: Any) -> Path:
    series, labels = waves()
    columns = {"u": [row[0] for row in series], "v": [row[1] for row in series], "label": labels}
    columns["v"][6][3] = value  # type: ignore[call-overload]
    columns["u"][9] = columns["v"][9] = []  # type: ignore[call-overload]
    return write_jsonl(tmp_path / "a.jsonl", columns)


@pytest.mark.parametrize(("value", "word"), [(None, "NaN"), (float("nan"), "NaN"), (float("inf"), "infinite")])
def test_numbers_that_are_none_by_column_and_row(tmp_path: Path, value: Any, word: str) -> None:
    path = series_with(tmp_path, value)
    codes = found([path])
    assert [(each.where, lines([each])) for each in codes["not-finite"]] == [("column 'v'", [7])]
    assert word in codes["not-finite"][0].message
    assert lines(codes["empty-row"]) == [10]
    kept = found([path], "--missing", "mean")
    assert ("not-finite" in kept) == (word == "infinite")


def test_what_cannot_be_read_is_a_finding_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx,y\nx,y,z\n", encoding="utf-8")
    codes = found([tmp_path / "a.csv"])
    assert "line 3, has 3 fields" in codes["unreadable"][0].message
    (tmp_path / "a.csv").write_bytes(b"text,label\ncaf\xe9 au lait,y\nbon,z\n")
    assert found([tmp_path / "a.csv"])["wrong-encoding"][0].rows[0].line == 2
    codes = found([tmp_path / "none.csv"])
    assert list(codes) == ["no-file"]


def test_data_that_are_held_out_and_trained_on_or_named_twice_are_told(tmp_path: Path) -> None:
    (tmp_path / "f/pos").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "f/pos/1.txt"):
        (tmp_path / name).write_text("text,label\nx,y\nz,w\n", encoding="utf-8")
    table, other, folder = (str(tmp_path / name) for name in ("a.csv", "b.csv", "f"))
    for task, given, file in ((checks, config, table), (checks, config, folder), (of_tags, tagged.config, table)):
        (held_out,) = task.check_files(given("--valid", file), [other, file])
        (twice,) = task.check_files(given("--valid", "0.5"), [file, other, file])
        assert (held_out.code, held_out.where, twice.code, twice.where) == ("same-file", file, "same-file", file)
        assert "it is also in the training part" in held_out.message
        assert "named more than once" in twice.message


def test_folders_of_files_are_looked_at_file_by_file(tmp_path: Path) -> None:
    texts, labels = sentences()
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{row:02}").write_text(text if row != 5 else "", encoding="utf-8")
    (tmp_path / "neg" / "40").write_bytes(b"\xff\xfe caf\xe9 \x00")
    codes = found([tmp_path])
    assert {finding.where for each in codes.values() for finding in each} == {str(tmp_path / "neg" / "40")}
    (tmp_path / "neg" / "40").write_text("fine", encoding="utf-8")
    codes = found([tmp_path])
    assert [row.file for row in codes["empty-row"][0].rows] == [str(tmp_path / "pos" / "05")]


def test_the_load_is_what_training_carries(tmp_path: Path) -> None:
    settings = config()
    corpus = data.read(settings, [texts_with(tmp_path, {})])
    _, load = checks.describe(settings, corpus)
    assert load is not None
    encoded = encode(settings, corpus)
    assert (load.rows, load.batches) == (8, 8)
    assert load.steps == round(float(encoded.train.rows.lengths.mean()))
    assert load.data_bytes == 4 * int(encoded.train.rows.lengths.sum() + encoded.held_out.rows.lengths.sum())
    assert load.tree["blocks"][0]["vocabulary"] == encoded.reader.width


def test_labels_that_stand_for_a_missing_value_are_named() -> None:
    texts = [f"a film {at}" for at in range(20)]
    labels = ["a", "nan", "b", "none", "NA"] * 4
    corpus = data.from_memory(config("--valid", "0.5"), (texts, labels))
    found = [finding for finding in checks.check(config(), corpus) if finding.code == "missing-label"]
    assert [finding.where for finding in found] == ["the training part", "the held-out part"]
    rows = sorted(row.line for finding in found for row in finding.rows)
    assert rows == [2, 7, 12, 17]
    assert "the label 'nan', which programs write for a missing value" in found[0].message


def test_whole_numbers_that_are_written_in_two_ways_are_told() -> None:
    corpus = data.from_memory(config("--valid", "0.5"), ([f"a film {at}" for at in range(16)], [1, 1.0, "2", 3] * 4))
    (found,) = [finding for finding in checks.check(config(), corpus) if finding.code == "spelling"]
    assert found.message == "1 label is written in several ways: '1' and '1.0'."


def test_labels_that_are_all_different_are_doubted() -> None:
    columns = {"text": [f"a film {at}" for at in range(8)], "label": [f"so {at}" for at in range(8)]}
    with pytest.raises(DataError, match=r"Each row has a label of its own: check that 'label' is the label column"):
        data.from_memory(config(), columns)


def test_a_hundred_to_one_is_told_with_its_numbers(tmp_path: Path) -> None:
    """Two rare labels of three; 99 to 1 is no warning, and class weights are no remedy where they are set."""
    texts = [f"{text} {number}" for number, text in enumerate(sentences(1)[0] * 320)]
    labels = ["no"] * 300 + ["rare"] * 3 + ["seldom"] * 2 + ["often"] * 15
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})
    held = write_csv(tmp_path / "v.csv", {"text": ["x", "y"], "label": ["no", "often"]})
    for options, remedy in (((), " or --class-weights root."), (("--class-weights", "root"), "rare labels.")):
        (finding,) = found([path], "--valid", str(held), *options)["imbalance"]
        assert finding.message == (
            "The label 'no' has 301 rows, 'seldom' 2, 'rare' 3: 150 to 1. A model that always answers 'no' has"
            " an accuracy of 93.5% on all rows."
        )
        assert finding.remedy.endswith(remedy)
    write_csv(path, {"text": texts[:300], "label": ["no"] * 297 + ["often"] * 3})
    write_csv(held, {"text": ["x", "y"], "label": ["no", "no"]})
    assert "imbalance" not in found([path], "--valid", str(held))


def test_a_test_part_of_one_label_of_a_few_rows_with_an_unseen_label(tmp_path: Path) -> None:
    texts, labels = sentences(40)
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})
    test = tmp_path / "t.csv"
    write_csv(test, {"text": [texts[0], "new", "newer"], "label": ["pos"] * 3})
    codes = found([path], "--test", str(test))
    (only,) = codes["one-label-scored"]
    assert (only.where, only.message) == (
        "the test part",
        "All 3 rows of the test part have the label 'pos': the score says nothing about the other label, and a model"
        " that always answers 'pos' has 100%.",
    )
    few = {each.where: each.message for each in codes["few-held-out"]}
    assert few["the test part"] == (
        "Only 3 rows are scored: an accuracy of 80% there has a 95 % interval of about 29% to 98%."
    )
    assert [each.count for each in codes["duplicate-across"] if each.where == "the test part"] == [1]
    write_csv(test, {"text": ["new", "newer", "x", "y"], "label": ["pos", "odd", "neg", "odd"]})
    (strange,) = found([path], "--test", str(test))["unseen-test-label"]
    assert lines([strange]) == [3, 5]
    assert strange.message.startswith("The label 'odd' has 2 test rows (50.0% of the part) and no training row")


def test_a_hundred_to_one_is_counted_in_all_parts(tmp_path: Path) -> None:
    """The split of 500 and 5 rows has 450 and 5 training rows: 90 to 1, and the data are 100 to 1 all the same."""
    texts = [f"{text} {number}" for number, text in enumerate(sentences(1)[0] * 505)]
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": ["no"] * 500 + ["rare"] * 5})
    (finding,) = found([path], "--valid", "0.1")["imbalance"]
    assert (finding.where, finding.figures["labels"]) == ("the data", {"no": 500, "rare": 5})
    assert "100 to 1" in finding.message


def test_a_test_part_of_one_unseen_label_is_called_unseen_only(tmp_path: Path) -> None:
    texts, labels = sentences(40)
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})
    test = write_csv(tmp_path / "t.csv", {"text": ["new", "newer"], "label": ["odd", "odd"]})
    codes = [each.code for each in examine(TASK, config("--test", str(test)), [path])[1]]
    assert "unseen-test-label" in codes
    assert "one-label-scored" not in codes


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ((), "Hold out more with --valid, score all data with --folds 10, or score other data with --test FILE."),
        (("--folds", "3"), "Hold out more with --valid or score other data with --test FILE."),
        (("--test", "0.2"), "Hold out more with --valid or score all data with --folds 10."),
        (("--test", "0.2", "--folds", "3"), "Hold out more with --valid."),
    ],
)
def test_few_rows_have_remedies_that_are_not_in_use(tmp_path: Path, options: tuple[str, ...], remedy: str) -> None:
    few = found([texts_with(tmp_path, {})], *options)["few-held-out"]
    (held_out,) = [each for each in few if each.where == "the held-out part"]
    assert held_out.remedy == remedy
    low, high = held_out.figures["interval"]
    size, share = held_out.figures["examples"], held_out.figures["share"]
    for end in (low, high):  # Wilson's ends solve |share - p| = z √(p (1 - p) / n)
        assert abs(share - end) == pytest.approx(1.959964 * (end * (1 - end) / size) ** 0.5, rel=1e-5)
