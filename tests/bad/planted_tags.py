"""Tagged sentences with one fault each."""

from __future__ import annotations

import json

from anaphora.tasks.tag.grammar import columns, sentences
from bad.planted import Planted

ROWS = sentences(260)
GOOD = columns(list({" ".join(words): (words, tags) for words, tags in ROWS}.values()))
HELD_OUT = columns([row for row in sentences(120, seed=6) if row not in ROWS])
FIRST = len(GOOD.splitlines()) + 1  # the line of what is added
LONG = columns([next(row for row in ROWS if len(row[0]) > 5)])
A = "a.conll --valid v.conll --batch 8"


def files(more: str, held_out: str = HELD_OUT) -> dict[str, bytes]:
    return {"a.conll": (GOOD + more).encode(), "v.conll": held_out.encode()}


def conllu(sentence: list[str]) -> str:
    empty = "\t_" * 6
    return "".join(f"{at}\t{word}\t_\tX{at % 2}{empty}\n" for at, word in enumerate(sentence, 1)) + "\n"


TAG = [
    Planted("no such file of tags", {"b.conll": GOOD.encode()}, "a.conll --batch 8", "no-file"),
    Planted("an empty file of tags", {"a.conll": b"", "v.conll": HELD_OUT.encode()}, A, "empty-file"),
    Planted(
        "tags in latin-1",
        {"a.conll": (GOOD + "café\tO\n\n").encode("latin-1"), "v.conll": HELD_OUT.encode()},
        A,
        "wrong-encoding",
        "a.conll",
        (FIRST,),
    ),
    Planted("ragged lines", files("a\tO\nb\nc\tO\tx\n\n"), A, "ragged-columns", "a.conll", (FIRST + 1, FIRST + 2)),
    Planted("a word without a tag", files("a\tO\nb\t\n\n"), A, "ragged-columns", "a.conll", (FIRST + 1,)),
    Planted(
        "CoNLL-U with nine fields",
        {"a.conllu": (conllu(["a", "b"]) * 20 + "1\ta\t_\tX0\t_\t_\t_\t_\t_\n\n").encode()},
        "a.conllu --batch 2",
        "ragged-columns",
        "a.conllu",
        (61,),
    ),
    Planted(
        "more tags than words",
        {"a.jsonl": "".join(json.dumps({"tokens": ["a", "b"], "tags": ["X", "Y", "X"][: at % 2 + 2]}) + "\n"
                            for at in range(4)).encode()},
        "a.jsonl --batch 2",
        "ragged-columns",
        "a.jsonl",
        (2, 4),
    ),
    Planted("no column of that number", files(""), f"{A} --tag 7", "unreadable"),
    Planted(
        "a span that begins inside", files("a\tO\nb\tI-PER\n\nc\tI-PER\nd\tB-PER\ne\tI-DATE\n\n"), A, "scheme-error",
        "a.conll", (FIRST + 1, FIRST + 3, FIRST + 5),
    ),
    Planted("one scheme said, another there", files(""), f"{A} --scheme iobes", "scheme-error"),
    Planted("one tag", files("", "a\tO\n\nb\tO\n\n") | {"a.conll": b"a\tO\n\nb\tO\n\n"}, A, "single-class"),
    Planted(
        "a tag only held out", files("", HELD_OUT + "Mars\tB-STAR\nis\tO\n\n"), A, "unseen-tag", "v.conll",
        (len(HELD_OUT.splitlines()) + 1,),
    ),
    Planted(
        "a sentence twice", files(columns([(["so", "it", "goes", "Ann"], ["O", "O", "O", "B-PER"])]) * 2), A,
        "duplicate", "a.conll", (FIRST + 5,),
    ),
    Planted(
        "one sentence, two truths",
        files(columns([(["so", "it", "goes", "Ann"], ["O", "O", "O", tag]) for tag in ("B-PER", "O")])),
        A, "contradiction", "a.conll", (FIRST, FIRST + 5),
    ),
    Planted(
        "a held-out sentence that is trained on",
        files(columns([(["so", "it", "goes", "Ann"], ["O", "O", "O", "B-PER"])]),
              HELD_OUT + columns([(["so", "it", "goes", "Ann"], ["O", "O", "O", "B-PER"])])),
        A, "duplicate-across", "v.conll", (len(HELD_OUT.splitlines()) + 1,),
    ),
    Planted(
        "no blank lines",
        files("".join(f"w{at}\tO\n" for at in range(300)) + "\n"),
        f"{A} --max-length 200",
        "long-row",
        "a.conll", (FIRST,),
    ),
    Planted("a test part of one tag", {**files(""), "t.conll": b"It\tO\nrains\tO\n\n"}, f"{A} --test t.conll",
            "one-label-scored"),
    Planted("a sentence of the training part in the test part",
            {**files(""), "t.conll": f"Mars\tO\n\n{LONG}".encode()},
            f"{A} --test t.conll", "duplicate-across", "t.conll", (3,)),
    Planted("too little held out", files("", columns(sentences(3, seed=6))), A, "few-held-out"),
    Planted("words of another kind", files("", "".join(f"zz{at}\tO\n\n" for at in range(40))), A, "many-unknown"),
    Planted(
        "an empty object", {"a.jsonl": b"".join(b'{"tokens": ["a", "b"], "tags": ["X", "Y"]}\n' for _ in range(9))
                            + b'{"tokens": [], "tags": []}\n', "v.jsonl": b'{"tokens": ["a"], "tags": ["X"]}\n'},
        "a.jsonl --valid v.jsonl --batch 2", "empty-row", "a.jsonl", (10,),
    ),
]  # fmt: skip
