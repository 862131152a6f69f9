"""Our own runtime on the same problem: the tower that packs the weights once, as ONNX Runtime does in its session.

Padded batches go in and come out, as NumPy arrays, with lengths where rows differ: what ONNX Runtime is given too.
"""

from __future__ import annotations

from anaphora.bundle import Bundle, spec
from anaphora.runtime import Model
from measure.case import Outputs, Problem, Rival
from measure.turns import Side


def ours(problem: Problem) -> Rival:
    """The layer's weights as they are now, in a model of one block."""
    case = problem.case
    sizes = {"input_size": case.I, "hidden_size": case.H, "num_layers": case.layers}
    block = {"kind": case.cell, "name": "recurrent", **sizes, "bidirectional": case.directions == 2}
    tree = spec.check({"kind": "stack", "name": "model", "input_size": case.I, "blocks": [block]})
    tensors = {f"recurrent.{name}": weight.numpy().copy() for name, weight in problem.layer.state_dict().items()}
    model = Model(Bundle(tensors, {"version": 1, "task": "none", "model": tree}))
    x, lengths = problem.x.numpy(), problem.lengths.numpy() if case.ragged else None

    def outputs() -> Outputs:
        return {"y": model.forward(x, lengths)[0]}

    return Rival("runtime", Side(lambda: model.forward(x, lengths)), outputs)
