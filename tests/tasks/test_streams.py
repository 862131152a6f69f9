"""A law over all tasks whose models read input in pieces: any cut equals the whole, and the state is a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime.state import pack_parts, unpack_parts
from anaphora.tasks.base.stream import Stream
from anaphora.tasks.language import score
from anaphora.tasks.language.predict import LanguageModel
from program import TEXT, write_model


@dataclass(frozen=True)
class Case:
    """A stream to open, an input to cut, and how answers are joined."""

    open: Callable[[bytes | None], Stream[Any, Any]]
    input: Any
    joined: Callable[[list[Any]], list[Any]]


def language(kind: str, folder: Path) -> Case:
    write_model(folder / f"{kind}.anaphora", kind)
    model = LanguageModel.open(folder / f"{kind}.anaphora")
    return Case(model.open_stream, TEXT[:700], lambda answers: np.concatenate(answers).tolist())


CASES = {f"language, {kind}": kind for kind in ("char", "byte", "word", "subword")}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("streams")
    return {name: language(kind, folder) for name, kind in CASES.items()}


def whole(case: Case) -> list[Any]:
    stream = case.open(None)
    return case.joined([stream.feed(case.input), stream.finish()])


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_any_cut_equals_the_whole(name: str, cases: dict[str, Case], data: st.DataObject) -> None:
    case = cases[name]
    N = len(case.input)
    cuts = sorted(data.draw(st.lists(st.integers(0, N), max_size=6)))
    saved = data.draw(st.sampled_from([*range(len(cuts) + 1)]))
    stream, answers = case.open(None), []
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, N], strict=True)):
        if number == saved:
            stream = case.open(stream.state)  # moved to another process, in the middle
        answers.append(stream.feed(case.input[begin:end]))
    assert case.joined([*answers, stream.finish()]) == whole(case)


@pytest.mark.parametrize("name", CASES)
def test_a_fork_goes_its_own_way(name: str, cases: dict[str, Case]) -> None:
    case = cases[name]
    half = len(case.input) // 2
    stream = case.open(None)
    first = stream.feed(case.input[:half])
    other = stream.fork()
    other.feed(case.input[:100])
    assert case.joined([first, stream.feed(case.input[half:]), stream.finish()]) == whole(case)
    assert case.joined([stream.feed(case.input), stream.finish()]) == whole(case)  # finish begins anew


@pytest.mark.parametrize("name", CASES)
def test_every_flipped_byte_of_a_state_is_found(name: str, cases: dict[str, Case]) -> None:
    case = cases[name]
    stream = case.open(None)
    stream.feed(case.input[:50])
    state = stream.state
    for at in range(0, len(state), 7):
        damaged = state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :]
        with pytest.raises((DataError, IncompatibleBundle)):
            case.open(damaged)
    with pytest.raises(DataError):
        case.open(state[:-1])


def test_the_nats_are_those_of_the_score(cases: dict[str, Case]) -> None:
    case = cases["language, char"]
    model = case.open.__self__  # type: ignore[attr-defined]
    ids = model.vocabulary.encode(case.input)
    assert whole(case) == score.nats(model.runtime, ids).tolist()


def test_parts_of_every_type_come_back() -> None:
    rng = np.random.default_rng(3)
    parts = {
        "b": rng.normal(size=(2, 3)).astype(np.float32),
        "a": rng.integers(-(2**40), 2**40, size=4),
        "": np.array(True),
        "empty": np.zeros((0, 5), np.uint8),
        "double": rng.normal(size=3),
    }
    found = unpack_parts(pack_parts(parts, bytes(32)), bytes(32))
    assert sorted(found) == sorted(parts)
    for name, part in parts.items():
        assert (found[name].dtype, found[name].shape) == (part.dtype, part.shape)
        np.testing.assert_array_equal(found[name], part)
    with pytest.raises(ValueError, match="half: float16"):
        pack_parts({"half": np.zeros(1, np.float16)}, bytes(32))
    with pytest.raises(IncompatibleBundle, match="another model"):
        unpack_parts(pack_parts(parts, bytes(32)), b"\1" * 32)
