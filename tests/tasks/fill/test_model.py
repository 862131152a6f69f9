"""Training: the loss is that of plain torch, a word never sees itself, and the report's numbers are the runtime's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import anaphora
from anaphora.bundle import spec
from anaphora.config import from_values
from anaphora.data.text.corpus import TextCorpus, split_corpus
from anaphora.errors import DataError
from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.tasks.fill import score as scores
from anaphora.tasks.fill import training as fill
from anaphora.tasks.fill.data import encode
from anaphora.tasks.fill.settings import FillConfig
from anaphora.tasks.fill.training import FillTraining, read, run_windows
from anaphora.tasks.fill.windows import gaps_of
from anaphora.training import run
from anaphora.training.initial import first_model
from anaphora.training.non_finite import explained
from gapped import PAIRS, config, text

STILL = ["--embedding-dropout", "0", "--dropout", "0", "--output-dropout", "0", "--unk-dropout", "0"]


def split(settings: FillConfig, content: str) -> TextCorpus:
    return split_corpus(content, settings.data.valid, "a.txt")


def work(*options: str) -> FillTraining:
    settings = config(*STILL, *options)
    return FillTraining(settings, split(settings, text(120)))


@torch.no_grad()
def by_plain_torch(model: Any, cell: str, layers: int, row: list[int], at: int) -> dict[str, torch.Tensor]:
    """Log p of all symbols at one step of a row, with torch's own layers over what stands before and after it alone."""
    weights = model.state_dict()

    def last(name: str, block: str, symbols: list[int]) -> torch.Tensor:
        layer: Any = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}[cell](6, 5, layers)
        prefix = f"{name}.{block}."
        layer.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
        return layer(weights["words.word.weight"][symbols])[0][-1] if symbols else torch.zeros(5)

    h, g = last("before", "forwards", row[:at]), last("after", "backwards", row[at + 1 :][::-1])
    found = {}
    for side, joined in (("both", torch.cat([h, g])), ("past", h)):
        narrow = weights[f"{side}.narrow_{side}.weight"] @ joined + weights[f"{side}.narrow_{side}.bias"]
        found[side] = (weights["words.word.weight"] @ narrow + weights[f"{side}_output.bias"]).log_softmax(0)
    return found


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 1), ("gru", 2), ("rnn", 1)])
def test_the_loss_is_that_of_plain_torch_gap_by_gap(cell: str, layers: int) -> None:
    here = work("--cell", cell, "--layers", str(layers))
    model = first_model(here.tree, 3, here.initialise)
    batch = here.batches.at(0)
    found, carry = here.batch_loss(model, batch, None)
    T, B = batch.shape
    expected, gaps = 0.0, 0
    for b in range(B):
        row = batch[:, b].tolist()
        for t in range(T):
            if here.words[row[t]]:
                expected -= float(by_plain_torch(model, cell, layers, row, t)["both"][row[t]])
                gaps += 1
    assert carry is None
    assert here.batches.units(batch) == gaps
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_past_has_a_gradient_of_its_own() -> None:
    """What is told is the loss from both sides; what is learned from is its sum with the past's."""
    here = work()
    batch = here.batches.at(1)
    model = first_model(here.tree, 3, here.initialise)
    here.batch_loss(model, batch, None)[0].backward()
    again = first_model(here.tree, 3, here.initialise)
    gaps = np.flatnonzero(here.words[batch].reshape(-1))
    targets = torch.from_numpy(batch.reshape(-1)[gaps]).long()
    both, past = run_windows(again, batch, gaps)
    whole = sum(-logits.log_softmax(1).gather(1, targets[:, None]).sum() for logits in (both, past))
    assert isinstance(whole, torch.Tensor)
    whole.backward()
    expected = dict(again.named_parameters())
    for name, parameter in model.named_parameters():
        other = expected[name].grad
        assert parameter.grad is not None
        assert other is not None
        assert other.abs().max() > 0, name
        np.testing.assert_allclose(parameter.grad, other, rtol=0, atol=1e-5 * float(other.abs().max()), err_msg=name)
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == spec.tensors(here.tree)


