"""The tagger in training: loss and gradients against plain torch.nn and every sequence of tags, and a whole training
from sentences to a file that says the same as training did.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import nn

from anaphora import bundle
from anaphora.data.batches import Ragged
from anaphora.data.files.conll import read_sentences
from anaphora.errors import CorruptBundle, DataError, IncompatibleBundle, Interrupted
from anaphora.metrics.tagging import measured
from anaphora.nn.build import assemble
from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.tasks.tag.data import read
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.training import TagTraining, nats, run_words
from anaphora.training import run
from anaphora.training.initial import first_model
from anaphora.training.non_finite import explained
from anaphora.training.observer import Observer, Step
from drawn import Drawn
from tagged import config, write, write_grammar

STILL = "--embedding-dropout 0 --output-dropout 0 --dropout 0 --unk-rate 0 --word-dropout 0"
SMALL = "the DET\ndog NOUN\nruns VERB\n\ndogs NOUN\nrun VERB\n\nA DET\nrun NOUN\n\nwe PRON\nrun VERB\n\n"


def work(folder: Path, *options: str, text: str = SMALL * 2) -> TagTraining:
    settings = config(*options, *STILL.split())
    return TagTraining(settings, read(settings, [write(folder / "a.conll", text)]))


class Plain(nn.Module):
    """The same network written with torch.nn alone, one sentence and one word at a time."""

    def __init__(self, settings: TagConfig, words: int, letters: int, tags: int) -> None:
        super().__init__()
        network = settings.model
        layer = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}[network.cell]
        self.words, self.letters, self.sentence = nn.Module(), nn.Module(), nn.Module()
        self.words.word = nn.Embedding(words, network.embedding)
        width = network.embedding
        self.how = network.characters
        if self.how != "none":
            self.letters.letter = nn.Embedding(letters, network.character_embedding)
            width += 2 * network.character_hidden
        if self.how == "recurrent":
            self.letters.spelling = layer(network.character_embedding, network.character_hidden, bidirectional=True)
        if self.how == "convolution":
            self.letters.windows = nn.Conv1d(network.character_embedding, 2 * network.character_hidden, 3, padding=1)
        self.over_words = "both_ways" if network.bidirectional else "left_to_right"
        read = layer(width, network.hidden, network.layers, bidirectional=network.bidirectional)
        self.sentence.add_module(self.over_words, read)
        self.sentence.output = nn.Linear((2 if network.bidirectional else 1) * network.hidden, tags)
        if network.crf:
            self.chain = nn.Module()
            for name, shape in (("transitions", (tags, tags)), ("start", (tags,)), ("end", (tags,))):
                self.chain.register_parameter(name, nn.Parameter(torch.zeros(shape)))

    def spelled(self, letters: torch.Tensor) -> torch.Tensor:
        x = self.letters.letter(letters)
        if self.how == "convolution":
            return self.letters.windows(x.mT).amax(1)
        _, h = self.letters.spelling(x)
        return torch.cat(list(h[0] if isinstance(h, tuple) else h))

    def forward(self, words: torch.Tensor, letters: list[torch.Tensor]) -> torch.Tensor:
        x = self.words.word(words)
        if self.how != "none":
            x = torch.cat([x, torch.stack([self.spelled(word) for word in letters])], dim=1)
        return self.sentence.output(self.sentence.get_submodule(self.over_words)(x)[0])

    def nats(self, e: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "chain"):
            return nn.functional.cross_entropy(e, tags, reduction="sum")

        def score(path: tuple[int, ...]) -> torch.Tensor:
            total = self.chain.start[path[0]] + self.chain.end[path[-1]]
            total = total + sum(e[t, tag] for t, tag in enumerate(path))
            return total + sum(self.chain.transitions[pair] for pair in itertools.pairwise(path))

        every = [score(path) for path in itertools.product(range(e.size(1)), repeat=len(e))]
        return torch.stack(every).logsumexp(0) - score(tuple(tags.tolist()))


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--cell", "gru", "--characters", "convolution", "--layers", "2"],
        ["--cell", "rnn", "--characters", "none"],
        ["--no-crf"],
        ["--no-bidirectional", "--layers", "2"],
    ],
    ids=" ".join,
)
def test_loss_and_every_gradient_are_those_of_plain_torch(options: list[str], tmp_path: Path) -> None:
    here = work(tmp_path, *options)
    ours: Any = first_model(here.tree, 3, here.initialise)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    reader = here.encoded.reader
    theirs = Plain(here.config, reader.words.size, reader.characters.size, len(reader.tags))
    theirs.load_state_dict(ours.state_dict())
    batch = here.batches.at(1)
    loss, _ = here.batch_loss(ours, batch, None)
    expected = torch.zeros(())
    tags = Ragged(batch.tags, batch.words.ends)
    forms = Ragged(batch.forms, batch.words.ends)
    for row in range(len(batch.numbers)):
        letters = [torch.from_numpy(batch.characters.row(int(form))).long() for form in forms.row(row)]
        scores = theirs(torch.from_numpy(batch.words.row(row)).long(), letters)
        expected = expected + theirs.nats(scores, torch.from_numpy(tags.row(row)))
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    loss.backward()
    expected.backward()
    gradients = dict(theirs.named_parameters())
    assert set(gradients) == {name for name, _ in ours.named_parameters()}
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, name
        wanted = gradients[name].grad
        assert wanted is not None
        np.testing.assert_allclose(
            parameter.grad, wanted, rtol=0, atol=2e-5 * max(float(wanted.abs().max()), 1e-2), err_msg=name
        )


def test_rare_words_are_read_as_unknown_more_often(tmp_path: Path) -> None:
    text = "".join(f"{'the' if at % 4 else 'dog'} {'X' if at % 2 else 'Y'}\n\n" for at in range(60))
    settings = config("--unk-rate", "4", "--word-dropout", "0.2", "--valid", write(tmp_path / "v.txt", text))
    here = TagTraining(settings, read(settings, [write(tmp_path / "a.txt", text)]))
    the, dog = (int(here.encoded.reader.words.encode([word])[0]) for word in ("the", "dog"))
    assert here.hidden_share[the] == pytest.approx(1 - 45 / 49 * 0.8)
    assert here.hidden_share[dog] == pytest.approx(1 - 15 / 19 * 0.8)
    read_as: list[np.ndarray] = []

    class Listening(nn.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner, self.sentence, self.letters, self.chain = inner, inner.sentence, inner.letters, inner.chain

        def words(self, rows: Any) -> Any:
            read_as.append(rows.data.numpy().copy())
            return self.inner.words(rows)

    model = Listening(first_model(here.tree, 0, here.initialise))
    known = here.encoded.train.words.steps
    for seed in range(5):
        torch.manual_seed(seed)
        here.batch_loss(model, here.encoded.train, None)
        torch.manual_seed(seed)
        hidden = torch.rand(len(known)).numpy() < np.where(known == the, 1 - 45 / 49 * 0.8, 1 - 15 / 19 * 0.8)
        assert set(known[hidden]) == {the, dog}
        np.testing.assert_array_equal(read_as[-1], np.where(hidden, 0, known))


def test_an_untrained_output_says_how_frequent_tags_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, drawn = work(tmp_path), Drawn(monkeypatch)
    model: Any = first_model(here.tree, 0, here.initialise)
    counts = np.bincount(here.encoded.train.tags) + 1
    bias = model.sentence.output.bias.detach().double()
    np.testing.assert_allclose(bias.exp(), counts / counts.sum(), rtol=1e-6)
    assert drawn.of(model.words.word.weight) == drawn.of(model.letters.letter.weight) == (0.0, 0.1)


def test_a_validation_is_made_at_the_fitted_temperature(tmp_path: Path) -> None:
    here = work(tmp_path)
    model: Any = first_model(here.tree, 0, here.initialise)
    with torch.no_grad():
        model.sentence.output.weight.mul_(60)
        part = here.validated
        scores = run_words(model, part, part.words.steps)
        found, plain = here.validation_loss(model), float(nats(model, scores, part.tags).sum()) / len(part.tags)

        def total(log_t: float) -> float:
            return float(nats(model, scores, part.tags, np.exp(log_t)).sum())

        best = minimize_scalar(
            lambda log_t: total(log_t) + 4 * (np.exp(-log_t) - 1 + log_t), bounds=(-3, 3), options={"xatol": 1e-6}
        )
        expected = total(best.x) / len(part.tags)
    assert found == pytest.approx(expected, rel=1e-3)
    assert found < plain - 0.01


def test_sentences_with_a_tag_never_seen_are_not_validated_on(tmp_path: Path) -> None:
    held_out = write(tmp_path / "v.conll", "the DET\ndog NOUN\n\nhum X\n\n")
    settings = config("--valid", held_out)
    here = TagTraining(settings, read(settings, [write(tmp_path / "a.conll", SMALL)]))
    assert here.validated.numbers.tolist() == [0]
    here.encoded = replace(here.encoded, held_out=here.encoded.held_out.take([1]))
    with pytest.raises(DataError, match=r"Every held-out sentence has a tag"):
        here.validation_part(5)


def test_short_of_time_less_is_validated_on_and_scored(tmp_path: Path) -> None:
    files = [write_grammar(tmp_path / "a.conll", 700)]
    settings = config("--valid", "0.6", "--max-steps", "2")
    here = TagTraining(settings, read(settings, files))
    assert len(here.validated.numbers) == 420
    whole = here.validation_units
    here.limit(0.5, 0.25)
    assert len(here.validated.numbers) == 210
    assert whole > here.validation_units == len(here.validated.tags)
    report = run.train(here, tmp_path / "a.anaphora", data=files)
    assert report.score.sentences == 105
    assert "The score covers 105 of 420 held-out sentences" in report.notes[0]
    assert report.baseline.sentences == 105


def test_names_are_found_by_what_stands_around_them(report: Report, tagger: Tagger, folder: Path) -> None:
    score = report.score
    assert score is not None
    assert score.f1 is not None
    assert score.baseline_f1 is not None
    assert score.f1 > 0.93
    assert score.f1 > score.baseline_f1 + 0.3
    assert score.scheme == "iob2"
    truth = read_sentences(str(folder / "valid.conll"), tagger.config.data)
    predictions = [best[0].tags for best in tagger.tag(truth.tokens)]
    found = measured(truth.tags, predictions)
    assert (score.f1, score.accuracy, score.words) == (found.spans.f1, found.accuracy, truth.words)
    usual = tagger.baseline.score(truth)
    assert (score.baseline_f1, score.baseline_accuracy) == (usual.spans.f1, usual.accuracy)
    two = tagger.tag([row.split() for row in ("Elham is a town near Wilham .", "Elham is a doctor from Wilham .")])
    assert [best[0].tags[0] for best in two] == ["B-PLACE", "B-PER"]


def test_a_file_says_what_training_said(report: Report, folder: Path) -> None:
    again = Tagger(load(report.model)).evaluate([str(folder / "valid.conll")])
    assert report.score is not None
    cross_fitted = {"nats_per_word": report.score.nats_per_word, "cross_fitted": True}
    assert replace(again, **cross_fitted, worst=report.score.worst) == report.score
    facts = load(report.model).config["card"]
    assert (facts["f1"], facts["baseline"]["accuracy"]) == (again.f1, again.baseline_accuracy)
    assert facts["train_sentences"] == 800
    lines = report.lines()
    assert any("most frequent tag" in line for line in lines)
    assert {result.name for result in report.results} == {"span F1", "accuracy", "nats"}
    assert report.sections[0].title == "Types of spans"
    logged = json.loads((report.run_dir / "run.json").read_text(encoding="utf-8"))
    assert logged["results"][0]["baseline"] == again.baseline_f1


def test_the_runtime_scores_as_training_does(report: Report, folder: Path) -> None:
    tagger = Tagger(load(report.model))
    here = TagTraining(tagger.config, read(tagger.config, [str(folder / "train.conll")]))
    model: Any = assemble(here.tree).eval()
    own = {name: torch.from_numpy(np.array(tagger.runtime.tensors[name])) for name in model.state_dict()}
    model.load_state_dict(own)
    here_again: Any = here.encoded.held_out
    with torch.no_grad():
        theirs = run_words(model, here_again, here_again.words.steps).data.numpy()
    ends = here_again.words.ends
    for rows, scores, lengths in tagger.scores(here_again):
        for at, (row, n) in enumerate(zip(rows, lengths, strict=True)):
            expected = theirs[ends[row] - n : ends[row]]
            np.testing.assert_allclose(scores[:n, at], expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


def test_a_sentence_is_tagged_with_the_same_bits_in_any_company(tagger: Tagger, folder: Path) -> None:
    tokens = [*read_sentences(str(folder / "valid.conll"), tagger.config.data).tokens[:40], ()]
    together = tagger.tag(tokens, top=3, confident=True)
    for row, words in enumerate(tokens):
        assert tagger.tag([words], top=3, confident=True) == [together[row]]
        assert tagger.tag([words])[0][0].tags == together[row][0].tags
        chances = [one.probability for one in together[row]]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1 + 1e-12
    assert together[-1][0].tags == ()


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(tmp_path: Path) -> None:
    files = [write_grammar(tmp_path / "a.conll", 60)]
    settings = config("--max-steps", "16")
    whole = run.train(TagTraining(settings, read(settings, files)), tmp_path / "a.anaphora", data=files)

    class Stop(Observer):
        def step(self, step: Step) -> None:
            if step.step == 9:
                raise KeyboardInterrupt

    here = TagTraining(settings, read(settings, files))
    with pytest.raises(Interrupted, match="anaphora resume"):
        run.train(here, tmp_path / "b.anaphora", data=files, run_dir=tmp_path / "b.run", observer=Stop())
    again = run.resume(TagTraining(settings, read(settings, files)), tmp_path / "b.run")
    assert again.score == whole.score
    ours, theirs = (bundle.read(tmp_path / name) for name in ("a.anaphora", "b.anaphora"))
    assert {name: each.tobytes() for name, each in ours.tensors.items()} == {
        name: each.tobytes() for name, each in theirs.tensors.items()
    }


def test_another_model_is_no_tagger(report: Report) -> None:
    model = load(report.model)

    def with_config(**changed: Any) -> Any:
        return type(model)(bundle.Bundle(dict(model.tensors), {**model.config, **changed}))

    with pytest.raises(IncompatibleBundle, match="'translate'"):
        Tagger(with_config(task="translate"))
    units = dict(model.config["units"])
    with pytest.raises(IncompatibleBundle, match="names 2 tags"):
        Tagger(with_config(units={**units, "tags": ["O", "B-PER"]}))
    del units["temperature"]
    with pytest.raises(CorruptBundle, match="temperature"):
        Tagger(with_config(units=units))


def test_where_a_number_ceases_to_be_one_is_told(tmp_path: Path) -> None:
    here = work(tmp_path, "--characters", "recurrent", text=SMALL)
    batch = here.batches.at(0)

    def said(part: str, entry: Any) -> str:
        model: Any = first_model(here.tree, 0, here.initialise)
        with torch.no_grad():
            model.get_parameter(part)[entry] = torch.nan
        return explained(model, here.batch_loss, [batch], None, here.describe)

    sentences = [here.corpus.train.tokens[row] for row in batch.numbers.tolist()]
    places = [here.corpus.train.at(row) for row in batch.numbers.tolist()]
    told = said("letters.letter.weight", here.encoded.reader.characters.encode("g")[0])
    for word in ("dog", "dogs"):
        place, at = next(
            (place, words.index(word)) for place, words in zip(places, sentences, strict=True) if word in words
        )
        assert f"{place} (its word {at + 1}, '{word}'), step 3" in told
    assert told.startswith("The output of 'letters.letter' was not finite: ")
    assert told.count("step") == 2
    run_ = here.encoded.reader.words.encode(["run"])[0]
    found = [(place, words.index("run")) for place, words in zip(places, sentences, strict=True) if "run" in words]
    told = said("words.word.weight", run_)
    assert told.startswith("The output of 'words.word' was not finite: ")
    assert told.count(", step 2") == len(found) > 0
    assert all(place in told for place, _ in found)
    assert said("chain.end", 0).count("line ") == len(sentences)
