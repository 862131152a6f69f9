"""The ``anaphora`` program: finds the command, runs it, and turns whatever went wrong into one clear message and an
exit code.

    0 ok   1 unexpected   2 usage   3 data   4 diverged   5 model file   130 interrupted   143 terminated   141 reader
    gone

Nothing heavy is imported here: a command's code is imported when the command runs, and help never imports torch.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any, cast

import typer

from anaphora.commands import parser
from anaphora.errors import AnaphoraError, Terminated
from anaphora.files.streams import ForgivingStream, reserve_numbers
from anaphora.formatting import message_ended
from anaphora.version import __version__

COMMANDS = {
    "demo": (
        "anaphora.commands.demo:make",
        "Train a small model on example data and show its results; about one minute.",
    ),
    "init": ("anaphora.commands.init:make", "Suggest a config from your data."),
    "check": ("anaphora.commands.check:make", "Check your data before training."),
    "train": ("anaphora.commands.train:make", "Train a network on your data and write one model file."),
    "resume": ("anaphora.commands.resume:make", "Continue an interrupted run to the same weights."),
    "run": ("anaphora.commands.run:make", "Apply a model: continue a text, classify, tag, fill gaps, translate."),
    "eval": ("anaphora.commands.eval:make", "Compute the metrics of a model on data."),
    "tune": ("anaphora.commands.tune:make", "Search hyperparameters within a time limit."),
    "lr-find": ("anaphora.commands.lr_find:make", "Suggest a learning rate by a range test."),
    "runs": ("anaphora.commands.runs:make", "List runs, show one run, or compare several."),
    "config": ("anaphora.commands.config:make", "Show all fields of a config with their meanings."),
    "verify": ("anaphora.commands.verify:make", "Check that a model file is intact, and describe it."),
    "doctor": ("anaphora.commands.doctor:make", "Test this installation and describe it for a bug report."),
}
_HELP = "Recurrent networks for sequences: train a model, score it, run it anywhere."
_WRITE_FILES = {"train", "resume", "demo", "tune", "init"}
"""The commands that need no standard output, because the results are in files."""
READER_GONE = 128 + 13  # as if ended by SIGPIPE
_DISK = {
    errno.ENOSPC: "Free some space, or write elsewhere.",
    errno.EDQUOT: "Your quota is used up: free some space, or write elsewhere.",
    errno.EROFS: "That file system is read-only: write elsewhere.",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command that ``words`` (default: the program's arguments) name and return the exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _terminate)
    named = list(sys.argv[1:] if words is None else words) or ["--help"]
    closed = sys.stdout is None
    _open_streams()
    if closed and named[0] not in _WRITE_FILES:
        return _say("could not write: standard output is closed. Leave out `>&-`, or write to a file: `> FILE`.", 1)
    try:
        return _run(named)
    except BrokenPipeError:
        _silence_stdout()
        return READER_GONE
    except AnaphoraError as error:
        return _say(str(error), error.exit_code)
    except typer.TyperException as error:
        return _say(parser.explain(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted.", 130)
    except Exception as error:  # noqa: BLE001 — the last resort says how to report what nobody foresaw
        if isinstance(error, OSError) and error.errno in _DISK:
            _silence_stdout()
            what = f" '{error.filename}'" if error.filename else ""
            return _say(f"could not write{what}: {error.strerror}. {_DISK[error.errno]}", 1)
        traceback.print_exc()
        return _say(
            "a mistake in anaphora, not yours. Please report the lines above and what `anaphora doctor` prints.", 1
        )


def _run(words: list[str]) -> int:
    root = program()
    try:
        with root.make_context("anaphora", words) as context:
            root.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    finally:
        # Here rather than at exit, so that a full disk or a reader that went away is still reported as an error.
        sys.stdout.flush()
    return 0


def program() -> Any:
    """Return the root of the command tree."""
    root = parser.group(COMMANDS, "anaphora", _HELP)
    root.params.insert(0, parser.flag(lambda _: f"anaphora {__version__}", "Show the version and exit.", "--version"))
    return root


def _open_streams() -> None:
    """Make both streams writable whatever the shell did: closed ones lead nowhere, odd characters never stop a line,
    and messages whose reader is gone are dropped.
    """
    reserve_numbers()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 — open as long as the program runs
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, ForgivingStream):
        sys.stderr = cast("Any", ForgivingStream(sys.stderr))


def _say(message: str, code: int) -> int:
    print(f"anaphora: {message_ended(message)}", file=sys.stderr, flush=True)
    return code


def _silence_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(number: int, frame: object) -> None:
    if number == signal.SIGHUP:  # which may come twice
        signal.signal(number, signal.SIG_IGN)
    raise Terminated("asked to stop.")