def test_a_word_never_reaches_its_own_gap() -> None:
    here = work("--layers", "2")
    model: Any = first_model(here.tree, 1, here.initialise)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
        ids = here.batches.at(0)
        T, B = ids.shape
        before = run_windows(model, ids, np.arange(T * B))
        changed = ids.copy()
        changed[7, 2] = (ids[7, 2] + 1) % here.encoded.vocabulary.size
        after = run_windows(model, changed, np.arange(T * B))
    moved = [(old != new).any(1).reshape(T, B).numpy() for old, new in zip(before, after, strict=True)]
    both, past = moved
    assert not both[7, 2]
    assert both[:, 2].sum() == T - 1  # every other gap of its window sees it
    assert not both[:, [0, 1, 3]].any()
    assert not past[: 7 + 1, 2].any()
    assert past[7 + 1 :, 2].all()


def test_rows_of_any_length_read_as_alone() -> None:
    here = work()
    model = first_model(here.tree, 2, here.initialise)
    ids = here.batches.at(0)
    lengths = np.array([12, 1, 7, 0])
    with torch.no_grad():
        whole = read(model, ids, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = read(model, ids[:length, [row]], None) if length else whole
            for part, other in zip(whole, alone, strict=True):
                torch.testing.assert_close(part[:length, row], other[:length, 0], rtol=0, atol=1e-6)


def test_first_weights_know_how_frequent_words_are() -> None:
    here = work()
    model: Any = first_model(here.tree, 0, here.initialise)
    counts = np.bincount(here.encoded.train[:], minlength=here.encoded.vocabulary.size)
    gaps = np.where(here.words, counts, 0) + 1.0
    for side in ("both", "past"):
        bias = model.get_parameter(f"{side}_output.bias").detach().numpy()
        np.testing.assert_allclose(bias, np.log(gaps / gaps.sum()), rtol=1e-5)


def test_a_look_is_the_runtime_s_nats(report: Report, folder: Path) -> None:
    """The last look and the score are of the same gaps, one in torch, one on the runtime."""
    assert report.score is not None
    assert report.validation_loss == pytest.approx(report.score.both.nats, rel=1e-5)


def test_words_around_a_gap_are_read_as_unknown_now_and_then() -> None:
    here = work("--unk-dropout", "0.25")
    ids = here.batches.at(0)
    for seed in range(5):
        torch.manual_seed(seed)
        found = here.hidden(ids)
        torch.manual_seed(seed)
        drawn = torch.rand(ids.shape).numpy() < 0.25
        assert (drawn & ~here.words[ids]).any()
        np.testing.assert_array_equal(found, np.where(drawn & here.words[ids], 0, ids))


def test_both_sides_know_what_the_past_cannot(report: Report) -> None:
    score = report.score
    assert score is not None
    # Colours, and who sleeps or sings, are drawn at random: of six words one is a colour that only its noun gives away.
    assert score.both.accuracy > score.past.accuracy + 0.08
    assert score.ratio == pytest.approx(score.both.accuracy / score.past.accuracy)
    assert score.both.nats < score.past.nats
    assert [side.name for side in score.baselines] == ["counts of both neighbours", "the most frequent word"]
    lines = "\n".join(report.lines())
    assert f"both sides are right {score.ratio:.2f} times as often as the past alone" in lines
    assert {result.name: result.value for result in report.results}["accuracy"] == score.both.accuracy
    card = load(report.model).config["card"]
    assert (card["both"]["accuracy"], card["gaps"]) == (score.both.accuracy, score.gaps)
    assert from_values(FillConfig, load(report.model).config["training"]).data.valid


def test_eval_and_python_give_the_numbers_of_the_report(report: Report, folder: Path) -> None:
    again = anaphora.load(report.model).score_files([str(folder / "valid.txt")], "utf-8")
    assert again == report.score
    model: Any = anaphora.load(report.model)
    assert model.evaluate(folder / "valid.txt") == report.score
    counted = model.evaluate(folder / "valid.txt", folder / "train.txt")
    assert counted.baselines == report.score.baselines
    other = model.evaluate(text(20, seed=5))
    assert other.baselines == ()
    assert "--baseline-text" in other.baseline_note
    assert json.loads(json.dumps(other.as_json()))["both"]["perplexity"] == other.both.perplexity
    assert model.fill("We saw a ___ rose, and you left.", 1)[0].word == "red"
    assert model.fill("We saw a red ___, and you left.", left_to_right=True)[0].word == PAIRS["red"]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (
            "one two one two " * 4,
            [],
            "has 13 words and punctuation marks; one batch of 4 windows of 12 needs 48.*--batch 1 --bptt 8",
        ),
        (text(100) + ". " * 400, ["--valid", "0.05"], "a score needs at least one word"),
        ("", [], "is empty"),
        ("different words every time here", [], "fewer than two of them occur twice"),
    ],
)
def test_what_cannot_be_learned_from_says_why(content: str, options: list[str], said: str) -> None:
    settings = config(*options)
    with pytest.raises(DataError, match=said):
        encode(settings, split(settings, content))


