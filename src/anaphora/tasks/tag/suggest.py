"""Suggest a config from tagged sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.metrics import spans
from anaphora.metrics.notation import marking
from anaphora.tasks.base.suggest import preset_for
from anaphora.tasks.tag.data import read_all
from anaphora.tasks.tag.settings import Data


def suggest(paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
    """Suggest the scheme of the tags, and values for the number of words; raises as `Task.suggest` does."""
    sentences, _ = read_all(Data(**given), [str(path) for path in paths])
    scheme, words = marking(sentences.tags).scheme, sentences.words
    preset = preset_for(words, small=10_000, large=2_000_000)
    different = len({tag for row in sentences.tags for tag in row})
    reason = "the tags mark no spans" if scheme == spans.PLAIN else f"fewest errors in the scheme {scheme}"
    return Suggestion(preset, {"data": {"scheme": scheme}}, {"data.scheme": f"{different} different tags: {reason}"})
