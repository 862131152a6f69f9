"""Text and shades can be read in both modes: the contrast of WCAG 2.2, computed here from its definition."""

from __future__ import annotations

import itertools

import pytest

from anaphora.report import shades
from anaphora.report.style import DARK, LIGHT, SHEET

MODES = {"light": LIGHT, "dark": DARK}


def luminance(colour: str) -> float:
    linear = []
    for at in (1, 3, 5):
        part = int(colour[at : at + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)  # the known lightest grey on white


@pytest.mark.parametrize("mode", MODES)
def test_a_number_is_readable_on_every_shade(mode: str) -> None:
    colours = MODES[mode]
    assert [name for name in colours if name.startswith("shade-")] == [f"shade-{step}" for step in range(11)]
    for step in range(shades.STEPS + 1):
        assert contrast(colours["ink"], colours[f"shade-{step}"]) >= 4.5, step
    assert colours["shade-0"] == colours["card"]
    assert contrast(colours["shade-10"], colours["card"]) >= 3
    away = [contrast(colours[f"shade-{step}"], colours["card"]) for step in range(11)]
    assert all(later > earlier for earlier, later in itertools.pairwise(away))


@pytest.mark.parametrize("mode", MODES)
def test_text_is_readable_on_what_it_stands_on(mode: str) -> None:
    colours = MODES[mode]
    lines = ("seen", "unseen", "baseline", "other", "third", "fourth", "fifth")
    pairs = [(name, "card") for name in (*lines, "ink", "faint")] + [("ink", "page"), ("faint", "page")]
    pairs += [("good", "good-back"), ("bad", "bad-back"), ("ink", "note-back"), ("ink", "bad-back"), ("ink", "grid")]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []


def test_a_page_has_the_shades_of_both_modes() -> None:
    light, _, dark = SHEET.partition("prefers-color-scheme: dark")
    for step in range(11):
        assert f"--shade-{step}: {LIGHT[f'shade-{step}']};" in light
        assert f"--shade-{step}: {DARK[f'shade-{step}']};" in dark
        assert f".s{step} {{ background: var(--shade-{step}); fill: var(--shade-{step}); }}" in SHEET
