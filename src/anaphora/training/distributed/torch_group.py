"""Several processes, on one machine or many, that train one model: `torch.distributed` behind the loop's `Workers`.

    g = (1/n) Σ_r ∇ (n · loss_r / units)        n ranks, loss_r the sum of losses over the rows of rank r, units of all

So g equals the gradient of one process, for any division of the rows, also if a rank has no rows.
DistributedDataParallel adds up the gradients during the backward pass, over gloo between CPUs and over NCCL between
GPUs. All other messages go over gloo, as tensors and as JSON in bytes; nothing is pickled. Collective calls wait up to
a year, so a long validation or score ends no process; `lifeline` reports a process that has ended.

`torchrun` sets the rank of each process in its environment. Source: Li et al., "PyTorch Distributed", VLDB 2020.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from anaphora.errors import AnaphoraError, Interrupted, Terminated, UsageError, WorkerGone
from anaphora.runs import machine
from anaphora.runs.folder import how_to_continue
from anaphora.training.distributed import lifeline
from anaphora.training.distributed.lifeline import Gone, Lifeline
from anaphora.training.distributed.workers import Alone, Arrays, Loss, Module, Workers

_FORMING = datetime.timedelta(minutes=10)  # until all ranks have connected
_ANY_TIME = datetime.timedelta(days=365)  # the time limit of a collective call
_NEWS_SECONDS = 3.0  # from a failed collective call until the ended rank is known
_FRAME = 1024  # bytes of the first message of a broadcast
_HEAD = 8  # of them hold the length
_RUN = "anaphora/run"
_CALL = "anaphora/lifeline"


class Distributed:
    """One of the processes that `join` connected."""

    def __init__(self, environment: Mapping[str, str], store: Store, line: Lifeline) -> None:
        self.rank, self.ranks = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        self.folder = ""
        self._local = int(environment.get("LOCAL_WORLD_SIZE", 1))
        self._again = int(environment.get("TORCHELASTIC_MAX_RESTARTS", 0)) > int(
            environment.get("TORCHELASTIC_RESTART_COUNT", 0)
        )
        self._store, self._line = store, line
        self._sent: int | None = None  # the signal that was sent to the first worker

    def wrap(self, model: nn.Module, loss: Loss) -> Module:
        """Wrap the loss in DistributedDataParallel; all processes begin with the first worker's weights."""
        where = next(model.parameters()).device.type
        if where not in ("cpu", "cuda"):
            raise UsageError(f"Several ranks train on processors or on CUDA GPUs, not on {where}: use --device cpu.")
        if where == "cuda" and self._local > torch.cuda.device_count():
            raise UsageError(
                f"This machine has {torch.cuda.device_count()} GPUs for {self._local} processes: set"
                " --nproc-per-node to the number of GPUs, or train with --device cpu."
            )
        return DistributedDataParallel(_Whole(model, loss), gradient_as_bucket_view=True)

    def no_sync(self, module: Module) -> AbstractContextManager[Any]:
        """Add up gradients locally inside this block; the first backward pass afterwards exchanges them."""
        assert isinstance(module, DistributedDataParallel)
        return module.no_sync()

    def all_reduce(self, numbers: Tensor) -> Tensor:
        """Return the sum of every worker's tensor, such as (n,), with the same bits in all workers."""
        summed = numbers.detach().clone()
        dist.all_reduce(summed)
        return summed

    def broadcast(self, value: Any) -> Any:
        """Return the first worker's value in all workers; one message, if it is short."""
        frame, rest = torch.zeros(_FRAME, dtype=torch.uint8), torch.empty(0, dtype=torch.uint8)
        if self.rank == 0:
            text = json.dumps(value).encode()
            whole = torch.tensor([*len(text).to_bytes(_HEAD, "little"), *text], dtype=torch.uint8)
            frame[: len(whole)], rest = whole[:_FRAME], whole[_FRAME:]
        dist.broadcast(frame, 0)
        length = int.from_bytes(bytes(frame[:_HEAD].tolist()), "little")
        more = length + _HEAD - _FRAME
        if more > 0:
            rest = rest if self.rank == 0 else torch.empty(more, dtype=torch.uint8)
            dist.broadcast(rest, 0)
        return json.loads(torch.cat([frame, rest])[_HEAD : _HEAD + length].numpy().tobytes())

    def all_gather(self, value: Any) -> list[Any]:
        """Return the value of each worker, in their order, in all workers."""
        text = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        return [json.loads(part.numpy().tobytes()) for part in self._parts(text)]

    def gather(self, numbers: Tensor, axis: int) -> Tensor:
        """Return every worker's tensor, such as (n, H), concatenated along an axis, in all workers."""
        parts = self._parts(numbers.movedim(axis, 0).contiguous())
        return torch.cat(parts).movedim(0, axis).contiguous()

    def _parts(self, mine: Tensor) -> list[Tensor]:
        """Every worker's tensor (n_r, …), in their order: all are sent as long as the longest."""
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.ranks)]
        dist.all_gather(lengths, torch.tensor([len(mine)]))
        padded = mine.new_zeros(int(max(lengths)), *mine.shape[1:])
        padded[: len(mine)] = mine
        parts = [torch.empty_like(padded) for _ in range(self.ranks)]
        dist.all_gather(parts, padded)
        return [part[: int(length)] for part, length in zip(parts, lengths, strict=True)]

    def broadcast_arrays(self, arrays: Arrays) -> Arrays:
        """Return the first worker's arrays, of any shape (N, …), in all workers."""
        forms = self.broadcast([[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()])
        found = {name: np.zeros(shape, np.dtype(kind)) for name, kind, shape in forms}
        for name, array in found.items():
            if self.rank == 0:
                array[...] = arrays[name]
            if array.nbytes:
                dist.broadcast(torch.from_numpy(array.reshape(-1).view(np.uint8)), 0)
        return found

    def received_signal(self, number: int | None) -> int | None:
        """Return a signal that reached this worker, or for the first worker any other one."""
        if self.rank == 0:
            received, self._line.signal = self._line.signal, None
            return number if number is not None else received
        if number is not None and number != self._sent:
            self._line.send_signal(number)
        self._sent = number
        return None

    def remember(self, folder: str) -> None:
        """Store the run's folder where torchrun keeps it across restarts."""
        self.folder = folder
        if self.rank == 0:
            self._store.set(_RUN, folder)

    def remembered(self) -> str | None:
        """Return the folder of the run that this command had begun before torchrun restarted it."""
        known = self.rank == 0 and self._store.check([_RUN])
        folder: str | None = self.broadcast(self._store.get(_RUN).decode() if known else None)
        return folder

    def leave(self) -> Workers:
        """Let the first worker continue alone; the others wait until it has ended."""
        if self.rank == 0:
            self._line.over()
            return Alone()
        gone = self._line.lost(None)
        assert gone is not None
        if gone.code != 0:
            raise self.gone(gone)
        return self

    def gone(self, gone: Gone) -> WorkerGone:
        """Return the error of this process after another has ended; the first worker reports it, if it can."""
        reported = self.rank > 0 and (gone.rank > 0 or gone.code is not None)
        code = gone.code if reported and gone.rank == 0 and gone.code else WorkerGone.exit_code
        how = (
            f"has ended: {gone.words}"
            if gone.code is not None
            else "ended without a message: it was killed, or it lost its connection"
        )
        return WorkerGone(
            f"Rank {gone.rank} ({gone.who}) {how.rstrip('.')}. Training needs all {self.ranks} ranks, so it"
            f" ends here.{self._how_on()}",
            code,
            reported=reported,
        )

    def _how_on(self) -> str:
        if not self.folder:
            return ""
        if self._again:
            return f" torchrun starts them again from the newest checkpoint in {self.folder}."
        on = how_to_continue(Path(self.folder))
        return f" Continue from the newest checkpoint, with torchrun or in one process{on}"


@contextlib.contextmanager
def join(environment: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Distributed]:
    """Join the processes of the environment inside a `with` block.

    An error in the block is this process's last message to the others. Raises WorkerGone if another process has ended,
    or has reported an error. A process that hangs after another has ended stops at once; `say` then reports the reason.
    """
    workers: Distributed | None = None

    def last(gone: Gone) -> None:
        error = WorkerGone(f"Rank {gone.rank} has ended.") if workers is None else workers.gone(gone)
        if not error.reported:
            say(str(error))
        os._exit(error.code)

    if environment.get("LOCAL_WORLD_SIZE") == environment["WORLD_SIZE"]:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all ranks are on this machine
    store, line = _meet(environment, last)
    try:
        workers = Distributed(environment, store, line)
        _form(environment, PrefixStore(line.attempt, store))
        yield workers
    except BaseException as error:
        ended = _ended(error, workers, line)
        _be_left_alone()
        line.send_last_message(*_last_message(ended))
        if ended is error:
            raise
        raise ended from error
    line.send_last_message(0, "")
    dist.destroy_process_group()


class _Whole(nn.Module):
    """A model with its loss, so that a step goes through one module, however the loss goes through the model."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, batch: Any, carry: Any) -> tuple[Tensor, Any]:
        """The sum of the batch's losses, and the carry."""
        loss, carry = self.loss(self.model, batch, carry)
        reaching: Tensor = _Reaching.apply(loss, *self.model.parameters())  # type: ignore[no-untyped-call]
        return reaching, carry


class _Reaching(torch.autograd.Function):
    """loss ↦ loss, whose backward pass reaches every parameter: those that no row of this rank needs, too, or another
    rank would wait for their gradient for ever.
    """

    @staticmethod
    def forward(ctx: Any, loss: Tensor, *parameters: Tensor) -> Tensor:
        """The loss."""
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, dloss: Tensor) -> tuple[Tensor | None, ...]:
        """Its gradient, and none for the parameters, which count as zeros."""
        return dloss, *(None for _ in ctx.needs_input_grad[1:])


