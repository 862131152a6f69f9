"""The translator in training: loss and gradients against plain torch.nn; a training from files to answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sacrebleu.metrics.bleu import BLEU
from torch import Tensor, nn
from torch.func import functional_call

import anaphora
from anaphora.bundle import spec
from anaphora.config import from_values
from anaphora.errors import DataError
from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.tasks.translate.data import read
from anaphora.tasks.translate.dates import pairs
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.settings import TranslateConfig
from anaphora.tasks.translate.training import TRAINING, TranslateTraining, run_pairs, sampled, shifted
from anaphora.training import run
from anaphora.training.initial import first_model
from translated import PAIRS, config, write_pairs

STILL = ["--embedding-dropout", "0", "--dropout", "0", "--output-dropout", "0"]


def work(folder: Path, *options: str) -> TranslateTraining:
    settings = config(*STILL, *options)
    return TRAINING(settings, read(settings, write_pairs(folder, PAIRS)))


def by_plain_torch(weights: dict[str, Tensor], cell: str, source: list[int], inputs: list[int]) -> Tensor:
    """The same network with torch's own layers, one step of the decoder after another: logits (T, V)."""

    def layer(name: str, inputs_: int, both: bool = False) -> Callable[..., Any]:
        made = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](inputs_, 5, bidirectional=both)
        own = {k.removeprefix(f"{name}."): v for k, v in weights.items() if k.startswith(f"{name}.")}
        return lambda *given: functional_call(made, own, given, strict=True)

    memory, _ = layer("encoder.both_ways", 6, True)(weights["encoder.source.weight"][source])
    h = memory.mean(0) @ weights["bridge.first_state.weight"].T + weights["bridge.first_state.bias"]
    pair = cell == "lstm"
    state: Any = (h[None], torch.zeros(1, 5)) if pair else h[None]
    above: Any = (torch.zeros(1, 5), torch.zeros(1, 5)) if pair else torch.zeros(1, 5)
    decoder, writer, found = layer("decoder.so_far", 6), layer("writer.next", 15), []
    for symbol in inputs:
        q, state = decoder(weights["decoder.target.weight"][[symbol]], state)
        if "attention.score" in weights:
            inner = memory @ weights["attention.weight"].T + q[0] @ weights["attention.query_weight"].T
            scores = torch.tanh(inner + weights["attention.bias"]) @ weights["attention.score"]
        else:
            scores = memory @ weights["attention.weight"].T @ q[0]
        context = scores.softmax(0) @ memory
        t, above = writer(torch.cat([q[0], context])[None], above)
        narrow = torch.cat([t[0], context]) @ weights["readout.narrow.weight"].T + weights["readout.narrow.bias"]
        if "output.bias" in weights:
            found.append(narrow @ weights["decoder.target.weight"].T + weights["output.bias"])
        else:
            found.append(narrow @ weights["output.table.weight"].T + weights["output.table.bias"])
    return torch.stack(found)


@pytest.mark.parametrize(
    "options",
    [["--cell", "gru"], ["--cell", "lstm", "--attention", "additive", "--attention-size", "7"], ["--no-tied"]],
    ids=["gru", "lstm, additive", "not tied"],
)
def test_loss_and_every_gradient_are_those_of_plain_torch_step_by_step(options: list[str], tmp_path: Path) -> None:
    here = work(tmp_path, *options, "--smoothing", "0.2")
    model = first_model(here.tree, 3, here.initialise)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    batch = here.batches.at(0)
    found, carry = here.batch_loss(model, batch, None)
    V = here.encoded.reader.target.size + 1
    weights = {name: each.detach().clone().requires_grad_() for name, each in model.named_parameters()}
    expected = torch.zeros(())
    for row in range(len(batch.numbers)):
        target = batch.targets.row(row).tolist()
        assert target[-1] == V - 1
        source, inputs = batch.sources.row(row).tolist(), [V - 1, *target[:-1]]
        logs = by_plain_torch(weights, here.config.model.cell, source, inputs).log_softmax(1)
        expected = expected - 0.8 * logs[torch.arange(len(target)), target].sum() - 0.2 * logs.mean(1).sum()
    assert carry is None
    assert here.batches.units(batch) == batch.targets.ends[-1]
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert {name: tuple(each.shape) for name, each in weights.items()} == spec.tensors(here.tree)
    found.backward()
    expected.backward()
    for name, parameter in model.named_parameters():
        wanted = weights[name].grad
        assert parameter.grad is not None, name
        assert wanted is not None, name
        largest = float(wanted.abs().max())
        assert largest > 0, name
        np.testing.assert_allclose(parameter.grad, wanted, rtol=0, atol=2e-5 * largest, err_msg=name)


