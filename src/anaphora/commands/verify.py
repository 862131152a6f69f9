"""``anaphora verify``: check a model file against its digests, and describe it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.data.taken import Taken

_MEANINGS = {
    "baseline.nats_per_unit": "  (on the whole held-out part)",
    "baseline.scored_nats_per_unit": "  (on the units that the network was scored on)",
    "sampled_nats_per_unit": "  (best validation loss)",
}


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
    from anaphora.config.old_names import card_by_current_names
    from anaphora.runs.model_file import check_model_file

    for path in models:
        check_model_file(path)
        facts = bundle.verify(path)
        tree = spec.check(facts.config["model"])
        shapes = spec.tensors(tree)
        parameters = sum(math.prod(shape) for shape in shapes.values())
        if as_json:
            known = {**facts._asdict(), "parameters": parameters}
            print(json.dumps(known, ensure_ascii=False, sort_keys=True, allow_nan=False))
            continue
        print(f"{path}: whole, {facts.size_bytes:,} bytes, format version {facts.version}")
        print(f"  {'sha256':<24}{facts.sha256}")
        print(f"  {'task':<24}{facts.task}{_units(facts.config)}")
        print(f"  {'parameters':<24}{parameters:,} in {len(shapes)} tensors")
        for block_path, block in spec.walk(spec.essence(tree)):
            fields = ", ".join(f"{name} {value}" for name, value in block.items() if name not in ("kind", "name"))
            print(f"    {block_path:<22}{block['kind']:<12}{fields}")
        for name, value in _flat(card_by_current_names(facts.config.get("card", {}))):
            if name != "parameters":  # of which the spec has the number, above
                print(f"  {_plain(name):<22}  {_plain(value)}{_MEANINGS.get(name, '')}")


def _flat(card: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The known facts of a model card with their dotted names."""
    for name, value in card.items():
        if name == "taken":
            yield name, Taken.from_json(value).message()
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(map(str, value))
        elif value is not None:
            yield prefix + name, f"{value:,}" if isinstance(value, int) else str(value)


def _plain(text: str) -> str:
    """Text of a file without control characters, which could move the cursor or colour the screen."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _units(config: dict[str, Any]) -> str:
    units = config.get("units", {})
    return ", " + ", ".join(f"{name} {value}" for name, value in units.items()) if units else ""
