"""``anaphora verify``: is the file whole, and what is in it."""

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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file instead of lines.")] = False,
) -> None:
    """Check every byte of a model file against its SHA-256 digests, and say what is in it.

    Exit code 5 when a file is damaged, or was made by a version that this one cannot read.
    """
    from anaphora import bundle, spec

    for path in models:
        facts = bundle.verify(path)
        tree = spec.check(facts.config["model"])
        shapes = spec.tensors(tree)
        parameters = sum(_product(shape) for shape in shapes.values())
        if as_json:
            known = {**facts._asdict(), "parameters": parameters}
            print(json.dumps(known, ensure_ascii=False, sort_keys=True, allow_nan=False))
            continue
        print(f"{path}: whole, {facts.size_bytes:,} bytes, format version {facts.version}")
        print(f"  sha256      {facts.sha256}")
        print(f"  task        {facts.task}{_units(facts.config)}")
        print(f"  parameters  {parameters:,} in {len(shapes)} tensors")
        for block_path, block in spec.walk(tree):
            fields = ", ".join(f"{name} {value}" for name, value in block.items() if name not in ("kind", "name"))
            print(f"    {block_path:<12}{block['kind']:<12}{fields}")
        for name, value in facts.config.get("card", {}).items():
            print(f"  {name:<12}{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


def _units(config: dict[str, Any]) -> str:
    units = config.get("units", {})
    return ", " + ", ".join(f"{name} {value}" for name, value in units.items()) if units else ""


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result
