"""ONNX Runtime one step at a time: its operator with the state handed round, as NumPy arrays and bound once."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from measure.side import Side
from rivals.onnx_runtime import IR_VERSION, OPSET, reordered


def session_of(cell: str, layer: Any, B: int) -> onnxruntime.InferenceSession:
    """A graph of one operator: x (1, B, H) and the states (1, B, H) to the next states."""
    H, held, pair = layer.hidden_size, layer.state_dict(), cell == "lstm"
    constants = {
        "W": reordered(cell, held["weight_ih_l0"])[None],
        "R": reordered(cell, held["weight_hh_l0"])[None],
        "B": np.concatenate([reordered(cell, held[f"bias_{kind}_l0"]) for kind in ("ih", "hh")])[None],
    }
    states, after = (["h", "c"], ["h_next", "c_next"]) if pair else (["h"], ["h_next"])
    options: dict[str, Any] = {"hidden_size": H, **({"linear_before_reset": 1} if cell == "gru" else {})}
    node = helper.make_node(cell.upper(), ["x", "W", "R", "B", "", *states], ["", *after], **options)
    shaped = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, B, H]) for name in ["x", *states, *after]]
    split = 1 + len(states)
    initial = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph([node], "step", shaped[:split], shaped[split:], initial)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])


def sides(cell: str, layer: Any, x: torch.Tensor) -> dict[str, Side]:
    """ONNX Runtime, with NumPy arrays in and out, and with everything bound."""
    session = session_of(cell, layer, len(x))
    names = ["h", "c"] if cell == "lstm" else ["h"]
    feed = {"x": x.numpy()[None], **{name: np.zeros((1, *x.shape), np.float32) for name in names}}

    def by_value() -> None:
        feed.update(zip(names, session.run(None, feed), strict=True))

    value = onnxruntime.OrtValue.ortvalue_from_numpy
    states = [{name: value(np.zeros((1, *x.shape), np.float32)) for name in names} for _ in range(2)]
    turns = []
    for source, target in ((0, 1), (1, 0)):
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", value(x.numpy()[None]))
        for name in names:
            binding.bind_ortvalue_input(name, states[source][name])
            binding.bind_ortvalue_output(f"{name}_next", states[target][name])
        turns.append(binding)
    at = [0]

    def bound() -> None:
        session.run_with_iobinding(turns[at[0]])
        at[0] ^= 1

    return {
        "ONNX Runtime": Side(by_value, lambda: feed["h"][0]),
        "ONNX Runtime bound": Side(bound, lambda: states[at[0]]["h"].numpy()[0]),
    }
