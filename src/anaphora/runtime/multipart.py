"""A model of several parts, each ready to run: an encoder and a decoder, or words and their characters.

    parts = runtime.parts(bundle)        name -> Model, or the block that joins others

The task joins the parts: it feeds one part with the output of another.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.runtime.build import BUILDERS, check_tensors
from anaphora.runtime.model import Model


def parts(opened: bundle.Bundle | Model) -> dict[str, Any]:
    """Return the parts of a bundle, or of a model in parts, by name.

    Raises IncompatibleBundle if this version cannot run a part, or if a tensor is missing.
    """
    tree = spec.check(opened.config["model"])
    check_tensors(tree, opened.tensors)
    found: dict[str, Any] = {}
    owned = {path.rpartition(".")[2]: _under(opened, path) for path, _ in spec.walk(tree)}
    for name, part in spec.parts(tree).items():
        own = _under(opened, name)
        if part["kind"] == "stack":
            found[name] = Model(bundle.Bundle(own, {**opened.config, "model": part}))
        else:
            found[name] = BUILDERS[part["kind"]](part, own, owned)
    return found


def _under(opened: bundle.Bundle | Model, path: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a part or a block, with its path removed from their names."""
    prefix = f"{path}."
    return {name.removeprefix(prefix): tensor for name, tensor in opened.tensors.items() if name.startswith(prefix)}
