"""The figures of summed counts are those of sacrebleu's `corpus_score` for the same pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from anaphora.tasks.translate import statistics

TOKENIZERS = ("13a", "intl", "zh", "char", "none")
WORDS = ["a", "The", "dog's", "runs,", "走", "我们在", "走。", "犬が", "ご飯を",
         "ไทย", "กินข้าว", "개가", "é", "x-y", "3.5", "%", "."]  # fmt: skip


def texts(rng: np.random.Generator, count: int, shortest: int, longest: int) -> list[str]:
    return [" ".join(rng.choice(WORDS, rng.integers(shortest, longest))) for _ in range(count)]


@pytest.mark.parametrize("tokenize", TOKENIZERS)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("longest", [2, 4, 14])
def test_sums_of_samples_have_the_figures_of_sacrebleu(tokenize: str, lower: bool, longest: int) -> None:
    """Samples with and without common n-grams of every order, short and long, with an empty output among them."""
    rng = np.random.default_rng(longest)
    references, outputs = texts(rng, 40, 1, longest), texts(rng, 40, 0, longest)
    outputs[7:20] = references[7:20]
    bleu, chrf = statistics.metrics(lower, tokenize)
    counted = [statistics.counts(metric, outputs, references) for metric in (bleu, chrf)]
    weights = np.stack([np.bincount(rng.integers(0, 40, size), minlength=40) for size in (1, 1, 1, 2, 5, 40, 100)])
    weights[0] = np.eye(40, dtype=np.int64)[8]
    found = [measure(weights @ each) for measure, each in zip((statistics.bleu, statistics.chrf), counted, strict=True)]
    for at, row in enumerate(weights):
        sample = np.repeat(np.arange(40), row)
        written, expected = ([side[each] for each in sample] for side in (outputs, references))
        right = BLEU(lowercase=lower, tokenize=tokenize, force=True).corpus_score(written, [expected]).score
        assert found[0][at] == pytest.approx(right, abs=1e-9)
        assert found[1][at] == pytest.approx(CHRF(lowercase=lower).corpus_score(written, [expected]).score, abs=1e-9)


def test_the_exact_share_of_a_sample() -> None:
    """Case counts unless it is lowered; no pairs have no exact share."""
    outputs, references = ["Ja", "nein ", "x", "y"], ["ja", "nein", "y", "y"]
    for lower, right in ((False, [0, 1, 0, 1]), (True, [1, 1, 0, 1])):
        counted = statistics.exact_counts(outputs, references, lower)
        weights = np.array([[1, 2, 3, 1], [0, 0, 0, 0]])
        assert statistics.exact(weights @ counted).tolist() == [np.dot(weights[0], right) / 7, 0.0]
