"""Config: one declaration, read from presets, TOML and options, refused with the nearest name, written back whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from anaphora.config import Config, ConfigSection, Training, Values, config_fields, from_values, resolve
from anaphora.config.toml import render
from anaphora.errors import UsageError


class Soup(ConfigSection):
    """A section with one field of every type."""

    pots: int = Field(default=2, ge=1, le=9, description="pots on the stove")
    salt: float = Field(default=0.5, gt=0, lt=1, description="grams per litre")
    spicy: bool = Field(default=False, description="whether it bites")
    kind: Literal["leek", "lentil"] = Field(default="leek", description="what is in it")
    name: str = Field(default="soup", description="what it is called")
    guests: int | None = Field(default=None, ge=1, description="who comes")
    from_where: float | str = Field(default=0.1, description="a share, or a place")


class Table(ConfigSection):
    """Shares the key `name` with the soup."""

    name: str = Field(default="round", description="what it is called")
    legs: int = Field(default=4, description="legs")


class Dinner(Config):
    """Two sections."""

    soup: Soup = Soup()
    table: Table = Table()


def hot(wished: Values) -> Mapping[str, Mapping[str, Any]]:
    return {"soup": {"spicy": True, "pots": 3, "salt": 0.9 if wished.get("soup", {}).get("kind") == "lentil" else 0.2}}


def test_later_ones_win_key_by_key(tmp_path: Path) -> None:
    file = tmp_path / "dinner.toml"
    file.write_text('[soup]\npots = 4\nkind = "lentil"\n[table]\nlegs = 3\n', encoding="utf-8")
    dinner = resolve(Dinner, {"hot": hot}, preset="hot", file=file, options=["--table.legs", "5"])
    assert (dinner.soup.spicy, dinner.soup.pots, dinner.soup.salt, dinner.table.legs) == (True, 4, 0.9, 5)
    assert resolve(Dinner) == Dinner()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--soup.pots", "3"], ("pots", 3)),
        (["--soup.pots=3"], ("pots", 3)),
        (["--pots", "3"], ("pots", 3)),
        (["--salt", "1e-3"], ("salt", 1e-3)),
        (["--spicy"], ("spicy", True)),
        (["--spicy", "--pots", "2"], ("spicy", True)),
        (["--spicy", "no"], ("spicy", False)),
        (["--spicy", "--no-spicy"], ("spicy", False)),
        (["--no-soup.spicy"], ("spicy", False)),
        (["--soup.spicy=True"], ("spicy", True)),
        (["--guests", "12"], ("guests", 12)),
        (["--guests", "12", "--guests", "none"], ("guests", None)),
        (["--from-where", "0.25"], ("from_where", 0.25)),
        (["--from_where", "Lyon"], ("from_where", "Lyon")),
        (["--soup.name", "--dashes--"], ("name", "--dashes--")),
    ],
)
def test_options(words: list[str], expected: tuple[str, object]) -> None:
    key, value = expected
    found = getattr(resolve(Dinner, options=words).soup, key)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--potts", "3"], "There is no option '--potts'. Did you mean --pots?"),
        (["\u2014pots", "3"], "There is no option '\u2014pots'. Did you mean --pots?"),
        (["\u2013\u2013soup.salt=1"], "Did you mean --soup.salt?"),
        (["--name", "x"], "There is no option '--name'"),  # two sections have it
        (["--zzzzzz"], "There is no option '--zzzzzz'. See --help."),
        (["stray"], "There is no option 'stray'"),
        (["--no-pots"], "There is no option '--no-pots'"),
        (["--pots"], "--pots needs a value: a whole number, at least 1 and at most 9 .pots on the stove"),
        (["--pots", "many"], '--pots takes a whole number, at least 1 and at most 9 .*; it was given "many"'),
        (["--pots", "10"], "it was given 10"),
        (["--pots", "2.5"], 'it was given "2.5"'),
        (["--salt", "nan"], "it was given nan"),
        (["--kind", "lentill"], "takes one of leek, lentil .*\"lentill\". Did you mean 'lentil'?"),
        (["--spicy=maybe"], '--spicy takes true or false .*"maybe"'),
    ],
)
def test_wrong_options_are_refused_and_the_nearest_named(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve(Dinner, options=words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[soup]\npotts = 3\n", r"line 2: \[soup\] has no key 'potts'. It has: pots, .* Did you mean 'pots'\?"),
        ("[soup]\n\nlegs = 3\n", r"line 3: \[soup\] has no key 'legs'.* Did you mean \[table\] legs\?"),
        ("[sop]\n", r"there is no section \[sop\]. There are: \[soup\], \[table\]. Did you mean 'soup'\?"),
        ("pots = 3\n[soup]\n", r"line 1: 'pots' stands outside every section"),
        ("[table]\nlegs = 4\n[soup]\nsalt = 'x'\n", r'line 4: --salt takes a number.*; it was given "x"'),
        ("[soup]\npots = 2.0\n", r"line 2: --pots takes a whole number.*; it was given 2.0"),
        ("[soup]\npots = true\n", r"it was given true"),
        ("[soup\n", "is not TOML: .*line 1"),
    ],
)
def test_wrong_files_are_refused_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "dinner.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=f"dinner.toml.*{said}"):
        resolve(Dinner, file=file)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "dinner.toml").write_bytes(b"\xef\xbb\xbf[soup]\npots = 3\n")
    assert resolve(Dinner, file=tmp_path / "dinner.toml").soup.pots == 3


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        resolve(Dinner, file=tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("[soup]\nname = 'é'\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8 text: byte 15"):
        resolve(Dinner, file=tmp_path / "latin.toml")


def test_unknown_presets_name_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no preset 'hto'\. There are: hot\. Did you mean 'hot'\?"):
        resolve(Dinner, {"hot": hot}, preset="hto")


dinners = st.builds(
    Dinner,
    soup=st.builds(
        Soup,
        pots=st.integers(1, 9),
        salt=st.floats(0, 1, exclude_min=True, exclude_max=True),
        spicy=st.booleans(),
        kind=st.sampled_from(["leek", "lentil"]),
        name=st.text(st.characters(exclude_categories=["Cs"])),
        guests=st.none() | st.integers(1, 10**12),
        from_where=st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    ),
)


@given(dinners)
def test_what_is_written_reads_back_equal(dinner: Dinner) -> None:
    assert from_values(Dinner, tomllib.loads(render(dinner))) == dinner
    assert from_values(Dinner, dinner.model_dump()) == dinner
    assert render(from_values(Dinner, dinner.model_dump())) == render(dinner)


def test_every_field_is_described_and_can_be_set_by_both_its_flags() -> None:
    for field in config_fields(Dinner):
        default = str(field.default) if field.default is not None else "none"
        for flag in (field.flag, field.short):
            if flag is not None:
                assert resolve(Dinner, options=[f"{flag}={default}"]) == Dinner()
    assert {field.short for field in config_fields(Dinner) if field.key == "name"} == {None}


def test_the_trunks_fields_all_say_what_they_mean() -> None:
    class Bare(Config):
        training: Training = Training()

    for field in config_fields(Bare):
        assert field.meaning, field.flag
        assert field.meaning[0].islower() or field.meaning.startswith("AdamW"), field.meaning
        assert field.expected in render(Bare())


def test_a_config_is_fixed_once_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Dinner().soup.pots = 3
