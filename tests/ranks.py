"""The ranks of one training as children of one program, which imports torch once and forks for each.

    python tests/ranks.py

reads one JSON object per line: what `anaphora` is called with or which function of this file, how many ranks, in which
folders, and what happens to which of them; answers with how each ended, what it said and how long all took. A child
that unpickles anything ends at once.
"""

from __future__ import annotations

import gc
import json
import math
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import warm

UNPICKLED = 99  # a code that nothing else ends in


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def call(asked: dict[str, Any], rank: int) -> int:
    """One rank's life: the code that it ends in."""
    import anaphora.cli

    def no_pickle(event: str, _: object) -> None:
        if event == "pickle.find_class":
            os._exit(UNPICKLED)

    sys.addaudithook(no_pickle)
    for what in asked.get("happens", []):
        if what["rank"] == rank:
            globals()[what["what"]](**what)
    if "call" in asked:
        globals()[asked["call"]]()
        return 0
    try:
        return anaphora.cli.main(asked["words"])
    except SystemExit as ended:
        return int(ended.code or 0)


# What may happen to a rank


def at_update(step: int, number: int, **_: Any) -> None:
    """A signal to itself at the beginning of an update."""
    from anaphora.training.update import Updater

    real = Updater.update

    def update(self: Any, at: int, rate: float, *, measured: bool) -> Any:
        if at == step:
            os.kill(os.getpid(), number)
        return real(self, at, rate, measured=measured)

    Updater.update = update  # type: ignore[method-assign, assignment]


def at_look(step: int, number: int, **_: Any) -> None:
    """A signal to itself while it looks at the held-out part, which would take for ever."""
    from anaphora.training.loop import Loop

    real = Loop._judged

    def judged(self: Any) -> Any:
        if self.step == step:

            def look(model: Any) -> float:
                os.kill(os.getpid(), number)
                time.sleep(60)
                return math.nan

            self.evaluate = look
        return real(self)

    Loop._judged = judged  # type: ignore[method-assign]


def slow_look(step: int, seconds: float, **_: Any) -> None:
    """A look that takes long."""
    from anaphora.training.loop import Loop

    real = Loop._judged

    def judged(self: Any) -> Any:
        if self.step == step:
            time.sleep(seconds)
        return real(self)

    Loop._judged = judged  # type: ignore[method-assign]


def clock(seconds: float, **_: Any) -> None:
    """A clock on which an update takes so many seconds, and all else none; the time limit begins with the loop."""
    from anaphora.training.loop import Loop
    from anaphora.training.update import Updater

    real, began, now = Updater.update, Loop.__post_init__, [0.0]

    def update(self: Any, at: int, rate: float, *, measured: bool) -> Any:
        now[0] += seconds
        return real(self, at, rate, measured=measured)

    def begin(self: Any) -> None:
        began(self)
        self.clock = self.budget.clock = lambda: now[0]
        self.budget.deadline = self.budget.seconds

    Updater.update = update  # type: ignore[method-assign, assignment]
    Loop.__post_init__ = begin  # type: ignore[method-assign]


def full_disk(step: int, **_: Any) -> None:
    """No checkpoint can be written from a step on."""
    from anaphora.errors import UsageError
    from anaphora.training import checkpoint

    real = checkpoint.write

    def write(path: Path, tensors: Any, facts: dict[str, Any]) -> None:
        if facts["step"] >= step:
            raise UsageError(f"'{path}' could not be written: No space left on device.")
        real(path, tensors, facts)

    checkpoint.write = write


def fails_at_update(step: int, **_: Any) -> None:
    """A mistake at an update."""
    from anaphora.training.update import Updater

    real = Updater.update

    def update(self: Any, at: int, rate: float, *, measured: bool) -> Any:
        if at == step:
            raise MemoryError("no room for the batch")
        return real(self, at, rate, measured=measured)

    Updater.update = update  # type: ignore[method-assign, assignment]


def no_number(step: int, **_: Any) -> None:
    """The loss of this rank's rows is none from a step on."""
    from anaphora.tasks.language import training

    real, calls = training.LanguageTraining.batch_loss, [0]

    def loss(self: Any, module: Any, batch: Any, carry: Any) -> Any:
        calls[0] += 1
        found, state = real(self, module, batch, carry)
        return (found * math.nan if calls[0] >= step else found), state

    training.LanguageTraining.batch_loss = loss  # type: ignore[method-assign, assignment]


