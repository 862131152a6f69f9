"""Folders of runs that never were, as training would have left them: known losses, known ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NATS = {"name": "nats", "per": "word", "value": 1.0252, "baseline": 1.5, "beat": "the n-gram model"}
CONFIG = """[model]
cell = "gru"
hidden = 128

[training]
learning_rate = 0.003
clip = 1.0
"""


def events(steps: int = 40, looks_every: int = 10) -> list[dict[str, Any]]:
    """A plan, steps whose loss falls as step^-0.3, and looks that see a little more."""
    told: list[dict[str, Any]] = [{"event": "plan", "total_steps": steps, "reason": "steps"}]
    for step in range(1, steps + 1):
        told.append(
            {
                "event": "step", "step": step, "total_steps": steps, "loss": 3.0 / step**0.3,
                "learning_rate": 0.003 * (1 - step / steps), "gradient_norm": 2.0 / step, "clip_rate": float(step < 3),
                "update_ratio": 0.01 / step, "units": 512, "seconds": step * 0.5, "units_per_second": 1024.0,
                "seconds_left": (steps - step) * 0.5,
            }
        )  # fmt: skip
        if step % looks_every == 0:
            told.append(
                {
                    "event": "evaluation", "step": step, "total_steps": steps, "loss": 3.1 / step**0.3,
                    "weights": "raw", "best": True, "best_loss": 3.1 / step**0.3, "train_loss": 3.0 / step**0.3,
                    "seconds": step * 0.5, "probes": {},
                }
            )  # fmt: skip
    return told


def finish(**more: Any) -> dict[str, Any]:
    """A report: finished, better than its baseline."""
    return {
        "event": "finish", "stopped": "finished", "steps": 40, "seconds": 23.4, "parameters": 12345,
        "results": [NATS], "notes": [], **more,
    }  # fmt: skip


def write(
    folder: Path, told: list[dict[str, Any]], config: str = CONFIG, facts: Mapping[str, Any] | None = None
) -> Path:
    """Write a run's folder, and give it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(each) + "\n" for each in told)
    (folder / "metrics.jsonl").write_text(lines, encoding="utf-8")
    (folder / "config.toml").write_text(config, encoding="utf-8")
    known = {"version": 1, "task": "language", "data": ["/far/away/novel.txt"], "data_sha256": "ab" * 32}
    machine = {"instruction_set": "avx2", "threads": 2, "torch": "2.13.0"}
    whole = {**known, "output": "/far/away/m.anaphora", "started": "2026-03-01T10:00:00+00:00", "machine": machine}
    (folder / "run.json").write_text(json.dumps({**whole, **(facts or {})}), encoding="utf-8")
    return folder
