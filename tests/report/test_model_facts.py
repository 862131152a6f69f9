"""`anaphora verify` describes a model in words and in figures as people write them."""

from __future__ import annotations

import re

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.report import model_facts
from small_models import random_tensors

CARD = {
    "accuracy": 0.76666666666, "nats_per_unit": 1.7, "seconds": 3725.2, "date": "2026-03-01", "best_step": 1234567,
    "baseline": {"linear": "TF-IDF+LR", "linear_macro_f1": 0.51269672593202, "none": None},
    "baselines": [{"name": "counts of neighbours", "top_5": 0.323943661971831}], "sources": ["a.csv", "b.csv"],
    "held_out_rows": 40, "unit": "char", "parameters": 5, "versions": {"numpy": "2.4.6"},
}  # fmt: skip
UNITS = {
    "columns": {"channels": [], "id": None, "label": "topic", "multi": False, "text": ["title", "body"], "wide": True},
    "labels": [f"label {number}" for number in range(2000)], "lower": True, "separator": None, "temperature": 0.3357,
}  # fmt: skip


def described() -> list[str]:
    model = {
        "kind": "stack", "name": "model", "blocks": [
            {"kind": "embedding", "name": "letters", "vocabulary": 2000, "size": 600},
            {"kind": "gru", "name": "both", "input_size": 600, "hidden_size": 4, "bidirectional": True},
        ],
    }  # fmt: skip
    config = {"version": 1, "task": "classify", "model": model, "units": UNITS, "card": CARD}
    made = bundle.from_bytes(bundle.to_bytes(random_tensors(spec.check(model), 0), config))
    facts = bundle.Facts("m.anaphora", 12_345_678, 1, "classify", 9, 0, "0" * 64, made.config)
    return model_facts.lines(facts)


def test_figures_are_written_as_people_write_them() -> None:
    shown = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in described()[1:] if "  " in line.strip())
    parameters = 2000 * 600 + 2 * 3 * (4 * 600 + 4 * 4 + 2 * 4)
    assert described()[0] == "m.anaphora: whole, 12.3 MB (12,345,678 bytes), format version 1"
    assert shown == {
        "SHA-256": "0" * 64,
        "task": "classify",
        "parameters": f"{parameters:,} in 9 tensors",
        "letters": "embedding        vocabulary 2,000, size 600",
        "both": "gru              input size 600, hidden size 4, bidirectional",
        "columns": "label: topic; text: title, body; wide",
        "labels": f"{', '.join(f'label {number}' for number in range(12))} and 1,988 more",
        "lower": "yes",
        "temperature": "0.3357",
        "accuracy": "0.7667",
        "nats per unit": "1.7",
        "time": "1 h 02 min",
        "date": "1 March 2026",
        "best step": "1,234,567",
        "baseline: linear": "TF-IDF+LR",
        "baseline: linear macro F1": "0.5127",
        "baselines": "name: counts of neighbours; top 5: 0.3239",
        "sources": "a.csv, b.csv",
        "held-out rows": "40",
        "unit": "character",
        "versions: numpy": "2.4.6",
    }


def test_no_value_is_written_as_a_program_writes_it() -> None:
    raw = ("{", "}", "[", "]", "'", "None", "True", "False")
    assert not [line for line in described() if any(each in line for each in raw)]


def test_names_are_not_those_of_variables() -> None:
    assert not [line for line in described() if "_" in line.partition("  ")[0]]
