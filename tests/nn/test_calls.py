"""The way from a module's forward to the kernels, as a number of Python functions: more of them cost time."""

from __future__ import annotations

import pytest

from calls import entered, functions_of


def test_functions_are_counted_in_the_order_of_their_calls() -> None:
    def inner() -> None:
        len("a function in C is none of Python's")

    def outer() -> None:
        inner()
        inner()

    assert entered(lambda: outer()) == ["test_calls.outer", "test_calls.inner", "test_calls.inner"]


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_forward_enters_few_functions(cell: str) -> None:
    names = functions_of(cell, train=False)
    assert names[0] == "base.forward"
    assert names[-1] == "batch_layout.restore"
    assert names.count("kernels_on_tensors.forward") == 1
    assert len(names) == 15, names


def test_a_training_forward_enters_few_more() -> None:
    names = functions_of("LSTM", train=True)
    assert len(names) == 25, names
