"""A gap filler as results beside the simple methods', and as sections of a run's page: gaps of held-out text, and what
they were filled with from both sides and from the past alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import Judged
from anaphora.data.text.id_files import Units
from anaphora.runs.content import Paragraph, Result, Section, Table
from anaphora.runtime.model import Joined
from anaphora.tasks.fill.filler import SIDES, Filler
from anaphora.tasks.fill.floor import Floor
from anaphora.tasks.fill.lexicon import Lexicon, spaced
from anaphora.tasks.fill.scoring import Found, Score, judge, side
from anaphora.tasks.fill.settings import GAP
from anaphora.tasks.fill.windows import Gaps, cut, laid

_LOOKED_AT = 4_096  # units of the held-out part
_AROUND = 10  # units on each side of a gap that is shown
_SHOWN, _MOST = 12, 8  # gaps as they come, and of those that tell most
_WORDS = 3  # of each guess
_BANDS = ((1, 100), (101, 1_000), (1_001, None))  # the how-many-th most frequent word


def results(score: Score | None, floor: Floor) -> tuple[Result, ...]:
    """Both sides beside the counts, and beside the past alone."""
    counts = floor.counts
    both, past, ratio = (None, None, None) if score is None else (score.both, score.past, score.ratio)
    accuracy, top_5, nats = (None, None, None) if both is None else (both.accuracy, both.top_5, both.nats)
    alone = None if past is None else past.accuracy
    return (
        Result("accuracy", "", accuracy, counts.accuracy, counts.name, lower_is_better=False),
        Result("accuracy of the past alone", "", alone, None, "", lower_is_better=False),
        Result("times as often right as the past alone", "", ratio, None, "", lower_is_better=False),
        Result("top 5", "", top_5, counts.top_5, counts.name, lower_is_better=False),
        Result("nats", "gap", nats, counts.nats, counts.name),
    )


def sections(model: Joined, held_out: Units) -> tuple[Section, ...]:
    """What a model makes of gaps of the held-out part."""
    filler = Filler(model)
    lexicon = filler.lexicon
    gaps = laid(held_out, lexicon.words, cut(len(held_out), _LOOKED_AT))
    found = judge(filler.network, lexicon.words, gaps, len(held_out))
    return (_as_they_come(filler, found), _apart(filler, found), _by_frequency(lexicon, found))


def _as_they_come(filler: Filler, found: Found) -> Section:
    chosen = np.unique(np.linspace(0, len(found.gaps) - 1, _SHOWN).astype(np.int64))
    told = Paragraph("Words of the held-out part left out, evenly spread, and the likeliest words for each, with their"
                     " probabilities.")  # fmt: skip
    return Section("Gaps", (told, _table(filler, found.gaps, chosen)))


def _apart(filler: Filler, found: Found) -> Section:
    gain = found.judged["past"].nats - found.judged["both"].nats
    known = np.flatnonzero(found.gaps.target > 0)
    order = known[np.argsort(-gain[known], kind="stable")]
    told = Paragraph(
        f"Of {len(found.gaps):,} gaps, those in which what stands after them says most; then those in which it"
        " misleads most."
    )
    tables = (_table(filler, found.gaps, order[:_MOST]), _table(filler, found.gaps, order[::-1][:_MOST]))
    return Section("What the other side is worth", (told, *tables))


def _by_frequency(lexicon: Lexicon, found: Found) -> Section:
    """Accuracy for words of each band of frequency, as the vocabulary orders them."""
    place = np.cumsum(lexicon.words) - 1  # symbols are sorted by frequency; 0 is the unknown word
    rank = place[found.gaps.target]
    rows: list[tuple[str | int | float, ...]] = []
    for first, last in _BANDS:
        inside = (rank >= first) & (rank <= (last or rank.max(initial=0)))
        if inside.any():
            accuracy = [side(name, _some(found.judged[name], inside), found.gaps.target[inside]).accuracy
                        for name in SIDES]  # fmt: skip
            name = f"{first:,} to {last:,}" if last else f"{first:,} and on"
            rows.append((name, int(inside.sum()), *accuracy))
    unknown = int((rank == 0).sum())
    if unknown:
        rows.append(("not known", unknown, 0.0, 0.0))
    told = Paragraph("How often the likeliest word is right, by how frequent the word is in the training part.")
    head = ("the word's place", "gaps", "both sides", "the past alone")
    return Section("Frequent words and rare ones", (told, Table(head, tuple(rows))))


def _some(judged: Judged, inside: NDArray[np.bool_]) -> Judged:
    return Judged(judged.nats[inside], judged.rank[inside])


def _table(filler: Filler, gaps: Gaps, chosen: NDArray[np.int64]) -> Table:
    lexicon = filler.lexicon
    told = {side: filler.likeliest(gaps.rows, gaps.places[chosen], side, _WORDS) for side in SIDES}
    rows = []
    for number, gap in enumerate(chosen.tolist()):
        guesses = [", ".join(f"{guess.word} {guess.probability:.2f}" for guess in told[side][number].words)
                   for side in SIDES]  # fmt: skip
        target = int(gaps.target[gap])
        rows.append((_around(lexicon, gaps, gap), lexicon.symbols[target] if target else "(not known)", *guesses))
    return Table(("text", "the word", "both sides", "the past alone"), tuple(rows))


def _around(lexicon: Lexicon, gaps: Gaps, gap: int) -> str:
    row, at = gaps.rows.row(int(gaps.row[gap])), int(gaps.step[gap])
    units = [lexicon.symbols[symbol] for symbol in row[max(0, at - _AROUND) : at + _AROUND + 1].tolist()]
    units[min(at, _AROUND)] = GAP
    return spaced(units).replace("\n", " ⏎ ").strip()
