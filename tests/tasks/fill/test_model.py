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
from anaphora.errors import DataError
from anaphora.runtime import load
from anaphora.tasks.fill import saving, scoring, task
from anaphora.tasks.fill.saving import Report
from anaphora.tasks.fill.settings import FillConfig
from anaphora.tasks.fill.training import Work, read, run_windows
from anaphora.tasks.fill.windows import cut, laid
from anaphora.training import run
from anaphora.training.initial import first_model
from anaphora.training.non_finite import explained
from gapped import PAIRS, config, text

STILL = ["--embedding-dropout", "0", "--dropout", "0", "--output-dropout", "0", "--unknown", "0"]


def work(*options: str) -> Work:
    settings = config(*STILL, *options)
    return Work(settings, task.split(settings, text(120), "a.txt"))


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
    model = first_model(here.tree, 3, here.begin)
    batch = here.batches.at(0)
    found, carry = here.loss(model, batch, None)
    T, B = batch.ids.shape
    expected, gaps = 0.0, 0
    for b in range(B):
        row = batch.ids[:, b].tolist()
        for t in range(T):
            if here._words[row[t]]:
                expected -= float(by_plain_torch(model, cell, layers, row, t)["both"][row[t]])
                gaps += 1
    assert carry is None
    assert here.batches.units(batch) == gaps
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_past_has_a_gradient_of_its_own() -> None:
    """What is told is the loss from both sides; what is learned from is its sum with the past's."""
    here = work()
    batch = here.batches.at(1)
    model = first_model(here.tree, 3, here.begin)
    here.loss(model, batch, None)[0].backward()
    again = first_model(here.tree, 3, here.begin)
    gaps = np.flatnonzero(here._words[batch.ids].reshape(-1))
    targets = torch.from_numpy(batch.ids.reshape(-1)[gaps]).long()
    both, past = run_windows(again, batch.ids, gaps)
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
    model: Any = first_model(here.tree, 1, here.begin)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
        ids = here.batches.at(0).ids
        T, B = ids.shape
        before = run_windows(model, ids, np.arange(T * B))
        changed = ids.copy()
        changed[7, 2] = (ids[7, 2] + 1) % here._encoded.lexicon.size
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
    model = first_model(here.tree, 2, here.begin)
    ids = here.batches.at(0).ids
    lengths = np.array([12, 1, 7, 0])
    with torch.no_grad():
        whole = read(model, ids, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = read(model, ids[:length, [row]], None) if length else whole
            for part, other in zip(whole, alone, strict=True):
                torch.testing.assert_close(part[:length, row], other[:length, 0], rtol=0, atol=1e-6)


def test_first_weights_know_how_frequent_words_are() -> None:
    here = work()
    model: Any = first_model(here.tree, 0, here.begin)
    counts = np.bincount(here._encoded.train[:], minlength=here._encoded.lexicon.size)
    gaps = np.where(here._words, counts, 0) + 1.0
    for side in ("both", "past"):
        bias = model.get_parameter(f"{side}_output.bias").detach().numpy()
        np.testing.assert_allclose(bias, np.log(gaps / gaps.sum()), rtol=1e-5)


def test_a_look_is_the_runtime_s_nats(report: Report, folder: Path) -> None:
    """The last look and the score are of the same gaps, one in torch, one on the runtime."""
    assert report.score is not None
    assert report.sampled_nats == pytest.approx(report.score.both.nats, rel=1e-5)


def test_words_around_a_gap_are_read_as_unknown_now_and_then() -> None:
    here = work("--unknown", "0.25")
    torch.manual_seed(1)
    ids = np.tile(here.batches.at(0).ids, (200, 1))
    hidden = here._some_unknown(ids)
    words = here._words[ids] & (ids > 0)
    assert (hidden[words] == 0).mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(hidden[~here._words[ids]], ids[~here._words[ids]])


def test_both_sides_know_what_the_past_cannot(report: Report) -> None:
    score = report.score
    assert score is not None
    # Colours, and who sleeps or sings, are drawn at random: of six words one is a colour that only its noun gives away.
    assert score.both.accuracy > score.past.accuracy + 0.08
    assert score.ratio == pytest.approx(score.both.accuracy / score.past.accuracy)
    assert score.both.nats < score.past.nats
    assert [side.name for side in score.floors] == ["counts of both neighbours", "the most frequent word"]
    lines = "\n".join(report.lines())
    assert f"both sides are right {score.ratio:.2f} times as often as the past alone" in lines
    assert {result.name: result.value for result in report.results}["accuracy"] == score.both.accuracy
    card = load(report.model).config["card"]
    assert (card["both"]["accuracy"], card["gaps"]) == (score.both.accuracy, score.gaps)
    assert from_values(FillConfig, load(report.model).config["training"]).data.valid


def test_eval_and_python_give_the_numbers_of_the_report(report: Report, folder: Path) -> None:
    again = task.evaluate(load(report.model), [str(folder / "valid.txt")])
    assert again == report.score
    model: Any = anaphora.load(report.model)
    assert model.evaluate(folder / "valid.txt") == report.score
    counted = model.evaluate(folder / "valid.txt", folder / "train.txt")
    assert counted.floors == report.score.floors  # type: ignore[union-attr]
    other = model.evaluate(text(20, seed=5))
    assert other.floors == ()
    assert "--floor-from" in other.floor_note
    assert json.loads(json.dumps(other.as_json()))["both"]["perplexity"] == other.both.perplexity
    assert model.fill("We saw a ___ rose, and you left.", 1)[0].word == "red"
    assert model.fill("We saw a red ___, and you left.", one_sided=True)[0].word == PAIRS["red"]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (
            "one two one two " * 4,
            [],
            "has 13 words and marks; one batch of 4 windows of 12 needs 48.*--batch 1 --steps 8",
        ),
        (text(100) + ". " * 400, ["--valid", "0.05"], "a score needs at least one word"),
        ("", [], "is empty"),
        ("different words every time here", [], "fewer than two of them occur twice"),
    ],
)
def test_what_cannot_be_learned_from_says_why(content: str, options: list[str], said: str) -> None:
    settings = config(*options)
    with pytest.raises(DataError, match=said):
        task.encode(settings, task.split(settings, content, "a.txt"))


