"""The program, called in forks of one process that has imported it all: `python -m anaphora` without the seconds that
importing torch takes.

    python tests/warm.py HANDLE

receives over a socket, for each call, words, folder and environment as JSON, and the three standard streams as open
files; answers with the number of the process, and when asked for that, with its exit code and processor seconds.
Nothing is shared between calls: each is a child of its own, forked before anything ran. What depends on the start of a
process, such as what is imported or how many threads there are, is tested with a real one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import durations

LONGEST = 2**16  # bytes of a message
LATE = ("matplotlib.backends.backend_svg", "matplotlib.figure", "sacrebleu", "torch._dynamo", "typer._adapters")
MISTAKE = 98  # a code that the program never ends with


class Warm:
    """Calls the program: ``Warm(environment)(["verify", "m.anaphora"], folder)``."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment, self.seconds = environment, 0.0
        self.link, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(far.fileno())],
            pass_fds=[far.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        far.close()

    def __call__(self, words: list[str], folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        reader, writer = os.pipe()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            call = self.begin(words, folder, reader, out.fileno(), err.fileno())
            os.close(reader)
            sender = threading.Thread(target=_send, args=(writer, stdin))
            sender.start()
            code = call.wait()
            sender.join()
            return subprocess.CompletedProcess(["anaphora", *words], code, _read(out), _read(err))

    def begin(self, words: list[str], folder: Path, stdin: int, stdout: int, stderr: int, **environment: str) -> Call:
        """Begin a call whose three streams are open files; the next may begin beside it."""
        asked = {"words": words, "folder": str(folder), "environment": {**self.environment, **environment}}
        socket.send_fds(self.link, [json.dumps(asked).encode()], [stdin, stdout, stderr])
        return Call(self, json.loads(self.link.recv(LONGEST)))

    def close(self) -> None:
        """End the process. Its children's time was added call by call, so that it must not count again here."""
        self.link.close()
        self.process.wait()
        durations.add(-self.seconds)


@dataclass
class Call:
    """A call that goes on."""

    warm: Warm
    pid: int

    def is_over(self) -> bool:
        """Whether it has ended and nobody has waited for it."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def wait(self) -> int:
        """Wait for its end, and return the exit code."""
        self.warm.link.send(json.dumps(self.pid).encode())
        answer = json.loads(self.warm.link.recv(LONGEST))
        self.warm.seconds += answer["seconds"]
        durations.add(answer["seconds"])
        return int(answer["code"])


def _send(writer: int, content: bytes) -> None:
    with open(writer, "wb") as file:
        try:
            file.write(content)
        except BrokenPipeError:
            return  # as to any program that does not read all of it


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _live(asked: dict[str, Any], handles: list[int]) -> None:
    """The life of a child."""
    from anaphora.cli import main

    for at, handle in enumerate(handles):
        os.dup2(handle, at)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)  # anew: whether it can seek is asked once
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["anaphora", *asked["words"]]
    code = MISTAKE
    try:
        code = main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def import_all() -> None:
    """Import every module of the program, and what its functions import when they run."""
    import anaphora

    for module in pkgutil.walk_packages(anaphora.__path__, "anaphora."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LATE:
        importlib.import_module(name)


def _serve(link: socket.socket) -> None:
    """Answer until the other side is gone."""
    import_all()
    gc.freeze()  # a collection in a child would copy every page that the children share
    while True:
        message, handles, _, _ = socket.recv_fds(link, LONGEST, 3)
        if not message:
            return
        asked = json.loads(message)
        if isinstance(asked, int):
            _, status, usage = os.wait4(asked, 0)
            facts = {"code": os.waitstatus_to_exitcode(status), "seconds": usage.ru_utime + usage.ru_stime}
            link.send(json.dumps(facts).encode())
            continue
        child = os.fork()
        if child == 0:
            link.close()
            _live(asked, handles)
        for handle in handles:
            os.close(handle)
        link.send(json.dumps(child).encode())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
