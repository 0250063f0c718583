"""``obod serve``: the web service."""

from __future__ import annotations

import errno
import logging
import socket
from typing import Annotated

import typer
import uvicorn

from layers.errors import DatabaseUnavailable, LayersError, OperatorNeeded
from layers.postgres.engine import noting, reading_engine
from layers.schema.logins import require_own_login
from layers.settings import get_settings
from layers.warm_up import compile_all
from scripts.jobs.beside import working_beside
from scripts.output import err
from scripts.verbs.robustness import start_drawing

KEEP_ALIVE_S = 30  # seconds an idle connection is kept: a map asks again within that


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; OBOD_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port to listen on; OBOD_PORT otherwise.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Serve maps, tiles and data over HTTP until stopped with Ctrl-C."""
    settings = get_settings()
    host, port = host or settings.host, port or settings.port
    try:
        settings.require_connections(processes=workers)
    except ValueError as error:
        raise LayersError(f"--workers {workers} is more than the database serves: {error}.") from None
    require_free(host, port)
    reading_engine()  # starts the embedded database if it is stopped, and refuses in one sentence if there is none
    try:
        with noting() as connection:
            require_own_login(connection)
    except OperatorNeeded:
        raise
    except DatabaseUnavailable as away:  # another machine's: the service waits for it, and looks then
        err.print(f"{away} The service answers once it does.", highlight=False)
    compile_all()  # what is in the cache already takes a second or two; no request waits for a compiler
    start_drawing()  # what a stop left undone
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    err.print(f"Obod serves http://{host}:{port} (Ctrl-C stops it).", highlight=False)
    with working_beside():
        uvicorn.run(
            "api.main:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,  # an address may name a plot
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            proxy_headers=False,  # the service itself believes those it trusts
        )


def require_free(host: str, port: int) -> None:
    """Refuse an address nobody can listen on.

    Raises
    ------
    LayersError : the port is taken, needs more rights, or the host is not this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        why = _REASONS.get(error.errno or 0, "nobody can listen there")
        raise LayersError(f"Cannot serve on {host}:{port}: {why}; choose another with OBOD_PORT or --port.") from None


_REASONS = {
    errno.EADDRINUSE: "another program uses that port",
    errno.EACCES: "ports below 1024 need the rights of an administrator",
    errno.EADDRNOTAVAIL: "that address is not of this machine",
}
