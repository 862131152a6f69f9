"""``anaphora verify``: check a model file against its digests, and describe it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from anaphora.commands import parser


def make() -> Any:
    """Return the command."""
    return parser.command(verify, "verify")


def verify(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Model files.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
) -> None:
    """Check every byte of a model file against its SHA-256 digests, and describe the model.

    The exit code is 5 if a file is damaged, or if a newer version wrote it in a format that this version cannot read.
    """
    from anaphora import bundle
    from anaphora.bundle import spec
    from anaphora.report import model_facts
    from anaphora.runs.model_file import check_model_file

    for path in models:
        check_model_file(path)
        facts = bundle.verify(path)
        if as_json:
            known = {**facts._asdict(), "parameters": spec.parameters(spec.check(facts.config["model"]))}
            print(json.dumps(known, ensure_ascii=False, sort_keys=True, allow_nan=False))
        else:
            print("\n".join(model_facts.lines(facts)))
