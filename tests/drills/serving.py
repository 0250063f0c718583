"""A service of a home of its own, as a newcomer starts it: ``obod serve`` before the embedded database."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine
from layers.schema.migrate import migrate
from tests.clients.process import forget_settings
from tests.worlds.three_districts import plant

PATIENCE_S = 60.0  # how long an answer may take
START_S = 120.0  # how long a service may take to begin


@dataclass(frozen=True)
class Home:
    """A home with a running, migrated database that holds the small land."""

    folder: Path
    cluster: Cluster


@contextmanager
def planted_home() -> Iterator[Home]:
    """Give a home of its own; the settings of this process name it meanwhile."""
    with tempfile.TemporaryDirectory(prefix="obod-drill-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name) / "home"
        Path(name).chmod(0o711)  # the server runs as another user when the drill runs as root
        patch.setenv("OBOD_HOME", str(folder))
        patch.delenv("OBOD_DATABASE_URL", raising=False)
        forget_settings()
        cluster = Cluster(folder)
        cluster.start()
        try:
            migrate(engine())
            with engine().begin() as connection:
                plant(connection)
            yield Home(folder, cluster)
        finally:
            forget_settings()
            cluster.remove()


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run ``obod serve`` until it is left; give its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "scripts", "serve", "--port", str(port), *options]
    with subprocess.Popen(command, env=os.environ | {"OBOD_DRAW_AFTER_PUBLICATION": "false"}) as running:
        address = f"http://127.0.0.1:{port}"
        try:
            began = time.monotonic()
            while ask(f"{address}/readyz").status != 200:
                assert running.poll() is None, "the service ended"
                assert time.monotonic() - began < START_S, "the service does not begin"
                time.sleep(0.05)
            yield address, psutil.Process(running.pid)
        finally:
            running.terminate()
            running.wait()


@dataclass(frozen=True)
class Said:
    """Status, header fields in lower case and body of an answer; status 0 when nobody answered to the end."""

    status: int
    fields: dict[str, str]
    body: bytes


def ask(address: str) -> Said:
    """Ask once."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return Said(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Said(refusal.code, {k.lower(): v for k, v in refusal.headers.items()}, refusal.read())
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
        return Said(0, {}, b"")
