"""Batches by length: every row once per epoch, never too many steps, the same for ever; ragged rows against lists."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from anaphora.data.batches import Bucketed, Ragged, edges, rounded

LENGTHS = np.random.default_rng(5).lognormal(2.5, 0.8, size=700).astype(np.int64)


def epoch_of(batches: Bucketed, epoch: int) -> list[np.ndarray]:
    return [batches.at(epoch * batches.per_epoch + number) for number in range(batches.per_epoch)]


@pytest.mark.parametrize(("budget", "rows"), [(300, None), (100_000, 32), (300, 16), (7, None), (10**9, None)])
def test_every_row_once_per_epoch_within_both_limits(budget: int, rows: int | None) -> None:
    batches = Bucketed(LENGTHS, budget, seed=3, rows=rows)
    for epoch in range(3):
        dealt = epoch_of(batches, epoch)
        assert sorted(np.concatenate(dealt).tolist()) == list(range(len(LENGTHS)))
        for batch in dealt:
            assert LENGTHS[batch].sum() <= budget or len(batch) == 1
            assert len(batch) <= (rows or len(LENGTHS))
            assert batches.units(batch) == len(batch)
            assert batches.steps(batch) == LENGTHS[batch].sum()


def test_a_batch_is_a_function_of_position_and_seed() -> None:
    one, two = Bucketed(LENGTHS, 300, seed=3), Bucketed(LENGTHS, 300, seed=3)
    positions = [0, 5, 2 * one.per_epoch + 1, 1, 5]
    for position in positions:
        np.testing.assert_array_equal(one.at(position), two.at(position))
    other = Bucketed(LENGTHS, 300, seed=4)
    assert any(one.at(position).tolist() != other.at(position).tolist() for position in range(5))


def test_epochs_differ_in_order_and_in_company() -> None:
    batches = Bucketed(LENGTHS, 300, seed=3)
    first, second = epoch_of(batches, 0), epoch_of(batches, 1)
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in second]
    sizes = rounded(LENGTHS)
    for number, epoch in enumerate((first, second)):
        drawn = np.random.default_rng([3, number]).permutation(len(LENGTHS)).tolist()
        expected = sorted(drawn, key=lambda row: sizes[row])  # rows of one size keep the order in which they were drawn
        dealt = sorted(epoch, key=lambda batch: expected.index(batch[0]))
        assert np.concatenate(dealt).tolist() == expected


def test_rows_of_a_batch_are_of_about_one_length() -> None:
    batches = Bucketed(LENGTHS, 400, seed=0)
    found = sorted((rounded(LENGTHS)[batch].min(), rounded(LENGTHS)[batch].max()) for batch in epoch_of(batches, 1))
    assert all(longest <= shortest for (_, longest), (shortest, _) in itertools.pairwise(found))
    assert (found[0][0], found[-1][1]) == (rounded(LENGTHS).min(), rounded(LENGTHS).max())


def test_the_largest_batch_comes_first_of_all_and_only_then() -> None:
    batches = Bucketed(LENGTHS, 300, seed=3)
    steps = [batches.steps(batch) for batch in epoch_of(batches, 0)]
    assert steps[0] == max(steps) == batches.most_steps
    later = [[batches.steps(batch) for batch in epoch_of(batches, epoch)] for epoch in range(1, 6)]
    assert any(sizes[0] != max(sizes) for sizes in later)


def test_workers_share_a_batch_without_loss() -> None:
    batches = Bucketed(LENGTHS, 300, seed=3)
    batch = batches.at(4)
    parts = [batches.part(batch, rank, 4) for rank in range(4)]
    assert sorted(np.concatenate(parts).tolist()) == sorted(batch.tolist())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert batches.part(batch[:2], 3, 4).size == 0


def test_lengths_are_rounded_up_by_an_eighth_at_most() -> None:
    lengths = np.arange(5000)
    found = rounded(lengths)
    assert (found >= lengths).all()
    assert (found[1:] <= np.maximum(lengths[1:] * 1.125, lengths[1:])).all()
    np.testing.assert_array_equal(found[:9], lengths[:9])
    assert len(np.unique(found)) == 68


def test_cuts_are_as_late_as_they_can_be() -> None:
    assert edges(np.array([1, 1, 1, 3, 4, 9, 2]), 6, 3).tolist() == [0, 3, 4, 5, 6, 7]
    assert edges(np.array([1, 1, 1, 3, 4, 9, 2]), 6, 10).tolist() == [0, 4, 5, 6, 7]
    assert edges(np.array([0, 0, 0]), 6, 10).tolist() == [0, 3]
    assert edges(np.zeros(0, np.int64), 6, 10).tolist() == [0]


@pytest.mark.parametrize(("lengths", "budget", "rows"), [([], 5, None), ([1], 0, None), ([1], 5, 0)])
def test_no_rows_and_no_room_are_refused(lengths: list[int], budget: int, rows: int | None) -> None:
    with pytest.raises(ValueError, match="expected rows, a budget and a limit of at least 1"):
        Bucketed(lengths, budget, 0, rows)


@pytest.mark.parametrize("width", [(), (3,)])
def test_ragged_rows_are_what_lists_are(width: tuple[int, ...], rng: np.random.Generator) -> None:
    lists = [rng.normal(size=(length, *width)) for length in (3, 0, 5, 1, 0)]
    ragged = Ragged.of(lists, np.zeros((0, *width)))
    assert ragged.lengths.tolist() == [3, 0, 5, 1, 0]
    for number, row in enumerate(lists):
        np.testing.assert_array_equal(ragged.row(number), row)
    order = [4, 2, 2, 0]
    taken = ragged.take(order)
    for number, row in enumerate(order):
        np.testing.assert_array_equal(taken.row(number), lists[row])
    padded = ragged.padded()
    assert padded.shape == (5, 5, *width)
    for number, row in enumerate(lists):
        np.testing.assert_array_equal(padded[: len(row), number], row)
        assert not padded[len(row) :, number].any()


def test_no_rows_are_ragged_rows_too() -> None:
    empty = Ragged.of([], np.zeros((0, 2), np.float32))
    assert (empty.steps.dtype, empty.lengths.tolist(), empty.padded().shape) == (np.float32, [], (0, 0, 2))
    assert empty.take([]).lengths.tolist() == []


def test_steps_know_their_rows_and_rows_turn_around(rng: np.random.Generator) -> None:
    lengths = [3, 0, 5, 1, 0, 2]
    lists = [rng.integers(0, 99, length).tolist() for length in lengths]
    rows = Ragged.of([np.array(row, np.int64) for row in lists], np.zeros(0, np.int64))
    steps = [(row, step) for row, length in enumerate(lengths) for step in range(length)]
    places = rng.permutation(len(steps))
    found = rows.locate(places)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == [steps[place] for place in places]
    turned = rows.reversed()
    assert [turned.row(row).tolist() for row in range(len(lists))] == [row[::-1] for row in lists]
    assert len(rows.take([]).reversed().steps) == 0
