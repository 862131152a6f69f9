"""A tokenized corpus: in memory, or on disk if it is large, where a later run over the same text finds it.

folder = the cache / text-HASH             HASH: of the text, the tokenization, and the version
  train.npy  held_out.npy  test.npy       the units of the parts; see `anaphora.data.text.id_files`
  vocabulary.safetensors                  the tensors of the vocabulary
  data.json                               the SHA-256 of each
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from anaphora.data.files import cache
from anaphora.data.files.text import Text
from anaphora.data.progress import report, reporting
from anaphora.data.text import id_files
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.id_files import IdFile, Units
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import DataError, UsageError
from anaphora.version import __version__

IN_MEMORY = 2**24  # characters of all parts
_VERSION = 1
_FACTS, _VOCABULARY = "data.json", "vocabulary.safetensors"
_PARTS = {"train": "the training part", "held_out": "the held-out part", "test": "the test part"}

V = TypeVar("V", bound=Vocabulary)


class Tokenization(NamedTuple, Generic[V]):
    """A tokenization: functions that make and restore its vocabulary, and the values that determine it."""

    make: Callable[[Text], V]
    restore: Callable[[Mapping[str, NDArray[Any]]], V]
    said: tuple[Any, ...]  # plain values; equal values give equal units of one text


class Encoded(NamedTuple, Generic[V]):
    """A vocabulary, and the units of the parts of a corpus, in memory or on disk."""

    vocabulary: V
    train: Units
    held_out: Units
    test: Units | None = None


def prepare(corpus: TextCorpus, way: Tokenization[V]) -> Encoded[V]:
    """Return the vocabulary of the training part, and the units of all parts.

    Raises DataError if the training part gives no vocabulary, UsageError if the disk is full.
    """
    train = corpus.train
    parts = {"train": train, "held_out": corpus.held_out, **({} if corpus.test is None else {"test": corpus.test})}
    if sum(map(len, parts.values())) <= IN_MEMORY:
        vocabulary = way.make(train)
        return Encoded(vocabulary, *(_concatenate(_units(vocabulary, text)) for text in parts.values()))

    def fill(folder: Path) -> None:
        report(f"building the vocabulary from {len(train):,} characters")
        vocabulary = way.make(train)
        facts: dict[str, Any] = {"version": _VERSION, "parts": {}, "tensors": {}}
        for name, text in parts.items():
            facts["parts"][name] = id_files.write(
                folder / f"{name}.npy", _units(vocabulary, text, _PARTS[name]), vocabulary.size
            )
        tensors = vocabulary.tensors()
        save_file(tensors, folder / _VOCABULARY)
        facts["tensors"] = {name: _digest(tensor) for name, tensor in tensors.items()}
        (folder / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    said = json.dumps([_VERSION, __version__, corpus.sha256, *way.said])
    folder = cache.cached(f"text-{hashlib.sha256(said.encode()).hexdigest()[:32]}", _is_complete, fill)
    vocabulary = way.restore(load_file(folder / _VOCABULARY))
    return Encoded(vocabulary, *(IdFile(folder / f"{name}.npy") for name in parts))


@contextmanager
def units_of(vocabulary: Vocabulary, text: Text) -> Iterator[Units]:
    """Provide the units of a text within the context; the units of a large text are in a temporary file.

    Raises UsageError if the disk is full.
    """
    if len(text) <= IN_MEMORY:
        yield _concatenate(_units(vocabulary, text))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.npy"
        try:
            id_files.write(path, _units(vocabulary, text), vocabulary.size)
        except OSError as error:
            raise UsageError(
                f"'{folder}' cannot hold the text's units: {error.strerror or error}. Free disk space, or"
                " name another folder with TMPDIR."
            ) from error
        yield IdFile(path)


def _units(vocabulary: Vocabulary, text: Text, part: str = "the text") -> Iterator[NDArray[np.int32]]:
    return vocabulary.encode_all(reporting(text.blocks(), len(text), f"encoding {part}"))


def _concatenate(pieces: Iterator[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(0, np.int32), *pieces])


def _is_complete(folder: Path) -> bool:
    """Return whether a folder holds every byte that was written."""
    report("checking the units that an earlier run prepared")
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        tensors = load_file(folder / _VOCABULARY)
        return (
            facts["version"] == _VERSION
            and {name: _digest(tensor) for name, tensor in tensors.items()} == facts["tensors"]
            and all(IdFile(folder / f"{name}.npy").digest() == digest for name, digest in facts["parts"].items())
        )
    except (OSError, ValueError, KeyError, DataError, SafetensorError):
        return False


def _digest(tensor: NDArray[Any]) -> str:
    return hashlib.sha256(tensor.tobytes()).hexdigest()
