"""Ragged: there and back through every other shape, gradients included; what doesn't fit is refused."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_sequence

from anaphora.kernels.row_index import RowIndex
from anaphora.nn import Ragged


def rows_of(lengths: list[int]) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return [torch.randn(T, 3, generator=draw) for T in lengths]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_there_and_back(lengths: list[int]) -> None:
    rows = rows_of(lengths)
    ragged = Ragged.from_list(rows)
    assert len(ragged) == len(lengths)
    assert ragged.lengths.tolist() == lengths
    assert all(torch.equal(a, b) for a, b in zip(ragged.rows(), rows, strict=True))
    for batch_first in (False, True):
        padded = pad_sequence(rows, batch_first=batch_first, padding_value=-7.0)
        assert torch.equal(ragged.to_padded(batch_first, padding_value=-7.0), padded)
        back = Ragged.from_padded(padded, lengths, batch_first)
        assert torch.equal(back.data, ragged.data)
        assert torch.equal(back.lengths, ragged.lengths)
    longer = ragged.to_padded(steps_at_least=max(lengths) + 2)
    assert longer.shape == (max(lengths) + 2, len(lengths), 3)
    assert torch.count_nonzero(longer[max(lengths) :]) == 0


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_packed_is_what_torch_packs(lengths: list[int]) -> None:
    rows = rows_of(lengths)
    ours, theirs = Ragged.from_list(rows).to_packed(), pack_sequence(rows, enforce_sorted=False)
    assert torch.equal(ours.batch_sizes, theirs.batch_sizes)
    back = Ragged.from_packed(theirs)
    assert all(torch.equal(a, b) for a, b in zip(back.rows(), rows, strict=True))
    again = Ragged.from_packed(ours)
    assert torch.equal(again.data, back.data)
    assert again.lengths.tolist() == lengths
    # Torch sorts rows of one length as it likes; unsorted, both are the same rows.
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(ours)
    assert torch.equal(padded, pad_sequence(rows))


def test_a_sorted_packed_sequence_without_indices() -> None:
    rows = rows_of([5, 4, 4, 1])
    packed = pack_padded_sequence(pad_sequence(rows), torch.tensor([5, 4, 4, 1]))
    assert packed.unsorted_indices is None
    assert all(torch.equal(a, b) for a, b in zip(Ragged.from_packed(packed).rows(), rows, strict=True))


def test_gradients_go_to_the_rows_they_came_from() -> None:
    rows = [row.requires_grad_() for row in rows_of([2, 0, 3, 1])]
    weights = rows_of([2, 0, 3, 1])
    ragged = Ragged.from_list(rows)
    target = Ragged.from_list(weights)
    for got, weight in (
        (ragged.to_padded(), target.to_padded()),
        (Ragged.from_padded(ragged.to_padded(True), ragged.lengths, True).data, target.data),
        (Ragged.from_list([rows[b] for b in (0, 2, 3)]).to_packed().data, None),
    ):
        if weight is None:
            weight = Ragged.from_list([weights[b] for b in (0, 2, 3)]).to_packed().data
        found = torch.autograd.grad((got * weight).sum(), rows, allow_unused=True, materialize_grads=True)
        assert all(torch.equal(a, b) for a, b in zip(found, weights, strict=True))


def test_lengths_of_any_kind_become_int64() -> None:
    data = torch.zeros(5, 2)
    for lengths in ([2, 3], (2, 3), torch.tensor([2, 3], dtype=torch.int32), torch.tensor([2, 3]).numpy()):
        ragged = Ragged(data, lengths)  # type: ignore[arg-type]
        assert ragged.lengths.dtype is torch.int64
        assert ragged.lengths.tolist() == [2, 3]
    assert len(Ragged(torch.zeros(0, 2), [])) == 0  # type: ignore[arg-type]
    assert ragged.with_data(torch.ones(5, 7)).lengths is ragged.lengths


@pytest.mark.parametrize(
    ("data", "lengths", "says"),
    [
        (torch.zeros(5, 2), [2, 2], r"add up to the lines of data \(5, 2\), got \[2, 2\] with sum 4"),
        (torch.zeros(5, 2), [2**63 - 1, 2**63 - 1, 7], r"add up to the lines.* with sum 18446744073709551621"),
        (torch.zeros(5, 2), [6, -1], r"not negative .* got \[6, -1\]"),
        (torch.zeros(5, 2), [[2, 3]], r"got shape \(1, 2\)"),
        (torch.zeros(5, 2), [2.5, 2.5], r"of integers, got shape \(2,\) of float32"),
        (torch.tensor(1.0), [1], r"lines of data \(\)"),
    ],
)
def test_what_does_not_fit_is_refused(data: torch.Tensor, lengths: list[int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Ragged(data, lengths)  # type: ignore[arg-type]


def test_empty_rows_cannot_be_packed_and_no_rows_not_joined() -> None:
    with pytest.raises(ValueError, match=r"cannot hold empty rows, got lengths \[2, 0\]: leave them out"):
        Ragged(torch.zeros(2, 3), torch.tensor([2, 0])).to_packed()
    with pytest.raises(ValueError, match=r"at least one row, got none"):
        Ragged.from_list([])
    with pytest.raises(ValueError, match="between 0 and 4"):
        Ragged.from_padded(torch.zeros(4, 2, 3), [1, 5])


def test_lines_by_hand() -> None:
    assert RowIndex.ragged([2, 0, 3]).row_by_row().tolist() == [0, 1, 2, 3, 4]
    assert RowIndex.dense(3, 2, [3, 1]).row_by_row().tolist() == [0, 2, 4, 1]
    assert RowIndex.batch_first(2, 3, [3, 1]).row_by_row().tolist() == [0, 1, 2, 3]
    # batch sizes 3 2 1: rows of 3, 2 and 1 steps; with positions the caller's rows stand elsewhere.
    assert RowIndex.packed([3, 2, 1]).row_by_row().tolist() == [0, 3, 5, 1, 4, 2]
    assert RowIndex.packed([3, 2, 1]).lengths.tolist() == [3, 2, 1]
    assert RowIndex.packed([3, 2, 1], [2, 0, 1]).lengths.tolist() == [1, 3, 2]
    assert RowIndex.packed([3, 2, 1], [2, 0, 1]).row_by_row().tolist() == [2, 0, 3, 5, 1, 4]
