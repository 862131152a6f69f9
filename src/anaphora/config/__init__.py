"""Configs: fields declared once, read from presets, files and options, and written as files and tables."""

from __future__ import annotations

from anaphora.config.declare import C, Config, Knob, Preset, Section, Values, knobs
from anaphora.config.resolve import from_values, resolve
from anaphora.config.training import Training, averaged

__all__ = [
    "C",
    "Config",
    "Knob",
    "Preset",
    "Section",
    "Training",
    "Values",
    "averaged",
    "from_values",
    "knobs",
    "resolve",
]
