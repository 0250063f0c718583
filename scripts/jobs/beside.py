"""A process that works on jobs beside a service, for as long as the service runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from layers.cache.files import open_log
from layers.settings import get_settings
from scripts.output import err

AGAIN_S: Final = 10.0  # seconds after which another is started where one has ended


@contextmanager
def working_beside() -> Iterator[None]:
    """Have a process work on jobs meanwhile, unless settings say no or this machine knows no owner of the database.

    One that ends is started again; the last one is ended with the service. What it says goes to
    ``OBOD_HOME/log/jobs.log``.
    """
    settings = get_settings()
    if not (settings.jobs_beside_service and settings.knows_owner):
        yield
        return
    is_over = threading.Event()
    guard = threading.Lock()  # a service that ends at once must not leave a process that is just being started
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes] | None:
        with guard:
            if is_over.is_set():
                return None
            running[:] = [_begun()]
            return running[0]

    def keep() -> None:
        try:
            while (process := start()) is not None:
                process.wait()
                is_over.wait(AGAIN_S)
        except OSError as problem:
            err.print(f"Nobody works on jobs ({problem.strerror}); obod jobs work does.", highlight=False)

    thread = threading.Thread(target=keep, name="keeps jobs worked on", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with guard:
            is_over.set()
        for process in running:
            process.terminate()
        thread.join()


def _begun() -> subprocess.Popen[bytes]:
    with open_log(get_settings().home / "log" / "jobs.log") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "scripts", "jobs", "work", "--beside", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
