"""A connection from every worker to the first one, which reports at once that another worker has ended, and why.

    worker → first:  token, its name      a signal that reached it     last message     end of file
    first → worker:  the attempt          the worker that has ended    last message     end of file

The operating system closes the connections of a process that ends in any way, and its keep-alive probes detect a
machine that has lost power. So no worker waits for a message that will not come, and a worker that computes for a long
time is not taken for dead. A line is a JSON object. The listening port is open until all workers have connected; a
connection without the token, which the first worker writes into the shared store, is closed. Workers of one machine
use only the loopback address.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anaphora.errors import WorkerGone

GRACE_SECONDS = 5.0
"""The time that a worker has to end by itself after another one has ended; it may wait in a collective call."""

_HELLO_SECONDS = 10.0  # for a greeting
_RETRY_SECONDS = 0.2
_LIMIT = 2**16  # bytes of a line
_PROBES = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}  # a machine without power is gone after 30 s
_UNSENT_MS = 30_000


@dataclass(frozen=True)
class Gone:
    """A worker that has ended: its name, and its last message, if it sent one."""

    rank: int
    who: str
    code: int | None = None  # its exit code, by its last message
    words: str = ""


class Link:
    """One end of a connection: lines of JSON."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._read = b""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in _PROBES.items():
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_MS)

    def send(self, **what: Any) -> None:
        """Send a line; nothing happens if the other end is closed."""
        with contextlib.suppress(OSError):
            self.connection.sendall(json.dumps(what).encode() + b"\n")

    def receive(self) -> list[dict[str, Any]] | None:
        """Return the lines that came; None after the other end is closed or sends an invalid line."""
        try:
            more = self.connection.recv(_LIMIT)
        except OSError:
            return None
        *lines, self._read = (self._read + more).split(b"\n")
        if not more or len(self._read) > _LIMIT:
            return None
        try:
            received = [json.loads(line) for line in lines]
        except ValueError:
            return None
        return received if all(isinstance(line, dict) for line in received) else None

    def greeted(self) -> dict[str, Any]:
        """Wait for the first line and return it; an empty one if none comes."""
        line = b""
        self.connection.settimeout(_HELLO_SECONDS)
        try:
            while not line.endswith(b"\n"):
                byte = self.connection.recv(1)
                if not byte or len(line) > _LIMIT:
                    return {}
                line += byte
            found = json.loads(line)
        except (OSError, ValueError):
            return {}
        self.connection.settimeout(None)
        return found if isinstance(found, dict) else {}


Links = dict[int, tuple[Link, str]]  # by rank, with the name of the process


class Lifeline:
    """The connections of one worker; those of rank 0 go to all the others, those of the others to rank 0."""

    def __init__(self, rank: int, attempt: str, links: Links, last: Callable[[Gone], None]) -> None:
        self.attempt = attempt  # a name that no other start of these workers has
        self.gone: Gone | None = None
        self.signal: int | None = None  # that reached another worker
        self._rank, self._links, self._last = rank, links, last
        self._known: dict[int, Gone] = {number: Gone(number, who) for number, (_, who) in links.items()}
        self._news, self._over = threading.Event(), threading.Event()
        threading.Thread(target=self._listen, name="lifeline", daemon=True).start()

    def lost(self, seconds: float | None) -> Gone | None:
        """Return the worker that has ended, after waiting at most so long (None: without end)."""
        self._news.wait(seconds)
        return self.gone

    def over(self) -> None:
        """Ignore the end of other workers from now on."""
        self._over.set()

    def send_signal(self, number: int) -> None:
        """Send a signal to the first worker."""
        self._send(signal=number)

    def send_last_message(self, code: int, words: str) -> None:
        """Send the last message of this worker; the connections stay until its process has ended."""
        self.over()
        self._send(code=code, words=words)

    def _send(self, **what: Any) -> None:
        for link, _ in self._links.values():
            link.send(**what)

    def _listen(self) -> None:
        with selectors.DefaultSelector() as waiting:
            for number, (link, _) in self._links.items():
                waiting.register(link.connection, selectors.EVENT_READ, (number, link))
            while waiting.get_map():
                for key, _ in waiting.select():
                    number, link = key.data
                    received = link.receive()
                    for line in received or ():
                        self._take(number, line)
                    if received is None:
                        waiting.unregister(link.connection)
                        link.connection.close()
                        self._ended(self._known[number])

    def _take(self, number: int, line: dict[str, Any]) -> None:
        if "signal" in line:
            self.signal = int(line["signal"])
        if "code" in line:
            self._known[number] = Gone(number, self._known[number].who, int(line["code"]), str(line["words"]))
        if "gone" in line:
            self._ended(Gone(**line["gone"]))

    def _ended(self, gone: Gone) -> None:
        """Record the first ended worker, notify the others, and make sure that this process does not wait
        without end.
        """
        if self.gone is not None or (self._over.is_set() and self._rank == 0):
            return
        self.gone = gone
        if self._rank == 0:
            self._send(gone=vars(gone))
        self._news.set()
        threading.Thread(target=self._see_to_it, args=(gone,), name="last resort", daemon=True).start()

    def _see_to_it(self, gone: Gone) -> None:
        if not self._over.wait(GRACE_SECONDS):
            self._last(gone)


