"""A chart as a file: the ending is obeyed, its colours are the light page's, and matplotlib says nothing."""

from __future__ import annotations

import io
import logging
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from anaphora.files import sealed
from anaphora.report import picture_file
from anaphora.report.curves import Chart, CurveLine, draw
from anaphora.report.quiet import quiet
from anaphora.report.style import LIGHT

CHART = Chart("Loss", [CurveLine("科学 \u0bf5", "unseen", [(1, 3.0), (2, 2.0)])], up="損失", named=True)


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf", "a.PNG"])
def test_the_ending_is_obeyed(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    picture_file.write(str(path), CHART, 400, 200)
    content = path.read_bytes()
    assert sealed.of(path).recognises(path)  # so that the command may replace it
    if name == "a.svg":
        assert ElementTree.fromstring(content).get("width") == "400"
    elif name == "a.pdf":
        assert content.startswith(b"%PDF-")
    else:
        pixels = np.round(255 * matplotlib.image.imread(io.BytesIO(content), format="png")[..., :3]).astype(int)
        assert pixels.shape[:2] == (400, 800)  # two pixels for each of the page
        assert pixels[0, 0].tolist() == [int(LIGHT["card"][at : at + 2], 16) for at in (1, 3, 5)]
        line = [int(LIGHT["unseen"][at : at + 2], 16) for at in (1, 3, 5)]
        assert (np.abs(pixels - line).sum(-1) < 6).sum() > 500


def test_another_file_is_not_taken_for_a_picture_of_ours(tmp_path: Path) -> None:
    for name in ("a.png", "a.pdf"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n%PDF- by somebody else")
        assert not sealed.of(tmp_path / name).recognises(tmp_path / name)


def test_matplotlib_is_silent_and_unchanged_afterwards(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("matplotlib.font_manager")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        draw(CHART, 400, 200)
        picture_file.write(str(tmp_path / "a.png"), CHART, 400, 200)
        with quiet():
            logger.warning("findfont: not found")
        assert told == []
        logger.warning("afterwards")
    assert [record.message for record in caplog.records] == ["afterwards"]
