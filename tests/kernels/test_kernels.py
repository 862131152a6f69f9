"""The binding: what it refuses and how it says so, the threads it has, the mode it leaves a processor in."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from anaphora import kernels
from anaphora.kernels import reference
from anaphora.kernels.row_index import Noise, RowIndex, Weights

Arrays = dict[str, Any]


def lstm(rng: np.random.Generator, I: int = 5, H: int = 7) -> Weights:
    shapes = ((4 * H, I), (4 * H, H), (4 * H,), (4 * H,))
    return Weights(*(rng.standard_normal(shape).astype(np.float32) * 0.3 for shape in shapes))


def walk(weights: Weights, x: np.ndarray, lines: RowIndex) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    H, B = weights.w_hh.shape[1], len(lines.lengths)
    y = np.zeros((len(x), H), np.float32)
    h_n, c_n = np.empty((1, B, H), np.float32), np.empty((1, B, H), np.float32)
    kernels.forward(kernels.pack("lstm", [weights]), x, lines, None, None, y, h_n, c_n)
    return y, h_n, c_n


def expected(weights: Weights, x: np.ndarray, lines: RowIndex) -> np.ndarray:
    H, B = weights.w_hh.shape[1], len(lines.lengths)
    wide = Weights(*(None if w is None else w.astype(np.float64) for w in weights))
    y, h_n, c_n = np.zeros((len(x), H)), np.empty((1, B, H)), np.empty((1, B, H))
    reference.forward(reference.pack("lstm", [wide]), x.astype(np.float64), lines, None, None, y, h_n, c_n, None)
    return y


def in_child(weights: Weights, x: np.ndarray, answers: Any) -> None:
    answers.put(walk(weights, x, RowIndex.dense(20, len(x) // 20))[0].tobytes())


def test_a_forked_child_walks_the_same_bits(rng: np.random.Generator) -> None:
    weights, x = lstm(rng, 32, 64), rng.standard_normal((20 * 24, 32)).astype(np.float32)
    before = walk(weights, x, RowIndex.dense(20, 24))[0]  # the parent's workers exist now
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=in_child, args=(weights, x, answers))
    child.start()
    assert answers.get(timeout=60) == before.tobytes()
    child.join()
    assert child.exitcode == 0
    assert walk(weights, x, RowIndex.dense(20, 24))[0].tobytes() == before.tobytes()


def test_calls_from_several_python_threads_do_not_mix(rng: np.random.Generator) -> None:
    batches = [(lstm(rng, 16, 48), rng.standard_normal((15 * 20, 16)).astype(np.float32)) for _ in range(4)]
    lines = RowIndex.dense(15, 20)
    alone = [walk(weights, x, lines)[0].tobytes() for weights, x in batches]
    together: list[set[bytes]] = [set() for _ in batches]

    def many(i: int) -> None:
        for _ in range(20):
            together[i].add(walk(*batches[i], lines)[0].tobytes())

    threads = [threading.Thread(target=many, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [{bits} for bits in alone]


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_any_number_of_threads_gives_the_same_bits(rng: np.random.Generator, count: int) -> None:
    weights, x = lstm(rng, 40, 70), rng.standard_normal((12 * 33, 40)).astype(np.float32)
    lines = RowIndex.dense(12, 33)
    usual = kernels.get_threads()
    one = walk(weights, x, lines)[0]
    try:
        kernels.set_threads(count)
        assert kernels.get_threads() == count
        assert kernels.threads_source() == "set_threads"
        assert walk(weights, x, lines)[0].tobytes() == one.tobytes()
    finally:
        kernels.set_threads(usual)
    np.testing.assert_allclose(one, expected(weights, x, lines), atol=2e-6)


def test_threads_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="n takes a whole number, at least 1; it was given 0"):
        kernels.set_threads(0)


def test_subnormal_numbers_survive_outside_the_kernels(rng: np.random.Generator) -> None:
    tiny = np.float32(1e-40)
    walk(lstm(rng), rng.standard_normal((6, 5)).astype(np.float32), RowIndex.dense(3, 2))
    assert tiny * np.float32(0.5) == np.float32(5e-41) != 0


def test_nan_stays_in_its_own_row(rng: np.random.Generator) -> None:
    weights, x = lstm(rng), rng.standard_normal((4 * 9, 5)).astype(np.float32)
    clean = walk(weights, x, RowIndex.dense(4, 9))[0].reshape(4, 9, 7)
    x.reshape(4, 9, 5)[1, 3, 2] = np.nan
    y = walk(weights, x, RowIndex.dense(4, 9))[0].reshape(4, 9, 7)
    others = [b for b in range(9) if b != 3]
    assert y[:, others].tobytes() == clean[:, others].tobytes()
    assert y[0, 3].tobytes() == clean[0, 3].tobytes()
    assert np.isnan(y[1:, 3]).all()


def test_extreme_inputs_saturate(rng: np.random.Generator) -> None:
    x = np.array([[1e30], [-1e30], [3e38], [-3e38]], np.float32)
    weights = Weights(np.ones((4, 1), np.float32), np.zeros((4, 1), np.float32))
    y, _, _ = walk(weights, x, RowIndex.dense(1, 4))
    np.testing.assert_allclose(y[:, 0], [np.tanh(1), 0, np.tanh(1), 0], atol=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((6, 4), np.float32)}, r"x: expected shape \(6, 5\), got \(6, 4\)"),
        ({"y": np.zeros((5, 7), np.float32)}, r"y: expected shape \(6, 7\), got \(5, 7\)"),
        ({"h_n": np.zeros((1, 3, 7), np.float32)}, r"h_n: expected shape \(1, 2, 7\), got \(1, 3, 7\)"),
        ({"c_n": None}, "c_n: this cell needs it"),
        ({"h0": np.zeros((2, 7), np.float32)}, r"h0: expected shape \(1, 2, 7\), got \(2, 7\)"),
        ({"lines": RowIndex(*(np.array(v) for v in ([0, 2, 4], [0, 1], [3, 4])))}, "expected 0 to 3, got 4 in row 1"),
        ({"lines": RowIndex(*(np.array(v) for v in ([0, 2, 4], [0, 1], [3, -1])))}, "expected 0 to 3, got -1 in row 1"),
        (
            {"lines": RowIndex(*(np.array(v) for v in ([0, 2, 5], [0, 1], [3, 3])))},
            "step 2 of row 1 lies in line 6 of 6",
        ),
        (
            {"lines": RowIndex(*(np.array(v) for v in ([0, 2**62], [2**62, 2**62], [2, 2])))},
            r"step 0 of row 0 lies in line 4611686018427387904 \+ 0 of 6",
        ),
        (
            {"lines": RowIndex(*(np.array(v) for v in ([0, -(2**62)], [1, -(2**62)], [2, 2])))},
            r"step 1 of row 0 lies in line 1 \+ -4611686018427387904 of 6",
        ),
    ],
)
def test_a_wrong_shape_names_the_array(rng: np.random.Generator, change: Arrays, message: str) -> None:
    call: Arrays = {
        "x": np.zeros((6, 5), np.float32),
        "lines": RowIndex.dense(3, 2),
        "h0": None,
        "c0": None,
        "y": np.zeros((6, 7), np.float32),
        "h_n": np.zeros((1, 2, 7), np.float32),
        "c_n": np.zeros((1, 2, 7), np.float32),
    }
    with pytest.raises(ValueError, match=message):
        kernels.forward(kernels.pack("lstm", [lstm(rng)]), **{**call, **change})


def test_other_dtypes_and_strides_are_refused(rng: np.random.Generator) -> None:
    weights = lstm(rng)
    with pytest.raises(TypeError):
        kernels.pack("lstm", [weights._replace(w_ih=weights.w_ih.astype(np.float64))])
    with pytest.raises(TypeError):
        kernels.pack("lstm", [weights._replace(w_ih=np.asfortranarray(weights.w_ih))])
    x, y = np.zeros((6, 5), np.float32), np.zeros((6, 14), np.float32)[:, ::2]
    state = np.zeros((1, 2, 7), np.float32)
    with pytest.raises(TypeError):
        kernels.forward(kernels.pack("lstm", [weights]), x, RowIndex.dense(3, 2), None, None, y, state, state.copy())


def test_unknown_cell_and_misplaced_projection(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=r"expected one of rnn_tanh, .*, lstm_layer_norm; got 'mamba'"):
        kernels.pack("mamba", [lstm(rng)])
    with pytest.raises(ValueError, match="w_hr: this cell has no projection"):
        kernels.pack("gru", [lstm(rng)._replace(w_hr=np.zeros((3, 7), np.float32))])


@pytest.mark.parametrize("arch", ["baseline", "avx2", "nonsense"])
def test_the_instruction_set_can_be_chosen(arch: str) -> None:
    if arch != "nonsense" and kernels.arch() == "neon":
        pytest.skip("x86-64 only")
    asked = subprocess.run(
        [sys.executable, "-c", "from anaphora import kernels; print(kernels.arch())"],
        env={**os.environ, "ANAPHORA_ARCH": arch},
        capture_output=True,
        text=True,
        check=False,
    )
    if arch == "nonsense":
        assert "ANAPHORA_ARCH is 'nonsense', but this machine runs" in asked.stderr
    else:
        assert asked.stdout.strip() == arch


@pytest.mark.parametrize(("N", "O", "K"), [(1, 1, 1), (7, 70, 33), (40, 65, 128), (0, 3, 4)])
def test_linear_equals_numpy_and_rows_do_not_depend_on_each_other(
    rng: np.random.Generator, N: int, O: int, K: int
) -> None:
    weight, bias, x = (rng.standard_normal(shape).astype(np.float32) for shape in ((O, K), O, (N, K)))
    packed = kernels.pack_linear(weight, bias)
    y = np.empty((N, O), np.float32)
    kernels.linear(packed, x, y)
    np.testing.assert_allclose(y, x.astype(np.float64) @ weight.T.astype(np.float64) + bias, rtol=1e-5, atol=1e-5)
    for n in range(N):
        alone = np.empty((1, O), np.float32)
        kernels.linear(packed, x[n : n + 1], alone)
        assert alone.tobytes() == y[n : n + 1].tobytes()


def overlapping(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Arrays of which each begins with the last number of the one before."""
    ends = np.cumsum([np.prod(shape, dtype=int) - 1 for shape in shapes]).tolist()
    memory = np.zeros(ends[-1] + 1, np.float32)
    starts = [0, *ends]
    return [
        memory[at : at + np.prod(shape, dtype=int)].reshape(shape) for at, shape in zip(starts, shapes, strict=False)
    ]


