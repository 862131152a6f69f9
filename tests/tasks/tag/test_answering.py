"""Sentences in, tags out in every form, through the program too; and taggers from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import anaphora
from anaphora.data.files.conll import read_sentences
from anaphora.errors import DataError, DataWarning, UsageError
from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.tasks.tag.grammar import sentences
from anaphora.tasks.tag.predict import Answers, Tagger
from anaphora.tasks.tag.settings import TagConfig
from program import Run, failed
from tagged import TINY, write, write_grammar

LINE = "Elham is a town near New Wilham ."
TAGS = ["B-PLACE", "O", "O", "O", "O", "B-PLACE", "I-PLACE", "O"]
WORDS = LINE.split()


def answered(
    report: Report, path: str, as_json: bool = False, top: int | None = None, form: str = "auto"
) -> list[object]:
    answers = Answers(Tagger(load(report.model)), as_json, top, form)
    return [answer for batch in answers.batches([path]) for answer in answers(batch)]


class Written:
    """What `run` writes, and its notes."""

    def __init__(self) -> None:
        self.texts, self.notes = list[str](), list[str]()
        self.write, self.note = self.texts.append, self.notes.append

    def complain(self, error: DataError) -> None:
        """An error is raised at the end, too."""

    def flush(self) -> None:
        """Nothing waits."""


def answers_as_json(report: Report, path: str) -> list[str]:
    """The objects, and {} for a sentence that cannot be read."""
    return ["{}" if isinstance(each, DataError) else str(each) for each in answered(report, path, as_json=True)]


def test_a_line_is_a_sentence(report: Report, tmp_path: Path) -> None:
    found = answered(report, write(tmp_path / "a.txt", f"{LINE}\n\n{LINE}\n"))
    block = "".join(f"{word}\t{tag}\n" for word, tag in zip(WORDS, TAGS, strict=True))
    assert found == [block, "", block]


def test_columns_get_one_more(report: Report, tmp_path: Path) -> None:
    rows = [f"{word} x {tag}" for word, tag in zip(WORDS, TAGS, strict=True)]
    text = "-DOCSTART- x O\n\n# a comment of many\n" + "\n".join(rows) + "\n\n" + "\n".join(rows)
    found = answered(report, write(tmp_path / "a.conll", text))
    whole = "".join(f"{row} {tag}\n" for row, tag in zip(rows, TAGS, strict=True))
    assert found == ["-DOCSTART- x O O\n", f"# a comment of many\n{whole}", whole]
    two = answered(report, write(tmp_path / "a.tsv", "\n".join(row.replace(" ", "\t") for row in rows)), top=2)
    (block,) = two
    first, *lines = str(block).splitlines()
    assert first.startswith("# p ")
    assert [line.split("\t")[3] for line in lines] == TAGS
    assert all(len(line.split("\t")) == 5 for line in lines)


def test_conllu_is_filled_in(report: Report, tmp_path: Path) -> None:
    empty = "\t_" * 8
    rows = [f"{at}\t{word}{empty}" for at, word in enumerate(WORDS, 1)]
    text = "\n".join(["# text = x", "1-2\tx" + "\t_" * 8, *rows, ""])
    (found,) = answered(report, write(tmp_path / "a.txt", text))
    lines = str(found).splitlines()
    assert lines[:2] == ["# text = x", "1-2\tx" + "\t_" * 8]
    assert [line.split("\t")[3] for line in lines[2:]] == TAGS
    (two,) = answered(report, write(tmp_path / "a.conllu", text), top=2)
    assert str(two).splitlines()[1].startswith("# tags 2 p=")


def test_other_tags_of_conllu_stay_and_the_models_go_to_misc(report: Report, tmp_path: Path) -> None:
    ends = ["SpaceAfter=No", *["_"] * (len(WORDS) - 1)]
    rows = [f"{at}\t{word}\t_\tX{at % 2}{chr(9)}_\t_\t_\t_\t_\t{end}"
            for at, (word, end) in enumerate(zip(WORDS, ends, strict=True), 1)]  # fmt: skip
    path = write(tmp_path / "a.conllu", "\n".join([*rows, "", *rows, ""]))
    answers, notes = Answers(Tagger(load(report.model)), False), list[str]()
    answers.say = notes.append
    first, second = (str(answer) for batch in answers.batches([path]) for answer in answers(batch))
    assert first == second
    found = [line.split("\t") for line in first.splitlines()]
    assert [fields[3] for fields in found] == [f"X{at % 2}" for at in range(1, len(WORDS) + 1)]
    assert [fields[9] for fields in found] == [f"SpaceAfter=No|Tag={TAGS[0]}", *(f"Tag={tag}" for tag in TAGS[1:])]
    assert notes == [
        "UPOS has tags that the model does not know: they stay, and the tags of the model are in MISC, as Tag=."
    ]


def test_objects_keep_what_they_had(report: Report, tmp_path: Path) -> None:
    rows = [{"id": 7, "tokens": WORDS}, {"no": 1}, {"tokens": 5}, {"tokens": []}]
    text = "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"
    found = answered(report, write(tmp_path / "a.jsonl", text), as_json=True, top=3)
    item = json.loads(str(found[0]))
    assert (item["id"], item["tags"]) == (7, TAGS)
    assert len(item["confidence"]) == len(WORDS)
    assert item["best"][0] == {"tags": TAGS, "probability": item["probability"]}
    assert item["probability"] <= min(item["confidence"]) + 1e-9
    assert json.loads(str(found[3]))["tags"] == []
    for error, words in zip(
        [*found[1:3], found[4]], ("expected a JSON object with 'tokens'", "expected a list", "is not JSON"), strict=True
    ):
        assert isinstance(error, DataError)
        assert words in str(error)
        assert "a.jsonl', line" in str(error)
    plain = answered(report, write(tmp_path / "b.txt", LINE), as_json=True)
    assert json.loads(str(plain[0]))["tokens"] == WORDS


def test_a_bad_sentence_stops_nothing(report: Report, tmp_path: Path) -> None:
    good = "".join(f"{word}\tO\n" for word in WORDS)
    path = tmp_path / "a.conll"
    path.write_bytes(f"{good}\na\tO\nb\n\n{good}\n".encode() + b"caf\xe9\tO\n\n" + good.encode())
    found = answered(report, str(path))
    assert [isinstance(each, DataError) for each in found] == [False, True, False, True, False]
    assert "line 11: 1 field, expected 2" in str(found[1])
    assert "is not UTF-8: its byte 3" in str(found[3])


def test_an_answer_in_columns_has_the_lines_of_its_input(report: Report, tmp_path: Path) -> None:
    lines = ["", "", "Elham\tx", "", "", "", "is\tx\ty\tz", "a\tx", "", "is\tx", "", "", ""]
    written, answers = Written(), Answers(Tagger(load(report.model)), False)
    with pytest.raises(DataError, match="could not be read"):
        answers.run([write(tmp_path / "a.conll", "\n".join([*lines, ""]))], written)
    answered = "".join(written.texts).removesuffix("\n").split("\n")
    assert len(answered) == len(lines)
    beside = [(line.split("\t")[:2], answer.split("\t")[:2]) for line, answer in zip(lines, answered, strict=True)]
    assert [at for at, (line, answer) in enumerate(beside) if line != answer] == [6, 7]
    objects = [json.loads(text) for text in answers_as_json(report, str(tmp_path / "a.conll"))]
    assert [each.get("tokens") for each in objects] == [["Elham"], None, ["is"]]


def test_files_of_words_with_their_tags_are_noted_once(report: Report, tmp_path: Path) -> None:
    words, tags = write(tmp_path / "a.in", "Elham is\n" * 5), write(tmp_path / "a.out", "B-PLACE O\n" * 5)
    written = Written()
    Answers(Tagger(load(report.model)), False).run([words, tags], written)
    assert written.notes == [f"{words!r} is tagged; {tags!r} belongs to it."]
    assert "".join(written.texts).count("Elham\tB-PER\nis\tO\n\n") == 5


def test_a_sentence_longer_than_those_of_training_is_noted(report: Report, tmp_path: Path) -> None:
    longest = Tagger(load(report.model)).config.data.max_length
    path = write(tmp_path / "a.conll", "is\tO\n" * (longest + 1) + "\nis\tO\n")
    written = Written()
    Answers(Tagger(load(report.model)), False).run([path], written)
    assert written.notes == [f"1 sentence of more than {longest:,} words: training splits such a sentence."]
    with pytest.warns(DataWarning) as seen:
        Tagger(load(report.model)).evaluate(Path(path))
    assert [str(each.message) for each in seen] == written.notes


def test_a_sentence_that_does_not_end_is_cut_with_a_note(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anaphora.tasks.tag.inputs._LONGEST", 3)
    path = write(tmp_path / "a.conll", "is\tO\n" * 4)
    written = Written()
    Answers(Tagger(load(report.model)), False).run([path], written)
    assert written.notes == [f"'{path}', line 1: a sentence of more than 3 lines is cut there."]
    assert "".join(written.texts).count("is\tO\t") == 4


def test_confidence_is_the_sum_of_what_agrees(tagger: Tagger) -> None:
    (best,) = tagger.tag([WORDS], confident=True)[0]
    every = tagger.tag([WORDS], top=400)[0]
    assert sum(one.probability for one in every) > 0.999
    for at, sure in enumerate(best.confidence):
        kind = best.tags[at].partition("-")[2]
        same = sum(one.probability for one in every if one.tags[at].partition("-")[2] == kind)
        assert sure == pytest.approx(same, abs=2e-3)


def test_a_base_install_tags(report: Report, tmp_path: Path, bare_python: Path, program: Run) -> None:
    model = str(report.model)
    (tmp_path / "a.conll").write_text("".join(f"{word} O\n" for word in WORDS) + "\na O\nb\n\n", encoding="utf-8")
    bare = program(tmp_path, "run", model, "a.conll", python=bare_python)
    failed(bare, 3, "line 11", "1 of 2 lines")
    assert bare.stdout.splitlines()[: len(WORDS)] == [f"{word} O {tag}" for word, tag in zip(WORDS, TAGS, strict=True)]
    failed(program(tmp_path, "run", model, "a.conll", "--format", "colums"), 2, "--format takes one of")
    failed(program(tmp_path, "run", model, "a.conll", "--prompt", "x"), 2, "has no option --prompt.")
    (tmp_path / "b.conll").write_text(
        (report.model.parent / "valid.conll").read_text(encoding="utf-8"), encoding="utf-8"
    )
    scored = program(tmp_path, "eval", model, "b.conll", "--json", python=bare_python)
    assert scored.returncode == 0, scored.stderr
    assert report.score is not None
    assert json.loads(scored.stdout)["f1"] == report.score.f1


def test_the_tour_on_the_command_line(tmp_path: Path, program: Run) -> None:
    write_grammar(tmp_path / "a.conll", 60)
    checked = program(tmp_path, "check", "tag", "a.conll")
    assert checked.returncode == 0, checked.stderr
    assert "spans in the scheme iob2" in checked.stdout
    begun = program(tmp_path, "init", "tag", "a.conll")
    assert begun.returncode == 0, begun.stderr
    done = program(tmp_path, "train", "tag", "a.conll", "-o", "m.anaphora", *TINY.split())
    assert done.returncode == 0, done.stderr
    assert "most frequent tag" in done.stdout
    page = (tmp_path / "m.run" / "report.html").read_text(encoding="utf-8")
    assert "Wrong sentences with the highest loss" in page
    shown = program(tmp_path, "eval", "m.anaphora", "a.conll")
    assert shown.returncode == 0, shown.stderr
    assert "span F1" in shown.stdout


def test_taggers_from_python(tmp_path: Path) -> None:
    rows = sentences(60)
    model = anaphora.train("tag", rows, preset="small", max_steps=8, evaluations=2, hidden=8, embedding=8)
    assert isinstance(model, Tagger)
    assert model.scheme == "iob2"
    texts = [" ".join(words) for words, _ in rows[:3]]
    assert model.predict(texts) == model.predict([words for words, _ in rows[:3]])
    score = model.evaluate(rows)
    assert score == model.evaluate(([words for words, _ in rows], [tags for _, tags in rows]))
    assert score == model.evaluate({"words": [words for words, _ in rows], "tags": [tags for _, tags in rows]})
    assert score.sentences == 60
    assert score.sentences == model.evaluate(write_grammar(tmp_path / "a.conll", 60)).sentences
    model.save(tmp_path / "m.anaphora")
    again = anaphora.load(tmp_path / "m.anaphora")
    assert isinstance(again, Tagger)
    assert again.several(texts, 2) == model.several(texts, 2)
    for wrong, words in (("a b", "a list of sentences"), (7, "a list of sentences")):
        with pytest.raises(UsageError, match=words):
            model.predict(wrong)
    for data, words in (
        ([(["a"], ["O", "O"])], "sentence 1: 1 word and 2 tags"),
        (([["a"]], [["O"], ["O"]]), "1 sentence and 2 rows of tags"),
        ([(["a"], "O")], "expected a list of texts"),
    ):
        with pytest.raises((UsageError, DataError), match=words):
            model.evaluate(data)


def test_the_demo_finds_names(tmp_path: Path, program: Run) -> None:
    done = program(tmp_path, "demo", "tag", "--minutes", "0.2")
    assert done.returncode == 0, done.stderr
    for shown in ("small grammar in demo-tag.conll", "most frequent tag", "Tags predicted", "anaphora eval demo-tag"):
        assert shown in done.stdout
    assert len(read_sentences(str(tmp_path / "demo-tag.conll"), TagConfig().data)) == 2_000


def test_tags_that_the_model_does_not_know_have_no_score(
    tagger: Tagger, report: Report, tmp_path: Path, program: Run
) -> None:
    said = "The model does not know the tags of the data, which are CITY; it knows "
    with pytest.raises(DataError, match=said):
        tagger.evaluate([(["New", "Wilham", "is"], ["B-CITY", "I-CITY", "O"])])
    assert tagger.evaluate([(["Ann", "is"], ["O", "O"])]).words == 2
    file = write(tmp_path / "a.conll", "New\tB-CITY\nis\tO\n\n")
    failed(program(tmp_path, "eval", str(report.model), file), 3, said)
