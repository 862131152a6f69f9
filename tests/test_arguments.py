"""Every argument of every public function: a wrong value is an AnaphoraError that names the argument and the value, in
the words of Python.
"""

from __future__ import annotations

import functools
import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anaphora
from anaphora.config.check import Refused
from anaphora.errors import AnaphoraError, DataError, UsageError, WrongArgument, WrongCall
from anaphora.tasks.base.python_words import reworded
from anaphora.tasks.base.trained_model import TrainedModel
from gapped import text
from labelled import sentences
from translated import PAIRS

LITTLE: dict[str, Any] = {"preset": "small", "hidden": 4, "max_steps": 1, "evaluations": 1}
TAGGED = [(["the", "cat"], ["DET", "NOUN"]), (["a", "dog"], ["DET", "NOUN"])] * 10
MADE: dict[str, Callable[[], TrainedModel]] = {
    "LanguageModel": lambda: anaphora.train("language", "the cat sat. " * 80, batch=2, bptt=8, **LITTLE),
    "Classifier": lambda: anaphora.train("classify", sentences(40), bidirectional=False, **LITTLE),
    "Tagger": lambda: anaphora.train("tag", TAGGED, bidirectional=False, **LITTLE),
    "GapFiller": lambda: anaphora.train("fill", text(60), batch=2, bptt=8, **LITTLE),
    "Translator": lambda: anaphora.train("translate", PAIRS * 4, units="char", **LITTLE),
}
model = functools.cache(lambda name: MADE[name]())

PLACES, TEXTS, COUNTS, TRUTHS = [3, [], b"x"], [None, 5, ["a"]], [0, -2, "5", 1.5, True, None], ["yes", 1, None]
SHARES, STATES, SETTINGS = [-1, "x", None, float("nan")], ["x", 3], [5, ["a"], True]
NO_DATA, NO_ROWS = [None, 5, object(), {}, []], [None, 5, "one text", object(), b"x"]
GENERATION = {
    "prompt": TEXTS, "length": [-1, "5", 2.5, None], "temperature": SHARES, "top_k": [-1, "x", 1.5],
    "top_p": [0, 1.5, "x"], "stop": [3, [3]], "seed": [-1, "x", 0.5],
}  # fmt: skip
FILLING = {"top": COUNTS, "left_to_right": TRUTHS, "mask_token": [None, 5, " "]}
TRAIN = {
    "task": [None, 3, "langage"], "data": NO_DATA, "output": PLACES, "run_dir": PLACES, "preset": [3, "smal"],
    "config": SETTINGS, "progress": ["yes", 1, None], "force": TRUTHS,
    "given": [{"lr": 1}, {"hidden": "8"}, {"seed": -1}, {"minutes": 0}],
}  # fmt: skip
WRONG: dict[str, dict[str, list[Any]]] = {
    "train": TRAIN,
    "check": {**{name: TRAIN[name] for name in ("task", "data", "preset", "config", "given")}, "data": [None, 5]},
    "resume": {"run_dir": [None, 3], "data": [5, object()], "progress": TRAIN["progress"]},
    "load": {"path": [None, 3, b"x"]},
    "get_threads": {},
    "set_threads": {"n": COUNTS},
    "LanguageModel.generate": GENERATION,
    "LanguageModel.stream": GENERATION,
    "LanguageModel.next": {"prompt": TEXTS, "count": COUNTS},
    "LanguageModel.next_words": {"prompt": TEXTS, "count": COUNTS},
    "LanguageModel.table": {"prompt": TEXTS, "count": COUNTS},
    "LanguageModel.evaluate": {"data": [None, 5], "training_text": [5]},
    "LanguageModel.session": {"state": STATES},
    "LanguageModel.open_stream": {"state": STATES},
    "Classifier.predict": {"X": NO_ROWS},
    "Classifier.probabilities": {"X": NO_ROWS},
    "Classifier.predictions": {"X": NO_ROWS},
    "Classifier.evaluate": {"data": [None, 5, ["a"]]},
    "Classifier.open_stream": {"state": STATES},
    "Tagger.predict": {"X": [None, 5, "one text", [3]]},
    "Tagger.several": {"X": [None, 5, "one text", [3]], "top": COUNTS},
    "Tagger.evaluate": {"data": [None, 5, [3]]},
    "Tagger.open_stream": {"state": STATES},
    "GapFiller.fill": {"text": [None, 5, "no gap"], **FILLING},
    "GapFiller.fill_all": {"texts": [None, 5, "a ___", [3]], **FILLING},
    "GapFiller.table": {"text": [None, 5, "no gap"], **FILLING},
    "GapFiller.evaluate": {"data": [None, 5], "training_text": [5]},
    "Translator.translate": {"texts": [None, 5, "ja", [3]], "decoding": [{"bean": 2}, {"beam": 0}, {"best": 2}]},
    "Translator.translations": {"texts": [None, 5, "ja", [3]], "decoding": [{"top": 2}, {"beam": "2"}, {"seed": -1}]},
    "Translator.evaluate": {"data": [None, 5, [3]], "bleu_tokenize": [3, "14a"],
                            "decoding": [{"sampel": True}, {"sample": 1}]},
    "Translator.attention": {"text": [None, 5], "translation": [None, "a man"]},
    **{f"{name}.answer": {"files": [None, 5, [], [3]]} for name in MADE if name != "LanguageModel"},
    **{f"{name}.save": {"path": [None, 3], "force": TRUTHS} for name in MADE},
    **{f"{name}.open": {"path": [None, 3]} for name in MADE},
    **{f"{name}.to_bytes": {} for name in MADE},
}  # fmt: skip
INTERNAL = {"score_files", "run", "judged", "scored", "other_reading"} | {
    "scores", "network_scores", "mixed", "probabilities_of", "named", "read", "write", "units_after", "words_after",
    "name", "tag", "at", "likeliest", "outputs", "decoded", "replaced", "longest",
}  # fmt: skip
"""Methods that the program calls, with values of its own types."""
GOOD: dict[str, Any] = {
    "task": "classify", "data": sentences(40), "prompt": "the ", "text": "a ___ rose", "texts": ["a ___ rose"],
    "X": ["the film"], "count": 1, "path": "m.anaphora", "run_dir": "m.run", "n": 1,
}  # fmt: skip


