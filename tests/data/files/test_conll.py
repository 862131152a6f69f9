"""Files read word by word: columns, CoNLL-U and JSON, with the line of every word, and what is no word."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.data.files.conll import read, read_sentences
from anaphora.data.files.sentences import Sentences
from anaphora.errors import DataError, UsageError
from anaphora.tasks.tag import data
from tagged import config, write, write_grammar

CONLLU = """\
# sent_id = 1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tVM\tMood=Imp\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\tPP\t_\t1\tobj\t_\t_
2.1\tsí\tsí\tADV\t_\t_\t_\t_\t_\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\tSP\t_\t5\tcase\t_\t_
4\tel\tel\tDET\tDA\t_\t5\tdet\t_\t_
5\tNew York\tmar\tNOUN\tNC\t_\t1\tobl\t_\t_

1\tSí\tsí\tADV\tRG\t_\t0\troot\t_\t_
"""


def read_text(folder: Path, name: str, text: str, *options: str) -> Sentences:
    return read_sentences(write(folder / name, text), config(*options).data)


def test_conllu_without_ranges_and_empty_nodes(tmp_path: Path) -> None:
    found = read_text(tmp_path, "a.conllu", CONLLU)
    assert found.tokens == (("Vamos", "nos", "a", "el", "New York"), ("Sí",))
    assert found.tags == (("VERB", "PRON", "ADP", "DET", "NOUN"), ("ADV",))
    assert found.lines == ((4, 5, 8, 9, 10), (12,))
    assert read_text(tmp_path, "b.txt", CONLLU, "--tag", "xpos").tags[0] == ("VM", "PP", "SP", "DA", "NC")
    lemmas = read_text(tmp_path, "b.txt", CONLLU, "--token", "LEMMA", "--tag=8")
    assert lemmas.tokens[0][:2] == ("ir", "nosotros")
    assert lemmas.tags[1] == ("root",)


@pytest.mark.parametrize("between", [" ", "\t", "  \t "])
def test_columns_as_the_shared_tasks_have_them(between: str, tmp_path: Path) -> None:
    rows = ["-DOCSTART- -X- O O", "", "EU NNP B-NP B-ORG", "rejects VBZ B-VP O", "", " \t", "# NN B-NP O", "", ""]
    text = "\r\n".join(row.replace(" ", between) if row.strip() else row for row in rows)
    if between == "  \t ":
        text = text.replace("\t", " ")  # blanks alone, any number of them
    found = read_text(tmp_path, "a.conll", text)
    assert found.tokens == (("EU", "rejects"), ("#",))
    assert found.tags == (("B-ORG", "O"), ("O",))
    assert found.lines == ((3, 4), (7,))
    picked = read_text(tmp_path, "a.conll", text, "--tag", "-2", "--token", "2")
    assert (picked.tokens[0], picked.tags[0]) == (("NNP", "VBZ"), ("B-NP", "B-VP"))
    assert found.place(0, 1).line == 4
    assert found.at(1).endswith("a.conll', line 7")


def test_a_comment_is_a_line_of_another_kind(tmp_path: Path) -> None:
    found = read_text(tmp_path, "a.txt", "# id 7 of a corpus\n#tag\tO\nnice\tO\n\n# more\na\tB-X\n")
    assert found.tokens == (("#tag", "nice"), ("a",))


def test_words_with_odd_blanks_in_them_stay_whole(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a.txt", "1 000\tB-N\n\u3000\tO\n").tokens == (("1 000", "\u3000"),)
    assert read_text(tmp_path, "a.txt", "1\u00a0000 B-N\n").tokens == (("1\u00a0000",),)


def test_objects_and_tables_of_lists(tmp_path: Path) -> None:
    text = '{"tokens": ["a", "b"], "ner_tags": [3, 0]}\n{"tokens": [], "ner_tags": []}\n'
    found = read_text(tmp_path, "a.jsonl", text)
    assert (found.tokens, found.tags) == ((("a", "b"), ()), (("3", "0"), ()))
    assert found.place(1).line == 2
    named = read_text(tmp_path, "a.jsonl", text.replace("tokens", "w"), "--token", "w", "--tag", "ner_tags")
    assert named.tokens[0] == ("a", "b")
    polars = pytest.importorskip("polars")
    polars.DataFrame({"words": [["x", "y"]], "pos": [["N", "V"]]}).write_parquet(tmp_path / "a.parquet")
    assert read_sentences(str(tmp_path / "a.parquet"), config().data).tags == (("N", "V"),)


@pytest.mark.parametrize(
    ("name", "text", "options", "words"),
    [
        ("a.txt", "a\tO\nb\n\nc\tO\td\n", "", r"line 2: 1 field, expected 2.*\(and 1 line more\)"),
        ("a.txt", "a\tO\n\tO\n", "", "line 2: no word"),
        ("a.txt", "a\tO\nb\t\n", "", "line 2: 'b' has no tag"),
        ("a.txt", "a\nb\n", "", "has one field, 'a'"),
        ("a.txt", "a;O\nb;N\n\n", "", "between semicolons, and .* `sed -i '1i word;tag' FILE`, and end"),
        ("a.txt", "a;O\n;;N\n\n", "", r"tag stands after ';'\. Put a tab .* `sed 's/\\\(\.\*\\\);/\\1\\t/' FILE`"),
        ("a.txt", "a:O\nb:N\n\n", "", "tag stands after ':'"),
        ("a.txt", "a\tO\t\nb\tN\t\n", "", r"lines end in a tab.* 3 fields is empty.* --tag 2, or .* sed 's/\[\[:bl"),
        ("a.txt", "a O\n", "--tag=3", "no column '3'.*has 2 fields"),
        ("a.txt", "a O\n", "--tag=0", "no column '0'"),
        ("a.conllu", CONLLU.replace("2\tnos", "x\tnos"), "", "line 5: 'x' is not a word number"),
        ("a.conllu", "1\ta\tO\n", "", "line 1: 3 fields, expected 10"),
        ("a.conllu", CONLLU, "--tag=UPSO", "no field 'UPSO'.*Did you mean UPOS"),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["N", "V"]}\n', "", "line 1: 1 word and 2 tags"),
        ("a.jsonl", '{"tokens": "a b", "tags": ["N"]}\n', "", "expected a list of texts"),
        ("a.jsonl", '{"tokens": [1.5], "tags": ["N"]}\n', "", r"holds '1.5' \(float\)"),
        ("a.jsonl", '{"tokens": ["a"], "tags": [""]}\n', "", "tag of word 1 is empty"),
        ("a.jsonl", '{"a": 1}\n', "", "no column is called tokens"),
    ],
)
def test_what_is_no_sentence_is_named(name: str, text: str, options: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        read_text(tmp_path, name, text, *options.split())


def test_every_line_that_is_none_is_kept(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.txt", "a\tO\nb\nc\tO\n\nd\t\n"), config().data)
    assert found.sentences.tokens == (("a", "c"),)
    assert [line.line for line in found.wrong] == [2, 5]


def test_a_share_or_files_are_held_out(tmp_path: Path) -> None:
    whole = write_grammar(tmp_path / "a.conll", 50)
    corpus = data.read(config("--valid", "0.3"), [whole])
    assert (len(corpus.train), len(corpus.held_out)) == (35, 15)
    assert sorted(corpus.train.lines + corpus.held_out.lines) == sorted(read_sentences(whole, config().data).lines)
    assert data.read(config("--valid", "0.3"), [whole]).sha256 == corpus.sha256
    assert data.read(config("--valid", "0.3", "--seed", "1"), [whole]).held_out.lines != corpus.held_out.lines
    files = ",".join(write_grammar(tmp_path / name, 5, seed) for seed, name in ((1, "b.conll"), (2, "c.conll")))
    assert len(data.read(config("--valid", files), [whole]).held_out) == 10
    assert corpus.scheme == "iob2"
    assert data.read(config("--scheme", "none"), [whole]).scheme == "none"
    with pytest.raises(UsageError, match="between 0 and 1"):
        data.read(config("--valid", "1.5"), [whole])
    with pytest.raises(DataError, match="held-out part has no word"):
        data.read(config(), [write(tmp_path / "one.txt", "a\tO\n")])
    with pytest.raises(UsageError, match="No data were named"):
        data.read(config(), [])
