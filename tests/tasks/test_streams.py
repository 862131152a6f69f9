"""A law over all tasks whose models read input in pieces: any cut equals the whole, and the state is a value."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.errors import DataError, IncompatibleBundle, UsageError
from anaphora.runtime.state import pack_parts, unpack_parts
from anaphora.tasks import registry
from anaphora.tasks.base.stream import Stream
from anaphora.tasks.language import score
from anaphora.tasks.language.predict import LanguageModel
from anaphora.tasks.tag.grammar import sentences
from labelled import random_classifier
from program import TEXT, write_model
from tagged import random_tagger

FILM = (
    "The GOOD film was so lovely, and — don't be dull! — ΟΔΟΣ ΟΔΥΣΣΕΥΣ, ΣΑΣ.Σ aΣ'Σ' Cafe\u0301 e\u0323\u0301 İ \u212a"
    " ⒶⓐⒶ 很好的电影，非常好看 \n\n  a very  poor one ... fine and awful great dull was the bad film the the bad ΑΣ"
)
WORDS = [word for words, _ in sentences(12, seed=8) for word in words]


@dataclass(frozen=True)
class Case:
    """A model whose streams are opened, an input to cut, and how answers are joined."""

    model: Any
    input: Any
    joined: Callable[[list[Any]], list[Any]]

    def open(self, state: bytes | None = None) -> Stream[Any, Any]:
        stream: Stream[Any, Any] = self.model.open_stream(state)
        return stream


def language(kind: str, folder: Path) -> Case:
    write_model(folder / f"{kind}.anaphora", kind)
    model = LanguageModel.open(folder / f"{kind}.anaphora")
    return Case(model, TEXT[:700], lambda answers: np.concatenate(answers).tolist())


def tag(options: str, folder: Path) -> Case:
    model = random_tagger("--no-bidirectional", *options.split())
    return Case(model, WORDS, lambda answers: [tag for each in answers for tag in each])


def classify(options: str, folder: Path) -> Case:
    series = "--series" in options
    several = "--several" in options
    model = random_classifier(options.replace("--series", "").replace("--several", ""), series, several)
    steps = np.random.default_rng(5).normal(size=(150, 2))
    return Case(model, steps if series else FILM, lambda answers: answers[-1].tolist())


MAKERS = {"language": language, "tag": tag, "classify": classify}
CASES = [
    *(("language", kind) for kind in ("char", "byte", "word", "subword")),
    ("tag", ""),
    ("tag", "--scheme iob1 --layers 2"),
    ("tag", "--scheme bilou --cell gru --characters convolution"),
    ("tag", "--scheme bilou --internal iob2 --cell rnn"),
    ("tag", "--scheme none --characters none"),
    ("tag", "--no-crf"),
    ("classify", ""),
    ("classify", "--several --pooling mean --cell lstm --layers 2"),
    ("classify", "--units char --pooling last --normalize nfc"),
    ("classify", "--units byte --pooling attention --cell rnn --no-lower"),
    ("classify", "--units subword --vocabulary 60 --pooling mean --max-length 40"),
    ("classify", "--series --pooling attention"),
    ("classify", "--series --pooling max --cell lstm --max-length 120"),
]
STREAMS = pytest.mark.parametrize("name", CASES, ids=" ".join)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Case]:
    folder = tmp_path_factory.mktemp("streams")
    return {(task, kind): MAKERS[task](kind, folder) for task, kind in CASES}


def whole(case: Case) -> list[Any]:
    stream = case.open()
    return case.joined([stream.feed(case.input), stream.finish()])


@STREAMS
@given(data=st.data())
def test_any_cut_equals_the_whole(
    name: tuple[str, str], cases: dict[tuple[str, str], Case], data: st.DataObject
) -> None:
    case = cases[name]
    N = len(case.input)
    cuts = sorted(data.draw(st.lists(st.integers(0, N), max_size=6)))
    saved = data.draw(st.sampled_from([*range(len(cuts) + 1)]))
    stream, answers = case.open(), []
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, N], strict=True)):
        if number == saved:
            stream = case.open(stream.state)  # moved to another process, in the middle
        answers.append(stream.feed(case.input[begin:end]))
    assert case.joined([*answers, stream.finish()]) == whole(case)


@STREAMS
def test_a_fork_goes_its_own_way(name: tuple[str, str], cases: dict[tuple[str, str], Case]) -> None:
    case = cases[name]
    half = len(case.input) // 2
    stream = case.open()
    first = stream.feed(case.input[:half])
    other = stream.fork()
    other.feed(case.input[:100])
    assert case.joined([first, stream.feed(case.input[half:]), stream.finish()]) == whole(case)
    assert case.joined([stream.feed(case.input), stream.finish()]) == whole(case)  # finish begins anew


@STREAMS
def test_every_flipped_bit_of_a_state_is_found(name: tuple[str, str], cases: dict[tuple[str, str], Case]) -> None:
    case = cases[name]
    stream = case.open()
    stream.feed(case.input[:50])
    state = stream.state
    for bit in range(8 * len(state)):
        at = bit // 8
        damaged = state[:at] + bytes([state[at] ^ 1 << bit % 8]) + state[at + 1 :]
        with pytest.raises((DataError, IncompatibleBundle)):
            case.open(damaged)
    with pytest.raises(DataError):
        case.open(state[:-1])


def test_every_task_that_streams_is_here() -> None:
    models = {task.name: task._part("predict").MODEL for task in registry.tasks()}
    assert {name for name, model in models.items() if hasattr(model, "open_stream")} == set(MAKERS)


def test_the_nats_are_those_of_the_score(cases: dict[tuple[str, str], Case]) -> None:
    case = cases["language", "char"]
    ids = case.model.vocabulary.encode(case.input)
    assert whole(case) == score.nats(case.model.runtime, ids).tolist()


@pytest.mark.parametrize("name", [name for name in CASES if name[0] == "tag"], ids=" ".join)
def test_the_tags_are_those_of_the_sentence(name: tuple[str, str], cases: dict[tuple[str, str], Case]) -> None:
    case = cases[name]
    assert whole(case) == list(case.model.predict([case.input])[0])
    assert len(set(whole(case))) > 3  # the tags are worth comparing


@pytest.mark.parametrize("name", [name for name in CASES if name[0] == "classify"], ids=" ".join)
def test_the_probabilities_are_those_of_the_row(name: tuple[str, str], cases: dict[tuple[str, str], Case]) -> None:
    case = cases[name]
    assert whole(case) == case.model.probabilities([case.input])[0].tolist()
    assert whole(case) != case.model.probabilities([case.input[:30]])[0].tolist()


@pytest.mark.parametrize("name", [name for name in CASES if name[0] == "tag"], ids=" ".join)
def test_a_tag_is_given_only_when_no_word_can_change_it(
    name: tuple[str, str], cases: dict[tuple[str, str], Case]
) -> None:
    case = cases[name]
    stream, given, early = case.open(), [], 0
    for number, word in enumerate(case.input[:40], 1):
        given += stream.feed([word])
        early += len(given) > 0
        for following in ([], case.input[60:70], ["Ann"], [".", "May"]):
            tags = case.model.predict([[*case.input[:number], *following]])[0]
            assert given == list(tags[: len(given)])
    assert early > 20  # of 40 words: tags come while the sentence goes on


def test_a_tagger_of_both_directions_has_no_stream() -> None:
    with pytest.raises(UsageError, match="bidirectional=False"):
        random_tagger().open_stream()


def test_a_text_in_place_of_words_is_refused(cases: dict[tuple[str, str], Case]) -> None:
    stream = cases["tag", ""].open()
    before = stream.state
    for chunk in ("Ann flies", b"Ann", {"Ann": 1}, 3):
        with pytest.raises(DataError, match="expected a list of texts"):
            stream.feed(chunk)  # type: ignore[arg-type]
    assert stream.state == before
    assert stream.feed([]) == ()


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


def test_models_and_streams_are_copied_by_their_own_means() -> None:
    model = random_classifier("--pooling last --units char")
    stream = model.open_stream()
    for kept, way in ((model, r"model\.save\(path\).*anaphora\.load\(path\)"), (stream, r"stream\.state")):
        for copied in (copy.deepcopy, lambda item: item.__reduce_ex__(4)):
            with pytest.raises(TypeError, match=way):
                copied(kept)
    assert copy.copy(model).probabilities(["a"]).tolist() == model.probabilities(["a"]).tolist()