def open_to(
    ranks: int, addresses: list[str], publish: Callable[[str], None], seconds: float, last: Callable[[Gone], None]
) -> Lifeline:
    """Wait, as rank 0, for all other ranks at these addresses, which they read from the published value.

    Raises WorkerGone if some do not come within so many seconds.
    """
    token, attempt = secrets.token_hex(16), secrets.token_hex(8)
    links: Links = {}
    until = time.monotonic() + seconds
    local = addresses == ["127.0.0.1"]
    family = socket.AF_INET6 if not local and socket.has_dualstack_ipv6() else socket.AF_INET
    where = ("127.0.0.1" if local else "", 0)
    with socket.create_server(where, family=family, backlog=ranks, dualstack_ipv6=family == socket.AF_INET6) as server:
        publish(json.dumps({"addresses": addresses, "port": server.getsockname()[1], "token": token}))
        while len(links) < ranks - 1:
            server.settimeout(max(0.01, until - time.monotonic()))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                missing = sorted(set(range(1, ranks)) - links.keys())
                raise WorkerGone(
                    f"Of {ranks} ranks, {_named(missing)} did not connect within {seconds:.0f} s. Read the"
                    " messages of these ranks, and check that their machines reach this one on every port."
                ) from None
            link = Link(connection)
            hello = link.greeted()
            if hello.get("token") == token and hello.get("rank") in range(1, ranks):
                link.send(attempt=attempt, who=whoami())
                links[int(hello["rank"])] = link, str(hello.get("who"))
            else:
                connection.close()
    return Lifeline(0, attempt, links, last)


def join(rank: int, find: Callable[[], str], seconds: float, last: Callable[[Gone], None]) -> Lifeline:
    """Connect, as another rank, to the address of rank 0 that `find` returns.

    An old address of an earlier start may be found first: it is asked again until rank 0 answers. Raises WorkerGone if
    rank 0 does not answer within so many seconds.
    """
    until = time.monotonic() + seconds
    while True:
        found = json.loads(find())
        for address in found["addresses"]:
            with contextlib.suppress(OSError):
                link = Link(socket.create_connection((address, found["port"]), timeout=_HELLO_SECONDS))
                link.send(token=found["token"], rank=rank, who=whoami())
                welcome = link.greeted()
                if "attempt" in welcome:
                    return Lifeline(rank, str(welcome["attempt"]), {0: (link, str(welcome["who"]))}, last)
                link.connection.close()
        if time.monotonic() > until:
            raise WorkerGone(
                f"Rank {rank} did not reach rank 0 at {' or '.join(found['addresses'])}, port"
                f" {found['port']}, within {seconds:.0f} s. Check that the machines reach each other on"
                " every port."
            )
        time.sleep(_RETRY_SECONDS)


def whoami() -> str:
    """Return the name of this process for messages."""
    return f"{socket.gethostname()}, process {os.getpid()}"


def _named(ranks: list[int]) -> str:
    return f"rank{'s' if len(ranks) > 1 else ''} {', '.join(map(str, ranks))}"
