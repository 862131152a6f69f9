"""The runtime: a trained model on NumPy and the kernels alone, without torch and pydantic.

    model = runtime.load("model.anaphora")
    session = model.session()
    logits = session.feed(ids)          # any number of steps, (n,) -> (n, V)
    blob = session.state                # bytes: store or send them, continue with model.session(state=blob)
    stepper = model.stepper()           # for real time: stepper.x in, stepper.step(), stepper.y out, nothing allocated

The bits of a sequence's results do not depend on how the sequence is cut into calls, on the other rows of its batch, or
on the number of threads.
"""

from __future__ import annotations

from anaphora.runtime.model import Model, load
from anaphora.runtime.multipart import parts
from anaphora.runtime.session import Session
from anaphora.runtime.stepper import Stepper

__all__ = ["Model", "Session", "Stepper", "load", "parts"]
