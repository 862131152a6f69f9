"""A model of several parts, each ready to run: an encoder and a decoder, words and their letters.

    parts = runtime.parts(bundle)        name -> Model, or the block that joins others

How they are joined is the task's: it feeds one with what another leaves.
"""

from __future__ import annotations

from typing import Any

from anaphora import bundle, spec
from anaphora.runtime.blocks import BUILDERS, check_tensors
from anaphora.runtime.model import Model


def parts(opened: bundle.Bundle) -> dict[str, Any]:
    """The parts of a model by name.

    Raises IncompatibleBundle when this version cannot run one, or when a tensor is missing.
    """
    tree = spec.check(opened.config["model"])
    check_tensors(tree, opened.tensors)
    found: dict[str, Any] = {}
    for name, part in spec.parts(tree).items():
        own = {
            path.removeprefix(f"{name}."): tensor
            for path, tensor in opened.tensors.items()
            if path.startswith(f"{name}.")
        }
        if part["kind"] == "stack":
            found[name] = Model(bundle.Bundle(own, {**opened.config, "model": part}))
        else:
            found[name] = BUILDERS[part["kind"]](part, own, {})
    return found
