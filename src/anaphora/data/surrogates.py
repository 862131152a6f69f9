"""Half a surrogate pair: a character of a Python str that is not text, and that no encoding writes."""

from __future__ import annotations

from anaphora.errors import DataError


def refuse_half_pair(text: str, where: str) -> None:
    """Raise DataError for a text with half a surrogate pair; `where` names the text.

    >>> refuse_half_pair("naïve 😀", "text 1")
    >>> refuse_half_pair("a" + chr(0xD800), "text 1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    anaphora.errors.DataError: text 1: character 1 of the text is half a surrogate pair, which is not text. ...
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{where}: character {error.start} of the text is half a surrogate pair, which is not text. Decode or pass"
            " the text as UTF-8."
        ) from error
