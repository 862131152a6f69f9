"""The record of the runtime: models of every kind of block with drawn weights, written, read and run without torch.

Of each: the bytes of its file, scores of a batch and of one row, what sessions answer and the bytes of their states at
several cuts, and what a stepper writes.
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from frozen import digest, normal
from frozen.doors import check_tree, runtime, tree_tensors, write_bundle

V, E, H = 11, 5, 9
_EMBEDDING = {"kind": "embedding", "name": "embedding", "vocabulary": V, "size": E}
_TIED = {"kind": "tied_output", "name": "output", "embedding": "embedding"}
_KINDS = (
    "rnn", "gru", "lstm", "reset_before_gru", "layer_norm_gru", "peephole_lstm", "coupled_lstm", "layer_norm_lstm",
)  # fmt: skip


def _recurrent(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "name": "recurrent", "input_size": E, "hidden_size": H, **fields}


def _output(width: int) -> dict[str, Any]:
    return {"kind": "linear", "name": "output", "input_size": width, "output_size": V}


def _pool(over: str) -> dict[str, Any]:
    return {"kind": "pooling", "name": "pool", "over": over}


_ATTENTION = {"kind": "attention", "name": "attention", "input_size": 2 * H, "attention_size": 4}
_NORM = {"kind": "layer_norm", "name": "norm", "input_size": E}
_WINDOWS = {"kind": "convolution", "name": "windows", "input_size": E, "output_size": E, "width": 3}
_BOTH = {"bidirectional": True}
TREES: dict[str, list[dict[str, Any]]] = {
    **{kind: [_EMBEDDING, _recurrent(kind, num_layers=2), _output(H)] for kind in _KINDS},
    **{f"{kind} both ways": [_EMBEDDING, _recurrent(kind, **_BOTH), _output(2 * H)] for kind in _KINDS},
    "rnn of relu": [_EMBEDDING, _recurrent("rnn", nonlinearity="relu", bias=False), _output(H)],
    "projected lstm": [_EMBEDDING, _recurrent("lstm", num_layers=2, proj_size=4), _output(4)],
    "zoneout": [_EMBEDDING, _recurrent("lstm", zoneout_hidden=0.1, zoneout_memory=0.4), _output(H)],
    "learned state": [_EMBEDDING, _recurrent("gru", learned_state=True), _output(H)],
    "norm and tied": [_EMBEDDING, _NORM, _recurrent("gru", hidden_size=E), _TIED],
    "windows": [_EMBEDDING, _WINDOWS, _recurrent("lstm"), _output(H)],
    "last": [_EMBEDDING, _recurrent("gru"), _pool("last"), _output(H)],
    "mean": [_EMBEDDING, _recurrent("lstm", **_BOTH), _pool("mean"), _output(2 * H)],
    "max": [_EMBEDDING, _recurrent("gru", **_BOTH), _pool("max"), _output(2 * H)],
    "ends": [_EMBEDDING, _recurrent("rnn", **_BOTH), _pool("ends"), _output(2 * H)],
    "attention": [_EMBEDDING, _recurrent("gru", **_BOTH), _ATTENTION, _output(2 * H)],
    "of vectors": [_recurrent("lstm"), _output(H)],
}


def records() -> dict[str, list[str]]:
    """One file: of each model, what it is as bytes and what it answers."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: answers(name, blocks, Path(folder) / "m.anaphora") for name, blocks in TREES.items()}
    return {"runtime/blocks.json": normal.lay_out(found)}


def answers(name: str, blocks: list[dict[str, Any]], path: Path) -> dict[str, Any]:
    """Everything that one model says."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    head = {"kind": "stack", "name": "model", "blocks": blocks}
    tree = check_tree(head if blocks[0] is _EMBEDDING else {**head, "input_size": E})
    tensors = {
        part: (rng.normal(size=shape) * rng.uniform(0.3, 0.9)).astype(np.float32)
        for part, shape in tree_tensors(tree).items()
    }
    write_bundle(path, tensors, {"version": 1, "task": "language", "model": tree})
    model = runtime.load(path)
    shape = (7, 4)
    inputs = rng.integers(V, size=shape) if model.vocabulary_size else rng.normal(size=(*shape, E)).astype(np.float32)
    y, state = model.forward(inputs, lengths=[7, 0, 3, 5])
    found: dict[str, Any] = {"file": digest.of_file(path), "scores": digest.of_array(y)}
    found["states"] = [digest.of_array(part) for part in state]
    found["scores without lengths"] = digest.of_array(model.forward(inputs)[0])
    try:
        return found | streamed(model, inputs)
    except Exception as error:  # noqa: BLE001 — which error it is, and its words, are the record
        return found | {"streamed": f"{type(error).__name__}: {error}"}


def streamed(model: Any, inputs: np.ndarray[Any, Any]) -> dict[str, Any]:
    """A row in three feeds, the state's bytes after each; a fork; a stepper of all rows."""
    session, row = model.session(), inputs[:, 0]
    found: dict[str, Any] = {"state at the start": digest.of_bytes(session.state)}
    for first, last in ((0, 1), (1, 1), (1, 4), (4, 7)):
        found[f"fed {first} to {last}"] = digest.of_array(session.feed(row[first:last]))
        found[f"state after {last}"] = digest.of_bytes(session.state)
    again = model.session(session.state)
    found["gone on from bytes"] = digest.of_array(again.feed(row))
    found["forked"] = digest.of_array(session.fork().feed(row[:3]))
    stepper = model.stepper(inputs.shape[1])
    for at, line in enumerate(inputs):
        stepper.x[...] = line
        stepper.step()
        found[f"stepped {at}"] = digest.of_array(stepper.y)
    found["stepper's state"] = [digest.of_array(part) for part in stepper.state]
    if model.vocabulary_size:
        found["nats"] = digest.of_array(model.score(row))
    return found
