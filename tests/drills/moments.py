"""Moments of a command at which it is struck: before and after each statement, piece of a COPY, and commit.

They are counted from the first statement that writes, so that every blow meets the command at its work.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY|CREATE|ALTER|DROP|WITH\b.*\bINSERT)", re.IGNORECASE | re.DOTALL)
LONGEST_S = 300  # a command that takes longer hangs


Blow = Callable[[], None]


def kill() -> None:
    """End this process with nothing said."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class FillDisk:
    """Take all the room that is left where a file lies."""

    filler: Path

    def __call__(self) -> None:
        """Fill the disk to its last page."""
        with self.filler.open("ab", buffering=0) as file, suppress(OSError):
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass


class Moments:
    """Counts moments and strikes at one of them."""

    def __init__(self, fatal: int | None, blow: Blow) -> None:
        self.fatal = fatal
        self.blow = blow
        self.names: list[str] = []
        self.writing = False

    def come(self, when: str, what: str) -> None:
        """Note a moment; strike if it is the one."""
        self.writing = self.writing or WRITES.match(what) is not None
        if not self.writing:
            return
        self.names.append(f"{when} {' '.join(what.split())[:60]}")
        if len(self.names) - 1 == self.fatal:
            self.blow()

    def listen(self) -> None:
        """Hear of all that this process asks of a database from now on."""
        event.listen(Engine, "before_cursor_execute", lambda _c, _k, said, *_: self.come("before", said))
        event.listen(Engine, "after_cursor_execute", lambda _c, _k, said, *_: self.come("after", said))
        event.listen(Engine, "commit", lambda _c: self.come("before", "the commit"))
        commit = DefaultDialect.do_commit

        def noted_commit(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            self.come("after", "the commit")

        DefaultDialect.do_commit = noted_commit  # type: ignore[method-assign]
        write = psycopg.Copy.write

        def noted_write(copy: psycopg.Copy, buffer: Any) -> None:
            self.come("before", "COPY, a piece")
            write(copy, buffer)
            self.come("after", "COPY, a piece")

        psycopg.Copy.write = noted_write  # type: ignore[method-assign, assignment]


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, what it said on stderr, the moments it had."""

    code: int
    said: str
    moments: list[str]


def command(
    arguments: Sequence[str], variables: Mapping[str, str], fatal: int | None, blow: Blow, stderr: str, out: Pipe
) -> None:
    """Run ``obod`` with these arguments, struck at the fatal moment; hand on its exit code and moments."""
    os.environ.update(variables)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    from scripts.main import main

    moments = Moments(fatal, blow)
    moments.listen()
    sys.argv = ["obod", *arguments]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    out.send((code, moments.names))


def run(arguments: Sequence[str], *, at: int | None = None, blow: Blow = kill) -> Ended | None:
    """Run ``obod`` in a process of its own, struck at a moment; return how it ended, None when it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scripts.verbs.layer", "scripts.verbs.score", "scripts.main"])
    here, there = context.Pipe(duplex=False)
    variables = {name: value for name, value in os.environ.items() if name.startswith("OBOD_")}
    with tempfile.NamedTemporaryFile() as said:
        process = context.Process(target=command, args=(arguments, variables, at, blow, said.name, there))
        process.start()
        there.close()
        try:
            code, moments = here.recv()
            ended = Ended(code, Path(said.name).read_text(), moments)
        except EOFError:
            ended = None
        here.close()
        process.join(LONGEST_S)
    assert process.exitcode is not None, f"obod {' '.join(arguments)} hangs"
    assert (process.exitcode == -signal.SIGKILL) == (ended is None), process.exitcode
    return ended