@pytest.mark.parametrize(
    ("written", "other"), [("y", "x"), ("h_n", "h0"), ("c_n", "h_n"), ("saved", "y"), ("y", "mask"), ("y", "keep_h")]
)
def test_what_forward_writes_lies_apart(rng: np.random.Generator, written: str, other: str) -> None:
    shapes = {"x": (6, 5), "h0": (1, 2, 7), "y": (6, 7), "h_n": (1, 2, 7), "c_n": (1, 2, 7), "saved": (1, 6, 42)}
    shapes |= {"mask": (1, 2, 7), "keep_h": (6, 7)}
    given: Arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    given[other], given[written] = overlapping(shapes[other], shapes[written])
    noise = Noise(given.pop("mask"), given.pop("keep_h"))
    says = f"({written} shares memory with {other}|{other} shares memory with {written}): copy one of them"
    with pytest.raises(ValueError, match=says):
        kernels.forward(kernels.pack("lstm", [lstm(rng)]), lines=RowIndex.dense(3, 2), c0=None, noise=noise, **given)


@pytest.mark.parametrize(("written", "other"), [("dx", "x"), ("dh0", "dh_n"), ("dc0", "dc_n"), ("dx", "saved")])
def test_what_backward_writes_lies_apart(rng: np.random.Generator, written: str, other: str) -> None:
    shapes = {"x": (6, 5), "y": (6, 7), "saved": (1, 6, 35), "dx": (6, 5)}
    shapes |= dict.fromkeys(("dh_n", "dc_n", "dh0", "dc0"), (1, 2, 7))
    given: Arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    given[other], given[written] = overlapping(shapes[other], shapes[written])
    rest: Arrays = {"lines": RowIndex.dense(3, 2), "h0": None, "c0": None, "dy": None, "dweights": None}
    with pytest.raises(ValueError, match=f"{written} shares memory with {other}"):
        kernels.backward("lstm", [lstm(rng)], **rest, **given)