def no_gradient(**_: Any) -> None:
    """A loss that needs no parameter, as one of no rows may be."""
    from anaphora.tasks.language import training

    real = training.LanguageTraining.batch_loss

    def loss(self: Any, module: Any, batch: Any, carry: Any) -> Any:
        found, state = real(self, module, batch, carry)
        assert found.item() == batch.inputs.size == 0
        return found.detach(), state

    training.LanguageTraining.batch_loss = loss  # type: ignore[method-assign, assignment]


def other_instructions(**_: Any) -> None:
    """A processor of another kind."""
    from anaphora import kernels

    kernels.arch = lambda: "avx9"


# What ranks may do instead of a training


def exchange() -> None:
    """Everything that workers tell each other, as numbers."""
    import numpy as np
    import torch

    from anaphora.training.distributed.torch_group import join

    with join(os.environ, print) as workers:
        rank = workers.rank
        part = torch.arange(2 * rank, dtype=torch.float64).reshape(2, rank) + 10 * rank
        arrays = {"a": np.arange(6.0).reshape(2, 3), "none": np.zeros((0, 4), np.int8), "one": np.array(7, np.int64)}
        print(
            json.dumps(
                {
                    "total": workers.all_reduce(torch.tensor([1.0, 10.0**rank])).tolist(),
                    "short": workers.broadcast({"rank": rank, "none": None, "inf": math.inf}),
                    "long": len(workers.broadcast("é" * (3000 + rank))),
                    "edge": [len(workers.broadcast("x" * length)) for length in (1012, 1013, 1014, 1015)],
                    "everyone": workers.all_gather(["ü" * rank, rank / 3]),
                    "gathered": workers.gather(part, 1).tolist(),
                    "truths": workers.gather(torch.tensor([[rank == 1]]), 0).tolist(),
                    "handed": {
                        name: [array.dtype.str, array.tolist()]
                        for name, array in workers.broadcast_arrays(arrays if rank == 0 else {}).items()
                    },
                    "threads": torch.get_num_threads(),
                }
            )
        )


def stuck() -> None:
    """Rank 1 dies while rank 0 computes and will not look up."""
    from anaphora.training.distributed import lifeline
    from anaphora.training.distributed.torch_group import join

    lifeline.GRACE_SECONDS = 0.3
    with join(os.environ, lambda text: print(text, flush=True)) as workers:
        workers.remember("some.run")
        if workers.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


# The program


def child(asked: dict[str, Any], rank: int, port: int) -> None:
    ranks, folder = asked.get("ranks", 1), Path(asked["folders"][rank % len(asked["folders"])])
    if ranks > 1 or asked.get("several"):
        os.environ.update(
            RANK=str(rank),
            WORLD_SIZE=str(ranks),
            LOCAL_RANK=str(rank),
            LOCAL_WORLD_SIZE=str(ranks),
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port),
        )
    os.environ.update(asked.get("environment", {}).get(str(rank), {}))
    os.chdir(folder)
    for handle, name in ((1, f"out{rank}"), (2, f"err{rank}")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), handle)
    code = UNPICKLED - 1
    try:
        code = call(asked, rank)
    except BaseException:  # noqa: BLE001 - a child of a fork must end here, whatever it is
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Answer until there is nothing more to do."""
    warm.import_all()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        port, begun, children = free_port(), time.monotonic(), []
        for rank in range(asked.get("ranks", 1)):
            children.append(os.fork())
            if children[-1] == 0:
                child(asked, rank, port)
        codes = [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in children]
        folders = [Path(asked["folders"][rank % len(asked["folders"])]) for rank in range(len(codes))]
        texts = {
            name: [(folder / f"{name}{rank}").read_text(encoding="utf-8") for rank, folder in enumerate(folders)]
            for name in ("out", "err")
        }
        print(json.dumps({"codes": codes, "seconds": time.monotonic() - begun, **texts}), flush=True)


if __name__ == "__main__":
    main()
