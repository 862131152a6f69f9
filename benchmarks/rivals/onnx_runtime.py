"""ONNX Runtime, inference only: a graph by hand around its operators RNN, GRU and LSTM.

Gate orders differ from torch's: LSTM i f g o is i o f c there, GRU r z n is z r h, with `linear_before_reset=1` for
the bias of n inside the reset. The weights lie in the file as constants, as people have them, so ONNX Runtime lays them
out once, where we do it in every call. As many threads as torch has, spinning between calls as is its default; a
session lives for one turn, lest its spinning threads hold the cores in ours: on two cores they cost us up to eight
milliseconds a call. Rows of different lengths lie padded, with `sequence_lens`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from measure.case import GATES, Outputs, Problem, Rival
from measure.turns import Side

ORDER = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}  # of torch's gates
OPSET, IR_VERSION = 17, 8
WARM = 3  # calls that a new session takes to have its memory at hand


def reordered(cell: str, weight: torch.Tensor) -> np.ndarray:
    """A weight or bias with its gates in ONNX's order."""
    gates = np.split(weight.numpy(), GATES[cell])
    return np.concatenate([gates[at] for at in ORDER[cell]])


def constants(problem: Problem, layer: int) -> dict[str, np.ndarray]:
    """W (D, G·H, I), R (D, G·H, H) and B (D, 2·G·H) of one layer."""
    case, held = problem.case, problem.layer.state_dict()
    ends = [f"l{layer}{'_reverse' * reverse}" for reverse in range(case.directions)]
    each = [[reordered(case.cell, held[f"{kind}_{end}"]) for end in ends] for kind in ("weight_ih", "weight_hh")]
    biases = [
        np.concatenate([reordered(case.cell, held[f"{kind}_{end}"]) for kind in ("bias_ih", "bias_hh")]) for end in ends
    ]
    return {f"W{layer}": np.stack(each[0]), f"R{layer}": np.stack(each[1]), f"B{layer}": np.stack(biases)}


def model(problem: Problem) -> bytes:
    """The graph: x (T, B, I) to Y (T, D, B, H), between layers (T, B, D·H)."""
    case = problem.case
    options: dict[str, Any] = {"hidden_size": case.H, "direction": ("forward", "bidirectional")[case.directions - 1]}
    if case.cell == "gru":
        options["linear_before_reset"] = 1
    held: dict[str, np.ndarray] = {"flat": np.array([0, 0, -1])} if case.layers > 1 else {}
    nodes, source = [], "x"
    for layer in range(case.layers):
        held |= constants(problem, layer)
        if layer:
            nodes.append(helper.make_node("Transpose", [source], [f"turned{layer}"], perm=[0, 2, 1, 3]))
            nodes.append(helper.make_node("Reshape", [f"turned{layer}", "flat"], [f"x{layer}"]))
            source = f"x{layer}"
        inputs = [source, f"W{layer}", f"R{layer}", f"B{layer}", *(["lengths"] if case.ragged else [])]
        nodes.append(helper.make_node(case.cell.upper(), inputs, [f"Y{layer}"], **options))
        source = f"Y{layer}"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "B", case.I])]
    if case.ragged:
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, ["B"]))
    outputs = [helper.make_tensor_value_info(source, TensorProto.FLOAT, ["T", case.directions, "B", case.H])]
    initial = [numpy_helper.from_array(array, name) for name, array in held.items()]
    graph = helper.make_graph(nodes, "layers", inputs, outputs, initial)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return bytes(made.SerializeToString())


def rival(problem: Problem) -> Rival:
    """ONNX Runtime on the same problem."""
    case = problem.case
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    made = model(problem)
    bound: list[Any] = []

    def begin() -> None:
        session = onnxruntime.InferenceSession(made, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()  # spares it the copies into and out of numpy
        binding.bind_cpu_input("x", problem.x.numpy())
        if case.ragged:
            binding.bind_cpu_input("lengths", problem.lengths.numpy().astype(np.int32))
        binding.bind_output(session.get_outputs()[0].name)
        bound[:] = session, binding
        for _ in range(WARM):
            call()

    def call() -> Any:
        bound[0].run_with_iobinding(bound[1])

    def outputs() -> Outputs:
        begin()
        y = bound[1].copy_outputs_to_cpu()[0]  # (T, D, B, H)
        bound.clear()
        return {"y": y.transpose(0, 2, 1, 3).reshape(case.T, case.B, -1)}

    return Rival("ONNX Runtime", Side(call, begin=begin, end=bound.clear), outputs)
