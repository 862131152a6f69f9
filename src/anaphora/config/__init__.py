"""Configs: fields declared once, read from presets, files and options, and written as files and tables."""

from __future__ import annotations

from anaphora.config.declare import C, Config, ConfigField, ConfigSection, Preset, Values, config_fields
from anaphora.config.requirement import DROPOUT, PATIENCE, Requirement, no_effect
from anaphora.config.resolve import from_run, from_values, given_fields, resolve, with_given, without_useless
from anaphora.config.training import EPOCHS, Training, averaged, decayed

__all__ = [
    "DROPOUT",
    "EPOCHS",
    "PATIENCE",
    "C",
    "Config",
    "ConfigField",
    "ConfigSection",
    "Preset",
    "Requirement",
    "Training",
    "Values",
    "averaged",
    "config_fields",
    "decayed",
    "from_run",
    "from_values",
    "given_fields",
    "no_effect",
    "resolve",
    "with_given",
    "without_useless",
]
