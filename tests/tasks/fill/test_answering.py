"""Lines in, filled gaps out, through the program too; what is no gap is told of and stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anaphora.checks import examine
from anaphora.checks.findings import Finding
from anaphora.data.files.lines import InputLine
from anaphora.errors import DataError, UsageError
from anaphora.runs.content import ReportTable
from anaphora.runs.report import Report
from anaphora.tasks import registry
from anaphora.tasks.fill.data import encode, read
from anaphora.tasks.fill.predict import Answers, GapFiller
from anaphora.tasks.fill.suggest import suggest
from gapped import config, text, write
from program import Run

LINES = [b"We saw a ___ rose.", b"no gap here", b"caf\xe9 ___", b"You had a ___ ___."]


def lines(*texts: bytes, is_json: bool = False) -> list[InputLine]:
    return [InputLine(f"here, line {number}", text, is_json) for number, text in enumerate(texts, 1)]


def test_a_line_for_every_line_whatever_comes(filler: GapFiller) -> None:
    found = Answers(filler, False, top=2)(lines(*LINES))
    (gap,) = filler.fill_all(["We saw a ___ rose."], 2)[0].gaps
    told = " ".join(f"{word} {probability:.4f}" for word, probability in gap.words)
    assert found[0] == f"We saw a red rose.\t{told}"
    assert str(found[3]).count("\t") == 2
    for at, said in ((1, "line 2: there is no gap in 'no gap here': mark a gap with ___."), (2, "is not UTF-8")):
        assert isinstance(found[at], DataError)
        assert said in str(found[at])


def test_the_past_beside(filler: GapFiller) -> None:
    (found,) = Answers(filler, False, top=1, left_to_right=True)(lines(LINES[0]))
    ours, past = (filler.fill("We saw a ___ rose.", 1, left_to_right=side)[0] for side in (False, True))
    expected = ["We saw a red rose.", f"red {ours.probability:.4f}", f"past: {past.word} {past.probability:.4f}"]
    assert str(found).split("\t") == expected


def test_objects_keep_what_they_had(filler: GapFiller) -> None:
    answers = Answers(filler, True, left_to_right=True)
    texts = (b'{"id": 7, "text": "We saw a ___ rose."}', b"{broken", b'{"no": 1}', b'{"text": "none"}')
    found = answers(lines(*texts, is_json=True))
    item = json.loads(str(found[0]))
    assert (item["id"], item["filled"], len(item["gaps"]), len(item["past"])) == (7, "We saw a red rose.", 1, 1)
    gap = filler.fill_all(["We saw a ___ rose."])[0].gaps[0]
    assert item["gaps"][0] == {"words": [each._asdict() for each in gap.words], "unknown": gap.unknown}
    for error, said in zip(found[1:], ("is not JSON", "expected a JSON object with a text", "no gap"), strict=True):
        assert said in str(error)
    (plain,) = Answers(filler, True, mask_token="[?]")(lines(b"a [?] rose"))
    assert json.loads(str(plain))["text"] == "a [?] rose"


def test_rows_without_a_text_are_named_with_their_reason(filler: GapFiller) -> None:
    texts = (b'{"text": null}', b'{"rows": [{"text": "a ___"}]}')
    empty, nested = Answers(filler, True)(lines(*texts, is_json=True))
    assert str(empty) == "here, line 1: 'text' is null: expected a text with a gap."
    assert str(nested).endswith("take one object per line, for example with jq -c '.rows[]'.")


def test_a_file_without_any_gap_is_one_error(filler: GapFiller, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a\nb\n" * 300)
    with pytest.raises(DataError, match=f"'{path}' has no gap in any line: mark a gap with ___"):
        list(Answers(filler, False).batches([path]))
    path = write(tmp_path / "b.txt", "a\nb\n" * 300 + "c ___\n")
    assert sum(map(len, Answers(filler, False).batches([path]))) == 601


def test_words_that_are_no_file_are_a_text(filler: GapFiller) -> None:
    answers = Answers(filler, False, top=3, left_to_right=True)
    ((line,),) = list(answers.batches(["We saw a ___ ___."]))
    (table,) = answers([line])
    rows = str(table).splitlines()
    assert rows[0] == "gap 1"
    assert rows[1].split() == ["both", "sides", "probability", "left", "to", "right", "probability"]
    assert len(rows) == 2 * 5 + 3
    with pytest.raises(DataError, match=r"'novle\.txt' is not a file, and has no gap: mark a gap with ___"):
        list(answers.batches(["novle.txt"]))
    with pytest.raises(UsageError, match="mask token needs at least one character"):
        Answers(filler, False, mask_token="  ")


def test_a_base_install_fills_gaps(
    report: Report, folder: Path, tmp_path: Path, bare_python: Path, program: Run
) -> None:
    model = str(report.model)
    shown = program(tmp_path, "run", model, "We saw a ___ rose.", "--top", "2", "--left-to-right", python=bare_python)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[1].startswith("red ")
    assert shown.stdout.endswith("\nWe saw a red rose.\n")
    refused = program(tmp_path, "run", model, "--prompt", "x", python=bare_python)
    assert refused.returncode == 2
    assert "A model that was trained to fill has no option --prompt." in refused.stderr
    some = program(tmp_path, "run", model, "--json", stdin=b"\n".join(LINES), python=bare_python)
    assert some.returncode == 3
    assert "line 2: there is no gap" in some.stderr
    assert "2 of 4 lines could not be read; all others were answered" in some.stderr
    answers = [json.loads(line) for line in some.stdout.splitlines()]
    assert [answer.get("filled") for answer in answers][:3] == ["We saw a red rose.", None, None]
    scored = program(tmp_path, "eval", model, str(folder / "valid.txt"), "--json", python=bare_python)
    assert report.score is not None
    assert json.loads(scored.stdout)["both"]["accuracy"] == report.score.both.accuracy
    counted = program(
        tmp_path,
        "eval",
        model,
        str(folder / "valid.txt"),
        "--baseline-text",
        str(folder / "train.txt"),
        python=bare_python,
    )
    lines, expected = counted.stdout.splitlines(), report.score.lines()
    assert lines[1 : len(expected)] == expected[1:]
    assert lines[len(expected)].startswith(
        "The network is level with counts of both neighbours: accuracy 0.6348 against "
    )


def test_a_folder_is_its_texts(report: Report, tmp_path: Path) -> None:
    (tmp_path / "texts" / "more").mkdir(parents=True)
    for name, seed in (("texts/b.txt", 1), ("texts/more/a.txt", 2), ("texts/notes.md", 3)):
        write(tmp_path / name, text(60, seed))
    corpus = read(config(), [tmp_path / "texts"])
    assert corpus.sources == (str(tmp_path / "texts" / "b.txt"), str(tmp_path / "texts" / "more" / "a.txt"))
    assert str(corpus.train) + str(corpus.held_out) == text(60, 1) + text(60, 2)
    assert corpus.taken is not None
    assert corpus.taken.message().endswith("Not read: 'notes.md' (no .txt file).")
    titles = [section.title for section in report.sections]
    assert titles == ["Gaps", "Gain from the right context", "Accuracy by word frequency"]
    bands = report.sections[2].parts[1]
    assert isinstance(bands, ReportTable)
    assert report.score is not None
    shares = [(int(str(row[1])), float(str(row[2]))) for row in bands.rows]
    looked_at = sum(gaps for gaps, _ in shares)
    right = sum(gaps * share for gaps, share in shares) / looked_at
    assert (looked_at, right) == (report.score.gaps, pytest.approx(report.score.both.accuracy))


def test_what_check_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.txt", text(100))
    write(tmp_path / "v.txt", " ".join(f"{first}{second}word." for first in "abcdefgh" for second in "ijklmnop"))
    write(tmp_path / "dots.txt", "." * 4000)

    def found(*options: str, name: str = "a.txt") -> dict[str, Finding]:
        findings = examine.whole(registry.task("fill"), config(*options), [name], lambda load: [])
        return {each.code: each for each in findings}

    good = found()
    assert set(good) == {"taken", "units", "vocabulary", "lengths", "duplicate", "few-held-out"}
    vocabulary = encode(config(), read(config(), ["a.txt"])).vocabulary
    assert good["vocabulary"].figures["size"] == vocabulary.size
    strange = found("--valid", "v.txt")
    assert strange["units"].figures["held_out"] == 64
    assert strange["many-unknown"].figures == {}
    assert "100.0% of the held-out words are unknown" in strange["many-unknown"].message
    assert strange["few-held-out"].severity == "warning"
    assert found("--batch", "400")["too-short"].where == "the training part"
    assert found(name="dots.txt")["one-symbol"].severity == "error"
    assert found("--valid", "a.txt")["same-file"].where == "a.txt"
    (tmp_path / "none").mkdir()
    assert found(name="none")["no-file"].severity == "error"


def test_what_a_config_should_say(tmp_path: Path) -> None:
    write(tmp_path / "small.txt", text(300))
    write(tmp_path / "large.txt", text(8000))
    guessed = suggest([tmp_path / "small.txt"])
    assert (guessed.preset, guessed.values["training"]["batch"], guessed.values["data"]["encoding"]) == (
        "small", 4, "utf-8",
    )  # fmt: skip
    guessed = suggest([tmp_path / "large.txt"])
    assert (guessed.preset, guessed.values["training"]["batch"], guessed.values["training"]["bptt"]) == (
        "medium", 16, 64,
    )  # fmt: skip
    (tmp_path / "latin.txt").write_bytes("ein schöner Tag\n".encode("latin-1") * 90)
    with pytest.raises(DataError, match="empty"):
        suggest([write(tmp_path / "empty.txt", "")])
    assert suggest([tmp_path / "latin.txt"]).values["data"]["encoding"] == "cp1252"
    with pytest.raises(UsageError, match="standard input"):
        suggest(["-"])
