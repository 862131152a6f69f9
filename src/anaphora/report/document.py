"""The pieces a page is made of, as HTML: the document, its sections, tables, tiles, lists of settings.

Every text is escaped here. A picture is an SVG that goes in as it is; should one hold a script, the page's policy keeps
it from running.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from anaphora.formatting import as_text
from anaphora.report import confusion
from anaphora.report.style import POLICY, SHEET
from anaphora.runs.content import Cell, ConfusionMatrix, Paragraph, Part, Picture, Preformatted


def document(title: str, body: Iterable[str], reload_seconds: int | None = None) -> str:
    """Return a whole page; with `reload_seconds` a browser reloads it at that interval."""
    reload = f'<meta http-equiv="refresh" content="{reload_seconds}">' if reload_seconds else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">{reload}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{SHEET}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def header(title: str, more: str, pills: Iterable[tuple[str, str]] = ()) -> str:
    """Return the page's title with short labels beside it, each with a class (good, bad or none), and a line below."""
    words = "".join(f'<span class="pill {escape(kind)}">{escape(text)}</span>' for text, kind in pills)
    return f'<header><h1>{escape(title)}</h1>{words}</header>\n<p class="faint">{escape(more)}</p>'


def section(title: str, body: str, kind: str = "card") -> str:
    """Return a titled section; empty if its body is empty."""
    return f'<section><h2>{escape(title)}</h2><div class="{kind}">{body}</div></section>' if body else ""


def tiles(facts: Iterable[tuple[str, str, str, str]]) -> str:
    """Return large figures side by side: (name, figure, small line below, class)."""
    return "".join(
        f'<div class="card tile {kind}"><small>{escape(what)}</small><b>{escape(figure)}</b>'
        f"<small>{escape(below)}</small></div>"
        for what, figure, below, kind in facts
    )


def figure(pictures: Iterable[str], title: str, colours: Iterable[tuple[str, str]] = (), kind: str = "card") -> str:
    """Return pictures under one title; `colours` names the colours: (colour's name, words)."""
    names = "".join(f" · {_coloured(colour, words)}" for colour, words in colours)
    return f'<figure class="{kind}"><figcaption>{escape(title)}{names}</figcaption>{"".join(pictures)}</figure>'


def wide_and_narrow(wide: str, narrow: str, names: Iterable[tuple[str, str]]) -> list[str]:
    """Return a picture with names in it for a wide page, and one with the names above it for a narrow page."""
    above = " · ".join(_coloured(colour, words) for colour, words in names)
    return [f'<div class="wide">{wide}</div>', f'<div class="narrow"><p class="names">{above}</p>{narrow}</div>']


def _coloured(colour: str, words: str) -> str:
    return f'<span style="color:var(--{colour})">{escape(words)}</span>'


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], best: int | None = None) -> str:
    """Return a table; a column of numbers is aligned right, row number `best` is bold."""
    numeric = [
        all(row[column] is None or isinstance(row[column], int | float) for row in rows) for column in range(len(head))
    ]

    def cells(row: Sequence[object], tag: str, extra: str = "") -> str:
        classes = [" ".join(filter(None, ("number" if number else "", extra))) for number in numeric]
        made = (
            f'<{tag} class="{kind}">{escape(as_text(cell))}</{tag}>' for cell, kind in zip(row, classes, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(cells(row, "td", "best" if number == best else "") for number, row in enumerate(rows))
    return f'<div class="scroll"><table><thead>{cells(head, "th")}</thead><tbody>{body}</tbody></table></div>'


def groups(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return names and values in titled groups, in as many columns as fit."""
    made = [
        f"<section><h3>{escape(title)}</h3><dl>"
        + "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(as_text(value))}</dd></div>" for key, value in facts.items())
        + "</dl></section>"
        for title, facts in values.items()
        if facts
    ]
    return f'<div class="settings">{"".join(made)}</div>' if made else ""


def notes(texts: Iterable[tuple[str, str]]) -> str:
    """Return notes, a box each, with a class."""
    made = "".join(f'<li class="{kind}">{escape(text)}</li>' for text, kind in texts)
    return f'<ul class="notes">{made}</ul>' if made else ""


def folded(title: str, body: str, opened: bool) -> str:
    """Return a part that opens on request."""
    return f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>{body}</details>"


def part(what: Part) -> str:
    """Return a part of a task's section."""
    if isinstance(what, Paragraph):
        body = f"<p>{escape(what.text)}</p>"
    elif isinstance(what, Preformatted):
        body = f"<pre>{escape(what.text)}</pre>"
    elif isinstance(what, Picture):
        shown = f'<div class="scroll" role="img" aria-label="{escape(what.shows)}" tabindex="0">{what.svg}</div>'
        body = f"<figure><figcaption>{escape(what.shows)}</figcaption>{shown}</figure>"
    elif isinstance(what, ConfusionMatrix):
        body = confusion.table(what)
    else:
        body = table(what.head, what.rows)
    return f'<div class="part">{body}</div>'


def code(text: str) -> str:
    """Return a word in code style."""
    return f"<code>{escape(text)}</code>"
