"""Peers in environments of their own, made on first use; servers started and stopped around a measurement."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.closed_loop import get

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".obod" / "bench"  # environments, the region and its database; safe to delete
PATIENCE_S = 120.0  # seconds a server may take to answer first

# Environment -> packages. Servers run in uvicorn with the fast loop and parser it names "standard", as ours does.
PACKAGES: Mapping[str, Sequence[str]] = {
    "tipg": ("tipg", "uvicorn[standard]"),
    "titiler": ("titiler.application", "uvicorn[standard]"),
    "pygeoapi": ("pygeoapi", "starlette", "psycopg2-binary", "sqlalchemy", "geoalchemy2", "uvicorn[standard]"),
    "walking": ("scikit-image",),
    "pymcdm": ("pymcdm",),
    "pywr": ("pywr",),
    "loading": ("geopandas", "pyarrow", "sqlalchemy", "geoalchemy2", "psycopg[binary]"),
    "folium": ("folium", "geopandas", "pyarrow"),
}


class Missing(Exception):
    """A peer cannot be had here; the text says why and stands in the table instead of a number."""


def python(environment: str) -> Path:
    """Return the interpreter of an environment, made with the pinned uv if it is not there.

    Raises
    ------
    Missing : its packages cannot be installed.
    """
    folder = CACHE / "environments" / environment
    made, interpreter = folder / "made", folder / "bin" / "python"
    packages = " ".join(PACKAGES[environment])
    if made.exists() and made.read_text() == packages:
        return interpreter
    uv = Path(sys.executable).with_name("uv")
    say(f"making the environment of {environment}")
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [str(uv), "venv", "-q", "--python", sys.executable, str(folder)],
        [str(uv), "pip", "install", "-q", "--python", str(interpreter), *PACKAGES[environment]],
    ):
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise Missing(f"{environment} cannot be installed here")
    made.write_text(packages)
    return interpreter


def version(environment: str, package: str) -> str:
    """Return ``package version`` as installed in an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    ended = subprocess.run([str(python(environment)), "-c", code], capture_output=True, text=True)
    return f"{package} {ended.stdout.strip()}"


def program_version(program: str, *arguments: str) -> str:
    """Return ``program version`` as a program of the system states it.

    Raises
    ------
    Missing : it is not installed.
    """
    if shutil.which(program) is None:
        raise Missing(f"{program} is not installed")
    ended = subprocess.run([program, *(arguments or ("--version",))], capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", ended.stdout + ended.stderr)
    return f"{program} {found.group() if found else ''}".strip()


@contextmanager
def serving(
    command: Sequence[str], ready: str, *, environment: Mapping[str, str] | None = None, port: int, log: str
) -> Iterator[str]:
    """Run a server until the block ends; yield its base address once ``ready`` answers 200.

    Raises
    ------
    Missing : it ended or did not answer.
    """
    base = f"http://127.0.0.1:{port}"
    logs = CACHE / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{log}.log").open("w") as out:
        started = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | dict(environment or {}), stdout=out, stderr=out, start_new_session=True
        )
        try:
            _wait(started, base + ready, log)
            yield base
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGTERM)
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def _wait(started: subprocess.Popen[bytes], address: str, log: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if started.poll() is not None:
            raise Missing(f"{log} ended at once; see its log")
        try:
            if get(address).status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise Missing(f"{log} does not answer")


def uvicorn(environment: str, application: str, port: int) -> list[str]:
    """Return the command that serves an ASGI application with one worker."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return [str(python(environment)), "-m", "uvicorn", application, *where, "--log-level", "warning", "--no-access-log"]


def free_port() -> int:
    """Return a TCP port nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def say(text: str) -> None:
    """Tell whoever waits what is being done."""
    sys.stderr.write(f"      {text}\n")
    sys.stderr.flush()
