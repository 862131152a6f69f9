"""A model of parts: each is the model it would be alone, in both towers, whatever the others are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from anaphora.bundle import Bundle, spec
from anaphora.errors import IncompatibleBundle
from anaphora.nn.build import Parts, assemble, build
from anaphora.runtime import parts
from anaphora.training.initial import initialise
from small_models import TREES, random_inputs, random_tensors, small_model

CHOSEN = ("lstm, projected, 2 layers", "gru, tied", "attention over an lstm, both ways", "vectors, lstm")


def tree() -> dict[str, Any]:
    found = [{**TREES[name], "name": f"part_{number}"} for number, name in enumerate(CHOSEN)]
    return spec.check({"kind": "parts", "name": "model", "parts": found})


def test_each_part_is_the_model_it_would_be_alone(rng: np.random.Generator) -> None:
    checked = tree()
    tensors = random_tensors(checked, seed=4)
    module = assemble(checked)
    assert isinstance(module, Parts)
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == spec.tensors(checked)
    module.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    module.eval()
    running = parts(Bundle(tensors, {"version": 1, "task": "language", "model": checked}))
    assert list(running) == [f"part_{number}" for number in range(len(CHOSEN))]
    for name, model in running.items():
        alone = spec.parts(checked)[name]
        inputs = random_inputs(alone, rng, 9, 3)
        own = {path.removeprefix(f"{name}."): each for path, each in tensors.items() if path.startswith(f"{name}.")}
        y, _ = model.forward(inputs)
        np.testing.assert_array_equal(y, small_model(alone, tensors=own).forward(inputs)[0])
        expected = module.get_submodule(name)(torch.from_numpy(inputs))[0].detach()
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_parts_are_read_back_and_their_first_weights_are_those_of_stacks() -> None:
    checked = tree()
    assert spec.check(spec.essence(checked)) == checked
    torch.manual_seed(3)
    module = assemble(checked)
    initialise(module)
    one = build(spec.parts(checked)["part_0"])
    initialise(one)
    biases = {name: value for name, value in one.state_dict().items() if "bias" in name and "recurrent" in name}
    assert any(value.any() for value in biases.values())
    for name, value in biases.items():
        assert torch.equal(module.state_dict()[f"part_0.{name}"], value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"kind": "parts", "name": "m", "parts": []}, "a list of at least one part"),
        ({"kind": "parts", "name": "m", "parts": [TREES["lstm, projected, 2 layers"]] * 2},
         "Two parts are called 'model'"),
        ({"kind": "parts", "name": "m", "parts": [{"kind": "linear", "name": "x"}]}, "a block of kind 'stack'"),
        ({"kind": "parts", "name": "m", "parts": [TREES["vectors, lstm"]], "blocks": []}, "has no field 'blocks'"),
    ],
)  # fmt: skip
def test_what_is_no_model_of_parts(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(IncompatibleBundle, match=said):
        spec.check(raw)


def test_a_tensor_that_is_missing_is_named() -> None:
    checked = tree()
    tensors = random_tensors(checked)
    del tensors["part_1.recurrent.weight_hh_l0"]
    with pytest.raises(IncompatibleBundle, match=r"needs a tensor 'part_1\.recurrent\.weight_hh_l0'"):
        parts(Bundle(tensors, {"version": 1, "task": "language", "model": checked}))
