"""The record of pages: reports of finished runs that lie in `old/`, drawn again, and two runs beside each other.

The words of a page can be read here; its pictures are in the digest of the whole.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from frozen import digest
from frozen.call import call
from frozen.trainings import Records

RUNS = ("finished-language.run", "finished-classify.run")
_UNSEEN = re.compile(r"<(style|script|svg|head)\b.*?</\1>", re.DOTALL)


def records(here: Path) -> Records:
    """One file; the current folder is `here`, a copy of `old/`."""
    lines: list[str] = []
    for run in RUNS:
        lines += [*call(f"runs show {run} --html").lines(here), *words(Path(run) / "report.html")]
    lines += call(f"runs compare {' '.join(RUNS)} --html compared.html --svg compared.svg").lines(here)
    lines += [*words(Path("compared.html")), f"compared.svg: {digest.of_file(Path('compared.svg'))}"]
    return {"old/pages.txt": lines}


def words(page: Path) -> list[str]:
    """A digest of a page, and what a person reads on it."""
    text = re.sub(r"<[^>]+>", "\n", _UNSEEN.sub("\n", page.read_text(encoding="utf-8")))
    seen = [html.unescape(line).strip() for line in text.splitlines()]
    return [f"{page}: {digest.of_file(page)}", *(f"  {line}" for line in seen if line), ""]
