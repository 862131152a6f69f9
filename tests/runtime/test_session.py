"""A session's state as bytes: it goes on where it was, and only where it belongs."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from anaphora.errors import DataError, IncompatibleBundle, UsageError
from anaphora.runtime import Model
from anaphora.runtime.state import pack_parts, unpack_parts
from small_models import BOTH_WAYS, STREAMING, V, small_model

HEADER = 16 + 4 + 4 + 32 + 32


@pytest.fixture(params=STREAMING.values(), ids=STREAMING)
def model(request: pytest.FixtureRequest) -> Model:
    return small_model(request.param)


@pytest.fixture
def lstm() -> Model:
    return small_model(STREAMING["lstm"])


def test_goes_on_from_its_bytes(model: Model, rng: np.random.Generator) -> None:
    ids = rng.integers(V, size=20)
    session = model.session()
    session.feed(ids[:9])
    moved = model.session(state=session.state)
    np.testing.assert_array_equal(moved.feed(ids[9:]), session.feed(ids[9:]))
    assert moved.state == session.state


def test_a_fork_goes_its_own_way(model: Model) -> None:
    session = model.session()
    session.feed([1, 2, 3])
    before = session.state
    fork = session.fork()
    first = fork.feed([4, 5])
    assert session.state == before
    np.testing.assert_array_equal(session.feed([4, 5]), first)


def test_sessions_of_one_model_are_strangers(model: Model) -> None:
    one, other = model.session(), model.session()
    one.feed([3, 1, 4])
    assert other.state == model.session().state


def test_the_format_as_documented(lstm: Model) -> None:
    session = lstm.session()
    session.feed([2, 7, 1])
    blob = session.state
    magic, version, count = struct.unpack_from("<16sII", blob)
    assert (magic, version, count) == (b"anaphora.state\0\0", 1, 14)
    assert len(blob) == HEADER + 4 * 14
    h, c = session.memory
    assert blob[HEADER:] == h.astype("<f4").tobytes() + c.astype("<f4").tobytes()


def test_every_flipped_bit_is_noticed(lstm: Model) -> None:
    session = lstm.session()
    session.feed([5, 0, 9])
    blob = session.state
    for at in range(len(blob) * 8):
        broken = bytearray(blob)
        broken[at // 8] ^= 1 << at % 8
        with pytest.raises((DataError, IncompatibleBundle)):
            lstm.session(state=bytes(broken))


def test_every_cut_is_noticed(lstm: Model) -> None:
    blob = lstm.session().state
    for length in range(len(blob)):
        with pytest.raises(DataError, match=r"not a session state|cut short"):
            lstm.session(state=blob[:length])
    with pytest.raises(DataError, match="too long: expected 144 bytes, got 145"):
        lstm.session(state=blob + b"\0")


def test_a_foreign_state_is_named() -> None:
    one, other = small_model(STREAMING["lstm"], seed=1), small_model(STREAMING["lstm"], seed=2)
    with pytest.raises(IncompatibleBundle, match="another model"):
        other.session(state=one.session().state)
    with pytest.raises(IncompatibleBundle, match="another model"):
        small_model(STREAMING["gru, 2 layers"]).session(state=one.session().state)


def test_the_digest_knows_every_weight_and_the_architecture(lstm: Model) -> None:
    assert lstm.digest == small_model(STREAMING["lstm"]).digest
    for name, tensor in lstm.tensors.items():
        changed = tensor.copy()
        changed.flat[-1] += np.float32(1e-3)
        assert small_model(STREAMING["lstm"], tensors={name: changed}).digest != lstm.digest
    relu, tanh = STREAMING["rnn, relu, no bias"], STREAMING["rnn, relu, no bias"].copy()
    tanh["blocks"] = [
        {**block, "nonlinearity": "tanh"} if block["kind"] == "rnn" else block for block in tanh["blocks"]
    ]
    assert small_model(relu).digest != small_model(tanh).digest


def test_a_newer_state_is_named(lstm: Model) -> None:
    blob = bytearray(lstm.session().state)
    struct.pack_into("<I", blob, 16, 7)
    with pytest.raises(IncompatibleBundle, match="session state has version 7; this anaphora reads 1"):
        lstm.session(state=bytes(blob))
    with pytest.raises(IncompatibleBundle, match="stream state has version 7; this anaphora reads 2"):
        unpack_parts(bytes(blob), lstm.digest)


def test_the_state_of_a_stream_is_not_one_of_a_session(lstm: Model) -> None:
    stream = pack_parts({"h": np.zeros(3, np.float32)}, lstm.digest)
    with pytest.raises(IncompatibleBundle, match=r"the state of a stream, .* Pass them to `open_stream\(state\)`"):
        lstm.session(state=stream)
    with pytest.raises(IncompatibleBundle, match=r"the state of a session, .* Pass them to `session\(state\)`"):
        unpack_parts(lstm.session().state, lstm.digest)
    with pytest.raises(DataError, match="not a stream state"):
        unpack_parts(b"anaphora", lstm.digest)
    with pytest.raises(DataError, match="stream state is damaged"):
        unpack_parts(stream[:-1], lstm.digest)


@pytest.mark.parametrize("blob", [b"", b"anaphora", b"\x80\x04K\x01." * 50])
def test_something_else_is_no_state(lstm: Model, blob: bytes) -> None:
    with pytest.raises(DataError, match="not a session state"):
        lstm.session(state=blob)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_model_that_reads_from_the_end_has_no_session(name: str) -> None:
    with pytest.raises(UsageError, match=r"'recurrent' needs the end of a sequence .* model\.forward"):
        small_model(BOTH_WAYS[name]).session()


def test_nothing_to_read_changes_nothing(model: Model) -> None:
    session = model.session()
    session.feed([1, 2])
    before = session.state
    assert session.feed([]).shape == (0, V)
    assert session.state == before
