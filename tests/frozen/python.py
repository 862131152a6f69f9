"""The record of the library: models trained from data in memory, and what they answer in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from frozen import data, digest, normal
from frozen.doors import anaphora
from frozen.trainings import tensors

_SMALL: dict[str, Any] = {
    "hidden": 6,
    "max_steps": 12,
    "evaluations": 2,
    "learning_rate": 0.02,
    "seed": 8,
}
FILMS, LABELS = data.films(60, 11)
SERIES, SPEEDS = data.waves(40, 12)
TAGGED = data.sentences(60, 13)
PAIRS = data.pairs(60, 14)
_EMBEDDED: dict[str, Any] = {**_SMALL, "embedding": 6}
GIVEN: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "language": ("language", data.prose(120, 15), {**_EMBEDDED, "batch": 4, "bptt": 12}),
    "texts": ("classify", (FILMS, LABELS), {**_EMBEDDED, "batch": 8, "valid": 0.25}),
    "series": (
        "classify",
        ([np.array(row).T for row in SERIES], SPEEDS),
        {**_SMALL, "batch": 8, "valid": 0.25, "missing": "mean"},
    ),
    "tag": ("tag", TAGGED, {**_EMBEDDED, "batch": 8, "valid": 0.25, "character_hidden": 3, "character_embedding": 3}),
    "fill": ("fill", data.prose(120, 16), {**_EMBEDDED, "batch": 4, "bptt": 12, "evaluation_units": 200}),
    "translate": ("translate", PAIRS, {**_EMBEDDED, "batch_steps": 100, "valid": 0.25, "units": "char"}),
}
ASKED: dict[str, dict[str, Callable[[Any], Any]]] = {
    "language": {
        "generate": lambda model: model.generate("Ann ", 30, seed=1),
        "stream": lambda model: list(
            model.stream("Ann ", 5, temperature=0.5, top_k=4, top_p=0.9, stop=("\n",), seed=2)
        ),
        "next": lambda model: model.next("Ann ", 3),
        "next_words": lambda model: model.next_words("Ann s", 3),
        "evaluate": lambda model: model.evaluate(data.prose(20, 17)),
        "evaluate beside n-grams": lambda model: model.evaluate(data.prose(20, 17), data.prose(120, 15)),
        "encode": lambda model: model.vocabulary.encode("Ann saw"),
        "session": lambda model: [digest.of_bytes(each) for each in states(model)],
    },
    "texts": {
        "labels": lambda model: (model.labels, model.multi),
        "predict": lambda model: model.predict(["the film was good", "", "dull dull"]),
        "probabilities": lambda model: model.probabilities(["the film was good", "", "dull dull"]),
        "evaluate": lambda model: model.evaluate(data.films(20, 18)),
        "given series": lambda model: model.predict([[1.0, 2.0]]),
    },
    "series": {
        "predict": lambda model: model.predict([np.array(row).T for row in data.waves(6, 19)[0]]),
        "probabilities": lambda model: model.probabilities([np.array(row).T for row in data.waves(6, 19)[0]]),
    },
    "tag": {
        "scheme": lambda model: model.scheme,
        "predict": lambda model: model.predict([["Ann", "flies"], "it rained in Wilton .", []]),
        "several": lambda model: model.several(["Ann flies to Port Linford ."], 2),
        "evaluate": lambda model: model.evaluate(data.sentences(20, 20)),
    },
    "fill": {
        "fill": lambda model: model.fill("Ann saw a ___ rose.", 3),
        "fill_all": lambda model: model.fill_all(["a ? sky", "? left ?"], 2, left_to_right=True, mask_token="?"),
        "evaluate": lambda model: model.evaluate(data.prose(20, 21), data.prose(120, 16)),
        "no gap": lambda model: model.fill("Ann saw a red rose."),
    },
    "translate": {
        "translate": lambda model: model.translate(["ein Hund läuft", ""]),
        "beam": lambda model: model.translations(["ein Hund läuft"], beam=3, best=2, length_penalty=0.5),
        "sample": lambda model: model.translate(["zwei Kind"], sample=True, seed=3, temperature=0.8),
        "attention": lambda model: model.attention("ein Hund", model.translations(["ein Hund"])[0][0]),
        "evaluate": lambda model: model.evaluate(data.pairs(15, 22), beam=2),
    },
}


def records(here: Path) -> dict[str, list[str]]:
    """One file: of each model its weights, its report and every answer."""
    found = {name: answers(name, here) for name in GIVEN}
    found["classifier of scikit-learn"] = estimator(here)
    found["refused"] = refused(here)
    return {"python.json": normal.lay_out(found, wide=200)}


def answers(name: str, here: Path) -> dict[str, Any]:
    """Train on data in memory, and ask everything."""
    task, given, options = GIVEN[name]
    model = anaphora.train(task, given, **options)
    found: dict[str, Any] = {"model": repr(model), "members": members(model), "tensors": tensors(model.runtime.tensors)}
    found["card"] = normal.value(model.card, here)
    found["fields of the report"] = sorted(model.report.__dataclass_fields__)
    found["report"] = plain(model.report.lines(), here)
    found["checked"] = [each.code for each in anaphora.check(task, given, **options)]
    for question, ask in ASKED[name].items():
        found[question] = attempted(lambda ask=ask: ask(model), here)
    return found


def members(found: Any) -> str:
    """The public names of an object."""
    return " ".join(name for name in dir(found) if not name.startswith("_"))


def states(model: Any) -> list[bytes]:
    """A session's bytes at the start, after some ids, and after more."""
    session, found = model.session(), []
    for ids in ([], [1, 2, 3], [4, 5]):
        session.feed(ids)
        found.append(session.state)
    return found


