"""Layouts of tagged sentences."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars
import pytest

from anaphora.data.files.conll import read, read_files, strict
from anaphora.data.files.sentences import Read
from anaphora.errors import DataError
from anaphora.tasks.tag.settings import Data

NEW_YORK = (("New", "York", "wins"), ("Hi",)), (("B-LOC", "I-LOC", "O"), ("O",))


def made(folder: Path, name: str, text: str, **options: str) -> Read:
    """Write a file, and read it."""
    (folder / name).write_text(text, encoding=options.get("encoding", "utf-8"))
    return strict(read(str(folder / name), Data(**options)))  # type: ignore[arg-type]


def expect(found: Read, layout: str, words: str, tags: str, lines: object = None) -> None:
    sentences = found.sentences
    assert (sentences.tokens, sentences.tags) == NEW_YORK
    assert (found.found.format, found.found.words, found.found.tags) == (layout, words, tags)
    if lines is not None:
        assert sentences.lines == lines


def columns(folder: Path) -> None:
    for separator in ("\t", " ", "   "):
        text = "-DOCSTART- -X- O O\n\nNew NNP B-LOC\nYork NNP I-LOC\nwins VBZ O\n \t\nHi UH O\n".replace(" ", separator)
        found = made(folder, "a.txt", text)
        expect(found, "columns", "column 1", "column 3", ((3, 4, 5), (7,)))
        assert found.found.layout == f"a word per line, 3 fields between {'tabs' if separator == chr(9) else 'blanks'}"
    with pytest.raises(DataError, match="Column 1 is both the words"):
        made(folder, "a.txt", "a b\n", token="1", tag="1")


def numbered(folder: Path) -> None:
    text = "# source 7\n1 New B-LOC O\n2 York I-LOC O\n3 wins O O\n\n1 Hi O O\n".replace(" ", "\t")
    expect(made(folder, "a.tsv", text, tag="3"), "columns", "column 2", "column 3", ((2, 3, 4), (6,)))
    whole = made(folder, "a.tsv", text, token="1", tag="3").sentences
    assert whole.tokens == (("1", "2", "3"), ("1",))


def labelled(folder: Path) -> None:
    text = "news\nNew B-LOC\nYork I-LOC\nwins O\n\ngreeting\nHi O\n"
    found = made(folder, "a.txt", text)
    expect(found, "columns", "column 1", "column 2", ((2, 3, 4), (7,)))
    assert found.found.left_out == {"the first line of a sentence": "a label of the sentence"}
    behind = made(folder, "c.iob", "New B-LOC\nYork I-LOC\nwins O\nnews\n\nHi O\ngreeting\n")
    expect(behind, "columns", "column 1", "column 2", ((1, 2, 3), (6,)))
    assert behind.found.left_out == {"the last line of a sentence": "a label of the sentence"}
    with pytest.raises(DataError, match="line 4: 1 field, expected 2"):  # full stops without tags
        made(folder, "d.txt", "New B-LOC\nYork I-LOC\nwins O\n.\n\nHi O\n.\n")
    with_comments = "# intent: news\nNew B-LOC\nYork I-LOC\nwins O\n\n# intent: greeting\nHi O\n"
    expect(made(folder, "b.txt", with_comments), "columns", "column 1", "column 2", ((2, 3, 4), (7,)))


def label_studio_columns(folder: Path) -> None:
    text = "-DOCSTART- -X- O\nNew -X- _ B-LOC\nYork -X- _ I-LOC\nwins -X- _ O\n\nHi -X- _ O\n\n"
    expect(made(folder, "a.conll", text), "columns", "column 1", "column 4", ((2, 3, 4), (6,)))


def _ud(number: str, *fields: str) -> str:
    return "\t".join([number, *fields, *["_"] * (9 - len(fields))]) + "\n"


def conllu(folder: Path) -> None:
    text = (
        "# text = New York wins\n" + _ud("1-2", "NewYork") + _ud("1", "New", "new", "PROPN", "B-LOC")
        + _ud("2", "York", "york", "PROPN", "I-LOC") + _ud("2.1", "x") + _ud("3", "wins", "win", "VERB", "O")
        + "\n" + _ud("1", "Hi", "hi", "INTJ", "O")
    )  # fmt: skip
    expect(made(folder, "a.txt", text, tag="xpos"), "conllu", "FORM", "XPOS", ((3, 4, 6), (8,)))
    assert made(folder, "a.conllu", text).sentences.tags == (("PROPN", "PROPN", "VERB"), ("INTJ",))


def conllu_plus(folder: Path) -> None:
    text = "# global.columns = ID FORM NER\n# text = x\n1\tNew\tB-LOC\n2\tYork\tI-LOC\n3\twins\tO\n\n1\tHi\tO\n"
    found = made(folder, "a.conllup", text)
    expect(found, "conllu", "FORM", "NER", ((3, 4, 5), (7,)))
    assert found.found.layout == "CoNLL-U Plus"
    with pytest.raises(DataError, match=r"has no field 'NE'.*ID, FORM, NER\. Did you mean NER"):
        made(folder, "a.conllup", text, tag="NE")


def cupt(folder: Path) -> None:
    names = "ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC PARSEME:MWE"
    rows = [("1", "gives", "VERB", "1:LVC.full"), ("2", "it", "PRON", "*"), ("3", "up", "ADP", "1;2:VPC"),
            ("4", "now", "ADV", "2")]  # fmt: skip
    text = f"# global.columns = {names}\n" + "".join(
        "\t".join([at, word, word, pos, *["_"] * 6, mwe]) + "\n" for at, word, pos, mwe in rows
    )
    assert made(folder, "a.cupt", text).sentences.tags == (("VERB", "PRON", "ADP", "ADV"),)
    tags = made(folder, "a.cupt", text, tag="PARSEME:MWE").sentences.tags
    assert tags == (("LVC.full", "O", "LVC.full;VPC", "VPC"),)


def conll2009(folder: Path) -> None:
    def line(at: int, word: str, pos: str, *arguments: str) -> str:
        return "\t".join([str(at), word, word, word, pos, pos, *["_"] * 8, *arguments]) + "\n"

    text = line(1, "New", "B-LOC", "A0", "_") + line(2, "York", "I-LOC", "_", "_") + line(3, "wins", "O", "_", "A1")
    expect(made(folder, "a.txt", f"{text}\n{line(1, 'Hi', 'O')}"), "conll2009", "FORM", "POS", ((1, 2, 3), (5,)))


def conll2012(folder: Path) -> None:
    def line(at: int, word: str, pos: str, ner: str, *more: str) -> str:
        return (
            "   ".join(["bc/cnn_0001", "0", str(at), word, pos, "(TOP*", "-", "-", "-", "Ann", ner, *more, "-"]) + "\n"
        )

    text = (
        "#begin document (bc/cnn_0001); part 000\n"
        + line(0, "New", "NNP", "(LOC*", "(ARG0*") + line(1, "York", "NNP", "*)", "*)")
        + line(2, "wins", "VBZ", "*", "(V*)") + "\n" + line(0, "Hi", "UH", "*") + "\n#end document\n"
    )  # fmt: skip
    expect(made(folder, "a.gold_conll", text), "conll2012", "WORD", "NER", ((2, 3, 4), (6,)))
    assert made(folder, "a.gold_conll", text, tag="POS").sentences.tags == (("NNP", "NNP", "VBZ"), ("UH",))
    single = text.replace("(LOC*", "(GPE)").replace(" *) ", " * ", 1)
    assert made(folder, "b.txt", single).sentences.tags[0] == ("B-GPE", "O", "O")
    with pytest.raises(DataError, match=r"line 2: the tag '\*\)' of word 2 cannot be read"):
        made(folder, "c.txt", text.replace("(LOC*", "*"))


def brackets(folder: Path) -> None:
    text = "New NNP (LOC*\nYork NNP *)\nwins VBZ *\n\nHi UH *\n"
    expect(made(folder, "a.txt", text), "columns", "column 1", "column 3", ((1, 2, 3), (5,)))


def lists(folder: Path) -> None:
    rows = [{"tokens": list(words), "tags": list(tags)} for words, tags in zip(*NEW_YORK, strict=True)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    expect(made(folder, "a.jsonl", text), "json", "tokens", "tags", ((1, 1, 1), (2,)))
    expect(made(folder, "a.json", json.dumps(rows)), "json", "tokens", "tags")
    polars.DataFrame(rows).write_parquet(folder / "a.parquet")
    expect(read(str(folder / "a.parquet"), Data()), "json", "tokens", "tags")


def lists_in_cells(folder: Path) -> None:
    text = "id,sentence,tags\n1,New York wins,B-LOC I-LOC O\n2,Hi,O\n"
    expect(made(folder, "a.csv", text), "json", "sentence", "tags", ((2, 2, 2), (3,)))
    python = "Sentence #,Sentence,Tag\nSentence: 1,New York wins,\"['B-LOC', 'I-LOC', 'O']\"\nSentence: 2,Hi,['O']\n"
    expect(made(folder, "b.csv", python), "json", "Sentence", "Tag", ((2, 2, 2), (3,)))


def kaggle(folder: Path) -> None:
    text = "Sentence #,Word,POS,Tag\nSentence: 1,New,NNP,B-LOC\n,York,NNP,I-LOC\n,wins,VBZ,O\nSentence: 2,Hi,UH,O\n"
    expect(made(folder, "a.csv", text), "rows", "Word", "Tag", ((2, 3, 4), (5,)))
    quoted = made(folder, "b.csv", text.replace("Hi", '"""h\u00e9"""'), encoding="latin-1").sentences
    assert quoted.tokens[1] == ('"h\u00e9"',)
    repeated = text.replace("\n,", "\nSentence: 1,")
    expect(made(folder, "c.csv", repeated), "rows", "Word", "Tag", ((2, 3, 4), (5,)))


def row_per_word(folder: Path) -> None:
    text = "word\ttag\nNew\tB-LOC\nYork\tI-LOC\nwins\tO\n\nHi\tO\n"
    expect(made(folder, "a.tsv", text), "rows", "word", "tag", ((2, 3, 4), (6,)))
    rows = [{"sentence_id": 7, "word": "New", "ner": "B-LOC"}, {"sentence_id": 7, "word": "York", "ner": "I-LOC"},
            {"sentence_id": 7, "word": "wins", "ner": "O"}, {"sentence_id": 9, "word": "Hi", "ner": "O"}]  # fmt: skip
    polars.DataFrame(rows).write_parquet(folder / "a.parquet")
    expect(read(str(folder / "a.parquet"), Data()), "rows", "word", "ner", ((1, 2, 3), (4,)))


def _offsets(folder: Path, *objects: object) -> None:
    for name, text in (("a.jsonl", "".join(json.dumps(each) + "\n" for each in objects)),
                       ("a.json", json.dumps(objects, indent=1))):  # fmt: skip
        expect(made(folder, name, text), "offsets", "text", "spans")
    assert made(folder, "a.jsonl", "\n".join(map(json.dumps, objects))).sentences.lines == ((1, 1, 1), (2,))


def doccano(folder: Path) -> None:
    for name in ("label", "labels", "entities"):
        _offsets(folder, {"id": 1, "text": "New York wins", name: [[0, 8, "LOC"]]}, {"id": 2, "text": "Hi", name: []})
    _offsets(folder, {"id": 1, "data": "New York wins", "label": [[0, 8, "LOC"]]}, {"data": "Hi", "label": []})
    relations = {"id": 0, "label": "LOC", "start_offset": 0, "end_offset": 8}
    _offsets(folder, {"text": "New York wins", "entities": [relations], "relations": []},
             {"text": "Hi", "entities": [], "relations": []})  # fmt: skip
    cut = made(folder, "b.jsonl", json.dumps({"text": "New Yorkers win", "label": [[0, 8, "LOC"]]}))
    assert cut.sentences.tags == (("B-LOC", "I-LOC", "O"),)
    assert [(line.line, line.message) for line in cut.cut] == [(1, "a span begins or ends inside the word 'Yorkers'")]
    good = json.dumps({"text": "Hi", "label": []})
    for spans, words in (
        ([[0, 8, "LOC"], [4, 8, "X"]], r"the spans 'New York' \(LOC\) and 'York' \(X\) overlap"),
        ([[0, 80, "LOC"]], r"the span 0 to 80 \(LOC\) lies outside its text of 13 characters"),
        ([[3, 4, "X"]], r"the span 3 to 4 \(X\) has no word"),
    ):
        bad = json.dumps({"text": "New York wins", "label": spans})
        with pytest.raises(DataError, match=f"line 2: {words}"):
            made(folder, "c.jsonl", f"{good}\n{bad}\n")


def spacy(folder: Path) -> None:
    _offsets(folder, ["New York wins", {"entities": [[0, 8, "LOC"]]}], ["Hi", {"entities": []}])
    span = {"start": 0, "end": 8, "label": "LOC"}
    _offsets(folder, {"text": "New York wins", "spans": [span]}, {"text": "Hi", "spans": []})
    nulls = [{"text": "Hi", "spans": None, "_input_hash": 1}, {"text": "York", "spans": [], "_input_hash": 2}]
    some = made(folder, "d.jsonl", "\n".join(map(json.dumps, nulls)))
    assert (len(some.sentences), list(some.found.left_out)) == (2, ["_input_hash"])
    answers = [{"text": "New York", "spans": [], "answer": answer} for answer in ("accept", "reject", "ignore")]
    some = made(folder, "d.jsonl", "\n".join(map(json.dumps, answers)))
    assert (some.sentences.tags, [each.line for each in some.unannotated]) == ((("O", "O"),), [2, 3])
    assert "answer" not in some.found.left_out


def label_studio(folder: Path) -> None:
    value = {"start": 0, "end": 8, "text": "New York", "labels": ["LOC"]}
    result = [{"value": value, "from_name": "label", "to_name": "text", "type": "labels"},
              {"value": {"choices": ["news"]}, "from_name": "topic", "to_name": "text", "type": "choices"}]  # fmt: skip
    _offsets(folder, {"id": 1, "data": {"text": "New York wins"}, "annotations": [
        {"was_cancelled": True, "result": []}, {"was_cancelled": False, "result": result}]},
        {"id": 2, "data": {"text": "Hi"}, "annotations": [{"result": []}]})  # fmt: skip
    _offsets(folder, {"text": "New York wins", "label": [value], "annotator": 1}, {"text": "Hi", "label": []})
    later = {"text": "\U0001f600 New York", "label": [{**value, "start": 3, "end": 11}]}  # a browser counts 2 for it
    assert made(folder, "b.json", json.dumps([later])).sentences.tags == (("O", "B-LOC", "I-LOC"),)
    tasks = [[], [{"was_cancelled": True, "result": []}], [{"result": []}]]
    some = made(folder, "d.json", json.dumps([{"data": {"text": "Hi"}, "annotations": each} for each in tasks]))
    assert (len(some.sentences), len(some.unannotated)) == (1, 2)
    unquoted = {"text": "New York wins", "label": [{**value, "text": ""}]}
    assert made(folder, "d.json", json.dumps([unquoted])).sentences.tags == (("B-LOC", "I-LOC", "O"),)
    with pytest.raises(DataError, match=r"d\.json', line 1: item 1: the span 1 to 8 reads 'ew York', not 'New York'"):
        made(folder, "d.json", json.dumps([{"text": "New York", "label": [{**value, "start": 1}]}]))
    with pytest.raises(DataError, match="reads 'ew York', not 'New York'"):
        made(folder, "c.json", json.dumps([{"text": "New York", "label": [{**value, "start": 1}]}]))


def label_studio_table(folder: Path) -> None:
    cell = json.dumps([{"start": 0, "end": 8, "text": "New York", "labels": ["LOC"]}]).replace('"', '""')
    text = f'text,id,label,annotator\nNew York wins,1,"{cell}",7\nHi,2,,7\n'
    found = made(folder, "a.csv", text)
    expect(found, "offsets", "text", "label", ((2, 2, 2), (3,)))
    assert list(found.found.left_out) == ["id", "annotator"]
    with pytest.raises(DataError, match="line 2: the span 0 to 8 reads 'New Cork', not 'New York'"):
        made(folder, "b.csv", text.replace("New York wins", "New Cork wins"))


def parallel(folder: Path) -> None:
    words, tags = folder / "seq.in", folder / "seq.out"
    words.write_text("New York wins\n\nHi\n", encoding="utf-8")
    tags.write_text("B-LOC I-LOC O\n\nO\n", encoding="utf-8")
    (found,) = read_files([str(words), str(tags)], Data())
    expect(found, "parallel", str(words), str(tags), ((1, 1, 1), (3,)))
    tags.write_text("B-LOC I-LOC\n\nO\n", encoding="utf-8")
    (wrong,) = read_files([str(words), str(tags)], Data(format="parallel"))
    assert [(each.line, each.message[:18]) for each in wrong.wrong] == [(1, "3 words and 2 tags")]
    tags.write_text("B-LOC I-LOC O\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"has 3 lines and .* has 1; expected a line of tags"):
        read_files([str(words), str(tags)], Data(format="parallel"))

    tags.write_text("B-LOC I-LOC O\n\nO\n", encoding="utf-8")
    (folder / "label").write_text("news\n\ngreeting\n", encoding="utf-8")
    (found,) = read_files([str(words), str(tags), str(folder / "label")], Data())
    expect(found, "parallel", str(words), str(tags), ((1, 1, 1), (3,)))
    assert found.found.left_out == {str(folder / "label"): "a label of each sentence"}


def marked_words(folder: Path) -> None:
    for mark in "/_|":
        text = f"9{mark}10{mark}CD\ndogs{mark}NNS\n\nbark{mark}VB\n"
        with pytest.raises(DataError, match=r"b\.txt' has one word per line, with its tag after") as error:
            made(folder, "b.txt", text)
        (command,) = re.findall(r"`sed '(.*)' FILE`", str(error.value))
        done = subprocess.run(["sed", command], input=text, capture_output=True, text=True, check=True)
        assert done.stdout == f"9{mark}10\tCD\ndogs\tNNS\n\nbark\tVB\n"


def without_names(folder: Path) -> None:
    with pytest.raises(DataError, match=r"fields stand between commas.*`sed -i '1i word,x2,tag' FILE`"):
        made(folder, "a.csv", "New,NNP,B-LOC\nYork,NNP,I-LOC\nwins,VBZ,O\n\nHi,UH,O\n")
    text = "word,x2,tag\nNew,NNP,B-LOC\nYork,NNP,I-LOC\nwins,VBZ,O\n\nHi,UH,O\n"  # after the command
    expect(made(folder, "b.csv", text), "rows", "word", "tag", ((2, 3, 4), (6,)))


def refused(name: str, text: str, words: str) -> Callable[[Path], None]:
    """Return the test of a layout that is refused; the message has these words."""

    def case(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=words):
            read(str(folder / name), Data())

    return case


def sides(folder: Path) -> None:
    text = "New York wins\tB-LOC I-LOC O\nHi\tO\n"
    expect(made(folder, "a.txt", text), "sides", "field 1", "field 2", ((1, 1, 1), (2,)))
    atis = "BOS New York wins EOS\tO B-LOC I-LOC O news\nBOS Hi EOS\tO O greeting\n"
    found = made(folder, "b.iob", atis)
    expect(found, "sides", "field 1", "field 2", ((1, 1, 1), (2,)))
    assert found.found.left_out == {"the end of a line": "a label of the sentence"}


def slashes(folder: Path) -> None:
    for mark in "/_|":
        text = f"\n\tNew{mark}B-LOC York{mark}I-LOC wins{mark}O\n\nHi{mark}O\n"
        expect(made(folder, "a.txt", text), "slashes", f"before {mark}", f"after {mark}", ((2, 2, 2), (4,)))
    assert made(folder, "b.txt", "1/2/CD cups/NNS\n").sentences.tokens == (("1/2", "cups"),)


CASES: dict[str, Callable[[Path], None]] = {
    "a word per line": columns,
    "a word per line with its number": numbered,
    "a word per line, a label per sentence": labelled,
    "CoNLL of Label Studio": label_studio_columns,
    "CoNLL-U": conllu,
    "CoNLL-U Plus": conllu_plus,
    ".cupt of PARSEME": cupt,
    "CoNLL-2009": conll2009,
    "CoNLL-2012": conll2012,
    "brackets": brackets,
    "lists": lists,
    "lists in a CSV": lists_in_cells,
    "Kaggle's NER CSV": kaggle,
    "a table with a word per row": row_per_word,
    "doccano": doccano,
    "spaCy, Prodigy": spacy,
    "Label Studio": label_studio,
    "CSV of Label Studio": label_studio_table,
    "parallel files": parallel,
    "a word per line, its tag behind a mark": marked_words,
    "fields between commas without names": without_names,
    "words, a tab, tags": sides,
    "`word/TAG`": slashes,
    "standoff files of brat (`.ann`)": refused(
        "a.ann", "T1\tLOC 0 8\tNew York\n", "annotations of brat.*anntoconll.py.*--token 4 --tag 1"
    ),
    "TSV of WebAnno and INCEpTION": refused(
        "a.tsv", "#FORMAT=WebAnno TSV 3.3\n\n1-1\t0-3\tNew\tLOC\n", "WebAnno or INCEpTION.*CoNLL 2002"
    ),
    "XML": refused("a.xml", "<?xml version='1.0'?>\n<w pos='NN'>dog</w>\n", "is XML, which is not read; write a word"),
    "DocBin of spaCy (`.spacy`)": refused("a.spacy", "x", "DocBin of spaCy.*'entities'"),
}
