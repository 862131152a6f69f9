"""``anaphora verify``: check model files against their digests, and describe them."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import AnaphoraError, BundleError, DataError
from anaphora.formatting import message_ended


def make() -> Any:
    """Return the command."""
    return parser.command(verify, "verify")


def verify(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Model files.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
) -> None:
    """Check every byte of a model file against its SHA-256 digests, and describe the model.

    Of several files, all are checked. The exit code is 5 if a file is damaged, or if a newer version wrote it in a
    format that this version cannot read; it is 3 if the only fault is that a file cannot be read.
    """
    wrong: dict[str, AnaphoraError] = {}
    for path in models:
        try:
            print(_json(path) if as_json else _in_words(path))
        except (BundleError, DataError) as error:
            wrong[path] = error
            if as_json:
                print(json.dumps({"path": path, "error": str(error)}, ensure_ascii=False, sort_keys=True))
            print(f"anaphora: {message_ended(str(error))}", file=sys.stderr)
    if len(models) > 1:
        print(_summary(models, list(wrong)), file=sys.stderr if as_json or wrong else sys.stdout)
    if wrong:
        raise typer.Exit(max(error.exit_code for error in wrong.values()))


def _in_words(path: str) -> str:
    from anaphora import bundle
    from anaphora.report import model_facts
    from anaphora.runs.model_file import check_model_file

    check_model_file(path)
    return "\n".join(model_facts.lines(bundle.verify(path)))


def _json(path: str) -> str:
    from anaphora import bundle
    from anaphora.bundle import spec
    from anaphora.runs.model_file import check_model_file

    check_model_file(path)
    facts = bundle.verify(path)
    known = {**facts._asdict(), "parameters": spec.parameters(spec.check(facts.config["model"]))}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _summary(models: list[str], wrong: list[str]) -> str:
    if not wrong:
        return f"All {len(models)} files are whole."
    return f"{len(set(models)) - len(wrong)} of {len(set(models))} files are whole; these are not: {', '.join(wrong)}."
