"""Commands that can be stopped: Ctrl-C and SIGTERM end them the same way, and they say where they were."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PARTLY = 3  # exit code: some parts are done, each whole, and some are not


@dataclass(slots=True)
class Standing:
    """Where this process is. begun : at least one part of what is done part by part is done."""

    place: str = ""
    begun: bool = False

    def move(self, what: str, done: int, total: int) -> None:
        """Note how far something is, for what is shown on a terminal is wiped away."""
        self.place = f"{what}: {done} of {total}"
        self.begun |= done > 0


STANDING = Standing()


class Stopped(Exception):
    """Somebody stopped the command; says where it was and what became of what it did."""

    def __init__(self, kept: str, code: int) -> None:
        where = f" at {STANDING.place}" if STANDING.place else ""
        super().__init__(f"Stopped{where}. {kept}")
        self.code = code


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM stop what is done here as Ctrl-C does: KeyboardInterrupt, so that transactions are taken back."""
    STANDING.place, STANDING.begun = "", False
    if threading.current_thread() is not threading.main_thread():
        yield  # no other thread may say what a signal does
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
