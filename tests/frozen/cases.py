"""Trainings of every task, small and few steps, and what each model is asked afterwards.

A question is the words of a command; M stands for the model's file. Lines after " <<< " go to its standard input.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A training, and the questions to its model."""

    name: str
    task: str
    data: str
    options: str
    asks: tuple[str, ...]

    @property
    def resumed(self) -> bool:
        """Whether the finished run is resumed too: one of each task is."""
        return self == next(case for case in CASES if case.task == self.task)


_LEARNS = "--evaluations 3 --learning-rate 0.03"
_TEXT = f"--hidden 12 --embedding 6 --batch 4 --bptt 12 --max-steps 40 --seed 3 {_LEARNS}"
_ROWS = f"--hidden 6 --embedding 5 --batch 8 --max-steps 30 --seed 4 --valid 0.25 {_LEARNS}"
_STEPS = _ROWS.replace("--embedding 5 ", "")
_TAGS = f"--hidden 6 --embedding 6 --batch 8 --max-steps 30 --seed 5 --valid 0.2 {_LEARNS}"
_FILL = f"--hidden 6 --embedding 6 --batch 4 --bptt 12 --max-steps 30 --seed 6 --evaluation-units 200 {_LEARNS}"
_PAIR = f"--hidden 6 --embedding 6 --batch-steps 200 --max-steps 30 --seed 7 --valid 0.2 {_LEARNS}"

_WRITES = (
    "run M --prompt 'Ann ' --length 40 --seed 1",
    "run M --prompt 'Ann saw' --length 30 --temperature 0",
    "run M --prompt 'Zoë' --length 30 --seed 2 --top-k 5 --top-p 0.9 --temperature 1.2",
    "run M --prompt 'Ann ' --next 4",
    "run M --prompt - --length 12 --seed 3 <<< Ann\nthe",
    "run M --prompt 'Ann ' --json",
    "eval M later.txt",
    "eval M later.txt --json --baseline-text novel.txt --max-units 200",
)
_FILMS = "the film was good\na dull one\n\nnever seen wörds"
_LABELS = (f"run M <<< {_FILMS}", f"run M --json --top 2 <<< {_FILMS}", "run M --prompt x")
_SENTENCES = "Ann flies to Port Linford .\n\nit rained\nUnknown Words here"
_TAGGED = (f"run M <<< {_SENTENCES}", f"run M --json --top 3 <<< {_SENTENCES}", "run M more.conll --format columns")
_GERMAN = "ein Hund läuft\n\nzwei Kind singt heute\nßß ein"
_GAPS = "Ann saw a ___ rose.\nthe old man had a ___ sky, and ___ left.\nno gap"

CASES = (
    Case("language-char", "language", "novel.txt", f"{_TEXT} --checkpoint-minutes 60", _WRITES),
    Case("language-word", "language", "novel.txt", f"{_TEXT} --units word --cell gru --layers 2 --valid later.txt"
         " --average 0.9 --accumulate 2 --tied", _WRITES),
    Case("language-subword", "language", "novel.txt", f"{_TEXT} --units subword --vocabulary 60 --cell rnn --patience 1"
         " --clip 0.5", (*_WRITES[:2], *_WRITES[3:5], *_WRITES[6:])),
    Case("language-byte", "language", "novel.txt later.txt", f"{_TEXT} --units byte --epochs 0.2",
         (*_WRITES[:1], *_WRITES[3:4], *_WRITES[6:7])),
    Case("classify-word", "classify", "films.csv", f"{_ROWS} --units word",
         (*_LABELS, "eval M unseen.csv", "eval M unseen.csv --json", "run M unseen.csv --top 2")),
    Case("classify-char", "classify", "films.csv", f"{_ROWS} --units char --cell lstm --pooling attention --layers 2"
         " --class-weights balanced", (_LABELS[1], "eval M unseen.csv --json")),
    Case("classify-several", "classify", "several.csv", f"{_ROWS} --units word --separator ; --cell rnn --pooling mean",
         (*_LABELS[:2], "eval M several.csv", "eval M several.csv --json")),
    Case("classify-series", "classify", "waves.jsonl", f"{_STEPS} --columns x,y --pooling last --no-bidirectional"
         " --average 0.9", ("run M waves.jsonl", "eval M waves.jsonl --json")),
    Case("tag-spans", "tag", "spans.conll", f"{_TAGS} --character-embedding 4 --character-hidden 3",
         (*_TAGGED, "eval M more.conll", "eval M more.conll --json")),
    Case("tag-letters", "tag", "tags.jsonl", f"{_TAGS} --characters convolution --character-embedding 4"
         " --character-hidden 3 --no-crf --cell gru --recurrent-dropout 0.2",
         (*_TAGGED[:2], "eval M tags.jsonl --json")),
    Case("tag-words", "tag", "spans.conll", f"{_TAGS} --characters none --internal iob2 --layers 2 --cell rnn",
         (_TAGGED[1], "eval M more.conll")),
    Case("fill-lstm", "fill", "novel.txt", f"{_FILL} --average 0.9",
         (f"run M - <<< {_GAPS}", f"run M - --json --top 3 --left-to-right <<< {_GAPS}", "run M 'Ann saw a ___ rose.'",
          "run M 'Ann saw a ? rose.' --mask-token '?' --left-to-right --top 2", "eval M later.txt",
          "eval M later.txt --json --baseline-text novel.txt")),
    Case("fill-gru", "fill", "novel.txt", f"{_FILL} --cell gru --layers 2 --valid later.txt --vocabulary 20",
         (f"run M - --top 2 <<< {_GAPS}", "eval M later.txt --json")),
    Case("translate-char", "translate", "a.de a.en", f"{_PAIR} --units char --recurrent-dropout 0.1 --smoothing 0.1",
         (f"run M <<< {_GERMAN}", f"run M --beam 3 --n-best 2 --json <<< {_GERMAN}",
          f"run M --sample --seed 5 --temperature 0.9 --top-k 4 <<< {_GERMAN}",
          f"run M --beam 2 --length-penalty 0.5 --coverage 0.2 --no-repeat-ngram 2 <<< {_GERMAN}",
          f"run M --attention page.html <<< {_GERMAN}", "eval M b.jsonl", "eval M b.jsonl --json --beam 2")),
    Case("translate-subword", "translate", "a.de a.en", f"{_PAIR} --units subword --vocabulary 50 --shared --lower"
         " --attention additive --attention-size 5 --cell lstm --layers 2 --scheduled-sampling 0.3 --average 0.9",
         (f"run M <<< {_GERMAN}", f"run M --json --beam 2 <<< {_GERMAN}", "eval M b.jsonl --json")),
)  # fmt: skip
