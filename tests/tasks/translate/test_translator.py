"""Decoding on the runtime: scores as in training, the same text in any company, beams, samples and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from anaphora import decode
from anaphora.bundle import Bundle
from anaphora.errors import CorruptBundle, IncompatibleBundle, UsageError
from anaphora.report.attention import drawn
from anaphora.runs.report import Report
from anaphora.runtime import load
from anaphora.runtime.model import MultipartModel
from anaphora.tasks.translate.data import read
from anaphora.tasks.translate.decoding import DecodingOptions, Translation
from anaphora.tasks.translate.encoder_decoder import EncoderDecoder
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.training import TRAINING, TranslateTraining, run_pairs, shifted
from anaphora.training.initial import first_model
from translated import PAIRS, config, write_pairs

SOURCES = ["3 Mar 1994", "the third of March, 1994", "", "Friday, 1.1.2072", "December 31, 1899", "6 Dec 1950"]


def untrained(folder: Path, *options: str, scale: float = 3.0) -> tuple[TranslateTraining, Any, Translator]:
    """A translator whose weights nobody chose, in both towers."""
    settings = config(*options)
    here = TRAINING(settings, read(settings, write_pairs(folder, PAIRS)))
    model = first_model(here.tree, 5, here.initialise).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    tensors = {name: each.detach().numpy().copy() for name, each in model.state_dict().items()}
    units = {**here.encoded.reader.settings(), "ratio": 1.3}
    filled = {"version": 1, "task": "translate", "model": here.tree, "units": units, "training": settings.model_dump()}
    return here, model, Translator(MultipartModel(Bundle({**tensors, **here.encoded.reader.tensors()}, filled)))


@pytest.mark.parametrize(
    "options", [[], ["--cell", "lstm", "--attention", "additive", "--layers", "2"], ["--no-tied", "--shared"]]
)
def test_the_runtime_scores_as_training_does(options: list[str], tmp_path: Path) -> None:
    here, model, translator = untrained(tmp_path, *options)
    pairs = here.batches.at(0)
    with torch.no_grad():
        expected = run_pairs(model, pairs.sources.steps, shifted(pairs.targets), pairs).log_softmax(1).numpy()
    network, at = translator.network, 0
    for row in range(len(pairs.numbers)):
        decoder = network.read([pairs.sources.row(row)])
        state, target = decoder.state, pairs.targets.row(row).tolist()
        for symbol in [target[-1], *target[:-1]]:
            logits, state = decoder.step(state, np.array([symbol]))
            np.testing.assert_allclose(decode.log_probabilities(logits)[0], expected[at], rtol=0, atol=2e-4)
            at += 1
    assert at == len(expected)


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(),
        DecodingOptions(beam=4),
        DecodingOptions(beam=3, coverage=0.4, no_repeat=2),
        DecodingOptions(sample=True, seed=3),
    ],
)
def test_a_text_becomes_the_same_in_any_company(options: DecodingOptions, tmp_path: Path) -> None:
    _, _, translator = untrained(tmp_path)
    texts = [source for source, _ in PAIRS] + ["", "x" * 40]
    together = translator.decoded(texts, options)
    for number, text in enumerate(texts):
        assert translator.decoded([text], options, [number])[0] == together[number] or options.greedy
        assert translator.decoded([text], options, [number])[0][0].symbols == together[number][0].symbols
    assert len({best[0].text for best in together}) >= 3


def test_dates_greedily_and_by_beam(dates: Translator) -> None:
    expected = ["1994-03-03", "1994-03-03", "", "2072-01-01", "1899-12-31", "1950-12-06"]
    for options in (
        DecodingOptions(),
        DecodingOptions(beam=1, coverage=0.2),
        DecodingOptions(beam=5),
        DecodingOptions(beam=5, length_penalty=0.0),
    ):
        assert [best[0].text for best in dates.decoded(SOURCES, options)] == expected


def test_more_of_the_beam_never_changes_the_best(tmp_path: Path) -> None:
    _, _, translator = untrained(tmp_path, scale=2.0)
    texts = [source for source, _ in PAIRS]
    one, three, five = (translator.decoded(texts, DecodingOptions(beam=5, best=best)) for best in (1, 3, 5))
    assert [found[:1] for found in five] == one
    assert [found[:3] for found in five] == three
    for found in five:
        assert [each.rank_score for each in found] == sorted((each.rank_score for each in found), reverse=True)
        for each in found:
            assert each.rank_score == pytest.approx(each.score / (len(each.symbols) + 1)) or len(each.symbols) > 15


def test_merits_are_what_the_equation_says(tmp_path: Path) -> None:
    _, _, translator = untrained(tmp_path, scale=1.5)
    end = translator.reader.target.size
    options = DecodingOptions(beam=4, best=4, length_penalty=0.7, coverage=0.3)
    for source, _ in PAIRS[:4]:
        for found in translator.decoded([source], options)[0]:
            target = np.array([*found.symbols, end])
            if len(target) > translator.longest(translator.reader.read(source)) - 1:
                continue  # cut off without an end
            looked = translator.network.weights(translator.reader.read(source), target).astype(np.float64)
            covered = np.log(np.minimum(looked.sum(0), 1.0)).sum()
            assert found.rank_score == pytest.approx(found.score / len(target) ** 0.7 + 0.3 * covered, rel=1e-5)


def test_a_larger_length_penalty_favours_longer_texts(tmp_path: Path) -> None:
    """Σ ln p falls with every symbol; divided by length^α it falls less and less."""
    _, _, translator = untrained(tmp_path, scale=1.5)
    lengths = []
    for penalty in (0.0, 0.5, 1.0, 2.0):
        found = translator.decoded([source for source, _ in PAIRS], DecodingOptions(beam=4, length_penalty=penalty))
        lengths.append(float(np.mean([len(best[0].symbols) for best in found])))
        assert all(best[0].score <= best[0].rank_score <= 0 for best in found)
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0] + 1


def test_no_n_gram_is_written_twice(tmp_path: Path) -> None:
    _, _, translator = untrained(tmp_path)
    for (found,) in translator.decoded([source for source, _ in PAIRS], DecodingOptions(beam=2, no_repeat=2)):
        grams = [found.symbols[at : at + 2] for at in range(len(found.symbols) - 1)]
        assert len(grams) == len(set(grams))


def test_samples_follow_their_seed_and_their_number(dates: Translator) -> None:
    def draw(seed: int, temperature: float, numbers: list[int]) -> list[str]:
        options = DecodingOptions(sample=True, temperature=temperature, seed=seed)
        return [best[0].text for best in dates.decoded(["3 Mar 1994"] * len(numbers), options, numbers)]

    assert draw(1, 3.0, [0, 1, 2]) == draw(1, 3.0, [0, 1, 2])
    assert len({*draw(1, 3.0, [0, 1, 2]), *draw(2, 3.0, [0])}) == 4
    assert draw(1, 3.0, [2, 0]) == [draw(1, 3.0, [0, 1, 2])[2], draw(1, 3.0, [0, 1, 2])[0]]
    assert draw(7, 0.0, [0]) == ["1994-03-03"]


def test_attention_finds_the_year(dates: Translator) -> None:
    source = "December 31, 1899"
    (best,) = dates.decoded([source])[0]
    looked = dates.attention(source, best)
    assert looked.source == (*source, "")
    assert looked.target == (*"1899-12-31", "")
    np.testing.assert_allclose(looked.weights.sum(1), 1, rtol=0, atol=1e-5)
    picture = drawn(looked)
    assert picture.count("<title>") == 1 + len(looked.source) * len(looked.target)
    assert f"{looked.weights[0].max():.3f}" in picture


def test_an_unknown_symbol_is_the_one_that_was_looked_at(dates: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "3 Mar 1994"
    (best,) = dates.decoded([source])[0]
    known = dates.replaced(source, best)
    assert known == best.text
    broken = best._replace(symbols=(0, *best.symbols[1:]))
    looked = dates.attention(source, broken)
    expected = looked.source[int(looked.weights[0, :-1].argmax())]
    assert dates.replaced(source, broken) == expected + best.text[1:]


def test_a_subword_stands_for_its_whole_word(tmp_path: Path) -> None:
    _, _, translator = untrained(tmp_path, "--units", "subword", "--vocabulary", "40")
    source = "der Hund lacht"
    unknown = Translation("�", (0,), 0.0, 0.0)
    looked = translator.attention(source, unknown)
    at = int(looked.weights[0, :-1].argmax())
    begins = [place for place, piece in enumerate(looked.source[:-1]) if piece.startswith(" ")]
    word = sum(begin <= at for begin in begins) - 1
    assert "".join(looked.source) == " der Hund lacht"
    assert translator.replaced(source, unknown) == source.split()[word]
    assert (looked.target, translator.reader.written([0])) == (("<unk>", ""), "<unk>")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beam": 2, "best": 3}, "best=3 is more"),
        ({"beam": 2, "sample": True}, "use one of them"),
        ({"length_penalty": -1.0}, "at least 0"),
        ({"temperature": -1.0}, "temperature"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options: dict[str, Any], words: str, dates: Translator) -> None:
    with pytest.raises(UsageError, match=words):
        dates.translate(["1 Mar 1900"], **options)


def test_another_model_is_no_translator(report: Report, tmp_path: Path) -> None:
    model = load(report.model)
    assert isinstance(model, MultipartModel)
    with pytest.raises(UsageError, match=r"of parts .encoder, bridge"):
        model.forward([[1]])
    with pytest.raises(IncompatibleBundle, match="'language'"):
        Translator(MultipartModel(Bundle(dict(model.tensors), {**model.config, "task": "language"})))
    units = {name: value for name, value in model.config["units"].items() if name != "ratio"}
    with pytest.raises(CorruptBundle, match="ratio"):
        Translator(MultipartModel(Bundle(dict(model.tensors), {**model.config, "units": units})))
    short = {name: tensor for name, tensor in model.tensors.items() if name != "attention.weight"}
    with pytest.raises(IncompatibleBundle, match=r"needs a tensor 'attention\.weight'"):
        EncoderDecoder(Bundle(short, dict(model.config)))
