"""The processes that torchrun started, from a command's view: only the first one writes messages."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from anaphora.errors import UsageError, WorkerGone
from anaphora.extras import require_torch

if TYPE_CHECKING:
    from anaphora.training.distributed.workers import Workers

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class Here:
    """This process: the only one (`workers` is None), or one of several."""

    def __init__(self, workers: Workers | None = None, stream: TextIO | None = None) -> None:
        self.workers = workers
        self.stream = stream  # for what is shown meanwhile; None: standard error
        self.first = workers is None or workers.rank == 0

    def each(self) -> contextlib.AbstractContextManager[Any]:
        """Run a block in every process: if one fails, all end, and the first that failed reports the error."""
        if self.workers is None:
            return contextlib.nullcontext()
        from anaphora.training.distributed.workers import each

        return each(self.workers)

    def broadcast(self, value: Any) -> Any:
        """Return the first process's value in all processes."""
        return value if self.workers is None else self.workers.broadcast(value)

    def was_restarted(self) -> bool:
        """Return whether torchrun started this command again after it had begun a run; every process asks at once."""
        return self.workers is not None and self.workers.remembered() is not None

    def refuse_standard_input(self, data: Sequence[str]) -> None:
        """Raise UsageError if several processes would have to read data that only one can read."""
        if self.workers is not None and "-" in data:
            raise UsageError(
                "Only one process can read standard input, and torchrun started several: write the data to a file."
            )


@contextlib.contextmanager
def processes(wanted_by: str) -> Iterator[Here]:
    """Join the processes of torchrun, if it started this process, inside a `with` block."""
    if not all(name in os.environ for name in _NEEDED):
        yield Here()
        return
    require_torch(wanted_by)
    from anaphora.training.distributed import torch_group

    try:
        with torch_group.join(os.environ, _say) as workers, contextlib.ExitStack() as open_files:
            nowhere = None if workers.rank == 0 else open_files.enter_context(open(os.devnull, "w", encoding="utf-8"))
            yield Here(workers, nowhere)
    except WorkerGone as error:
        if error.reported:
            raise SystemExit(error.code) from error
        raise


def refuse(wanted_by: str) -> None:
    """Raise UsageError if torchrun started several processes for a command of one process; the first one reports it."""
    ranks = os.environ.get("WORLD_SIZE", "1")
    if ranks == "1" or not all(name in os.environ for name in _NEEDED):
        return
    if os.environ["RANK"] != "0":
        raise SystemExit(UsageError.exit_code)
    raise UsageError(
        f"{wanted_by} runs in one process, and torchrun started {ranks}: run it without torchrun. Only"
        " `anaphora train` and `anaphora resume` use several processes."
    )


def _say(text: str) -> None:
    print(f"anaphora: {text}", file=sys.stderr, flush=True)
