"""Writers of tagged sentences in every layout that training reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars

from anaphora.metrics.spans import spans

Rows = Sequence[tuple[Sequence[str], Sequence[str]]]
Writer = Callable[[Path, Rows], list[str]]
"""Writes sentences to a folder, and returns the options and the files of a training on them."""


def lines(
    name: str, line: Callable[[int, str, str], str], head: str = "", first: str = "", encoding: str = "utf-8",
    options: str = "", last: str = "",
) -> Writer:  # fmt: skip
    """Return a writer of a word per line, whose number in its sentence counts from 1."""

    def writer(folder: Path, rows: Rows) -> list[str]:
        blocks = (
            first + "".join(line(at, *pair) + "\n" for at, pair in enumerate(zip(*row, strict=True), 1)) + last
            for row in rows
        )
        (folder / name).write_text(head + "\n".join(blocks), encoding=encoding)
        return [*options.split(), str(folder / name)]

    return writer


def objects(name: str, make: Callable[[Sequence[str], Sequence[str]], Any]) -> Writer:
    """Return a writer of a value per sentence: JSON Lines, a JSON list or Parquet, by the ending."""

    def writer(folder: Path, rows: Rows) -> list[str]:
        made = [make(*row) for row in rows]
        if name.endswith(".parquet"):
            polars.DataFrame(made).write_parquet(folder / name)
        else:
            text = "".join(json.dumps(row) + "\n" for row in made) if name.endswith(".jsonl") else json.dumps(made)
            (folder / name).write_text(text, encoding="utf-8")
        return [str(folder / name)]

    return writer


def text(name: str, sentence: Callable[[Sequence[str], Sequence[str]], str], head: str = "") -> Writer:
    """Return a writer of a sentence per line."""

    def writer(folder: Path, rows: Rows) -> list[str]:
        (folder / name).write_text(head + "".join(sentence(*row) + "\n" for row in rows), encoding="utf-8")
        return [str(folder / name)]

    return writer


def parallel(folder: Path, rows: Rows) -> list[str]:
    """Write seq.in and seq.out."""
    return [name for at, ending in enumerate(("in", "out"))
            for name in text(f"seq.{ending}", lambda *row, at=at: " ".join(row[at]))(folder, rows)]  # fmt: skip


def kaggle(folder: Path, rows: Rows) -> list[str]:
    """Write a CSV whose sentence numbers stand in the first row of each sentence."""
    body = (
        [f"Sentence: {number}" if at == 0 else "", word, "NN", tag]
        for number, row in enumerate(rows, 1)
        for at, (word, tag) in enumerate(zip(*row, strict=True))
    )
    return table(folder, ["Sentence #", "Word", "POS", "Tag"], body)


def cells(folder: Path, rows: Rows) -> list[str]:
    """Write a CSV with a sentence per row."""
    return table(folder, ["sentence", "tags"], ([" ".join(words), " ".join(tags)] for words, tags in rows))


def table(folder: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a CSV."""
    with open(folder / "a.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return [str(folder / "a.csv")]


def bracket(tags: Sequence[str]) -> list[str]:
    """Return tags as brackets."""
    marks = ["*"] * len(tags)
    for span in spans(tags):
        marks[span.end - 1] = "*)"
        marks[span.begin] = f"({span.type}*" if span.end - span.begin > 1 else f"({span.type})"
    return marks


def brackets(folder: Path, rows: Rows) -> list[str]:
    """Write CoNLL-2012."""
    line = lines("a.gold_conll", lambda at, word, tag: f"bc/x 0 {at - 1} {word} NN (TOP* - - - Ann {tag} (V*) -",
                 "#begin document (bc/x); part 000\n")  # fmt: skip
    return line(folder, [(words, bracket(tags)) for words, tags in rows])


def offsets(words: Sequence[str], tags: Sequence[str]) -> tuple[str, list[list[Any]]]:
    """Return words as a text, and their spans by characters."""
    begins = [sum(map(len, words[:at])) + at for at in range(len(words))]
    found = [[begins[one.begin], begins[one.end - 1] + len(words[one.end - 1]), one.type] for one in spans(tags)]
    return " ".join(words), found


def doccano(words: Sequence[str], tags: Sequence[str]) -> Any:
    """Return a sentence as an object with a text and spans."""
    whole, found = offsets(words, tags)
    return {"text": whole, "label": found}


def spacy(words: Sequence[str], tags: Sequence[str]) -> Any:
    """Return a sentence as a pair."""
    whole, found = offsets(words, tags)
    return [whole, {"entities": found}]


def prodigy(words: Sequence[str], tags: Sequence[str]) -> Any:
    """Return a sentence as Prodigy writes it, with words as objects."""
    whole, found = offsets(words, tags)
    begins = [sum(map(len, words[:at])) + at for at in range(len(words))]
    tokens = [
        {"text": word, "start": begin, "end": begin + len(word), "id": at}
        for at, (word, begin) in enumerate(zip(words, begins, strict=True))
    ]
    spans_of = [{"start": one[0], "end": one[1], "label": one[2]} for one in found]
    return {"text": whole, "tokens": tokens, "spans": spans_of, "answer": "accept"}


def label_studio(words: Sequence[str], tags: Sequence[str]) -> Any:
    """Return a sentence as a task of Label Studio."""
    whole, found = offsets(words, tags)
    results = [{"value": {"start": one[0], "end": one[1], "labels": [one[2]]}, "type": "labels"} for one in found]
    return {"data": {"text": whole}, "annotations": [{"result": results}]}


def label_studio_table(folder: Path, rows: Rows) -> list[str]:
    """Write the CSV export of Label Studio."""
    body = []
    for number, row in enumerate(rows, 1):
        whole, found = offsets(*row)
        cell = [{"start": begin, "end": end, "text": whole[begin:end], "labels": [kind]} for begin, end, kind in found]
        body.append([whole, str(number), json.dumps(cell) if cell else "", "7"])
    return table(folder, ["text", "id", "label", "annotator"], body)


def ud(at: int, word: str, tag: str) -> str:
    """Return a line of CoNLL-U."""
    return "\t".join([str(at), word, "_", tag, *"______"])


CUPT = "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC PARSEME:MWE\n"
LAYOUTS: dict[str, Writer] = {
    "tabs": lines("a.txt", lambda _, word, tag: f"{word}\t{tag}"),
    "blanks": lines("a.txt", lambda _, word, tag: f"{word} {tag}"),
    "four fields between blanks": lines("a.txt", lambda _, word, tag: f"{word} NN B-NP {tag}",
                                        "-DOCSTART- -X- O O\n\n"),
    "the word second": lines("a.txt", lambda _, word, tag: f"{tag} {word}", options="--token 2 --tag 1"),
    "numbers": lines("a.txt", lambda at, word, tag: f"{at}\t{word}\tx\t{tag}"),
    "labels of sentences": lines("a.txt", lambda _, word, tag: f"{word} {tag}", first="greeting\n"),
    "labels behind sentences": lines("a.txt", lambda _, word, tag: f"{word} {tag}", last="greeting\n"),
    "comments": lines("a.txt", lambda _, word, tag: f"{word} {tag}", first="# intent: some\n"),
    "CR LF": lines("a.txt", lambda _, word, tag: f"{word} {tag}\r"),
    "another encoding": lines("a.txt", lambda _, word, tag: f"{word} {tag}", encoding="utf-16",
                              options="--encoding utf-16"),
    "CoNLL-U": lines("a.conllu", ud),
    "CoNLL-U in a text file": lines("a.txt", ud),
    "CoNLL-U Plus": lines("a.conllup", lambda at, word, tag: f"{at}\t{word}\t{tag}",
                          "# global.columns = ID FORM NER\n"),
    ".cupt": lines("a.cupt", lambda at, word, tag: f"{ud(at, word, tag)}\t*", CUPT),
    "CoNLL-2009": lines("a.txt", lambda at, word, tag: "\t".join([str(at), word, "_", "_", tag, *"_________AB"])),
    "CoNLL-2012": brackets,
    "JSON Lines": objects("a.jsonl", lambda words, tags: {"tokens": list(words), "tags": list(tags)}),
    "JSON Lines with blank lines": text("a.jsonl", lambda words, tags: json.dumps(
        {"tokens": list(words), "tags": list(tags)}) + "\n", "\n"),
    "JSON": objects("a.json", lambda words, tags: {"words": list(words), "ner": list(tags)}),
    "Parquet": objects("a.parquet", lambda words, tags: {"tokens": list(words), "tags": list(tags)}),
    "lists in a CSV": cells,
    "Kaggle": kaggle,
    "a word per row": lines("a.tsv", lambda _, word, tag: f"{word}\t{tag}", "word\ttag\n"),
    "doccano": objects("a.jsonl", doccano),
    "spaCy": objects("a.json", spacy),
    "Prodigy": objects("a.jsonl", prodigy),
    "Prodigy without words": objects("a.jsonl", lambda words, tags: {**prodigy(words, tags), "tokens": []}),
    "Label Studio": objects("a.json", label_studio),
    "CSV of Label Studio": label_studio_table,
    "parallel files": parallel,
    "words, a tab, tags": text("a.txt", lambda words, tags: f"{' '.join(words)}\t{' '.join(tags)}"),
    "slashes": text("a.txt", lambda words, tags: " ".join(map("/".join, zip(words, tags, strict=True)))),
}  # fmt: skip