def _meet(environment: Mapping[str, str], last: Callable[[Gone], None]) -> tuple[Store, Lifeline]:
    """The store that all share, and this process's lifeline."""
    rank, ranks, seconds = int(environment["RANK"]), int(environment["WORLD_SIZE"]), _FORMING.total_seconds()
    try:
        store: Store = next(iter(rendezvous("env://", rank, ranks, timeout=_FORMING)))[0]
        if rank > 0:
            return store, lifeline.join(rank, lambda: store.get(_CALL).decode(), seconds, last)
        publish: Callable[[str], None] = lambda text: store.set(_CALL, text)  # noqa: E731
        return store, lifeline.open_to(ranks, _addresses(environment), publish, seconds, last)
    except dist.DistError as error:
        raise WorkerGone(
            f"Rank {rank} waited {seconds:.0f} s for rank 0 at {environment['MASTER_ADDR']}, port"
            f" {environment['MASTER_PORT']}, but rank 0 did not connect: {str(error).splitlines()[0]}"
        ) from error


def _form(environment: Mapping[str, str], store: Store) -> None:
    """Make the group, and have all compute with as many threads as the one that has the fewest."""
    rank, ranks = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    local = int(environment.get("LOCAL_RANK", 0))
    with_gpus = torch.cuda.is_available()
    if with_gpus and local < torch.cuda.device_count():
        torch.cuda.set_device(local)
    backend = "cpu:gloo,cuda:nccl" if with_gpus else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=ranks, timeout=_ANY_TIME)
    fewest = torch.tensor([threads(environment)])
    dist.all_reduce(fewest, dist.ReduceOp.MIN)
    torch.set_num_threads(int(fewest))


