"""The field of Unicode normal forms, which every task has."""

from __future__ import annotations

from typing import Any, Literal

from anaphora.config.network import option

Form = Literal["none", "nfc"]


def normal_form(things: str) -> Any:
    """Return the field; `things` are what is brought into the form, such as `the text`."""
    return option(
        "none", f"Unicode normal form of {things}: none, or nfc, where a letter and its accent are one character"
    )
