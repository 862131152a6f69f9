"""The tokens of BLEU, and the metric that judges a translator: both chosen from the training targets.

    letters of scripts without blanks between words < ¼      13a     the default of sacrebleu
    … of which most are Chinese, and kana ≤ 1/10             zh      a token per Chinese character, 13a for the others
    … else: Japanese, Thai, Lao, Khmer, Myanmar, …           char    a token per character

A text without blanks is one token of 13a, so BLEU would be the share of exact sentences. A quarter of the letters is
about half of the text, because a Chinese character says as much as three or four letters of an alphabet.

    most targets are one word (a date, a number, a spelling)     exact     an output is right or wrong
    most targets have fewer than four tokens                     chrF      they hold no 4-gram, and BLEU counts those
    else                                                         BLEU

A model keeps the choice in its file, so that training and every `eval` use the same metric.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anaphora.data.sampling import evenly_spaced
from anaphora.tasks.translate.statistics import bleu_of

_TEXTS = 2_000  # of the training targets, evenly spaced
_WITHOUT_BLANKS = 0.25  # of the letters
_KANA = 0.1  # of Chinese characters and kana together
_MOST = 0.5  # of the targets
_TOKENS = 4  # the longest n-grams of BLEU
# the first words of the names of letters
_CHINESE = {"CJK", "IDEOGRAPHIC", "BOPOMOFO"}
_OTHERS = {"THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE", "BALINESE", "TAI", "YI"}
_WORDS = {"bleu": "BLEU", "chrf": "chrF", "exact": "The share of exact outputs"}


@dataclass(frozen=True)
class Deciding:
    """The tokenizer of BLEU, the name of the deciding metric, and the share of training targets that excludes BLEU."""

    tokenize: str = "13a"
    metric: str = "bleu"
    short: float = 0.0

    def reason(self) -> str:
        """Return a sentence on a metric that decides instead of BLEU; empty if BLEU decides."""
        if self.metric == "bleu":
            return ""
        which = "are one word" if self.metric == "exact" else f"have fewer than {_TOKENS} tokens"
        return (
            f"{_WORDS[self.metric]} judges this model, not BLEU: {self.short:.0%} of the training targets {which}, and"
            f" BLEU counts n-grams of up to {_TOKENS} tokens."
        )

    def settings(self) -> dict[str, Any]:
        """Return the values in a bundle's config."""
        return {"bleu_tokenize": self.tokenize, "deciding": self.metric, "short_targets": self.short}

    @staticmethod
    def restore(settings: Mapping[str, Any]) -> Deciding:
        """Return the choice in a bundle's config; one without a choice has 13a, and BLEU decides."""
        found = (settings.get(name, usual) for name, usual in USUAL.settings().items())
        return Deciding(*found)


USUAL = Deciding()


def deciding(targets: Sequence[str], tokenize: str | None = None) -> Deciding:
    """Choose the deciding metric for targets, and the tokenizer of BLEU if it is not given.

    Raises MissingExtra without sacrebleu, and UsageError for a tokenizer that is not installed.
    """
    some = [targets[row] for row in evenly_spaced(len(targets), min(_TEXTS, len(targets))).tolist()]
    texts = [text for text in some if text.strip()]
    suited = tokenizer_for(texts)
    chosen = tokenize or suited
    cut = bleu_of(lower=False, tokenize=chosen).tokenizer
    words = _share(len(text.split()) == 1 for text in texts)
    short = _share(len(cut(text).split()) < _TOKENS for text in texts)
    if suited == "13a" and words > _MOST:
        return Deciding(chosen, "exact", words)
    return Deciding(chosen, "chrf", short) if short > _MOST else Deciding(chosen)


def tokenizer_for(texts: Iterable[str]) -> str:
    """Return the tokenizer of sacrebleu that suits the scripts of texts, among those that need no other package."""
    scripts = Counter[str]()
    for letter, count in Counter("".join(texts)).items():
        if unicodedata.category(letter)[0] in "LM":
            scripts[_script(letter)] += count
    chinese, kana, others = (scripts[script] for script in ("chinese", "kana", "others"))
    if chinese + kana + others < max(1, _WITHOUT_BLANKS * scripts.total()):
        return "13a"
    return "zh" if chinese > others and kana <= _KANA * (chinese + kana) else "char"


def _script(letter: str) -> str:
    words = unicodedata.name(letter, "?").replace("-", " ").replace("NEW TAI", "TAI").split()
    if "KATAKANA" in words or "HIRAGANA" in words:
        return "kana"
    return "chinese" if words[0] in _CHINESE else "others" if words[0] in _OTHERS else "with blanks"


def _share(those: Iterable[bool]) -> float:
    found = list(those)
    return sum(found) / len(found) if found else 0.0
