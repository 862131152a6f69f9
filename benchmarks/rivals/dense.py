"""Our own layer on the padded batch: what rows of unequal length cost without being ragged."""

from __future__ import annotations

from measure.case import Outputs, Problem, Rival


def rival(problem: Problem) -> Rival:
    """The same weights and rows, padding and all."""
    dense = Problem(problem.case._replace(ragged=False))
    dense.layer.load_state_dict(problem.layer.state_dict())
    dense.x, dense.dy = problem.x, problem.dy
    plain = dense.ours

    def outputs() -> Outputs:
        if problem.case.directions == 2:
            return {}  # its second direction meets the padding first and tells the rows something else
        return {"y": plain.outputs()["y"] * problem.mask.numpy()[:, :, None]}

    return plain._replace(name="ours, dense", outputs=outputs)
