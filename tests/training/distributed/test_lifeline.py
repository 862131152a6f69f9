"""The connections between ranks: who is let in, who is told of whom, and who never comes."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from anaphora.errors import UsageError, WorkerGone
from anaphora.runs import machine
from anaphora.training.distributed import lifeline, torch_group
from anaphora.training.distributed.lifeline import Gone, Lifeline


def never(gone: Gone) -> None:
    raise AssertionError(gone)


class Meeting:
    """A place where rank 0 leaves word, and what happens there until it has."""

    def __init__(self, before: Callable[[dict[str, object]], None] = lambda there: None) -> None:
        self._before, self._told, self._text = before, threading.Event(), ""

    def publish(self, text: str) -> None:
        threading.Thread(target=self._late, args=(text,)).start()

    def _late(self, text: str) -> None:
        self._before(json.loads(text))
        self._text = text
        self._told.set()

    def find(self) -> str:
        assert self._told.wait(20)
        return self._text


def brought_together(ranks: int, meeting: Meeting, last: Callable[[Gone], None] = never) -> list[Lifeline]:
    with ThreadPoolExecutor() as threads:
        first = threads.submit(lifeline.open_to, ranks, ["127.0.0.1"], meeting.publish, 20, last)
        others = [threads.submit(lifeline.join, rank, meeting.find, 20, last) for rank in range(1, ranks)]
        return [each.result() for each in (first, *others)]


def end(*lines: Lifeline) -> None:
    """What the system does when a process ends."""
    for line in lines:
        line.over()
        for link, _ in line._links.values():
            with contextlib.suppress(OSError):  # closed, as the other end is
                link.connection.shutdown(socket.SHUT_RDWR)


def test_all_hear_of_one_that_is_gone_and_of_its_last_words() -> None:
    first, second, third = lines = brought_together(3, Meeting())
    assert first.attempt == second.attempt == third.attempt
    second.send_last_message(3, "no data")
    assert first.lost(0.05) is None, "as long as it lives it is not gone"
    end(second)
    for line in (first, third):
        assert line.lost(20) == Gone(1, lifeline.whoami(), 3, "no data")
    end(*lines)


def test_every_start_has_a_name_of_its_own() -> None:
    lines = [*brought_together(2, Meeting()), *brought_together(2, Meeting())]
    assert len({line.attempt for line in lines}) == 2
    end(*lines)


def test_after_its_own_end_the_first_tells_of_nobody() -> None:
    first, second, third = lines = brought_together(3, Meeting())
    first.over()
    end(second)
    assert third.lost(0.2) is None
    end(*lines)


def test_one_that_is_gone_without_a_word() -> None:
    seen: list[Gone] = []
    lines = brought_together(3, Meeting(), seen.append)
    lines[2].send_signal(15)
    end(lines[2])
    for line in lines[:2]:
        assert line.lost(20) == Gone(2, lifeline.whoami())
    end(*lines)
    assert lines[0].signal == 15
    assert seen == []


def test_one_that_does_not_end_by_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifeline, "GRACE_SECONDS", 0.05)
    ended = threading.Event()
    first, second = brought_together(2, Meeting(), lambda gone: ended.set())
    first.send_last_message(0, "")
    end(first)
    assert second.lost(20) == Gone(0, lifeline.whoami(), 0, "")
    assert ended.wait(20)
    end(second)


def test_strangers_are_sent_away() -> None:
    def strangers(there: dict[str, object]) -> None:
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"[1, 2]\n", b'{"token": "guessed", "rank": 1}\n', b""):
            with socket.create_connection(("127.0.0.1", int(str(there["port"])))) as stranger:
                stranger.sendall(said)
                with contextlib.suppress(OSError):  # the connection may be gone before all of it was read
                    stranger.shutdown(socket.SHUT_WR)
                    assert stranger.recv(100) == b""

    first, second = brought_together(2, Meeting(strangers))
    second.send_signal(2)
    until = time.monotonic() + 20
    while first.signal is None and time.monotonic() < until:
        time.sleep(0.01)
    assert first.signal == 2
    end(first, second)


def test_who_never_comes_is_named() -> None:
    with pytest.raises(WorkerGone, match=r"Of 4 ranks, ranks 1, 2, 3 did not connect within 0 s"):
        lifeline.open_to(4, ["127.0.0.1"], lambda text: None, 0.05, never)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    there = json.dumps({"addresses": ["127.0.0.1"], "port": port, "token": ""})
    with pytest.raises(WorkerGone, match=rf"Rank 2 did not reach rank 0 at 127\.0\.0\.1, port {port}, within 0 s"):
        lifeline.join(2, lambda: there, 0.05, never)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"LOCAL_WORLD_SIZE": "2"}, 4),
        ({"LOCAL_WORLD_SIZE": "3", "OMP_NUM_THREADS": "1"}, 2),  # the 1 is torchrun's
        ({"LOCAL_WORLD_SIZE": "100"}, 1),
        ({}, 8),
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "5"}, 5),
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "5", "ANAPHORA_THREADS": "8"}, 8),
    ],
)
def test_threads_of_a_rank(told: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "threads", lambda: 8)  # the processors, or what ANAPHORA_THREADS says
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)  # what OMP_NUM_THREADS says
    assert torch_group.threads(told) == expected


def test_more_ranks_than_gpus_and_devices_that_cannot_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(torch.nn.Module):
        def __init__(self, where: str) -> None:
            super().__init__()
            self.where = where

        def parameters(self, recurse: bool = True) -> Iterator[Any]:
            yield SimpleNamespace(device=torch.device(self.where))

    def no_loss(model: torch.nn.Module, batch: Any, carry: Any) -> tuple[torch.Tensor, Any]:
        raise AssertionError

    told = {"RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4"}
    store: Any = None
    workers = torch_group.Distributed(told, store, store)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match=r"This machine has 2 GPUs for 4 processes: .*--nproc-per-node"):
        workers.wrap(Elsewhere("cuda"), no_loss)
    with pytest.raises(UsageError, match=r"not on mps: use --device cpu"):
        workers.wrap(Elsewhere("mps"), no_loss)