def test_short_of_time_less_is_looked_at_and_scored(tmp_path: Path) -> None:
    settings = config("--evaluation-units", "2000")
    here = Work(settings, task.split(settings, text(900)))
    whole = here.look_units
    here.limit(0.5, 0.4)
    assert len(here._looked_at) < 0.7 * whole
    assert here._scored == round(0.4 * len(here._encoded.held_out))
    report = run.train(here, tmp_path / "m.anaphora")
    assert report.score.gaps < 0.6 * len(laid(here._encoded.held_out, here._words, cut(len(here._encoded.held_out))))
    assert any("--minutes left no time for more" in note for note in report.notes)
    here.limit(1e-9, 1e-9)
    assert here._scored == 512


def test_a_model_that_knows_nothing_is_saved_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The past is never right, and some numbers are none: neither stops the file from being written."""
    monkeypatch.setattr(scoring, "perplexity", lambda nats: float("inf"))
    monkeypatch.setattr(saving, "judge", lambda *given: _wrong(scoring.judge(*given)))
    settings = config("--max-steps", "1", "--evaluations", "1")
    report = run.train(Work(settings, task.split(settings, text(120))), tmp_path / "m.anaphora")
    assert report.score.ratio is None
    assert "the past alone is never right" in "\n".join(report.lines())
    card = load(tmp_path / "m.anaphora").config["card"]
    assert (card["ratio"], card["past"]["accuracy"], card["past"]["perplexity"]) == (None, 0.0, None)


def _wrong(found: scoring.Found) -> scoring.Found:
    return found._replace(judged={name: each._replace(rank=each.rank + 9) for name, each in found.judged.items()})


@pytest.mark.parametrize("part", ["before.forwards.weight_hh_l0", "both.narrow_both.weight"])
def test_where_a_number_ceases_to_be_one_is_told(part: str) -> None:
    here = work()
    model: Any = first_model(here.tree, 0, here.begin)
    batch = here.batches.at(0)
    with torch.no_grad():
        model.get_parameter(part).fill_(float("nan"))
    said = explained(model, here.loss, [batch], None, here.name)
    assert said.startswith(f"Not finite first in '{part.rpartition('.')[0]}': ")
    begins = repr(here._encoded.lexicon.decode(batch.ids[:20, 1]))
    told = f"window 2 (it begins {begins})"
    step = int(np.argmax(here._words[batch.ids[:, 1]])) + 1  # of the window's first gap
    assert (f"the gap at step {step} of {told}" if part.startswith("both") else f"{told}, step 1") in said
