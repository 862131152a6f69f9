"""An unknown unit is shown as `<unk>` and never as U+FFFD, and a character is shown whole or not at all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from anaphora.data.text.build import build, restore
from anaphora.errors import DataError
from anaphora.runtime.state import State
from anaphora.tasks.language import judgement
from anaphora.tasks.language.predict import LanguageModel, Prompt
from program import TEXT, write_model
from warm import Warm

LOST = "\ufffd"


@pytest.mark.parametrize("kind", ["char", "word", "subword"])
def test_a_vocabulary_writes_it(kind: str) -> None:
    vocabulary = build(kind, TEXT, 40 if kind == "subword" else None)
    ids = vocabulary.encode("The ж sat")
    assert vocabulary.decode(ids) == "The <unk> sat"
    assert vocabulary.decode_whole(ids) == "The <unk> sat"
    assert "".join(vocabulary.decoder().push(int(index)) for index in ids) == "The <unk> sat"


@pytest.mark.parametrize("kind", ["char", "word", "subword"])
def test_a_prompt_may_hold_it(kind: str) -> None:
    vocabulary = build(kind, TEXT, 40 if kind == "subword" else None)
    assert vocabulary.encode_prompt("The <unk> sat").tolist() == vocabulary.encode("The ж sat").tolist()
    with pytest.raises(
        DataError, match=r"1 (symbol|word) .* 'ж' \(U\+0436\) at character 23.* or write <unk> in place of"
    ):
        vocabulary.encode_prompt("<unk> and <unk> and \ufffd ж")


def test_a_text_that_knows_these_characters_means_them() -> None:
    vocabulary = build("char", "the <unk> sat\n")
    assert vocabulary.decode(vocabulary.encode_prompt("<unk>")) == "<unk>"
    assert vocabulary.unknown not in vocabulary.encode_prompt("<unk>")


def test_bytes_of_a_part_of_a_character_are_left_out_at_both_ends() -> None:
    vocabulary = restore("byte", {})
    raw = "aé€😀z".encode()
    for first in range(len(raw)):
        for stop in range(first, len(raw) + 1):
            whole = raw[first:stop].decode("utf-8", "ignore")
            assert vocabulary.decode_whole(list(raw[first:stop])) == whole


class Euros(LanguageModel):
    """A model of bytes that writes the three bytes of € over and over."""

    def __init__(self) -> None:
        self.vocabulary = restore("byte", {})

    def read(self, text: str) -> Prompt:
        return Prompt(text, (), ord("\n"))

    def _known_step(self, state: State, token: int) -> tuple[NDArray[Any], State]:
        logits, raw = np.full(256, -np.inf), "€".encode()
        logits[raw[(raw.find(token) + 1) % len(raw)]] = 0.0
        return logits, state


@pytest.mark.parametrize(("length", "text"), [(2, ""), (3, "€"), (4, "€"), (5, "€"), (6, "€€")])
def test_a_model_of_bytes_writes_no_part_of_a_character(length: int, text: str) -> None:
    assert Euros().generate("", length, temperature=0) == text


def test_a_page_and_the_output_of_a_language_model(tmp_path: Path, warm: Warm) -> None:
    vocabulary, _ = write_model(tmp_path / "m.anaphora", "word")
    model = LanguageModel.open(tmp_path / "m.anaphora")
    ids = vocabulary.encode("The zebra sat on the mat.\n" * 40)
    shown = str([asdict(section) for section in judgement.sections(model, ids)])
    assert LOST not in shown
    assert "The <unk> sat" in shown
    done = warm(["run", "m.anaphora", "--prompt", "The <unk> sat", "--seed", "1", "--length", "5"], tmp_path)
    assert done.stdout.startswith("The <unk> sat")
    assert LOST not in done.stdout + model.table("The cat", 12)
