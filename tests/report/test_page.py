"""A run's page: its numbers are the log's, it stands alone, and keeping it up to date costs little and ends nothing."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import run_folders
from anaphora.errors import MissingExtra, UsageError
from anaphora.formatting import as_text, duration_text
from anaphora.report import compare, live, page
from anaphora.report.curves import Chart, CurveLine, alone, draw
from anaphora.runs import record
from anaphora.runs.content import Paragraph, Picture, Preformatted, ReportSection, ReportTable


class Reader(HTMLParser):
    """A page as a person reads it: texts by the class or tag they stand in, tables as rows of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        facts = dict(attrs)
        self.addresses += [facts[name] for name in ("src", "href", "xlink:href", "action") if name in facts]
        if tag == "tr":
            self.rows.append([])
        if tag not in ("meta", "path", "use", "rect"):
            self.open.append((tag, facts))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open:
            tag = self.open[-1][0]
            self.texts.append((tag, data))
            if tag in ("td", "th"):
                self.rows[-1].append(data)

    def all(self, tag: str) -> list[str]:
        return [text for found, text in self.texts if found == tag]


def folder(tmp_path: Path, *more: dict[str, object]) -> Path:
    return run_folders.write(tmp_path / "novel.run", [*run_folders.events(), *more])


def read_page(path: Path, now: float = 0.0) -> tuple[str, Reader]:
    text = page.render(record.read(path), now=now)
    return text, Reader(text)


def test_the_figures_are_the_logs(tmp_path: Path) -> None:
    _, seen = read_page(folder(tmp_path, run_folders.finish()))
    assert seen.all("h1") == ["novel.run"]
    assert seen.all("b") == ["1.0252", "1.5000", "40", "0:23"]
    assert {"finished", "better than the n-gram model"} <= set(seen.all("span"))
    assert {"nats per word, 31.7% less", "12.3 k parameters"} <= set(seen.all("small"))  # 1 − 1.0252 / 1.5
    looks = [event for event in run_folders.events() if event["event"] == "evaluation"]
    expected = [
        [as_text(e["step"]), as_text(e["train_loss"]), as_text(e["loss"]), "raw", duration_text(e["seconds"])]
        for e in looks
    ]
    assert seen.rows[1:] == expected
    settings = dict(zip(seen.all("dt"), seen.all("dd"), strict=True))
    assert (settings["hidden"], settings["learning_rate"], settings["instruction set"]) == ("128", "0.003", "avx2")
    assert settings["files"] == "novel.txt"
    assert "/far/away" not in "".join(text for _, text in seen.texts)  # a page may be shown to others


@pytest.mark.parametrize(("reason", "said"), [("trial", "measuring the time left"), ("look", "measuring the time left"),
                                              ("minutes", "about 0:09 left")])  # fmt: skip
def test_no_time_is_named_before_it_is_measured(tmp_path: Path, reason: str, said: str) -> None:
    events = [{**event, "reason": reason} if event["event"] == "plan" else event for event in run_folders.events()[:30]]
    for event in events:
        if event["event"] == "step":
            event["seconds_left"] = 9.0
    path = run_folders.write(tmp_path / "novel.run", events)
    _, seen = read_page(path)
    assert said in seen.all("small")
    total = "total not known yet" if reason != "minutes" else "of 40"
    assert any(text.startswith(total) for text in seen.all("small"))


def points_of(svg: str, colour: str) -> np.ndarray:
    """The corners of the longest line of a colour, in pixels."""
    paths = re.findall(rf'<path d="([^"]*)"[^>]*style="fill: none;[^"]*stroke: var\(--{colour}\)', svg)
    corners = [re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path) for path in paths]
    return np.array(max(corners, key=len), dtype=float)


def test_the_curve_is_the_log(tmp_path: Path) -> None:
    text, _ = read_page(folder(tmp_path, run_folders.finish()))
    wide = text[text.index("<svg") : text.index("</svg>")]
    drawn = points_of(wide, "unseen")
    looks = np.array([(step, 3.1 / step**0.3) for step in (10, 20, 30, 40)])
    for axis in (0, 1):  # one scale per axis takes every look to its corner
        slope, begin = np.polyfit(looks[[0, 3], axis], drawn[[0, 3], axis], 1)
        np.testing.assert_allclose(slope * looks[:, axis] + begin, drawn[:, axis], atol=1e-3)
        assert slope > 0 if axis == 0 else slope < 0
    slope, begin = np.polyfit(looks[[0, 3], 1], drawn[[0, 3], 1], 1)
    np.testing.assert_allclose(points_of(wide, "baseline")[:, 1], slope * 1.5 + begin, atol=1e-3)


def test_it_stands_alone(tmp_path: Path) -> None:
    text, seen = read_page(folder(tmp_path, run_folders.finish()))
    assert seen.tags.isdisjoint({"script", "link", "iframe", "img", "object"})
    assert all(address is not None and address.startswith("#") for address in seen.addresses)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "#0102" not in text  # every colour in a picture is the page's own
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        names = set(re.findall(r' id="([^"]*)"', svg))
        assert set(re.findall(r'(?:url\(|href=")#([^)"]*)', svg)) <= names
        assert text.count(svg) == 1
        assert all(text.count(f' id="{name}"') == 1 for name in names)
    assert text == read_page(tmp_path / "novel.run")[0]  # the same run gives the same bytes


