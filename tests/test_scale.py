"""What `benchmarks/scale.py` foresees and prints; no time is asserted."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import scale


def test_the_ring_by_hand() -> None:
    """Four machines, 30 MB: each sends and receives 2·3/4 of it; 2·3 messages for each of 3 buckets and the loss."""
    assert scale.exchange_seconds(4, 30e6, 1e9, 0.0) == pytest.approx(0.045)
    assert scale.exchange_seconds(4, 30e6, 1e9, 1e-3) == pytest.approx(0.045 + 1e-3 * (6 * 4 + 2))
    assert scale.exchange_seconds(2, 0.5e6, 1e9, 1e-3) == pytest.approx(0.0005 + 1e-3 * (2 * 2 + 1))
    assert scale.efficiency(0.135, 4, 30e6, 1e9, 0.0) == pytest.approx(0.75)


def test_the_table_takes_the_slower_of_network_and_gloo(capsys: pytest.CaptureFixture[str]) -> None:
    fast = {"one": 0.1, "two": 0.12, "local": 0.1, "exchange": 0.01, "word": 1e-4}
    scale.report([{name: 2 * value for name, value in fast.items()}, fast], 20e6, 2, 0.0)
    printed = capsys.readouterr().out
    assert "5,000,000 parameters, 20.0 MB of gradients a step; the fastest of 2 rounds" in printed
    assert re.search(r"2 ranks, 1 thread each +120\.0 ms, 1\.20 times as long", printed)
    assert "10.0 ms, 2.00 GB/s" in printed
    assert "step without exchange + exchange alone = 0.92 times the step measured" in printed
    rows = dict(re.findall(r"^\| (\d+ Gbit/s) \| (.*) \|$", printed, re.MULTILINE))
    assert rows["1 Gbit/s"] == "38% | 29% | 26% | 25%"  # 0.1 / (0.1 + 0.16), …
    assert rows["25 Gbit/s"] == rows["100 Gbit/s"] == "91% | 87% | 85% | 84%"  # gloo's 2 GB/s


@pytest.mark.soak
def test_a_tiny_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "t.txt"
    text.write_text("the cat sat on the mat. a dog sat on a log.\n" * 100, encoding="utf-8")
    options = ["--hidden", "8", "--layers", "1", "--bptt", "8", "--batch", "4", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", ["scale", str(text), "--rounds", "1", "--steps-per-round", "1", *options])
    scale.main()
    assert "100 Gbit/s" in capsys.readouterr().out