def estimator(here: Path) -> dict[str, Any]:
    """A classifier fitted and asked as scikit-learn does."""
    fitted = anaphora.SequenceClassifier(hidden=6, embedding=5, max_steps=10, batch=8, valid=0.25, random_state=1)
    fitted.fit(FILMS, LABELS)
    found = {"tensors": tensors(fitted.model_.runtime.tensors), "classes": fitted.classes_.tolist()}
    found["probabilities"] = digest.of_array(fitted.predict_proba(FILMS[:9]))
    return found | {"predicted": fitted.predict(FILMS[:9]).tolist(), "parameters": plain(fitted.get_params(), here)}


def refused(here: Path) -> dict[str, Any]:
    """Mistakes in arguments and data, and the errors they give."""
    tries: dict[str, Callable[[], Any]] = {
        "no such task": lambda: anaphora.train("langauge", "a text"),
        "no such field": lambda: anaphora.train("language", "a text", hiden=3),
        "a wrong value": lambda: anaphora.train("language", "a text", hidden="many"),
        "a text that names a file": lambda: anaphora.train("language", "novel.txt", hidden=3),
        "unlike lengths": lambda: anaphora.train("classify", (FILMS, LABELS[1:]), **_SMALL),
        "no data": lambda: anaphora.train("tag", 7),
        "no run": lambda: anaphora.resume(here / "nowhere.run"),
        "no file": lambda: anaphora.load(here / "nowhere.anaphora"),
        "no model": lambda: anaphora.load(here / "novel.txt"),
    }
    return {name: attempted(attempt, here) for name, attempt in tries.items()}


def attempted(ask: Callable[[], Any], here: Path) -> Any:
    """An answer, or the error instead of one."""
    try:
        return plain(ask(), here)
    except Exception as error:  # noqa: BLE001 — which error it is, and its words, are the record
        return f"{type(error).__name__}: {normal.text(str(error), here)}"


def plain(found: Any, here: Path) -> Any:
    """An answer as JSON has it: arrays as digests, records by their fields."""
    if isinstance(found, np.ndarray):
        return digest.of_array(found)
    if hasattr(found, "as_json"):
        return plain(found.as_json(), here)
    if hasattr(found, "_asdict"):
        return plain(found._asdict(), here)
    if hasattr(found, "__dataclass_fields__"):
        return {name: plain(getattr(found, name), here) for name in found.__dataclass_fields__}
    if isinstance(found, dict):
        return {str(name): plain(item, here) for name, item in found.items()}
    if isinstance(found, list | tuple):
        return [plain(item, here) for item in found]
    return normal.value(found.item() if isinstance(found, np.generic) else found, here)
