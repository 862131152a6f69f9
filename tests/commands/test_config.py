"""``anaphora config``: what it shows reads back; the schema takes what the config takes; the page is current."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.commands.config import page
from anaphora.config import from_values, resolve
from anaphora.config.toml import render, schema
from anaphora.errors import UsageError
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from program import Run, failed

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads(schema(LanguageConfig))


def test_defaults_presets_and_options_are_shown(run: Run, tmp_path: Path, python: Path | str) -> None:
    done = run("config", "language", "--preset", "small", "--units", "word", "--seed", "7", python=python)
    assert (done.returncode, done.stderr) == (0, "")
    options = ["--units", "word", "--seed", "7"]
    expected = resolve(LanguageConfig, PRESETS, preset="small", options=options)
    assert from_values(LanguageConfig, tomllib.loads(done.stdout)) == expected
    (tmp_path / "c.toml").write_text(done.stdout, encoding="utf-8")
    assert run("config", "language", "--config", "c.toml").stdout == done.stdout
    usual = run("config", "language").stdout
    assert usual == render(resolve(LanguageConfig, PRESETS, preset="medium"))


def test_unknown_keys_name_the_nearest(run: Run, tmp_path: Path) -> None:
    failed(run("config", "language", "--hiden", "3"), 2, "Did you mean --hidden?")
    (tmp_path / "c.toml").write_text("[model]\nhiden = 3\n", encoding="utf-8")
    failed(run("config", "language", "--config", "c.toml"), 2, "c.toml, line 2", "Did you mean 'hidden'?")
    failed(run("config", "language", "--preset", "smal"), 2, "Did you mean 'small'?")
    failed(run("config", "lanugage"), 2, "Did you mean 'language'?")


def test_the_page_in_the_docs_is_current(run: Run) -> None:
    written = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert written == page() + "\n", "write it anew: anaphora config --page > docs/config.md"
    assert run("config", "--page").stdout == written


def test_the_schema_names_its_dialect_and_every_field(run: Run) -> None:
    told = json.loads(run("config", "language", "--schema").stdout)
    assert told == SCHEMA
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for section, keys in LanguageConfig().model_dump().items():
        described = SCHEMA["$defs"][told["properties"][section]["$ref"].rpartition("/")[2]]["properties"]
        assert set(described) == set(keys)
        assert all(each["description"] for each in described.values())


def meets(rule: dict[str, Any], value: Any) -> bool:
    """Whether a value meets a rule, by the words of JSON Schema that pydantic uses."""
    if "$ref" in rule:
        return meets(SCHEMA["$defs"][rule["$ref"].rpartition("/")[2]], value)
    if "anyOf" in rule:
        return any(meets(each, value) for each in rule["anyOf"])
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "object": isinstance(value, dict),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": number and isinstance(value, int),
        "number": number,
        "null": value is None,
    }[rule["type"]]
    if not fits:
        return False
    if rule["type"] == "object":
        assert rule["additionalProperties"] is False
        return all(key in rule["properties"] and meets(rule["properties"][key], item) for key, item in value.items())
    limits = [
        value >= rule.get("minimum", value) and value <= rule.get("maximum", value),
        value > rule["exclusiveMinimum"] if "exclusiveMinimum" in rule else True,
        value < rule["exclusiveMaximum"] if "exclusiveMaximum" in rule else True,
    ] if number else []  # fmt: skip
    return all(limits) and ("enum" not in rule or value in rule["enum"])


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 0.5, 1.0, 1.5, 2**21, 2**64, "char", "gru", "x"]),
)
FIELDS = [(section, key) for section, keys in LanguageConfig().model_dump().items() for key in keys]


@given(st.dictionaries(st.sampled_from([*FIELDS, ("model", "hiden"), ("data", "unit")]), values, max_size=2))
def test_the_schema_takes_what_the_config_takes(chosen: dict[tuple[str, str], Any]) -> None:
    nested: dict[str, dict[str, Any]] = {}
    for (section, key), value in chosen.items():
        nested.setdefault(section, {})[key] = value
    if meets(SCHEMA, nested):
        assert from_values(LanguageConfig, nested)
    else:
        with pytest.raises(UsageError):
            from_values(LanguageConfig, nested)


def test_an_unknown_section_is_in_neither() -> None:
    assert not meets(SCHEMA, {"modle": {}})
    with pytest.raises(UsageError, match="Did you mean 'model'"):
        from_values(LanguageConfig, {"modle": {}})
