"""Every field of every config has an effect on every form of data, or is refused on it.

A field has an effect if training reads it: the tests note which fields are read, outside of the code that checks and
writes configs, while each form of data is read, checked and trained on for one step. A field that is read in some
training and by none of this form is refused where it is given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import anaphora
from anaphora.checks import trial
from anaphora.config import ConfigField, ConfigSection, config_fields, resolve
from anaphora.config.declare import members
from anaphora.errors import UsageError
from anaphora.tasks import registry
from anaphora.tasks.base.declaration import Task
from gapped import text
from labelled import sentences, waves
from translated import PAIRS

LITTLE = {"max_steps": 1, "evaluations": 1}
NOVEL = "the cat sat on the mat. " * 40
TAGGED = [(["the", "cat"], ["DET", "NOUN"]), (["a", "dog"], ["DET", "NOUN"])] * 10
SPANS = [(["the", "cat"], ["O", "B-X"]), (["a", "dog"], ["O", "B-X"])] * 10
SERIES = ([np.array(channels).T for channels in waves(20)[0]], waves(20)[1])
SEVERAL = (sentences(20)[0], [["a", "b"], ["b"]] * 10)


STEPS = [f"{who},{who % 2}.5,{step}.25,{'xy'[who % 2]}" for who in range(20) for step in range(3)]


def lines(name: str, *content: str) -> Callable[[Path], Any]:
    """A file with a header and its lines, twenty times if they are few."""

    def write(folder: Path) -> Path:
        (folder / name).write_text(
            "\n".join([content[0], *content[1:] * (20 if len(content) < 9 else 1), ""]), encoding="utf-8"
        )
        return folder / name

    return write


FORMS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "characters": ("language", NOVEL, {"units": "char", "batch": 2, "bptt": 8}),
    "bytes": ("language", NOVEL, {"units": "byte", "batch": 2, "bptt": 8}),
    "words": ("language", NOVEL, {"units": "word", "batch": 2, "bptt": 8}),
    "labelled texts": ("classify", sentences(40), {"layers": 2}),
    "labelled bytes": ("classify", sentences(40), {"units": "byte"}),
    "labelled series": ("classify", SERIES, {"pooling": "attention"}),
    "several labels": ("classify", SEVERAL, {}),
    "a table": ("classify", lines("t.csv", "text,label", "a fine film,pos", "a poor film,neg"), {}),
    "a table of series": ("classify", lines("s.csv", "who,a,b,label", *STEPS), {"id": "who"}),
    "tags": ("tag", TAGGED, {"layers": 2}),
    "spans": ("tag", SPANS, {"scheme": "iob2"}),
    "tags without characters": ("tag", TAGGED, {"characters": "none"}),
    "a text with gaps": ("fill", text(60), {"batch": 2, "bptt": 8}),
    "pairs": ("translate", PAIRS * 4, {"units": "char"}),
    "pairs of bytes": ("translate", PAIRS * 4, {"units": "byte"}),
    "pairs in a table": ("translate", lines("p.csv", "source,target", "ein Mann,a man", "zwei,two"), {"units": "char"}),
}
OUTSIDE = ("/config/", "/commands/", "/api.py", "/roles.py")


@contextmanager
def noted() -> Iterator[set[tuple[type, str]]]:
    """The fields that are read by code that neither checks nor writes configs."""
    found: set[tuple[type, str]] = set()
    usual = ConfigSection.__getattribute__

    def noting(self: Any, name: str) -> Any:
        reader = sys._getframe(1).f_code.co_filename
        if name in type(self).__dict__.get("__pydantic_fields__", ()) and not any(part in reader for part in OUTSIDE):
            found.add((type(self), name))
        return usual(self, name)

    ConfigSection.__getattribute__ = noting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        ConfigSection.__getattribute__ = usual  # type: ignore[method-assign]


def away(task: Task, field: ConfigField) -> Any:
    """A value of a field that is not its default."""
    annotation = dict(anaphora.config.declare.sections(task.config))[field.section].model_fields[field.key].annotation
    for kind in members(annotation):
        if kind is bool:
            return not field.default
        if kind in (int, float):
            return next(value for value in (7, 0.7, 0.3) if value != field.default and fits(task, field, kind(value)))
        if kind is str:
            return "latin-1" if field.key == "encoding" else "x"
        if get_args(kind):
            return next(value for value in get_args(kind) if value != field.default)
    raise AssertionError(field)


def fits(task: Task, field: ConfigField, value: Any) -> bool:
    try:
        resolve(task.config, base={field.section: {field.key: value}})
    except UsageError as error:
        return "has no effect" in str(error)
    return True


def data_of(form: str, folder: Path) -> Any:
    _, data, _ = FORMS[form]
    return data(folder) if callable(data) else data


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The fields that the training on each form of data reads, by `section.key`."""
    found = {}
    for form, (name, _, options) in FORMS.items():
        with noted() as seen:
            anaphora.train(name, data_of(form, tmp_path_factory.mktemp("form")), preset="small", **LITTLE, **options)
        sections = {model: section for section, model in anaphora.config.declare.sections(registry.task(name).config)}
        found[form] = {f"{sections[model]}.{key}" for model, key in seen if model in sections}
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_field_that_is_not_read_is_refused(
    form: str, read: dict[str, set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "best", lambda run: 1e-6)  # how long training would take has no part in this
    name, _, options = FORMS[form]
    task, data = registry.task(name), data_of(form, tmp_path)
    dropped = []
    for field in config_fields(task.config):
        if f"{field.section}.{field.key}" in read[form] or field.key in options:
            continue
        try:
            anaphora.check(name, data, preset="small", **{**options, field.key: away(task, field)})
            dropped.append(field.flag)
        except UsageError as error:
            if field.key not in str(error):
                dropped.append(f"{field.flag} ({error})")
    assert dropped == []