def test_gradients_of_weights_lie_apart(rng: np.random.Generator) -> None:
    weights = lstm(rng)
    state, lines = np.zeros((1, 2, 7), np.float32), np.zeros((6, 7), np.float32)
    given = ("lstm", [weights], np.zeros((6, 5), np.float32), RowIndex.dense(3, 2), None, None, lines)
    given += (np.zeros((1, 6, 35), np.float32), None, state, None, None)  # type: ignore[assignment]
    twice = Weights(*(None if w is None else np.empty_like(w) for w in weights))
    for wrong, says in (
        (twice._replace(b_hh=twice.b_ih), "db_ih shares memory with db_hh"),
        (weights, "dw_ih shares memory with w_ih"),
    ):
        with pytest.raises(ValueError, match=says):
            kernels.backward(*given, [wrong], None, None)


def test_what_a_step_and_a_map_write_lies_apart(rng: np.random.Generator) -> None:
    x, y = overlapping((2, 7), (2, 7))
    h, c = (np.zeros((1, 2, 7), np.float32) for _ in range(2))
    packed = kernels.pack("lstm", [lstm(rng, 7)])
    with pytest.raises(ValueError, match="y shares memory with x"):
        kernels.Stepper([packed], x, [(h, c)], y)
    with pytest.raises(ValueError, match="h shares memory with c"):
        kernels.Stepper([packed], x, [(h, h)], y.copy())
    with pytest.raises(ValueError, match="y shares memory with x"):
        kernels.linear(kernels.pack_linear(np.zeros((7, 7), np.float32)), x, y)