def test_while_it_runs_the_page_reads_itself_again(tmp_path: Path) -> None:
    floor = {"results": [{**run_folders.NATS, "value": None}]}
    path = run_folders.write(tmp_path / "r", run_folders.events()[:30], facts=floor)
    run = record.read(path)
    going, stopped = (page.render(run, now=run.written + seconds) for seconds in (1, 1000))
    assert 'http-equiv="refresh"' in going
    assert 'http-equiv="refresh"' not in stopped
    seen = Reader(going)
    assert seen.all("b") == [f"{3.1 / 20**0.3:.4f}", "1.5000", "27", "0:14"]
    assert "about 0:06 left" in seen.all("small")
    assert {"running"} <= set(seen.all("span"))
    assert {"stopped"} <= set(Reader(stopped).all("span"))


def test_a_run_without_a_step_has_a_page(tmp_path: Path) -> None:
    path = run_folders.write(tmp_path / "r", [{"event": "plan", "total_steps": 2000, "reason": "trial"}])
    text, seen = read_page(path)
    assert "<svg" not in text
    assert seen.all("b") == ["0", "0:00"]


def test_what_went_wrong_is_said(tmp_path: Path) -> None:
    told = run_folders.events()
    told[-2] = {**told[-2], "loss": None}
    worse_than = "The network is worse than the n-gram model: nats per word 2 against 1."
    notes = [worse_than, "The network loses to the n-gram model: 2 against 1.", "Cut <here> & there."]
    worse = [{**run_folders.NATS, "value": 2.0}]
    end = run_folders.finish(notes=notes, stopped="diverged", results=worse)
    path = run_folders.write(tmp_path / "r", [*told, {"event": "note", "text": "continuing after step 7."}, end])
    text, seen = read_page(path)
    assert seen.all("li") == ["The loss was not finite at step 40.", "Continuing after step 7.", *notes]
    assert '<li class="">Cut &lt;here&gt; &amp; there.</li>' in text
    assert text.count('<li class="bad">') == 3  # of the loss, and of the network in today's words and in earlier ones
    assert {"diverged", "worse than the n-gram model"} <= set(seen.all("span"))
    assert "nats per word, 33.3% more" in seen.all("small")


def test_a_task_adds_sections(tmp_path: Path) -> None:
    picture = '<svg viewBox="0 0 1 1"><path d="M 0 0 L 1 1"/></svg>'
    made = [
        ReportSection("Samples", (Paragraph("At temperature 0.8."), Preformatted("He <said>\n  so.\n"))),
        ReportSection("Worst", (ReportTable(("row", "text"), ((17, "a & b"), (3, None))), Picture(picture, "a line"))),
    ]
    path = folder(tmp_path, run_folders.finish(sections=[asdict(section) for section in made]))
    text, seen = read_page(path)
    assert {"Samples", "Worst"} <= set(seen.all("h2"))
    assert seen.all("pre") == ["He <said>\n  so.\n"]
    assert seen.rows[:3] == [["row", "text"], ["17", "a & b"], ["3", "–"]]
    assert picture in text
    assert text == page.render(record.read(path), made, now=0.0)


def test_shares_and_further_results(tmp_path: Path) -> None:
    shares = [
        {"name": name, "per": "", "value": value, "baseline": 0.8, "beat": "guessing", "lower_is_better": False}
        for name, value in (("accuracy", 0.75), ("macro F1", 0.7))
    ]
    nats = {"name": "nats", "per": "row", "value": 0.6, "baseline": None, "beat": ""}
    _, seen = read_page(folder(tmp_path, run_folders.finish(results=[*shares, nats])))
    assert seen.all("b") == ["0.7500", "0.8000", "0.7000", "0.6000", "40", "0:23"]
    assert {"accuracy, −5.0 points", "macro F1; guessing 0.8000", "nats per row"} <= set(seen.all("small"))
    assert {"worse than guessing"} <= set(seen.all("span"))
    bleu = {"name": "BLEU", "per": "", "value": 30.25, "baseline": 0.75, "beat": "a copy", "lower_is_better": False}
    _, seen = read_page(folder(tmp_path / "in percent", run_folders.finish(results=[bleu])))
    assert "BLEU, +29.5 points" in seen.all("small")


def test_probes_are_drawn(tmp_path: Path) -> None:
    told = run_folders.events()
    for event in told:
        if event["event"] == "evaluation":
            event["probes"] = {"forget gate": {"mean": 1 / event["step"], "share open": 0.5}}
    _, seen = read_page(run_folders.write(tmp_path / "r", told))
    assert "forget gate · " in seen.all("figcaption")
    assert seen.all("span")[-2:] == ["mean", "share open"]