def public(name: str) -> Any:
    """The function of a name, or the method of a model."""
    holder, _, method = name.partition(".")
    return getattr(model(holder), method) if method else getattr(anaphora, name)


def parameters(name: str) -> list[str]:
    return list(inspect.signature(public(name)).parameters)


def functions() -> Iterator[str]:
    """Every public function of the package, and every public method of every model."""
    for name in anaphora.__all__:
        if inspect.isfunction(getattr(anaphora, name)) or inspect.isbuiltin(getattr(anaphora, name)):
            yield name
    for name in MADE:
        for method, _ in inspect.getmembers(model(name), inspect.ismethod):
            if not method.startswith("_") and method not in INTERNAL:
                yield f"{name}.{method}"


def test_every_argument_has_wrong_values() -> None:
    assert {name: parameters(name) for name in functions()} == {name: [*values] for name, values in WRONG.items()}


CASES = [
    pytest.param(name, argument, value, id=f"{name} {argument}={str(value)[:20]}")
    for name, arguments in WRONG.items()
    for argument, values in arguments.items()
    for value in values
]


@pytest.mark.parametrize(("name", "argument", "value"), CASES)
def test_a_wrong_value_is_refused_by_its_name(
    name: str, argument: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = public(name)
    kinds = inspect.signature(called).parameters.values()
    plain = [each for each in kinds if each.kind is not each.VAR_KEYWORD]
    needed = {each.name: GOOD.get(each.name) for each in plain if each.default is each.empty}
    if name.startswith("Translator."):
        needed = {n: {"texts": ["ja"], "data": PAIRS}.get(n, value) for n, value in needed.items()}
    wrong = value if argument in ("given", "decoding") else {argument: value}
    with pytest.raises(AnaphoraError) as refused:
        called(**{**needed, **wrong})
    assert str(refused.value) == reworded(str(refused.value))
    (named,) = wrong
    if isinstance(refused.value, WrongArgument):
        assert str(refused.value).startswith(f"{named} takes ")
        of_field = isinstance(refused.value, Refused)  # a field's value is written as in a config
        shown = json.dumps(wrong[named]) if of_field else repr(wrong[named])
        assert f"; it was given {shown}." in str(refused.value)


def test_a_value_that_ends_a_sentence_is_a_value() -> None:
    assert reworded("Name the column with --label label.") == "Name the column with label='label'."
    assert reworded("Name the column with --label and --text, or leave --encoding out.").startswith(
        "Name the column with label and text, or leave"
    )


INSTEAD: dict[str, tuple[Callable[[], Any], str]] = {
    "path": (
        lambda: Path("a.csv"),
        r"A file is not read here: .*model\.answer\(pathlib\.Path\('a\.csv'\)\)",
    ),
    "paths": (
        lambda: [Path("a.csv")],
        r"A file is not read here: .*model\.answer\(pathlib\.Path\('a\.csv'\)\)",
    ),
    "bytes": (lambda: b"ab", r"Decode the bytes: data\.decode\(\)\."),
    "several bytes": (lambda: [b"ab"], r"Decode the bytes: data\.decode\(\)\."),
    "iterator": (lambda: iter("ab"), r"Give a list: list\(values\)\."),
    "set": (lambda: {"ab"}, r"A set has no order: give a list\."),
    "open file": (lambda: open(__file__), r"Give what is in the file: file\.read\(\)"),  # noqa: SIM115
    "frame": (lambda: {"t": ["ab"]}, r"Of a frame, give the column that holds the texts\."),
    "text": (lambda: "a text of words", r"Give it in a list\."),
}
SEVERAL = {"Classifier": "predict", "Tagger": "predict", "GapFiller": "fill_all", "Translator": "translate"}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("given", INSTEAD)
def test_values_of_a_wrong_kind_are_refused_with_what_to_give_instead(given: str) -> None:
    make, said = INSTEAD[given]
    for name, method in SEVERAL.items():
        if (name, given) != ("Classifier", "frame"):  # which has columns by the names of training
            with pytest.raises(UsageError, match=said):
                getattr(model(name), method)(make())
    said = r"A file is not read here: .*Path\('a\.csv'\)\.read_text\(encoding='utf-8'\)\." if given == "path" else said
    for name, method in (("LanguageModel", "generate"), ("LanguageModel", "next"), ("GapFiller", "fill")):
        if given != "text":
            with pytest.raises(UsageError, match="Give each text by itself" if isinstance(make(), list) else said):
                getattr(model(name), method)(make())


def test_unknown_and_missing_arguments_name_the_nearest() -> None:
    writer, filler = model("LanguageModel"), model("GapFiller")
    with pytest.raises(WrongCall, match=r"^generate\(\) has no argument 'temprature'. Did you mean 'temperature'\?$"):
        writer.generate("the", temprature=1)
    with pytest.raises(WrongCall, match=r"^generate\(\) has no argument 'max_tokens'. Did you mean 'length'\?$"):
        writer.generate("the", max_tokens=1)
    with pytest.raises(TypeError, match=r"^fill\(text, top, left_to_right, mask_token\): missing a required .*'text'"):
        filler.fill()
    with pytest.raises(UsageError, match=r"^There is no field 'lr'. Did you mean 'learning_rate'\?"):
        anaphora.train("language", "x" * 900, lr=1)


def test_messages_have_the_names_of_python() -> None:
    with pytest.raises(UsageError, match=r"^best=3 is more than a beam of 2 keeps: raise beam to 3\.$"):
        model("Translator").translations(["ja"], best=3, beam=2)
    with pytest.raises(UsageError, match=r"^hidden takes a whole number, at least 1 .*; it was given 0\."):
        anaphora.train("tag", TAGGED, hidden=0)
    with pytest.raises(UsageError, match=r"^attention has no effect without pooling='attention': set pooling='attent"):
        anaphora.train("classify", sentences(8), attention=8)
    remedies = " ".join(found.remedy for found in anaphora.check("classify", sentences(8)))
    assert "or name a held-out file with valid." in remedies
    assert "--" not in remedies


def test_a_session_reads_lists_of_ids() -> None:
    session = model("LanguageModel").session()
    for wrong in (3, None, "the", [[1]], [0.5], ["a"]):
        with pytest.raises(UsageError, match=r"expected (ids of shape|whole numbers)"):
            session.feed(wrong)
    assert session.feed(np.array([1, 2])).shape[0] == 2


@pytest.mark.parametrize("name", ["novel.txt", "books/novel.txt", "my-novel.md"])
def test_a_text_that_looks_like_the_name_of_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    calls = [lambda: anaphora.train("language", name), lambda: anaphora.check("fill", name)]
    calls.append(lambda: model("LanguageModel").evaluate(name))
    for call in calls:
        with pytest.raises(UsageError, match=rf"'{name}' looks like the name of a file.*pathlib\.Path\('{name}'\)"):
            call()
    (tmp_path / "books").mkdir()
    (tmp_path / name).write_text("x", encoding="utf-8")
    for call in calls:
        with pytest.raises(UsageError, match=rf"'{name}' is the name of a file.*pathlib\.Path\('{name}'\)"):
            call()


HALF = "\ud800"
HALF_PAIRS: dict[str, Callable[[], Any]] = {
    "generate": lambda: model("LanguageModel").generate(HALF),
    "language, evaluate": lambda: model("LanguageModel").evaluate(f"the {HALF} cat"),
    "language, stream": lambda: model("LanguageModel").open_stream().feed(HALF),
    "classify, predict": lambda: model("Classifier").predict([HALF]),
    "classify, evaluate": lambda: model("Classifier").evaluate(([HALF], ["good"])),
    "classify, train": lambda: anaphora.train("classify", (["a b", "c d"] * 20, ["x", HALF] * 20), **LITTLE),
    "tag, predict": lambda: model("Tagger").predict([f"{HALF} a"]),
    "tag, predict words": lambda: model("Tagger").predict([[HALF, "a"]]),
    "tag, evaluate": lambda: model("Tagger").evaluate(([[HALF]], [["DET"]])),
    "tag, train": lambda: anaphora.train("tag", [([HALF], ["DET"])] * 20, **LITTLE),
    "tag, stream": lambda: model("Tagger").open_stream().feed([HALF]),
    "classify, stream": lambda: model("Classifier").open_stream().feed(HALF),
    "fill": lambda: model("GapFiller").fill(f"{HALF} ___ a"),
    "fill_all": lambda: model("GapFiller").fill_all([f"{HALF} ___ a"]),
    "fill, evaluate": lambda: model("GapFiller").evaluate([f"{HALF} a rose"]),
    "translate": lambda: model("Translator").translate([HALF]),
    "translate, evaluate": lambda: model("Translator").evaluate((["ja"], [HALF])),
}


@pytest.mark.parametrize("call", HALF_PAIRS)
def test_half_a_surrogate_pair_is_refused(call: str) -> None:
    with pytest.raises(DataError, match=r"character \d+ of the text is half a surrogate pair, which is not text\."):
        HALF_PAIRS[call]()


NO_ROWS_TO_SCORE = {
    "LanguageModel": "",
    "GapFiller": "",
    **dict.fromkeys(("Classifier", "Tagger", "Translator"), ([], [])),
}


@pytest.mark.parametrize("name", MADE)
def test_nothing_has_no_score(name: str) -> None:
    with pytest.raises(DataError):
        model(name).evaluate(NO_ROWS_TO_SCORE[name])


REPLACED: dict[str, tuple[dict[str, Any], str]] = {
    "Classifier": ({"text": "a", "probability": "keep", "label": "mine"}, "field 'probability' is"),
    "Tagger": (
        {"tokens": ["a"], "tags": ["X"], "probability": 1, "confidence": 2},
        "fields 'probability' and 'confidence' are",
    ),
    "GapFiller": ({"text": "a ___", "filled": 1, "gaps": 2, "past": 3}, "fields 'filled' and 'gaps' are"),
    "Translator": ({"source": "ja", "translation": "yes"}, "field 'translation' is"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_fields_that_an_answer_replaces_are_named_once(name: str, tmp_path: Path) -> None:
    given, named = REPLACED[name]
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(given)}\n" * 2, encoding="utf-8")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model(name).answer(file)
    notes = [str(each.message) for each in told if "replaced" in str(each.message)]
    assert notes == [f"The input's {named} replaced by the answers."]
