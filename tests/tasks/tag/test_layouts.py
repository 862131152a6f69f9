"""The law of layouts: what a tagger was trained on, it tags, sentence for sentence and word for word."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from anaphora.data.files.conll import read as read_file
from anaphora.data.files.conll import read_files
from anaphora.data.files.reading import Reading
from anaphora.data.files.tag_layouts import Trained
from anaphora.errors import DataError
from anaphora.runtime.model import MultipartModel
from anaphora.tasks.tag.checks import check
from anaphora.tasks.tag.data import Corpus, from_memory, read, read_all
from anaphora.tasks.tag.file_checks import check_files
from anaphora.tasks.tag.grammar import sentences
from anaphora.tasks.tag.inputs import Inputs, Whole
from anaphora.tasks.tag.predict import Answers, Tagger
from anaphora.tasks.tag.settings import Data, TagConfig
from anaphora.tasks.tag.training import TagTraining
from anaphora.training.initial import first_model
from anaphora.training.observer import Observer
from tagged import config
from tagged_layouts import LAYOUTS

ROWS = [(words, tags) for words, tags in sentences(40, seed=4) if len(words) > 1]
WORDS = [tuple(words) for words, _ in ROWS]


def tagger_of(settings: TagConfig, corpus: Corpus) -> Tagger:
    """A tagger as training makes it, with its first weights."""
    task = TagTraining(settings, corpus)
    task.fit_baseline(Observer())
    tensors = {name: tensor.numpy() for name, tensor in first_model(task.tree, 3, task.initialise).state_dict().items()}
    return Tagger(MultipartModel(task.bundle_of(task.tree, tensors)))


def made(layout: str, folder: Path) -> tuple[Tagger, list[str], Corpus]:
    *options, file = LAYOUTS[layout](folder, ROWS)
    files = [options.pop(), file] if layout == "parallel files" else [file]
    settings = config(*options)
    corpus = read(settings, files)
    return tagger_of(settings, corpus), files, corpus


def answered(
    tagger: Tagger, paths: Sequence[str], notes: list[str] | None = None, form: str = "auto"
) -> list[tuple[str, ...]]:
    """The words of every sentence that the tagger answers; no sentence may be refused."""
    answers = Answers(tagger, True, form=form)
    answers.say = (notes if notes is not None else []).append
    found = []
    for batch in answers.batches(paths):
        for answer in answers(batch):
            assert isinstance(answer, str), answer
            item = json.loads(answer)
            words = item.get("tokens", item.get("words"))
            assert len(item["tags"]) == len(words)
            found.append(tuple(words))
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_trained_on_is_tagged_word_for_word(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger, files, corpus = made(layout, tmp_path)
    whole = sorted([*corpus.train.tokens, *corpus.held_out.tokens])
    assert whole == sorted(WORDS)
    assert {tag for row in corpus.train.tags for tag in row} >= {"O", "B-PER", "B-PLACE", "I-PLACE"}
    assert corpus.scheme == "iob2"
    assert corpus.taken is not None
    assert (corpus.taken.rows, corpus.taken.unit) == (len(WORDS), "sentence")
    assert answered(tagger, files) == WORDS
    assert tagger.score_files(files, tagger.config.data.encoding).words == sum(map(len, WORDS))
    plain = tmp_path / "plain.txt"
    plain.write_text("".join(f"{' '.join(words)}\n" for words in WORDS), encoding=tagger.config.data.encoding)
    assert answered(tagger, [str(plain)]) == WORDS
    content = Path(files[0]).read_bytes()
    if not files[0].endswith(".parquet"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        assert answered(tagger, ["-"]) == WORDS


def test_the_files_of_tags_and_labels_beside_a_file_of_words_are_not_tagged(tmp_path: Path) -> None:
    tagger, (words, tags), _ = made("parallel files", tmp_path)
    label = tmp_path / "label"
    label.write_text("greet\n" * len(WORDS), encoding="utf-8")
    for inputs in ([words, tags, str(label)], [str(tmp_path)]):
        notes: list[str] = []
        assert answered(tagger, inputs, notes) == WORDS
        beside = f"{tags!r} and '{label}' belong" if len(inputs) > 1 else f"{tags!r} belongs"
        assert notes == [f"{words!r} is tagged; {beside} to it."]
    assert answered(tagger, [words, words]) == [*WORDS, *WORDS]
    packed = [f"{path}.gz" for path in (words, tags)]
    for path, to in zip((words, tags), packed, strict=True):
        Path(to).write_bytes(gzip.compress(Path(path).read_bytes()))
    assert answered(tagger, packed) == WORDS
    (found,) = read_files(packed, tagger.config.data)
    assert found.sentences.tokens == tuple(WORDS)


def test_the_column_of_tags_may_be_missing(tmp_path: Path) -> None:
    tagger, _, _ = made("four fields between blanks", tmp_path)
    file = tmp_path / "b.txt"
    file.write_text("\n".join("".join(f"{word} NN B-NP\n" for word in words) for words in WORDS), encoding="utf-8")
    notes: list[str] = []
    assert answered(tagger, [str(file)], notes) == WORDS
    (note,) = notes
    told = "every line has 3 fields, and blank lines stand between groups of lines"
    assert note == f"'{file}' is read as a word per line: {told}. For a sentence per line, add --format lines."
    assert len(list(filter(None, answered(tagger, [str(file)], form="lines")))) == sum(map(len, WORDS))


@pytest.mark.parametrize(
    ("text", "sentences_", "noted"),
    [
        ("Berta said\n", 1, False),  # one sentence
        ("Hello there\n\nGood morning\n", 3, False),  # an answer for each line
        ("Hello there\nGood morning\nWell then\nBye now\n", 4, True),  # as many words in each, by chance
        ("Ann B-PER\nsaid O\n\nHi O\n", 2, True),
        ("Ann B-PER\nsaid O\n\n1\u00a0000 O\nHi O\n", 2, True),  # a word with white space
        ("# no word\n" * 300 + "Ann B-PER\nsaid O\n\nHi O\n", 2, True),
        ("-DOCSTART- O\n\nAnn B-PER\nsaid O\n\n# the end\n", 1, True),
        ("Ann\nsaid\n\nHi\nyou\n", 2, True),  # words without tags
        ("Ann\nBen\nCara\n", 3, False),  # a list of names
        ("Ann goes\nHi\n", 2, False),
    ],
)
def test_lines_of_equal_width_are_sentences_or_words(text: str, sentences_: int, noted: bool, tmp_path: Path) -> None:
    tagger, _, _ = made("blanks", tmp_path)
    file = tmp_path / "b.txt"
    file.write_text(text, encoding="utf-8")
    notes: list[str] = []
    assert len(answered(tagger, [str(file)], notes)) == sentences_
    assert bool(notes) == noted


def test_a_table_without_a_column_of_words_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger, _, _ = made("blanks", tmp_path)
    text = "foo,bar\nAnn,x\nRome,y\n"
    file = tmp_path / "wrong.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"wrong\.csv' has no column 'words'\. It has: foo, bar"):
        answered(tagger, [str(file)])
    notes: list[str] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"id,word\n1,Ann\n2,flew\n")))
    assert answered(tagger, ["-"], notes) == [("Ann", "flew")]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert len(answered(tagger, ["-"], notes)) == 3
    assert "looks like a table with the columns foo, bar" in notes[0]


@pytest.mark.parametrize("layout", ["tabs", "blanks", "four fields between blanks", "CoNLL-U", "CoNLL-U Plus", ".cupt"])
def test_what_is_written_is_read_again(layout: str, tmp_path: Path) -> None:
    tagger, files, _ = made(layout, tmp_path)
    answers = Answers(tagger, False)
    written = "".join(f"{answer}\n" for batch in answers.batches(files) for answer in answers(batch))
    again = tmp_path / f"again{Path(files[0]).suffix}"
    again.write_text(written, encoding="utf-8")
    (found,) = read_files([str(again)], tagger.config.data)
    assert found.sentences.tokens == tuple(WORDS)
    assert found.sentences.tags == tuple(tagger.predict([list(words) for words in WORDS]))


def test_spans_of_a_text_come_by_characters(tmp_path: Path) -> None:
    tagger, _, _ = made("doccano", tmp_path)
    file = tmp_path / "b.jsonl"
    file.write_text(json.dumps({"id": 7, "text": "Ann (52) flew."}), encoding="utf-8")
    answers = Answers(tagger, True)
    (answer,) = (answer for batch in answers.batches([str(file)]) for answer in answers(batch))
    item = json.loads(str(answer))
    assert item["tokens"] == ["Ann", "(", "52", ")", "flew", "."]
    pieces = [item["text"][begin:end] for begin, end, _ in item["entities"]]
    assert " ".join(pieces).replace(" ", "") == "".join(
        word for word, tag in zip(item["tokens"], item["tags"], strict=True) if tag != "O"
    )
    assert tagger.predict(["Ann flew."])[0] == tagger.predict([["Ann", "flew", "."]])[0]


def test_texts_that_nobody_annotated_are_left_out_and_counted(tmp_path: Path) -> None:
    kept = {
        "id": 7,
        "data": {"text": "Ann flew"},
        "annotations": [{"result": [{"value": {"start": 0, "end": 3, "labels": ["P"]}}]}],
    }
    tasks = [{"data": {"text": "Ann"}, "annotations": each} for each in ([], [], [{"was_cancelled": True}])]
    file = tmp_path / "a.json"
    file.write_text(json.dumps([*tasks, kept, kept]), encoding="utf-8")
    sentences_, found = read_all(Data(), [str(file)])
    assert (sentences_.tokens, sentences_.tags) == ((("Ann", "flew"),) * 2, (("B-P", "O"),) * 2)
    assert found.left_out == {"id": "neither text nor spans", "texts without an annotation": "2 of 5 texts",
                              "texts with cancelled annotations alone": "1 of 5 texts"}  # fmt: skip
    [finding] = [each for each in check_files(TagConfig(), [file]) if each.code == "not-annotated"]
    assert "2 texts without an annotation, 1 text with cancelled" in finding.message
    assert len(finding.rows) == 3
    file.write_text(json.dumps(tasks), encoding="utf-8")
    with pytest.raises(DataError, match=r"has no annotated text, but 2 texts without an annotation, 1 text with"):
        read_all(Data(), [str(file)])


def test_columns_that_are_not_read_are_told(tmp_path: Path) -> None:
    for name, text, unread in (
        ("a.csv", "Sentence #,Word,POS,Tag\n1,Ann,N,B-P\n", {"POS": "neither words nor tags",
                                                            "Sentence #": "the number of the sentence"}),
        ("a.jsonl", '{"id": 1, "tokens": ["Ann"], "tags": ["B-P"]}\n', {"id": "neither words nor tags"}),
        ("b.jsonl", '{"id": 1, "text": "Ann", "Comments": [], "label": [[0, 3, "P"]]}\n',
         dict.fromkeys(("id", "Comments"), "neither text nor spans")),
    ):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert read_file(str(tmp_path / name), Data()).found.left_out == unread


def test_a_task_of_label_studio_without_spans_has_no_field_of_labels(tmp_path: Path) -> None:
    span = {"start": 0, "end": 3, "text": "Ann", "labels": ["P"]}
    bare, marked = {"text": "Ben", "annotation_id": 1}, {"text": "Ann", "annotation_id": 2, "label": [span]}
    file = tmp_path / "a.json"
    for tasks in ([bare, marked], [marked, bare]):
        file.write_text(json.dumps(tasks), encoding="utf-8")
        found = read_file(str(file), Data()).sentences
        assert set(zip(found.tokens, found.tags, strict=True)) == {(("Ann",), ("B-P",)), (("Ben",), ("O",))}
    file.write_text(json.dumps([marked, {"n": 1}]), encoding="utf-8")
    assert [wrong.message[:17] for wrong in read_file(str(file), Data()).wrong] == ["item 2: expected "]


def test_rows_of_a_sentence_are_joined_wherever_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sentence_id,word,tag\n2,Ann,B-PER\n1,Rome,B-LOC\n2,sees,O\n1,is,O\n")
    found = read_file(str(file), Data())
    assert found.sentences.tokens == (("Ann", "sees"), ("Rome", "is"))
    assert found.sentences.lines == ((2, 4), (3, 5))
    assert [each.line for each in found.again] == [4, 5]
    file.write_text("sentence_id,position,word,tag\n2,10,sees,O\n1,0,Rome,B-LOC\n2,9,Ann,B-PER\n1,1,is,O\n")
    placed = read_file(str(file), Data())
    assert placed.sentences.tokens == (("Ann", "sees"), ("Rome", "is"))
    assert placed.found.layout.endswith("a word per row in the order of 'position'")
    assert "position" not in placed.found.left_out
    file.write_text("sentence_id,position,word,tag\n2,1,sees,O\n1,0,Rome,B-LOC\n2,1,Ann,B-PER\n1,1,is,O\n")
    twice = read_file(str(file), Data())
    assert twice.sentences.tokens == (("sees", "Ann"), ("Rome", "is"))
    assert twice.found.left_out["position"] == "words are in the order of the file"


def test_a_number_that_comes_back_in_the_form_of_kaggle_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = ["Sentence: 1,Ann,B-PER", ",sees,O", "Sentence: 2,Bob,B-PER", "Sentence: 1,Rome,B-LOC", ",is,O"]
    file.write_text("\n".join(["Sentence #,Word,Tag", *rows, ""]))
    found = read_file(str(file), Data())
    assert found.sentences.tokens == (("Ann", "sees"), ("Bob",), ("Rome", "is"))
    [finding] = [each for each in check_files(TagConfig(), [file]) if each.code == "number-again"]
    assert [place.line for place in finding.rows] == [5]
    assert "line 5: 'Sentence #' is 'Sentence: 1' as in a row above; it begins another sentence" in finding.message


def test_numbers_that_come_back_in_memory_and_in_conllu_are_told(tmp_path: Path) -> None:
    rows = {"sentence_id": [1, 1, 2, 1], "word": ["Ann", "sees", "Bob", "is"], "tag": ["B-P", "O", "B-P", "O"]}
    corpus = from_memory(TagConfig.model_validate({"data": {"valid": 0.5}}), rows)
    [finding] = [each for each in check(TagConfig(), corpus) if each.code == "number-again"]
    assert "row 4: 'sentence_id' is 1 as in rows above" in finding.message
    assert [place.line for place in finding.rows] == [4]
    fields = "\t_" * 8
    file = tmp_path / "a.conllu"
    file.write_text("".join(f"# sent_id = {name}\n1\tAnn{fields}\n\n" for name in "aba"))
    [told] = [each for each in check_files(TagConfig(), [file]) if each.code == "number-again"]
    assert "line 7: sent_id is 'a' as of a sentence above; both are read" in told.message


def test_a_number_that_comes_back_in_a_pipe_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "sentence_id,word\n1,Ann\n2,Bob\n1,is\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    notes = list[str]()
    inputs = Inputs("rows", Data(), Trained(["O"], "rows"), Reading(), notes.append)
    assert [each.tokens for batch in inputs.sentences([]) for each in batch if isinstance(each, Whole)] == [
        ("Ann", "is"),
        ("Bob",),
    ]
    (note,) = notes
    assert note.startswith("standard input, line 4: 'sentence_id' is '1' as in rows above")


def test_the_frame_of_a_sentence_of_atis_is_no_word(tmp_path: Path) -> None:
    file = tmp_path / "a.conll"
    file.write_text("BOS\tO\nto\tO\nRome\tB-LOC\nEOS\tflight\n\nBOS\tO\nhi\tO\nEOS\tfare\n\n")
    found = read_file(str(file), Data())
    assert found.sentences.tokens == (("to", "Rome"), ("hi",))
    assert found.sentences.lines == ((2, 3), (7,))
    assert found.found.left_out == {"BOS and EOS": "the ends of a sentence, and its label"}
    file.write_text("BOS\tO\nto\tO\n\nRome\tB-LOC\nEOS\tO\n")
    assert read_file(str(file), Data()).sentences.words == 4
