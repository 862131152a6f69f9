"""Values and every gradient equal torch's; and float32 is as near to float64 as torch's own float32 is.

Tolerances: values 2e-6 and gradients 1e-5, relative to the largest; against float64, twice torch's own error plus 2e-7.
"""

from __future__ import annotations

import torch

from laws.cases import TORCHS, Case, Problem, distance, values

VALUES, GRADIENTS = 2e-6, 1e-5


def test_values_and_gradients_equal_torchs(case: Case) -> None:
    problem = Problem(case)
    # In training, where torch knows the layout: the dropout masks must agree as well.
    for module in (problem.ours, problem.torchs):
        module.train(case.layout in TORCHS)
    torch.manual_seed(11)
    ours = problem.run(problem.ours)
    torch.manual_seed(11)
    theirs = problem.run_torch()
    far = distance(values(ours), values(theirs))
    assert max(far.values()) <= VALUES, far
    far = distance(problem.gradients(problem.ours, ours), problem.gradients(problem.torchs, theirs))
    assert max(far.values()) <= GRADIENTS, far


def test_as_near_to_float64_as_torch(case: Case) -> None:
    problem = Problem(case, seed=1)
    exact = problem.double()
    for module in (problem.ours, problem.torchs, exact.torchs):
        module.eval()
    ours, theirs, true = problem.run(problem.ours), problem.run_torch(), exact.run_torch()
    our_error = max(distance(values(ours), values(true)).values())
    their_error = max(distance(values(theirs), values(true)).values())
    assert our_error <= 2 * their_error + 2e-7, (our_error, their_error)
    true_gradients = exact.gradients(exact.torchs, true)
    our_error = max(distance(problem.gradients(problem.ours, ours), true_gradients).values())
    their_error = max(distance(problem.gradients(problem.torchs, theirs), true_gradients).values())
    assert our_error <= 2 * their_error + 2e-7, (our_error, their_error)