def test_the_first_output_is_how_frequent_symbols_are(tmp_path: Path) -> None:
    here = work(tmp_path)
    model = first_model(here.tree, 0, here.initialise)
    steps = here.encoded.train.targets.steps
    counts = np.bincount(steps, minlength=here.encoded.reader.target.size + 1) + 1.0
    bias = model.get_parameter("output.bias").detach().numpy()
    np.testing.assert_allclose(bias, np.log(counts / counts.sum()), rtol=1e-6)


def test_guesses_take_the_place_of_some_inputs_and_never_of_a_beginning(tmp_path: Path) -> None:
    here = work(tmp_path, "--scheduled-sampling", "1")
    model = first_model(here.tree, 0, here.initialise)
    pairs = here.batches.at(0)
    inputs = shifted(pairs.targets)
    with torch.no_grad():
        guesses = run_pairs(model, pairs.sources.steps, inputs, pairs).argmax(1).numpy()
    all_guessed = sampled(model, pairs, inputs, 1.0)
    begins = pairs.targets.ends - pairs.targets.lengths
    assert (all_guessed[begins] == here.encoded.reader.target.size).all()
    rest = np.setdiff1d(np.arange(len(inputs)), begins)
    np.testing.assert_array_equal(all_guessed[rest], guesses[rest - 1])
    np.testing.assert_array_equal(sampled(model, pairs, inputs, 0.0), inputs)
    shares = [here.batches.at(position).progress for position in (0, 6, 12)]
    assert shares == [0.0, 0.5, 1.0]  # twelve steps


def test_a_look_is_ln_p_of_all_held_out_symbols(tmp_path: Path) -> None:
    here = work(tmp_path)
    model = first_model(here.tree, 0, here.initialise).eval()
    part = here.encoded.held_out
    total = 0.0
    for row in range(len(part.numbers)):
        target = part.targets.row(row).tolist()
        logits = by_plain_torch(model.state_dict(), "gru", part.sources.row(row).tolist(), [target[-1], *target[:-1]])
        total -= float(logits.log_softmax(1)[torch.arange(len(target)), target].sum())
    with torch.no_grad():
        assert here.validation_loss(model) == pytest.approx(total / part.targets.ends[-1], rel=1e-5)


def test_dates_are_written_right(report: Report, folder: Path) -> None:
    assert report.score is not None
    assert report.score.exact >= 0.99
    assert report.score.bleu > report.baseline.bleu + 90
    assert report.verdict == "better"
    assert report.baseline.exact == 0.0
    lines = "\n".join(report.lines())
    assert f"network             {report.score.bleu:6.2f}" in lines
    assert "|tok:13a|" in lines
    card = load(folder / "dates.anaphora").config["card"]
    assert (card["exact"], card["train_pairs"], card["unit"]) == (report.score.exact, 4000, "characters")
    assert from_values(TranslateConfig, load(folder / "dates.anaphora").config["training"]).data.valid


def test_eval_and_python_give_the_numbers_of_the_report(report: Report, folder: Path) -> None:
    files = [str(folder / "valid.de"), str(folder / "valid.en")]
    model: Any = anaphora.load(report.model)
    again = model.score_files(files, "utf-8")
    assert again == report.score
    assert model.evaluate([Path(file) for file in files]) == report.score
    sources, targets = (Path(file).read_text(encoding="utf-8").splitlines() for file in files)
    assert model.evaluate((sources, targets)).bleu == again.bleu
    assert model.translate(sources[:3]) == targets[:3]
    told = json.loads(json.dumps(again.as_json()))
    assert (told["rows"], told["bleu"]) == (200, again.bleu)


