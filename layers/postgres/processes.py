"""Servers as processes of this machine, and the loopback ports they listen on."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import psutil

from layers.errors import DatabaseUnavailable

FIRST_PORT, PORTS = 15_432, 1_000  # TCP ports tried; below those Linux gives to outgoing connections (32,768 up)
KILL_TIMEOUT_S = 120  # seconds a killed process may take to be gone


def running_server(data: Path) -> psutil.Process | None:
    """Return the server that works in a data directory, told apart from a stale pid that another program has now."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (FileNotFoundError, NotADirectoryError, ValueError, psutil.NoSuchProcess):
        return None
    return process if _serves(process, data) else None


def socket_folder_of(data: Path) -> Path | None:
    """Return the folder of the socket that a server noted in its data directory."""
    try:
        noted = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return Path(noted[4]) if len(noted) > 4 and noted[4] else None


def clear_leftovers(data: Path, socket_folder: Path) -> None:
    """Take away what a killed server left.

    After kill -9 of the server its children may still hold shared memory, and a stale pid or socket lock may name a
    number that another program has by now; PostgreSQL then refuses to start until both are gone.
    """
    servers = [process for process in psutil.process_iter() if _serves(process, data)]
    for server in servers:
        server.send_signal(signal.SIGKILL)
    psutil.wait_procs(servers, timeout=KILL_TIMEOUT_S)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for stale in socket_folder.glob(".s.PGSQL.*"):
        stale.unlink(missing_ok=True)


def is_free(port: int) -> bool:
    """Tell whether a program may listen on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(wanted: int) -> int:
    """Return the first free loopback port from ``wanted`` (counted from ``FIRST_PORT``) on.

    Raises
    ------
    DatabaseUnavailable : none is free.
    """
    first = FIRST_PORT + wanted % PORTS
    for port in range(first, FIRST_PORT + 2 * PORTS):
        if is_free(port):
            return port
    raise DatabaseUnavailable(f"No loopback port from {first} to {FIRST_PORT + 2 * PORTS} is free for the database.")


def _serves(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == data
    except psutil.Error:
        return False