def threads(environment: Mapping[str, str]) -> int:
    """Return the number of threads of a process: the processors divided by the processes on this machine.

    `ANAPHORA_THREADS` overrides it; so does `OMP_NUM_THREADS` if it is more than the 1 that torchrun sets.
    """
    if environment.get("OMP_NUM_THREADS", "1") != "1" and "ANAPHORA_THREADS" not in environment:
        return torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    most = machine.threads()  # now what this process may use
    return most if "ANAPHORA_THREADS" in environment else max(1, most // int(environment.get("LOCAL_WORLD_SIZE", 1)))


def _addresses(environment: Mapping[str, str]) -> list[str]:
    """Return the addresses of rank 0, whose machine may differ from the meeting point of torchrun's processes."""
    if environment.get("LOCAL_WORLD_SIZE") == environment["WORLD_SIZE"]:
        return ["127.0.0.1"]
    meeting = environment["MASTER_ADDR"]
    found = [socket.gethostname()]
    with (
        contextlib.suppress(OSError),
        socket.create_connection((meeting, int(environment["MASTER_PORT"]))) as connection,
    ):
        found.insert(0, connection.getsockname()[0])
    return found


def _ended(error: BaseException, workers: Distributed | None, line: Lifeline) -> BaseException:
    """Return the error of a process: its own, or that of another process if that is the cause."""
    asked = isinstance(error, KeyboardInterrupt | Interrupted | Terminated)
    gone = line.lost(0.0 if isinstance(error, AnaphoraError) and not asked else _NEWS_SECONDS if not asked else 0.2)
    rank = 0 if workers is None else workers.rank
    if isinstance(error, WorkerGone):
        return error
    if workers is not None and gone is not None and not (asked and gone.code in _ASKED):
        return workers.gone(gone)
    if rank > 0 and asked:
        return WorkerGone(str(error), _code(error), reported=True)
    if rank > 0 and isinstance(error, AnaphoraError):
        error.args = (f"rank {rank}: {error}",)
    return error


def _be_left_alone() -> None:
    """Let this process end by itself, because torchrun stops all processes as soon as one has ended."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


_ASKED = (Interrupted.exit_code, Terminated.exit_code)


def _last_message(error: BaseException) -> tuple[int, str]:
    words = str(error).splitlines() or [""]
    return _code(error), words[0] if isinstance(error, AnaphoraError) else f"{type(error).__name__}: {words[0]}"


def _code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return Interrupted.exit_code
    if isinstance(error, WorkerGone):
        return error.code
    return error.exit_code if isinstance(error, AnaphoraError) else 1
