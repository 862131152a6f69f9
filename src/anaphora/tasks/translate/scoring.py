"""How good decoded text is: BLEU and chrF as sacrebleu defines them, and the share that is exactly right.

    BLEU = min(1, e^{1 − r/h}) · exp Σ_{n≤4} ¼ ln p_n        p_n: n-grams of the outputs that their references hold too
    chrF = mean F₂ of n-grams of characters, n ≤ 6

What is judged was decoded without a look at the references, and `train` reports the very numbers that `eval` prints.
The signature says what else decides about such a number: tokenizer (13a), case, smoothing, version.

Source: Papineni et al., ACL 2002; Popović, WMT 2015; Post, WMT 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.pairs import Pairs
from anaphora.errors import DataError, MissingExtra
from anaphora.tasks.translate.encoding import Reader, prepared
from anaphora.tasks.translate.translator import GREEDY, How, Translator

WORST = 20
_SHOWN = 5  # of the worst, on a terminal
_TEXT = 400  # characters of a text that are kept


class Figures(NamedTuple):
    """What outputs are worth."""

    bleu: float
    chrf: float
    exact: float


@dataclass(frozen=True)
class Worst:
    """A pair whose output is far from its reference."""

    where: str
    source: str
    reference: str
    output: str
    chrf: float


@dataclass(frozen=True)
class Score:
    """How good outputs are; BLEU and chrF are in percent, `exact` is a share."""

    rows: int
    bleu: float
    chrf: float
    exact: float
    decoding: str  # greedy, or beam 5
    bleu_signature: str
    chrf_signature: str
    length_ratio: float  # words of the outputs by words of the references
    worst: tuple[Worst, ...]
    first: tuple[Worst, ...]  # some pairs as they come

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What a person reads."""
        lines = [
            f"{self.rows:,} texts, decoded: {self.decoding}",
            f"  BLEU   {self.bleu:6.2f}  {self.bleu_signature}",
            f"  chrF   {self.chrf:6.2f}  {self.chrf_signature}",
            f"  exact  {self.exact:6.2%}  lengths {self.length_ratio:.3f} of the references'",
        ]
        for row in self.worst[:_SHOWN]:
            head = f"{row.where} (chrF {row.chrf:.1f})"
            lines += ["", f"worst: {head}", *(f"  {name:<9}  {text}" for name, text in _sides(row))]
        return lines


def judge(
    outputs: Sequence[str], pairs: Pairs, rows: NDArray[np.int64], lower: bool, decoding: str = "greedy"
) -> Score:
    """Hold outputs against the targets of these rows of pairs.

    Raises MissingExtra where sacrebleu is not installed.
    """
    bleu, chrf = _metrics(lower)
    references = [pairs.targets[row].strip() for row in rows]
    total = bleu.corpus_score(outputs, [references])
    each = np.array([chrf.sentence_score(*pair).score for pair in zip(outputs, _single(references), strict=True)])
    wrong = [at for at in np.argsort(each, kind="stable").tolist() if each[at] < 100]
    shown = [
        _shown(pairs, int(row), output, float(worth)) for row, output, worth in zip(rows, outputs, each, strict=True)
    ]
    return Score(
        rows=len(outputs),
        bleu=float(total.score),
        chrf=float(chrf.corpus_score(outputs, [references]).score),
        exact=_exact(outputs, references, lower),
        decoding=decoding,
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
        length_ratio=float(total.ratio),
        worst=tuple(shown[at] for at in wrong[:WORST]),
        first=tuple(shown[:WORST]),
    )


def figures(outputs: Sequence[str], references: Sequence[str], lower: bool) -> Figures:
    """BLEU, chrF and the exact share of outputs; raises as `judge` does."""
    bleu, chrf = _metrics(lower)
    plain = [reference.strip() for reference in references]
    values = [float(metric.corpus_score(outputs, [plain]).score) for metric in (bleu, chrf)]
    return Figures(values[0], values[1], _exact(outputs, plain, lower))


def evaluate(translator: Translator, pairs: Pairs, how: How = GREEDY, most: int | None = None) -> Score:
    """Decode the sources of pairs, or of so many of them evenly spread, and judge what comes.

    Raises DataError for no pairs, and as `judge` does.
    """
    if not len(pairs):
        raise DataError("expected pairs to score, got none")
    rows = spread(len(pairs), most)
    _metrics(translator.reader.lower)  # before the work: it may be missing
    outputs = outputs_of(translator, [pairs.sources[row] for row in rows], how)
    decoding = "greedy" if how.greedy else f"beam {how.beam}, length penalty {how.length_penalty:g}"
    decoding += f", coverage {how.coverage:g}" if how.coverage else ""
    return judge(outputs, pairs, rows, translator.reader.lower, decoding)


def outputs_of(translator: Translator, sources: Sequence[str], how: How) -> list[str]:
    """The best translation of each, unknown symbols replaced."""
    found = translator.translate(sources, how)
    return [translator.replaced(source, best[0]) for source, best in zip(sources, found, strict=True)]


def spread(count: int, most: int | None) -> NDArray[np.int64]:
    """All of so many rows, or `most` of them, evenly spread."""
    return np.arange(count) if most is None or count <= most else np.arange(most) * count // most


def copies(reader: Reader, pairs: Pairs, rows: NDArray[np.int64]) -> list[str]:
    """The sources as outputs."""
    return [reader.prepared(pairs.sources[row]) for row in rows]


def _metrics(lower: bool) -> tuple[Any, Any]:
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingExtra("train", "scoring translations", missing="sacrebleu") from error
    return BLEU(lowercase=lower), CHRF(lowercase=lower)


def _single(references: Sequence[str]) -> list[list[str]]:
    return [[reference] for reference in references]


def _exact(outputs: Sequence[str], references: Sequence[str], lower: bool) -> float:
    right = [prepared(one, lower) == prepared(other, lower) for one, other in zip(outputs, references, strict=True)]
    return float(np.mean(right)) if right else 0.0


def _shown(pairs: Pairs, row: int, output: str, worth: float) -> Worst:
    return Worst(pairs.at(row), pairs.sources[row][:_TEXT], pairs.targets[row][:_TEXT], output[:_TEXT], worth)


def _sides(row: Worst) -> tuple[tuple[str, str], ...]:
    return ("source", row.source), ("reference", row.reference), ("output", row.output)
