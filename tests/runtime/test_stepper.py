"""The step over bound buffers: the same bits as whole sequences, and nothing allocated on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.bundle import spec
from anaphora.errors import DataError, UsageError
from runtime.trees import POOLS, trees
from small_models import BOTH_WAYS, OF_VECTORS, POOLED, STREAMING, V, random_inputs, small_model

COUNTER = Path(__file__).resolve().parents[2] / "benchmarks" / "measure" / "allocations.py"


@pytest.mark.parametrize("kind", [kind for kind in spec.KINDS if kind not in POOLS])
@given(data=st.data())
def test_step_by_step_is_the_whole(kind: str, data: st.DataObject) -> None:
    checked = data.draw(trees(kind, streaming=True))
    model = small_model(checked, seed=data.draw(st.integers(0, 99)))
    B, T = data.draw(st.integers(1, 8)), data.draw(st.integers(0, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    inputs = random_inputs(checked, rng, T, B)
    before = tuple(rng.normal(size=part.shape).astype(np.float32) for part in model.initial(B))
    before = data.draw(st.sampled_from([None, before]))
    y, after = model.forward(inputs, state=before)
    stepper = model.stepper(B, before)
    for t in range(T):
        stepper.x[...] = inputs[t]
        stepper.step()
        assert stepper.y.tobytes() == y[t].tobytes()
    assert [part.tobytes() for part in stepper.state] == [part.tobytes() for part in after]


def test_a_state_is_a_value() -> None:
    for checked in (STREAMING["lstm, projected, 2 layers"], OF_VECTORS["vectors, lstm"]):
        model = small_model(checked)
        stepper = model.stepper()
        stepper.x[...] = 1
        stepper.step()
        state, first = stepper.state, stepper.y.copy()
        copies = [part.copy() for part in state]
        stepper.step()
        second = stepper.y.copy()
        assert (second != first).any()
        for part, copy in zip(state, copies, strict=True):
            np.testing.assert_array_equal(part, copy)
        stepper.state = state
        stepper.step()
        np.testing.assert_array_equal(stepper.y, second)
        other = model.stepper(state=state)
        other.x[...] = 1
        other.step()
        np.testing.assert_array_equal(other.y, second)
        for part, copy in zip(state, copies, strict=True):
            np.testing.assert_array_equal(part, copy)


def test_an_id_that_is_no_symbol_moves_nothing() -> None:
    stepper = small_model(STREAMING["lstm"]).stepper(2)
    stepper.step()
    before = stepper.state
    for wrong in (V, -1):
        stepper.x[1] = wrong
        with pytest.raises(DataError, match=f"from 0 to {V - 1}"):
            stepper.step()
        for ours, other in zip(stepper.state, before, strict=True):
            np.testing.assert_array_equal(ours, other)


@pytest.mark.parametrize("checked", [*POOLED.values(), *BOTH_WAYS.values()], ids=[*POOLED, *BOTH_WAYS])
def test_what_needs_whole_rows_has_no_steps(checked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot go step by step"):
        small_model(checked).stepper()


def test_a_state_of_another_size_is_refused() -> None:
    model = small_model(STREAMING["lstm"])
    with pytest.raises(UsageError, match="state of shapes"):
        model.stepper(2, model.initial(3))


def test_the_buffers_stay_bound() -> None:
    stepper: Any = small_model(STREAMING["lstm"]).stepper()
    for name in ("x", "y"):
        with pytest.raises(AttributeError):
            setattr(stepper, name, np.zeros(1))


def test_ten_thousand_steps_allocate_nothing() -> None:
    ran = subprocess.run([sys.executable, COUNTER], capture_output=True, text=True, check=True)
    counts = {line.split()[0]: int(line.split()[1].replace(",", "")) for line in ran.stdout.splitlines()}
    assert counts == {"object": 10_000, "rnn": 0, "gru": 0, "lstm": 0}
