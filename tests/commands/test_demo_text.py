"""The demos of texts: the whole way, for a few steps."""

from __future__ import annotations

from pathlib import Path

from program import Run


def test_demo_of_reviews(run: Run, tmp_path: Path) -> None:
    done = run("demo", "classify", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("4,000 reviews of a small grammar", "n-grams+LR", "anaphora run demo-classify.anaphora"):
        assert shown in done.stdout
    assert len((tmp_path / "demo-classify.jsonl").read_text(encoding="utf-8").splitlines()) == 4_000
    assert run("run", "demo-classify.anaphora", "demo-classify.jsonl").stdout.count("\n") == 4_000


def test_demo_of_gaps(run: Run, tmp_path: Path) -> None:
    done = run("demo", "fill", "--minutes", "0.1")
    assert done.returncode == 0, done.stderr
    for shown in ("pydoc_data.topics", "counts of both neighbours", "unknown words", "left to right", "raised"):
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
