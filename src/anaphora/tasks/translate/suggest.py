"""Suggest a config from pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.data.files.pair_columns import choose
from anaphora.data.files.pair_layouts import open_pairs
from anaphora.data.files.pairs import Pairs
from anaphora.data.files.parallel import ParallelFiles
from anaphora.tasks.base.suggest import preset_for
from anaphora.tasks.translate.encoding import suggest_units
from anaphora.tasks.translate.settings import Data


def suggest(paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
    """Suggest columns, units, and values for the number of pairs; raises as `Task.suggest` does."""
    data = Data(**given)
    tables = open_pairs(paths, data.encoding, data.header)
    pairs = Pairs.of(tables, data.source, data.target)
    units = data.units or suggest_units(pairs)
    read: dict[str, Any] = {"units": units}
    short = "texts have 3 words or fewer on average" if units == "char" else "texts have more than 3 words on average"
    reasons = {"data.units": short}
    if not isinstance(tables[0], ParallelFiles):
        read["source"], read["target"], _ = choose(tables[0], data.source, data.target)
        reasons["data.source"] = reasons["data.target"] = f"chosen from the columns {', '.join(tables[0].columns)}"
    preset = "small" if units == "char" else preset_for(len(pairs), small=5_000, large=500_000)
    return Suggestion(preset, {"data": read}, reasons)