def test_short_of_time_less_is_looked_at_and_scored(tmp_path: Path) -> None:
    settings = config("--evaluation-units", "2000")
    here = FillTraining(settings, split(settings, text(900)))
    whole = here.validation_units
    here.limit(0.5, 0.4)
    assert len(here.validated) == len(
        gaps_of(here.encoded.held_out, here.words, round(0.5 * len(here.encoded.held_out)))
    )
    assert whole == len(gaps_of(here.encoded.held_out, here.words)) > 1.4 * len(here.validated)
    assert here.scored == round(0.4 * len(here.encoded.held_out))
    report = run.train(here, tmp_path / "m.anaphora")
    assert report.score.gaps == len(gaps_of(here.encoded.held_out, here.words, here.scored))
    assert any("--minutes left no time for more" in note for note in report.notes)
    here.limit(1e-9, 1e-9)
    assert here.scored == 512


def test_a_model_that_knows_nothing_is_saved_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The past is never right, and some numbers are none: neither stops the file from being written."""
    monkeypatch.setattr(scores, "perplexity", lambda nats: float("inf"))
    monkeypatch.setattr(fill, "judge", lambda *given: _wrong(scores.judge(*given)))
    settings = config("--max-steps", "1", "--evaluations", "1")
    report = run.train(FillTraining(settings, split(settings, text(120))), tmp_path / "m.anaphora")
    assert report.score.ratio is None
    assert "the past alone is never right" in "\n".join(report.lines())
    card = load(tmp_path / "m.anaphora").config["card"]
    assert (card["ratio"], card["past"]["accuracy"], card["past"]["perplexity"]) == (None, 0.0, None)


def _wrong(found: scores.Predicted) -> scores.Predicted:
    return found._replace(ranks={name: each._replace(rank=each.rank + 9) for name, each in found.ranks.items()})


@pytest.mark.parametrize("part", ["before.forwards.weight_hh_l0", "both.narrow_both.weight"])
def test_where_a_number_ceases_to_be_one_is_told(part: str) -> None:
    here = work()
    model: Any = first_model(here.tree, 0, here.initialise)
    batch = here.batches.at(0)
    with torch.no_grad():
        model.get_parameter(part).fill_(float("nan"))
    said = explained(model, here.batch_loss, [batch], None, here.describe)
    assert said.startswith(f"The output of '{part.rpartition('.')[0]}' was not finite: ")
    begins = repr(here.encoded.vocabulary.decode(batch[:20, 1]))
    told = f"window 2 (it begins {begins})"
    step = int(np.argmax(here.words[batch[:, 1]])) + 1  # of the window's first gap
    assert (f"the gap at step {step} of {told}" if part.startswith("both") else f"{told}, step 1") in said
