"""The score of decoded text: BLEU and chrF as sacrebleu defines them, and the share that is exactly right.

    BLEU = min(1, e^{1 − r/h}) · exp Σ_{n≤4} ¼ ln p_n        p_n: n-grams of the outputs that their references hold too
    chrF = mean F₂ of n-grams of characters, n ≤ 6

The text was decoded without its references, and `train` reports the same numbers that `eval` prints. The signature
names the settings of the score: tokenizer, case, smoothing, version. The deciding metric is the first of the report.

Source: Papineni et al., ACL 2002; Popović, WMT 2015; Post, WMT 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from anaphora.data.examples import Indices
from anaphora.data.files.pairs import Pairs
from anaphora.formatting import counted
from anaphora.runs import report as reports
from anaphora.runs.sample import Sample
from anaphora.tasks.translate import statistics
from anaphora.tasks.translate.deciding import USUAL, Deciding
from anaphora.tasks.translate.encoding import prepared
from anaphora.tasks.translate.sample import sample

_WORST = 20
_SHOWN = 5  # of the worst, on a terminal
_TOKENIZED = 100  # outputs from which texts count as tokenized, as in sacrebleu's own warning, which `force` silences
_TEXT = 400  # characters of a text that are shown


@dataclass(frozen=True)
class Figures:
    """BLEU and chrF in percent, and the share of outputs that are exactly right."""

    bleu: float
    chrf: float
    exact: float
    sample: Sample | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ScoredPair:
    """A pair, and the output for its source."""

    where: str
    source: str
    reference: str
    output: str
    chrf: float


@dataclass(frozen=True)
class Score(reports.Score):
    """The score of outputs; BLEU and chrF are in percent, `exact` is a share."""

    rows: int
    bleu: float
    chrf: float
    exact: float
    decoding: str  # greedy, or beam 5
    bleu_signature: str
    chrf_signature: str
    deciding: str  # bleu, chrf or exact
    reason: str  # why BLEU does not decide; empty if it does
    length_ratio: float  # words of the outputs by words of the references
    worst: tuple[ScoredPair, ...]
    first: tuple[ScoredPair, ...]  # some pairs as they come
    cut: int = 0  # sources of which only the beginning was read
    unended: int = 0  # outputs that stop at their greatest length
    tokenized: int = 0  # outputs that end with a full stop after a blank

    def lines(self) -> list[str]:
        """Return the lines of a report."""
        figures = {
            "bleu": f"  BLEU   {self.bleu:6.2f}  {self.bleu_signature}",
            "chrf": f"  chrF   {self.chrf:6.2f}  {self.chrf_signature}",
            "exact": f"  exact  {self.exact:6.2%}  lengths {self.length_ratio:.3f} of the references'",
        }
        lines = [f"{counted(self.rows, 'text')}, decoded: {self.decoding}", figures.pop(self.deciding)]
        lines += [*figures.values(), *self.interval_line()]
        lines += [f"  {note}" for note in (self.reason, *self.losses()) if note]
        for pair in self.worst[:_SHOWN]:
            lines += ["", f"worst: {pair.where} (chrF {pair.chrf:.1f})"]
            lines += [f"  {side:<9}  {getattr(pair, side)}" for side in ("source", "reference", "output")]
        return lines

    def losses(self) -> list[str]:
        """Return sentences on sources that were not read whole, on outputs without an end, and on tokenized texts."""
        found = []
        if self.cut:
            found.append(f"Of {counted(self.cut, 'source')} only the beginning was read: longer than --max-length.")
        if self.unended:
            found.append(f"{counted(self.unended, 'output')} stopped at the greatest length, without an end.")
        if self.tokenized >= _TOKENIZED:
            found.append(
                f"{self.tokenized:,} outputs end with a full stop after a blank: the texts look tokenized. BLEU and"
                " chrF of tokenized texts cannot be compared with other figures. Train on texts as people write them."
            )
        return found


def judge(
    outputs: Sequence[str],
    pairs: Pairs,
    rows: Indices,
    lower: bool,
    decoding: str = "greedy",
    by: Deciding = USUAL,
) -> Score:
    """Compare outputs with the targets of pairs `rows` (n,); raises as `statistics.metrics` does."""
    bleu, chrf = statistics.metrics(lower, by.tokenize)
    references = [pairs.targets[row].strip() for row in rows]
    total = bleu.corpus_score(outputs, [references])
    each = [
        float(chrf.sentence_score(output, [reference]).score)
        for output, reference in zip(outputs, references, strict=True)
    ]
    scored = [
        ScoredPair(
            pairs.at(row), _shortened(pairs.sources[row]), _shortened(pairs.targets[row]), _shortened(output), found
        )
        for row, output, found in zip(rows, outputs, each, strict=True)
    ]
    return Score(
        rows=len(outputs),
        bleu=float(total.score),
        chrf=float(chrf.corpus_score(outputs, [references]).score),
        exact=_exact(outputs, references, lower),
        decoding=decoding,
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
        deciding=by.metric,
        reason=by.reason(),
        length_ratio=float(total.ratio),
        worst=tuple(sorted((pair for pair in scored if pair.chrf < 100), key=lambda pair: pair.chrf)[:_WORST]),
        first=tuple(scored[:_WORST]),
        tokenized=sum(output.endswith(" .") for output in outputs),
        sample=sample(outputs, references, lower, by.tokenize),
    )


def figures(outputs: Sequence[str], references: Sequence[str], lower: bool, by: Deciding = USUAL) -> Figures:
    """Return BLEU, chrF and the exact share of outputs; raises as `judge` does."""
    plain = [reference.strip() for reference in references]
    metrics = statistics.metrics(lower, by.tokenize)
    bleu, chrf = (float(metric.corpus_score(outputs, [plain]).score) for metric in metrics)
    return Figures(bleu, chrf, _exact(outputs, plain, lower), sample(outputs, plain, lower, by.tokenize))


def copied(pairs: Pairs, rows: Indices, lower: bool, by: Deciding = USUAL) -> Figures:
    """Score the sources of pairs `rows` (n,) as their own translations: the baseline; raises as `judge` does."""
    copies = [prepared(pairs.sources[row], lower) for row in rows]
    return figures(copies, [pairs.targets[row] for row in rows], lower, by)


def _shortened(text: str) -> str:
    """Return a text, or its beginning with an ellipsis."""
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"


def _exact(outputs: Sequence[str], references: Sequence[str], lower: bool) -> float:
    return float(statistics.exact(statistics.exact_counts(outputs, references, lower).sum(axis=0)[None])[0])
