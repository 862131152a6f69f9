"""Filling gaps on the runtime: the numbers of training, the same bits in any company, several gaps in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from anaphora.baselines.cloze import GapScores
from anaphora.bundle import Bundle
from anaphora.data.batches import Ragged
from anaphora.data.files.text import Text
from anaphora.decode import log_probabilities
from anaphora.errors import CorruptBundle, DataError, IncompatibleBundle, UsageError
from anaphora.runtime.model import Model, MultipartModel
from anaphora.tasks.fill.data import from_memory
from anaphora.tasks.fill.gaps import split
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.score import method, ranked
from anaphora.tasks.fill.training import FillTraining, run_windows
from anaphora.tasks.fill.windows import pieces
from anaphora.training.initial import first_model
from gapped import PAIRS, config, text


def untrained(*options: str) -> tuple[FillTraining, Any, GapFiller]:
    """A filler whose weights nobody chose, in both towers."""
    settings = config(*options)
    here = FillTraining(settings, from_memory(settings, text(120)))
    model = first_model(here.tree, 5, here.initialise).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    tensors = {name: each.detach().numpy().copy() for name, each in model.state_dict().items()}
    filled = {"version": 1, "task": "fill", "model": here.tree, "units": {"kind": "word", "lower": True}}
    return here, model, GapFiller(MultipartModel(Bundle({**tensors, **here.encoded.vocabulary.tensors()}, filled)))


@pytest.mark.parametrize("options", [[], ["--cell", "gru", "--layers", "2"]])
def test_the_runtime_gives_the_logits_of_training(options: list[str]) -> None:
    here, model, filler = untrained(*options)
    ids = here.batches.at(0)
    T, B = ids.shape
    with torch.no_grad():
        expected = run_windows(model, ids, np.arange(T * B))
    rows = Ragged.of(list(ids.T), np.zeros(0, np.int32))
    beside = filler.network.read(rows, np.arange(T * B))
    for name, theirs, states in zip(("both", "past"), expected, (beside, beside[:, :5].copy()), strict=True):
        ours = filler.network.logits(states, name).reshape(B, T, -1).transpose(1, 0, 2).reshape(T * B, -1)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))
    np.testing.assert_array_equal(filler.network.read(rows, np.arange(T * B), both=False), beside[:, :5])


def test_a_text_is_filled_with_the_same_bits_in_any_company() -> None:
    _, _, filler = untrained()
    texts = [
        "We ___ a red rose",
        "___",
        "they saw a ___ ___, and ___ left.",
        "I had ___" + " blue sky" * 30,
        "___ sky.",
    ]
    for past in (False, True):
        together = filler.fill_all(texts, 3, left_to_right=past)
        assert together == [filler.fill_all([each], 3, left_to_right=past)[0] for each in texts]
        assert together[::-1] == filler.fill_all(texts[::-1], 3, left_to_right=past)


def test_one_gap_by_hand(filler: GapFiller) -> None:
    vocabulary = filler.vocabulary
    before, after = vocabulary.encode("You had a "), vocabulary.encode(" sky, and they sang.")
    ids = np.concatenate([before, [0], after]).astype(np.int32)
    rows = Ragged.of([ids], np.zeros(0, np.int32))
    beside = filler.network.read(rows, np.array([3]))
    p = np.exp(log_probabilities(filler.network.logits(beside, "both")))[0]
    (found,) = filler.fill_all(["You had a ___ sky, and they sang."], top=4)
    gap = found.gaps[0]
    assert gap.words[0].word == "blue"
    assert found.text == "You had a blue sky, and they sang."
    for word, probability in gap.words:
        assert p[vocabulary.symbols.index(word)] == probability
    assert gap.unknown == p[0]
    assert all(any(map(str.isalnum, word)) for word, _ in filler.fill_all(["a ___"], top=99)[0].gaps[0].words)


def test_several_gaps_are_filled_the_surest_first(filler: GapFiller) -> None:
    """A noun gives its colour away: once the surer one is filled, the other must fit it."""
    (found,) = filler.fill_all(["We saw a ___ ___, and you left."])
    first, second = (gap.words[0].word for gap in found.gaps)
    assert PAIRS[first] == second
    assert found.text == f"We saw a {first} {second}, and you left."
    for at, gap in enumerate(found.gaps):  # what is told of a gap is what is said once the others are filled
        known = ["___" if at == number else word for number, word in enumerate((first, second))]
        (alone,) = filler.fill_all([f"We saw a {known[0]} {known[1]}, and you left."])
        assert alone.gaps[0] == gap
    (past,) = filler.fill_all(["We saw a ___ ___, and you left."], left_to_right=True)
    assert PAIRS[past.gaps[0].words[0].word] == past.gaps[1].words[0].word


def test_the_past_alone_does_not_see_what_follows(filler: GapFiller) -> None:
    one, other = filler.fill_all(["We saw a ___ rose.", "We saw a ___ sky and more."], left_to_right=True)
    assert one.gaps == other.gaps
    assert filler.fill_all(["We saw a ___ rose."]) != filler.fill_all(["We saw a ___ sky."])


def test_case_marks_and_spaces(filler: GapFiller) -> None:
    (one, other, third) = filler.fill_all(["WE SAW A ___ ROSE!", "we saw a ___ rose!", "we  saw\ta _______ rose!"])
    assert one.gaps == other.gaps == third.gaps
    assert third.text == "we  saw\ta red rose!"
    assert filler.fill_all(["we saw a [?] rose!"], mask_token="[?]")[0].gaps == other.gaps
    assert split("a ___b", "___") == ["a ", "b"]
    for text_, mark, error in (("no gap", "___", DataError), ("__", "___", DataError), ("a", " ", UsageError)):
        with pytest.raises(error):
            filler.fill_all([text_], mask_token=mark)
    with pytest.raises(UsageError, match="at least 1"):
        filler.fill_all(["a ___"], top=0)


def test_a_score_by_hand(filler: GapFiller) -> None:
    """Every word of a text as a gap of its own, filled one by one."""
    content = "We saw a red rose, and they snored.\nYou had a blue sky."
    score = filler.evaluate(content)
    vocabulary = filler.vocabulary
    ids = vocabulary.encode(content)
    for name, found in (("both", score.both), ("past", score.past)):
        nats, right, among = [], [], []
        for at in np.flatnonzero(vocabulary.words[ids]):
            rows = Ragged.of([ids], np.zeros(0, np.int32))
            (gap,) = filler.likeliest(rows, np.array([at]), name, 99)
            words = [word for word, _ in gap.words]
            p = dict(gap.words).get(vocabulary.symbols[ids[at]], gap.unknown)
            nats.append(-np.log(p))
            right.append(ids[at] > 0 and words[0] == vocabulary.symbols[ids[at]])
            among.append(ids[at] > 0 and vocabulary.symbols[ids[at]] in words[:5])
        assert (found.accuracy, found.top_5) == (np.mean(right), np.mean(among))
        assert found.nats == pytest.approx(float(np.mean(nats)), rel=1e-9)
    assert (score.gaps, score.unknown_gaps) == (13, 1)  # nobody snored


def test_an_unknown_word_is_never_right() -> None:
    logs = np.log(np.array([[0.5, 0.3, 0.1, 0.1], [0.5, 0.3, 0.1, 0.1], [0.1, 0.2, 0.2, 0.5]]))
    words = np.array([True, True, True, False])
    found = ranked(logs, np.array([0, 1, 2]), words)
    assert found.rank[1:].tolist() == [0, 1]  # the mark is no candidate; of equals the first is taken
    np.testing.assert_allclose(found.nats, -np.log([0.5, 0.3, 0.2]))
    summed = method("x", GapScores(found.nats, np.zeros(3, np.int64)), np.array([0, 1, 2]))
    assert summed.accuracy == pytest.approx(2 / 3)


def test_models_that_fill_nothing_are_refused(filler: GapFiller) -> None:
    model = filler.runtime
    with pytest.raises(
        IncompatibleBundle, match=r"made by `anaphora train fill`; this model is of the task 'translate'"
    ):
        GapFiller(MultipartModel(Bundle(dict(model.tensors), {**model.config, "task": "translate"})))
    with pytest.raises(CorruptBundle, match="'lower'"):
        GapFiller(MultipartModel(Bundle(dict(model.tensors), {**model.config, "units": {}})))


def test_a_model_in_parts_is_opened_by_its_task_alone(filler: GapFiller) -> None:
    assert isinstance(filler.runtime, Model)
    with pytest.raises(UsageError, match="of parts"):
        filler.runtime.forward(np.zeros((1, 1), np.int32))


def test_a_long_text_is_scored_in_a_sample(filler: GapFiller, folder: Path) -> None:
    whole, some = filler.evaluate(text(300, seed=3)), filler.judged(Text.of(text(300, seed=3)), max_units=1024)
    vocabulary = filler.vocabulary
    ids = vocabulary.encode(text(300, seed=3))
    read = np.concatenate([np.arange(piece.first, piece.stop) for piece in pieces(len(ids), 1024)])
    assert len(read) == len(set(read.tolist())) == 1024
    assert some.gaps == int(vocabulary.words[ids[read]].sum())
    assert whole.gaps == int(vocabulary.words[ids].sum())
    assert some.both.accuracy == pytest.approx(whole.both.accuracy, abs=0.06)
