"""Subword units: parts of words learned by byte-pair encoding with sentencepiece; the bundle holds its model.

The settings differ from sentencepiece's defaults so that decoding restores the text: nothing is normalised, white space
is kept, no space is added in front, and a line feed is a symbol of its own (lines are encoded one by one). One loss
remains: sentencepiece writes a space as U+2581, so a U+2581 in the text comes back as a space.

Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016; Kudo and
Richardson, "SentencePiece", EMNLP 2018.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import sentencepiece

from anaphora.data.files.text import Text
from anaphora.data.text.characters import count_characters
from anaphora.data.text.splitting import last_break
from anaphora.data.text.vocabulary import UNKNOWN, Ids, Vocabulary, check_variety
from anaphora.errors import CorruptBundle, DataError

PIECES = 4_000  # the default size
LEARNED_FROM = 10_000_000  # characters; of a longer text, evenly spaced lines
_LINE = 1_000  # characters; sentencepiece skips lines above 4,192 bytes, so longer lines are split for learning
_SPACE = "\u2581"
_RESERVED = "\u2585"  # sentencepiece skips lines with this character


class Subwords(Vocabulary):
    """Parts of words; a symbol may begin with the space before it."""

    kind = "subword"

    def __init__(self, model: bytes) -> None:
        self._model = model
        processor = sentencepiece.SentencePieceProcessor()
        try:
            processor.LoadFromSerializedProto(model)
        except RuntimeError as error:
            raise CorruptBundle(f"vocabulary.model: sentencepiece cannot read it ({error})") from error
        pieces = [processor.IdToPiece(index) for index in range(processor.GetPieceSize())]
        if len(pieces) < 3 or processor.unk_id() != 0 or pieces[1] != "\n":
            raise CorruptBundle("vocabulary.model: expected pieces that begin with unknown and line feed")
        self.symbols = (UNKNOWN, *(piece.replace(_SPACE, " ") for piece in pieces[1:]))
        self.unknown = 0
        self._processor = processor

    @classmethod
    def of(cls, text: Text, size: int | None) -> Subwords:
        """Learn at most `size` symbols (default 4,000) from `text`; DataError if it has more different characters."""
        occurring = np.flatnonzero(count_characters(text.blocks()))
        characters = set(map(chr, occurring.tolist())) - {"\n", _RESERVED, UNKNOWN}
        check_variety(len(characters), "character", text)
        needed = len(characters) + 2
        if size is not None and size < needed:
            raise DataError(
                f"A subword vocabulary of {size} cannot hold the {len(characters)} different characters of the text: "
                f"use --vocabulary {needed} or more, or --units byte."
            )
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=_lines(text),
            model_writer=model,
            model_type="bpe",
            vocab_size=max(size or PIECES, needed),
            hard_vocab_limit=False,  # a small text has fewer symbols than requested
            character_coverage=1.0,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            user_defined_symbols=["\n"],
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            unk_surface=UNKNOWN,
            num_threads=1,
            minloglevel=2,
        )
        return cls(model.getvalue())

    def _encode(self, text: str) -> Ids:
        lines = text.split("\n")
        encoded = self._processor.EncodeAsIds(lines)
        flat = chain.from_iterable(chain(line, (1,)) for line in encoded)
        count = sum(map(len, encoded)) + len(lines) - 1  # no line feed after the last line
        return np.fromiter(flat, dtype=np.int32, count=count)

    def cut(self, text: str) -> int:
        return last_break(text)

    def _units(self, text: str) -> Sequence[str]:
        lines = [self._processor.EncodeAsPieces(line) for line in text.split("\n")]
        flat = list(chain.from_iterable(chain(line, ("\n",)) for line in lines))[:-1]
        return [piece.replace(_SPACE, " ") for piece in flat]

    def tensors(self) -> dict[str, np.ndarray]:
        """Return ``vocabulary.model``, the bytes of sentencepiece's model."""
        return {"vocabulary.model": np.frombuffer(self._model, np.uint8)}


def _lines(text: Text) -> Iterator[str]:
    """Yield evenly spaced parts of lines; all of them if the text is short enough."""
    keep = min(1.0, LEARNED_FROM / len(text))
    credit = 0.0
    for piece in _pieces(text.blocks()):
        credit += keep
        if credit >= 1.0 or keep == 1.0:
            credit -= 1.0
            yield piece


def _pieces(blocks: Iterable[str]) -> Iterator[str]:
    """Yield each line in parts of `_LINE` characters, the last part shorter; nothing for an empty line."""
    begun = ""
    for block in blocks:
        *lines, rest = (begun + block.replace(_RESERVED, "").replace(UNKNOWN, "")).split("\n")
        for line in lines:
            yield from _cut(line)
        whole = len(rest) // _LINE * _LINE
        yield from _cut(rest[:whole])
        begun = rest[whole:]
    yield from _cut(begun)


def _cut(line: str) -> Iterator[str]:
    for start in range(0, len(line), _LINE):
        yield line[start : start + _LINE]
