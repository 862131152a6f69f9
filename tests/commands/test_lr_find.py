"""`anaphora lr-find`: a table, a rate one can train with, a picture; and nothing left behind."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from program import TEXT, TINY, Run, failed


def test_a_table_a_rate_and_a_picture(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "c.toml").write_text("[training]\nclip = 0.9\n", encoding="utf-8")
    given = ["my t.txt", "--preset", "small", "--config", "c.toml", "-o", "m 2.anaphora", "--run-dir", "r"]
    words = ["lr-find", "language", *given, "--tensorboard", *TINY, "--learning-rate", "1", "--tied", "--updates", "60"]
    done = run(*words, "--plot", "rate.svg")
    assert done.returncode == 0, done.stderr
    facts = json.loads(run(*words, "--json").stdout)
    rate = f"{facts['suggested']:g}"
    assert (
        f"\nsuggested {rate}   anaphora train language 'my t.txt' --preset small --config c.toml -o 'm 2.anaphora'"
        f" --run-dir r --tensorboard --embedding 6 --hidden 12 --layers 1 --tied --learning-rate {rate} --evaluations 2"
        " --batch 4 --bptt 16\n"
    ) in done.stdout
    rates, losses = facts["rates"], facts["losses"]
    assert rates == pytest.approx((1e-6 * 1e7 ** (np.arange(60) / 59))[: len(rates)].tolist())
    around = [losses[max(0, at - 2) : at + 3] for at in range(len(rates))]  # 0.03 · 60 updates on both sides
    means = [sum(near) / len(near) for near in around]
    rows = re.findall(r"^ *([\d.e+-]+) +([\d.]+) +([\d.]+)$", done.stdout, re.M)
    shown = [
        (f"{rate:.1e}", f"{loss:.4f}", f"{mean:.4f}") for rate, loss, mean in zip(rates, losses, means, strict=True)
    ]
    assert rows == shown[:: len(rates) // 12]
    assert min(losses) < losses[0] - 0.3  # it does learn
    assert facts["suggested"] == float(f"{rates[int(np.argmin(means))] / 10:.2g}")
    svg = ElementTree.parse(tmp_path / "rate.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.toml", "my t.txt", "rate.svg"]


def test_what_cannot_be_written_is_found_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("lr-find", "language", "t.txt", *TINY, "--plot", "nowhere/rate.svg")
    failed(done, 2, "'nowhere/rate.svg' cannot be written")
    for name in ("rate.jpg", "rate", "rate.svg.bak"):
        done = run("lr-find", "language", "t.txt", *TINY, "--plot", name)
        failed(done, 2, f"--plot takes a file that ends in .svg, .png or .pdf; it was given '{name}'.")
        assert not (tmp_path / name).exists()
    failed(run("lr-find", "langage", "t.txt"), 2, "Did you mean 'language'?")