def test_what_cannot_be_learned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="have an empty side, or a side of 2 units or more: raise"):
        work(tmp_path, "--max-length", "2")
    settings = config()
    with pytest.raises(DataError, match="part has no pair"):
        read(settings, write_pairs(tmp_path, PAIRS[:1]))


def test_pairs_too_long_or_empty_are_left_out_and_said(tmp_path: Path) -> None:
    settings = config("--max-length", "30")
    files = write_pairs(tmp_path, [*PAIRS * 3, ("x" * 60, "long"), ("leer", "")])
    found = run.train(TRAINING(settings, read(settings, files)), tmp_path / "m.anaphora")
    assert any("pairs were left out of training" in note for note in found.notes)


def test_dropout_inside_the_recurrent_layers_acts_in_training_alone(tmp_path: Path) -> None:
    here = work(tmp_path, "--recurrent-dropout", "0.5")
    model = first_model(here.tree, 3, here.initialise)
    batch = here.batches.at(0)
    with torch.no_grad():
        training = [float(here.batch_loss(model, batch, None)[0]) for _ in range(2)]
        model.eval()
        still = [float(here.batch_loss(model, batch, None)[0]) for _ in range(2)]
        plain = float(work(tmp_path).batch_loss(first_model(here.tree, 3, work(tmp_path).initialise), batch, None)[0])
    assert training[0] != training[1]
    assert still == [plain, plain]


def test_some_symbols_of_both_sides_are_read_as_unknown(tmp_path: Path) -> None:
    here = work(tmp_path, "--unk-dropout", "0.25", "--smoothing", "0")
    model, batch = first_model(here.tree, 3, here.initialise), here.batches.at(0)
    torch.manual_seed(1)
    found = here.batch_loss(model, batch, None)[0]
    torch.manual_seed(1)
    sides = (batch.sources.steps, shifted(batch.targets))
    hidden = [np.where(torch.rand(len(side)).numpy() < 0.25, np.int32(0), side) for side in sides]
    assert all((side != own).any() for side, own in zip(hidden, sides, strict=True))
    targets = torch.from_numpy(batch.targets.steps).long()
    expected = nn.functional.cross_entropy(run_pairs(model, *hidden, batch), targets, reduction="sum")
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_workers_share_the_pairs_of_a_batch(tmp_path: Path) -> None:
    here = work(tmp_path)
    batch = here.batches.at(0)
    parts = [here.batches.part(batch, rank, 3) for rank in range(3)]
    assert sum(here.batches.units(part) for part in parts) == here.batches.units(batch)
    assert sorted(row for part in parts for row in part.numbers.tolist()) == sorted(batch.numbers.tolist())
    assert "a.de" in here.describe(parts[1], 0)
    assert repr(PAIRS[int(here.corpus.train.places[parts[1].numbers[0], 1]) - 1][0]) in here.describe(parts[1], 0)


def test_where_time_is_short_some_pairs_are_decoded_beside_the_same_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRAINING, "fewest", 5)
    settings = config("--valid", "0.5")
    corpus = read(settings, write_pairs(tmp_path, pairs(120)))
    here = TRAINING(settings, corpus)
    whole = here.validations_per_score
    here.limit(1.0, 0.3)
    report = run.train(here, tmp_path / "m.anaphora")
    count = len(corpus.held_out)
    some = round(0.3 * count)
    rows = np.arange(some) * count // some
    assert (report.score.rows, here.validations_per_score) == (some, whole)
    some_pairs = corpus.held_out.take(rows)
    assert report.score == Translator.open(tmp_path / "m.anaphora").judged(some_pairs)
    copies = [source.strip() for source in some_pairs.sources]
    assert report.baseline.bleu == pytest.approx(BLEU().corpus_score(copies, [list(some_pairs.targets)]).score)
    assert f"The score covers {some} of {count} held-out pairs, evenly spaced." in report.notes
