"""Layouts of series and of labelled lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anaphora.data.batches import Ragged
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify.data import read
from anaphora.tasks.classify.settings import ClassifyConfig


def rows(*paths: Path, **data: Any) -> list[tuple[Any, tuple[str, ...]]]:
    """Every row of both parts, its series as lists or its text, and its labels; sorted by text."""
    corpus = read(ClassifyConfig.model_validate({"data": {"valid": 0.5, **data}}), paths)
    found = []
    for part in (corpus.train, corpus.held_out):
        for row, labels in enumerate(part.labels):
            inputs = part.inputs
            found.append((inputs.row(row).tolist() if isinstance(inputs, Ragged) else inputs[row], labels))
    assert corpus.taken is not None
    assert corpus.taken.rows == len(found)
    return sorted(found, key=str)


def refused(said: str, *paths: Path, **data: Any) -> None:
    """Assert that the files are refused with a message that matches."""
    with pytest.raises(DataError, match=said):
        rows(*paths, **data)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def steps(folder: Path) -> None:
    lines = [("s1", 1, 0.5, "a"), ("s1", 2, 0.25, "a"), ("s2", 1, 1.5, "b"), ("s3", 1, 2.5, "a"), ("s4", 1, 3.5, "b")]
    file = written(folder / "a.csv", "id,time,x,label\n" + "".join(",".join(map(str, line)) + "\n" for line in lines))
    expected = [([[0.5], [0.25]], ("a",)), ([[1.5]], ("b",)), ([[2.5]], ("a",)), ([[3.5]], ("b",))]
    assert rows(file) == rows(file, id="id", time="time") == expected


def wide(folder: Path) -> None:
    file = written(folder / "a.csv", ",t0,t1,label\n0,0.5,2,a\n1,1.5,,b\n2,2.5,4,a\n3,3.5,5,b\n")
    assert rows(file, wide=True) == [
        ([[0.5], [2]], ("a",)), ([[1.5]], ("b",)), ([[2.5], [4]], ("a",)), ([[3.5], [5]], ("b",))
    ]  # fmt: skip


def lists(folder: Path) -> None:
    text = "".join(f'{{"x": [{at}, 2], "y": [3, null], "label": "{"ab"[at % 2]}"}}\n' for at in range(4))
    found = rows(written(folder / "a.jsonl", text))
    assert [(str(series), labels) for series, labels in found] == [
        (f"[[{float(at)}, 3.0], [2.0, nan]]", ("ab"[at % 2],)) for at in range(4)
    ]
    text = "".join(f'{{"s": [[{at}, 2], [3, 4]], "label": "{"ab"[at % 2]}"}}\n' for at in range(4))
    assert rows(written(folder / "b.jsonl", text)) == [
        ([[float(at), 2.0], [3.0, 4.0]], ("ab"[at % 2],)) for at in range(4)
    ]


def ts(folder: Path) -> None:
    head = (
        "# made for a test\n@problemName made\n@timestamps\tfalse\n@univariate false\n@classLabel true Up down\n@data\n"
    )
    file = written(folder / "a.ts", head + "1,2:3,?:Up\n5:6:down\n\n7,8,9:1,2,3:Up\n0:0:down\n")
    assert str(rows(file)) == str(
        [([[0.0, 0.0]], ("down",)), ([[1.0, 3.0], [2.0, float("nan")]], ("Up",)), ([[5.0, 6.0]], ("down",)),
         ([[7.0, 1.0], [8.0, 2.0], [9.0, 3.0]], ("Up",))]
    )  # fmt: skip
    refused(r"line 8, has 1 dimensions; expected 2, as in line 7", written(folder / "b.ts", head + "1:2:Up\n1:Up\n"))
    refused(r"line 7, has the label 'up'; @classLabel declares Up, down", written(folder / "c.ts", head + "1:2:up\n"))
    refused(r"line 7, dimension 2, step 1 holds 'x'", written(folder / "d.ts", head + "1:x:Up\n"))
    refused(r"no labels \(@classLabel false\)", written(folder / "e.ts", "@classLabel false\n@data\n1,2\n"))
    refused(r"is for regression", written(folder / "f.ts", "@targetLabel true\n@data\n1,2:0.5\n"))


def ts_with_times(folder: Path) -> None:
    head = "@timestamps true\n@classLabel true a b\n@data\n"
    lines = [f"(2024-01-01 00:00:0{at},{at}.5),(2024-01-01 00:00:09,2):{'ab'[at % 2]}\n" for at in range(4)]
    file = written(folder / "a.ts", head + "".join(lines))
    assert rows(file) == [([[at + 0.5], [2.0]], ("ab"[at % 2],)) for at in range(4)]


def ucr(folder: Path) -> None:
    lines = ["1\t0.5\t0.25\t3", "-1\t1.5\tNaN\tNaN", "1.0000e+00\t2.5\t1\tNaN", "-1\t3.5\t1e-1\t-2"]
    expected = [
        ([[0.5], [0.25], [3.0]], ("1",)), ([[1.5]], ("-1",)), ([[2.5], [1.0]], ("1",)),
        ([[3.5], [0.1], [-2.0]], ("-1",)),
    ]  # fmt: skip
    assert rows(written(folder / "A_TRAIN.tsv", "\n".join(lines) + "\n")) == expected
    assert rows(written(folder / "b.txt", "\n".join(line.replace("\t", "  ") for line in lines))) == expected
    with pytest.raises(UsageError, match="--no-header has no effect on UCR series, the label first"):
        rows(folder / "b.txt", header=False)
    assert rows(folder / "A_TRAIN.tsv", header=False, label="1", wide=True)[0][0] == [[0.5], [0.25], [3.0]]


def arff_series(folder: Path) -> None:
    head = "@relation one\n@attribute att0 numeric\n@attribute att1 real\n@attribute att2 NUMERIC\n"
    head += "@attribute target {1,2}\n"
    file = written(folder / "a.arff", f"% made\n{head}@data\n1,2,?,1\n3,4,5,2\n6,7,8,1\n\n% x\n9,?,1,2\n")
    assert str(rows(file)) == str(
        [([[1.0], [2.0]], ("1",)), ([[3.0], [4.0], [5.0]], ("2",)), ([[6.0], [7.0], [8.0]], ("1",)),
         ([[9.0], [float("nan")], [1.0]], ("2",))]
    )  # fmt: skip
    head = "@relation many\n@attribute bag relational\n  @attribute t1 numeric\n  @attribute t2 numeric\n"
    head += "  @attribute t3 numeric\n@end bag\n@attribute kind {'x y', z}\n@data\n"
    kinds = "'x y'", "z"
    data = "".join(f"'{at},1,2\\n3,4,5',{kinds[at % 2]}\n" for at in range(4))
    assert rows(written(folder / "b.arff", head + data)) == [
        ([[at, 3.0], [1.0, 4.0], [2.0, 5.0]], ("z" if at % 2 else "x y",)) for at in range(4)
    ]


def arff_table(folder: Path) -> None:
    head = (
        "@relation r\n@attribute note string\n@attribute length numeric\n@attribute class {good, 'not good'}\n@data\n"
    )
    lines = "'it\\'s, so', 1, good\n\"bad one\", 2, 'not good'\nfine, 3, good\n'?', ?, 'not good'\n"
    file = written(folder / "a.arff", head + lines)
    assert rows(file, text="note") == [
        ("it's, so", ("good",)), ("?", ("not good",)), ("bad one", ("not good",)), ("fine", ("good",))
    ]  # fmt: skip
    refused("holds 'bad', which its type does not declare", written(folder / "b.arff", head + "x, 1, bad\n"))
    refused("line 6, has 2 values; expected 3", written(folder / "c.arff", head + "x, 1\n"))
    refused("attribute 'length' holds 'x', which is not a number", written(folder / "d.arff", head + "x, x, good\n"))


def arff_sparse(folder: Path) -> None:
    file = written(folder / "a.arff", "@relation r\n@attribute x numeric\n@attribute c {a,b}\n@data\n{0 1, 1 b}\n")
    refused(r"line 5, is a sparse row .*SparseToNonSparse", file)


def tabbed(folder: Path) -> None:
    texts, labels = ["a good film", "so bad", "fine", "a dull one"], ["pos", "neg", "pos", "neg"]
    expected = sorted((text, (label,)) for text, label in zip(texts, labels, strict=True))
    pairs = list(zip(texts, labels, strict=True))
    assert rows(written(folder / "a.txt", "".join(f"{text}\t{label}\n" for text, label in pairs))) == expected
    assert rows(written(folder / "b.txt", "".join(f"{label}\t{text}\n" for text, label in pairs))) == expected
    named = written(folder / "c.txt", "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in pairs))
    assert rows(named) == expected
    refused("both sides have 2 different values", written(folder / "d.txt", "x\ta\ny\tb\n" * 3))
    inside = written(folder / "parts" / "train.txt", "".join(f"{text}\t{label}\n" for text, label in pairs)).parent
    assert rows(inside) == expected


def fast_text(folder: Path) -> None:
    lines = ["__label__pos a good film", "__label__neg so bad", "__label__pos fine", "__label__neg a dull one"]
    assert rows(written(folder / "a.txt", "\n".join(lines))) == [
        ("a dull one", ("neg",)), ("a good film", ("pos",)), ("fine", ("pos",)), ("so bad", ("neg",))
    ]  # fmt: skip
    lines[0] = "__label__pos __label__new a good film"
    assert rows(written(folder / "b.txt", "\n".join(lines)))[1] == ("a good film", ("pos", "new"))
    refused("line 2, has no label: expected __label__LABEL", written(folder / "c.txt", f"{lines[0]}\nno label\n"))


def file_per_row(folder: Path) -> None:
    for at in range(4):
        written(folder / "data" / "ab"[at % 2] / f"{at}.txt", f"text {at}\nand more")
    assert rows(folder / "data") == [(f"text {at}\nand more", ("ab"[at % 2],)) for at in range(4)]


def file_per_label(folder: Path) -> None:
    for label in "ab":
        written(folder / "data" / f"{label}.txt", f"one {label}\ntwo {label}\n")
    expected = [("one a", ("a",)), ("one b", ("b",)), ("two a", ("a",)), ("two b", ("b",))]
    assert rows(folder / "data") == rows(folder / "data" / "a.txt", folder / "data" / "b.txt") == expected


def folders_of_tables(folder: Path) -> None:
    for at in range(4):
        written(folder / "deep" / "ab"[at % 2] / f"{at}.csv", "x,y\n0.5,1\n1.5,2\n")
        written(folder / "flat" / f"{at}.csv", "x,label\n0.5,a\n")
    refused(r"is a table in a label's folder.*write_csv\('series.csv'\)", folder / "deep")
    refused("is a folder of tables: name the tables themselves", folder / "flat")


def libsvm(folder: Path) -> None:
    file = written(folder / "a.txt", "1 1:0.5 3:2\n-1 2:1e-3\n1 3:-4 # a comment\n")
    refused(r"is in libsvm format.*load_svmlight_file", file)


CASES = {
    "a step per line": steps,
    "a series per line, a column per step": wide,
    "a list per channel, or a list of steps": lists,
    ".ts": ts,
    ".ts with time stamps": ts_with_times,
    "UCR (`_TRAIN.tsv`)": ucr,
    ".arff of series": arff_series,
    ".arff, dense": arff_table,
    ".arff, sparse": arff_sparse,
    "text, tab, label": tabbed,
    "fastText": fast_text,
    "a folder per label": file_per_row,
    "a text file per label": file_per_label,
    "a folder of tables": folders_of_tables,
    "libsvm": libsvm,
}
