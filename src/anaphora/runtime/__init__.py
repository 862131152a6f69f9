"""Running a trained model on NumPy and the kernels alone: no torch, no pydantic, one file in, scores out.

    model = runtime.load("model.anaphora")
    session = model.session()
    logits = session.feed(ids)          # any number of steps, (n,) -> (n, V)
    blob = session.state                # bytes: keep it, move it, go on from it with model.session(state=blob)
    stepper = model.stepper()           # for a clock: stepper.x in, stepper.step(), stepper.y out, nothing allocated

A sequence's numbers are the same bits however it is cut into calls, whatever batch it rides in and however many
threads compute.
"""

from __future__ import annotations

from anaphora.runtime.model import Model, load
from anaphora.runtime.multipart import parts
from anaphora.runtime.session import Session
from anaphora.runtime.stepper import Stepper

__all__ = ["Model", "Session", "Stepper", "load", "parts"]
