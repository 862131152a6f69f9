"""Lines in, translations out, through the program too; the score beside sacrebleu's own command and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from anaphora.data.files.lines import InputLine
from anaphora.data.files.pairs import read_pairs
from anaphora.errors import DataError, UsageError
from anaphora.runs.report import Report
from anaphora.tasks.translate.answers import Answers
from anaphora.tasks.translate.decoding import DecodingOptions
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import figures, judge
from program import Run
from translated import PAIRS, TINY, write, write_pairs

LINES = [b"3 Mar 1994", b"", b"caf\xe9", b"December 31, 1899"]


def lines(*texts: bytes, is_json: bool = False) -> list[InputLine]:
    return [InputLine(f"here, line {number}", text, is_json) for number, text in enumerate(texts, 1)]


def test_a_line_for_every_line_whatever_comes(dates: Translator) -> None:
    answers = Answers(dates, False)
    found = answers(lines(*LINES))
    assert found[:2] + found[3:] == ["1994-03-03", "", "1899-12-31"]
    assert isinstance(found[2], DataError)
    assert "here, line 3 is not UTF-8: its byte 3 is 0xe9" in str(found[2])


def test_several_of_a_beam_with_what_they_are_ranked_by(dates: Translator) -> None:
    (found, empty) = Answers(dates, False, DecodingOptions(beam=4, best=3))(lines(b"3 Mar 1994", b""))
    rows = [row.split("\t") for row in str(found).splitlines()]
    assert rows[0][1] == "1994-03-03"
    merits = [float(rank_score) for rank_score, _ in rows]
    assert (len(rows), merits) == (3, sorted(merits, reverse=True))
    assert len(str(empty).splitlines()) == 3


def test_objects_keep_what_they_had(dates: Translator) -> None:
    answers = Answers(dates, True, DecodingOptions(beam=3, best=2))
    texts = (b'{"id": 7, "source": "3 Mar 1994"}', b"{broken", b'{"no": 1}', b'{"source": 5}')
    found = answers(lines(*texts, is_json=True))
    item = json.loads(str(found[0]))
    assert (item["id"], item["translation"]) == (7, "1994-03-03")
    assert item["translations"][0]["text"] == "1994-03-03"
    assert item["translations"][0]["rank_score"] == pytest.approx(item["translations"][0]["score"] / 11)
    for error, words in zip(
        found[1:], ("is not JSON", "expected a JSON object with 'source'", "expected a text"), strict=True
    ):
        assert words in str(error)
    (plain,) = answers(lines(b"6 Dec 1950"))
    assert json.loads(str(plain))["source"] == "6 Dec 1950"


def test_pictures_go_into_a_page_or_a_file(dates: Translator, tmp_path: Path) -> None:
    for name, count in (("a.html", 2), ("a.svg", 1)):
        answers = Answers(dates, False, pictures=str(tmp_path / name))
        answers(lines(*LINES))
        answers.close()
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert page.count("<svg") == page.count("</svg>") == count
    with pytest.raises(UsageError, match=r"ends in \.html or \.svg"):
        Answers(dates, False, pictures=str(tmp_path / "a.png"))
    nothing = Answers(dates, False, pictures=str(tmp_path / "b.svg"))
    nothing(lines(b""))
    with pytest.raises(UsageError, match="nothing to draw"):
        nothing.close()


def test_a_base_install_translates(report: Report, tmp_path: Path, bare_python: Path, program: Run) -> None:
    model = str(report.model)
    bare = program(tmp_path, "run", model, stdin=b"\n".join(LINES), python=bare_python)
    assert bare.returncode == 3
    assert bare.stdout.splitlines() == ["1994-03-03", "", "", "1899-12-31"]
    assert "line 3 is not UTF-8" in bare.stderr
    options = [
        "--beam",
        "3",
        "--n-best",
        "2",
        "--length-penalty",
        "0.5",
        "--coverage",
        "0.1",
        "--no-repeat-ngram",
        "4",
        "--attention",
        "a.svg",
    ]
    more = program(tmp_path, "run", model, *options, stdin=b"3 Mar 1994\n", python=bare_python)
    assert (more.returncode, more.stderr) == (0, "")
    assert more.stdout.splitlines()[0].endswith("\t1994-03-03")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")
    sampled = [
        program(tmp_path, "run", model, "--sample", "--seed", "4", stdin=b"3 Mar 1994\n").stdout for _ in range(2)
    ]
    assert sampled[0] == sampled[1]


def test_options_of_others_are_refused(report: Report, tmp_path: Path, program: Run) -> None:
    model = str(report.model)
    for words, said in (
        (("--prompt", "x"), "has no option --prompt."),
        (("--top", "3"), "--top"),
        (("--beam", "2", "--n-best", "3"), "raise --beam"),
    ):
        done = program(tmp_path, "run", model, *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_the_tour_on_the_command_line(tmp_path: Path, program: Run) -> None:
    write_pairs(tmp_path, PAIRS * 3)
    done = program(tmp_path, "check", "translate", "a.de", "a.en")
    assert done.returncode == 0, done.stderr
    assert "duplicate" in done.stdout
    done = program(tmp_path, "train", "translate", "a.de", "a.en", "-o", "m.anaphora", *TINY.split())
    assert done.returncode == 0, done.stderr
    assert "copy of the source" in done.stdout
    scored = program(tmp_path, "eval", "m.anaphora", "a.de", "a.en", "--json")
    assert scored.returncode == 0, scored.stderr
    facts = json.loads(scored.stdout)
    written = program(tmp_path, "run", "m.anaphora", "a.de").stdout.splitlines()
    again = figures(written, [target for _, target in PAIRS * 3], False)
    assert (facts["rows"], facts["bleu"], facts["chrf"]) == (30, again.bleu, again.chrf)
    assert "beam 3" in program(tmp_path, "eval", "m.anaphora", "a.de", "a.en", "--beam", "3").stdout
    write(tmp_path, "a.en", [target for _, target in PAIRS])
    parted = program(tmp_path, "train", "translate", "a.de", "a.en", "-o", "n.anaphora", *TINY.split())
    assert parted.returncode == 3
    assert "has 30 lines and" in parted.stderr


def test_bleu_by_hand(tmp_path: Path) -> None:
    pairs = read_pairs(write_pairs(tmp_path, [("x", "the cat sat on the mat today"), ("y", "a dog"), ("z", "Yes")]))
    outputs = ["the cat sat on a mat", "a dog", "no"]
    score = judge(outputs, pairs, np.arange(3), lower=False)
    # n-grams that the references hold: 5+2+0 of 6+2+1, 3+1 of 5+1, 2 of 4, 1 of 3; lengths 9 and 10
    precisions = [7 / 9, 4 / 6, 2 / 4, 1 / 3]
    expected = 100 * math.exp(1 - 10 / 9) * math.prod(precisions) ** 0.25
    assert score.bleu == pytest.approx(expected, abs=1e-9)
    assert (score.exact, score.rows) == (pytest.approx(1 / 3), 3)
    assert score.length_ratio == pytest.approx(0.9)
    assert [worst.output for worst in score.worst] == ["no", "the cat sat on a mat"]
    assert score.worst[0].where.endswith("line 3")
    assert judge(["YES"], pairs, np.array([2]), lower=True).exact == 1.0
    assert judge(["YES"], pairs, np.array([2]), lower=False).exact == 0.0
    assert "|case:lc|" in judge(["YES"], pairs, np.array([2]), lower=True).bleu_signature


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,target,source\n1,x,3 Mar 1994\n2,y,\n3,z,6 Dec 1950\n"),
        ("a.tsv", "77\t3 Mar 1994\t8\tx\n78\t \t9\ty\n79\t6 Dec 1950\t10\tz\n"),
        ("a.txt", "3 Mar 1994\tx\n\ty\n6 Dec 1950\tz\n"),
        ("b.txt", "#separator:tab\n#tags column:3\n3 Mar 1994\tx\t\n\ty\t\n6 Dec 1950\tz\t\n"),
        ("c.txt", "3 Mar 1994 ||| x\n ||| y\n6 Dec 1950 ||| z\n"),
        ("a.jsonl", '{"source": "3 Mar 1994"}\n{"source": null}\n{"source": "6 Dec 1950"}\n'),
        ("a.de", "3 Mar 1994\n\n6 Dec 1950\n"),
        ("a.tmx", "<tmx><header srclang='a'/><body>{}</body></tmx>".format("".join(
            f"<tu><tuv xml:lang='b'><seg>x</seg></tuv><tuv xml:lang='a'><seg>{text}</seg></tuv></tu>\n"
            for text in ("3 Mar 1994", "", "6 Dec 1950")))),
    ],
)  # fmt: skip
def test_of_a_file_of_pairs_the_sources_are_translated(
    report: Report, tmp_path: Path, program: Run, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    done = program(tmp_path, "run", str(report.model), name)
    assert (done.returncode, done.stdout) == (0, "1994-03-03\n\n1950-12-06\n"), done.stderr
    line = 3 if name == "a.csv" else 4 if name == "b.txt" else 2
    *read, empty = done.stderr.splitlines()
    assert empty == f"note: '{name}', line {line} is empty: the translation is empty, too."
    assert [note.split(": ")[1] for note in read] == ([] if name in ("a.jsonl", "a.de") else [f"read '{name}'"])