def test_a_step_takes_what_was_packed(rng: np.random.Generator) -> None:
    x, y, h = np.zeros((2, 7), np.float32), np.zeros((2, 7), np.float32), np.zeros((1, 2, 7), np.float32)
    packed = kernels.pack("gru", [Weights(*(rng.normal(size=(21, 7)).astype(np.float32) for _ in range(2)))])
    with pytest.raises(TypeError, match=r"layers: layer 1 is not what pack\(\) gives"):
        kernels.Stepper([packed, "gru"], x, [(h, None), (h.copy(), None)], y)


def test_a_stepper_says_which_list_has_a_wrong_length(rng: np.random.Generator) -> None:
    x, y, h = np.zeros((2, 7), np.float32), np.zeros((2, 7), np.float32), np.zeros((1, 2, 7), np.float32)
    packed = kernels.pack("gru", [Weights(*(rng.normal(size=(21, 7)).astype(np.float32) for _ in range(2)))])
    states = [(h, None), (h.copy(), None)]
    with pytest.raises(ValueError, match=r"^layers: expected at least one$"):
        kernels.Stepper([], x, [], y)
    with pytest.raises(ValueError, match=r"^states: expected one for each of 2 layers, got 1$"):
        kernels.Stepper([packed, packed], x, states[:1], y)
    with pytest.raises(ValueError, match=r"^keeps: expected one for each of 2 layers, got 3$"):
        kernels.Stepper([packed, packed], x, states, y, [(None, None)] * 3)
    with pytest.raises(ValueError, match=r"^c: this cell has no memory c$"):
        kernels.Stepper([packed], x, [(h, np.zeros((1, 2, 0), np.float32))], y)
    with pytest.raises(ValueError, match=r"^c: this cell needs it$"):
        kernels.Stepper([kernels.pack("lstm", [lstm(rng, 7)])], x, [(h, None)], y)
