"""Units of tokenization as a config names them, and their plurals in a sentence."""

from __future__ import annotations

from typing import Literal

Units = Literal["char", "byte", "word", "subword"]
PLURAL = {"char": "characters", "byte": "bytes", "word": "words", "subword": "subwords", "step": "steps"}