def test_runs_beside_each_other(tmp_path: Path) -> None:
    quick = run_folders.write(tmp_path / "quick", [*run_folders.events(20, 5), run_folders.finish(steps=20)])
    slow = folder(tmp_path, run_folders.finish(results=[{**run_folders.NATS, "value": 0.9}]))
    (slow / "config.toml").write_text(run_folders.CONFIG.replace("gru", "lstm"), encoding="utf-8")
    pair = [record.read(quick), record.read(slow)]
    text = compare.page(pair, 0.0)
    seen = Reader(text)
    assert ["steps", "20", "40"] in seen.rows
    assert ["nats per word", "1.0252", "0.9000"] in seen.rows
    assert ["  the n-gram model", "1.5000", "1.5000"] in seen.rows
    assert seen.rows[-1] == ["model.cell", "gru", "lstm"]
    assert len(points_of(text, "unseen")) == len(points_of(text, "seen")) == 4
    svg = compare.picture(pair)
    assert svg.startswith("<?xml")
    assert "var(--" not in svg
    with pytest.raises(UsageError, match="at most 7 runs, and 8 were named"):
        compare.page(pair * 4, 0.0)
    assert compare.names(pair) == ["quick", "novel.run"]
    same = [record.read(run_folders.write(tmp_path / name / "m.run", run_folders.events())) for name in ("a", "b")]
    assert compare.names(same) == ["a/m.run", "b/m.run"]


def test_a_picture_alone_brings_its_colours() -> None:
    chart = Chart("Norm", [CurveLine("a <b>", "other", [(1, 1.0), (2, 100.0)])], log=True, named=True)
    assert "a &lt;b&gt;" in alone(chart, 400, 200)
    assert "var(--other)" in draw(chart, 400, 200)


@dataclass
class Moment:
    seconds: float
    seconds_left: float = 0.0


class Drawn:
    """Stands for the drawing: it takes some time, and may fail."""

    def __init__(self, cost: float, error: BaseException | None = None) -> None:
        self.now, self.cost, self.error = 0.0, cost, error
        self.at: list[float] = []

    def __call__(self, folder: Path, sections: object = None) -> Path:
        self.at.append(self.now)
        self.now += self.cost
        if self.error is not None:
            raise self.error
        return folder


def test_at_most_a_hundredth_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(cost=2.0)
    monkeypatch.setattr(page, "write", drawn)
    told = live.Page(tmp_path, pytest.fail, clock=lambda: drawn.now)
    end = 2000.0
    while drawn.now < end:
        drawn.now += 10
        told.step(Moment(drawn.now, end - drawn.now))
        told.evaluation(Moment(drawn.now))
        spent = 2.0 * len(drawn.at)
        assert spent <= max(live.SHARE * drawn.now, 2.0)
    assert drawn.at[0] == 10  # a run of that length can afford a first page at once
    assert len(drawn.at) == 10  # and, at 2 s each, ten in all: 1 % of 2000 s
    told.finish(None)
    assert len(drawn.at) == 11


def test_a_short_run_is_drawn_at_its_end_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(cost=0.5)
    monkeypatch.setattr(page, "write", drawn)
    told = live.Page(tmp_path, pytest.fail, clock=lambda: drawn.now)
    for second in range(60):
        drawn.now = float(second)
        told.step(Moment(drawn.now, 60 - drawn.now))
        told.evaluation(Moment(drawn.now))
    assert drawn.at == []
    told.finish(None)
    assert drawn.at == [59.0]


@pytest.mark.parametrize(
    "error", [UsageError("No room."), MissingExtra("train", "A report"), ValueError("a mistake"), OSError("gone")]
)
def test_trouble_is_told_once_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(page, "write", Drawn(0.1, error))
    heard: list[str] = []
    told = live.Page(tmp_path, heard.append)
    told.evaluation(Moment(1000.0))
    told.finish(None)
    assert len(heard) == 1
    assert f"{tmp_path / 'report.html'} could not be drawn; the run continues." in heard[0]
    assert str(error) in heard[0]


def test_ctrl_c_while_drawing_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "write", Drawn(0.1, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        live.Page(tmp_path, pytest.fail).finish(None)


def test_the_watch_writes_the_page_with_what_the_task_shows(tmp_path: Path) -> None:
    path = folder(tmp_path)
    seen = [ReportSection("Now", (Paragraph("as it is"),))]
    told = live.Page(path, pytest.fail, lambda: seen)
    told.step(Moment(10.0, 1000.0))
    told.evaluation(Moment(10.0))
    assert "as it is" in (path / page.NAME).read_text(encoding="utf-8")
    told.finish(None)
    assert "as it is" not in (path / page.NAME).read_text(encoding="utf-8")  # now the report's own sections count
    assert [file.name for file in path.iterdir() if file.name.endswith(".part")] == []


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / page.NAME).mkdir()
    heard: list[str] = []
    live.Page(path, heard.append).finish(None)
    assert len(heard) == 1
    assert "report.html' is a folder" in heard[0]
