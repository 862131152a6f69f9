"""Options that name columns: refused if two of them contradict each other, or if one has no effect on the data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from anaphora.config import config_fields, given_fields
from anaphora.data.files.tables import Table
from anaphora.errors import UsageError
from anaphora.formatting import comma_separated
from anaphora.tasks.classify.settings import ClassifyConfig, Data

_CONTRADICTIONS = {
    ("text", "columns"): "a row is a text or a series",
    ("text", "wide"): "a row is a text or a series",
    ("text", "id"): "a row is a text, or each line is one step of a series",
    ("text", "time"): "a row is a text, or each line is one step of a series",
    ("wide", "id"): "a line is a whole series, or one step of a series",
    ("wide", "time"): "a line is a whole series, or one step of a series",
}
_OF_SERIES = ("data.missing",)
_OF_TEXTS = (
    "data.units", "data.vocabulary", "data.lower", "model.embedding", "model.unk_dropout", "model.embedding_dropout",
)  # fmt: skip


def names_of(option: str | None, columns: Collection[str]) -> list[str]:
    """Return the columns that an option names, one of these columns or several as a,b."""
    if option is None:
        return []
    return [option] if option in columns else comma_separated(option)


def refuse_contradictions(data: Data, tables: Sequence[Table]) -> None:
    """Raise UsageError if two options contradict each other, or if two roles are given to one column; DataError, with
    the nearest name, if a table lacks a named column.
    """
    for (one, other), reason in _CONTRADICTIONS.items():
        if getattr(data, one) and getattr(data, other):
            raise UsageError(f"--{one} and --{other} contradict each other: {reason}. Leave one of them out.")
    if data.separator == "":
        raise UsageError("--separator is empty: give the text between two labels, or leave the option out.")
    roles: dict[str, str] = {}
    for option, column in _named(data, tables[0].columns):
        for table in tables:
            table.need(column)
        if column in roles:
            raise UsageError(
                f"Column '{column}' is named {_both(roles[column], option)}: a column has one role. Name another"
                " column."
            )
        roles[column] = option


def refuse_second_role(label: str, data: Data, columns: Collection[str]) -> None:
    """Raise UsageError if an option names the column that was found to be the label."""
    for option, column in _named(data, columns):
        if column == label and option != "label":
            raise UsageError(
                f"Column '{label}' is named by --{option}, and it is the label by its name: a column has one role. Name"
                " another column, or name the label column with --label."
            )


def refuse_id_as_channel(key: str, channels: Sequence[str]) -> None:
    """Raise UsageError if a channel is the column that was found to be the id of the series."""
    if key in channels:
        raise UsageError(
            f"Column '{key}' is named by --columns, and it is the id of the series by its name: a column has one role."
            " Leave it out of --columns, or name the id column with --id."
        )


def refuse_names(data: Data) -> None:
    """Raise UsageError for an option that names columns, because rows in memory have none."""
    for option in ("text", "label", "columns", "id", "time", "wide"):
        if getattr(data, option):
            raise UsageError(
                f"--{option} has no effect on rows with labels (X, y), which have no columns: leave it out, or give a"
                " frame."
            )


def refuse_without_effect(config: ClassifyConfig, text: bool) -> None:
    """Raise UsageError for an option that has no effect on texts, or that has none on series."""
    flags = {f"{field.section}.{field.key}": field.short or field.flag for field in config_fields(type(config))}
    given = given_fields(config)
    useless = [name for name in (_OF_SERIES if text else _OF_TEXTS) if given.get(name) is not None]
    if useless:
        flag = flags[useless[0]].replace("--", "--no-" if given[useless[0]] is False else "--")
        here, there = ("texts", "series") if text else ("series", "texts")
        raise UsageError(
            f"{flag} has no effect on {here}, which these data are; it is for {there}. Leave it out, or name the"
            f" columns of {there} with {'--columns' if text else '--text'}."
        )


def refuse_reading(data: Data, tables: Sequence[Table]) -> None:
    """Raise UsageError for an option about the reading of text files that has no effect on these files."""
    layouts = ", ".join(dict.fromkeys(table.layout for table in tables))
    if not data.header and not any(table.may_lack_names for table in tables):
        raise UsageError(f"--no-header has no effect on {layouts}, which needs no line of names: leave it out.")
    if data.encoding != "utf-8" and not any(table.encoding for table in tables):
        raise UsageError(f"--encoding has no effect on {layouts}, which is no text: leave it out.")


def _both(one: str, other: str) -> str:
    """Return how two options, or one option twice, name a column."""
    return f"twice in --{one}" if one == other else f"by --{one} and by --{other}"


def _named(data: Data, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each option that names columns, with each of its columns."""
    for option in ("label", "text", "columns", "id", "time"):
        value = getattr(data, option)
        single = option in ("label", "id", "time") and value is not None
        for column in [value] if single else names_of(value, columns):
            yield option, column
