"""The demos of gaps and of dates: the whole way, for a few steps."""

from __future__ import annotations

from pathlib import Path

from program import Run


def test_demo_of_gaps(run: Run, tmp_path: Path) -> None:
    done = run("demo", "fill", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("pydoc_data.topics", "counts of both neighbours", "that are not known", "the past alone", "raised"):
        assert shown in done.stdout
    assert (tmp_path / "demo-fill.run" / "report.html").stat().st_size > 10_000
    shown = run("run", "demo-fill.anaphora", "the ___ of a function", "--top", "3").stdout.splitlines()
    assert (len(shown), shown[0].split()[:2]) == (6, ["both", "sides"])


def test_demo_of_dates(run: Run, tmp_path: Path) -> None:
    done = run("demo", "translate", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("4,000 dates in four forms", "copy of the source", "July 4, 1876", "anaphora run demo-translate"):
        assert shown in done.stdout
    assert (tmp_path / "demo-translate.html").read_text(encoding="utf-8").count("<svg") == 4
    assert (tmp_path / "demo-translate.tsv").read_text(encoding="utf-8").splitlines()[0] == "source\ttarget"
