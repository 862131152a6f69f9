"""What every program here has: its options and the rows it leaves."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def options(doc: str | None, quick: str, seconds: tuple[float, float] = (0.2, 0.5)) -> argparse.ArgumentParser:
    """A parser with `--quick`, `--seconds` and `--json`; ``seconds`` says how long a row takes if quick, and if not."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = f"about how long to spend on each row ({seconds[0]:g} if quick, else {seconds[1]:g})"
    parser.add_argument("--quick", action="store_true", help=f"{quick}, less time each")
    parser.add_argument("--seconds", type=float, metavar="S", help=usual)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there, as a JSON list")
    parser.set_defaults(usual_seconds=seconds)
    return parser


def seconds_of(asked: argparse.Namespace) -> float:
    """How long to spend on each row."""
    quick, usual = asked.usual_seconds
    return float(asked.seconds if asked.seconds is not None else quick if asked.quick else usual)


def leave(asked: argparse.Namespace, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows where `--json` says."""
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
