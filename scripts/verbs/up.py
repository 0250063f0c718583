"""``obod up``: what ``make demo`` runs once everything is installed: database, demo region, service."""

from __future__ import annotations

import fcntl
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from layers.errors import LayersError
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, forget_owner, reading, writing
from layers.records.snapshot import served_districts
from layers.schema.access import staff_key
from layers.schema.logins import make_service_login
from layers.schema.migrate import migrate
from layers.settings import get_settings
from scripts.output import err, out, tell
from scripts.verbs.demo import PLOTS, Plots, demo
from scripts.verbs.serve import require_free, serve

STEPS = 8  # the first five install and are the Makefile's
POLL_S = 0.2  # seconds between looks whether the service answers yet
PATIENCE_S = 60  # seconds after which looking stops; the service itself says what is wrong

NoServe = Annotated[bool, typer.Option("--no-serve", help="Prepare database and demo region, then end.")]


def up(plots: Plots = PLOTS, no_serve: NoServe = False) -> None:
    """Start the database, load and score the demo region if it is not there, serve it; Ctrl-C stops all of it."""
    settings = get_settings()
    if no_serve:
        _prepare(plots)
        return
    require_free(settings.host, settings.port)  # before anything that takes long
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    with _only_one(settings.home):
        try:
            _prepare(plots)
            _step(8, "Service")
            forget_owner()
            threading.Thread(target=_announce, daemon=True).start()
            serve()
        finally:
            if settings.database_url is None:
                Cluster(settings.home).stop()
                err.print("The service and its database are stopped; the data stay.", highlight=False)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Refuse a second service on the same folder: the first to end would stop the database of both."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LayersError("Obod runs from this OBOD_HOME already; stop it first, or name another.") from None
        yield


def _prepare(plots: int) -> None:
    _step(6, "Database")
    if get_settings().database_url is None:
        Cluster(get_settings().home).start(tell)
    migrate(engine())
    make_service_login()
    with writing() as connection:
        staff_key(connection, get_settings().home)  # made if there is none; never printed here, a log may keep it
    _step(7, "Demo region")
    demo(plots)


def _announce() -> None:
    """Print one address per kind of user, as soon as the service answers."""
    settings = get_settings()
    everywhere = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    host = "127.0.0.1" if settings.host in everywhere else settings.host
    base = f"http://{host}:{settings.port}"
    if not _answers(f"{base}/readyz"):
        return
    with reading() as connection:
        district = next(iter(served_districts(connection)), None)
    lines = {
        "Planner": f"{base}/",
        "GIS officer": f"{base}/tiles/plots.json (vector tiles); obod db url gives QGIS its public views",
        "NGO worker": f"{base}/districts/{district}/plots?f=xlsx",
        "Programmer": f"{base}/docs",
        "Staff key": "obod key show-demo, typed on a terminal",
    }
    for who, where in lines.items():
        out.print(f"{who + ':':<13}{where}", highlight=False, markup=False)


def _answers(url: str) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(url, timeout=POLL_S * 10):  # noqa: S310 - our own address
            return True
        time.sleep(POLL_S)
    return False


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _step(number: int, text: str) -> None:
    err.print(f"[{number}/{STEPS}] {text}", highlight=False, markup=False)
