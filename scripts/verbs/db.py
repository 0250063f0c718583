"""``obod db``: the embedded PostGIS, and the form of whichever database is used.

Starting, stopping and looking at the server need none of the declarations of what is in it, which take two seconds to
import: the two commands that ask the database something import them.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Annotated

import typer

from layers.errors import DatabaseUnavailable
from layers.postgres.cluster import Cluster, Status
from layers.settings import get_settings
from scripts.output import out, print_json

app = typer.Typer(help="The embedded PostGIS: start, stop, look at it, bring it up to date.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def start(json: Json = False) -> None:
    """Start the embedded PostGIS, making it on first use."""
    cluster = _cluster()
    cluster.start()
    _say(cluster.status(), json)


@app.command()
def stop(json: Json = False) -> None:
    """Stop the embedded PostGIS; the data stay."""
    cluster = _cluster()
    cluster.stop()
    _say(cluster.status(), json)


@app.command()
def status(json: Json = False) -> None:
    """Say whether the database runs, where, and whether it is up to date."""
    if get_settings().database_url is not None:
        _say_external(json)
        return
    found = Cluster(get_settings().home).status()
    _say(found, json)
    if not found.running:
        raise typer.Exit(1)


@app.command()
def remove(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop the embedded PostGIS and delete it with all its data: rasters and what is kept of answers too."""
    cluster = _cluster()
    if cluster.made:
        if not yes:
            typer.confirm("Delete the embedded database with all it holds?", abort=True)
        cluster.remove()
        for folder in get_settings().made_from_data:
            shutil.rmtree(folder, ignore_errors=True)
    out.print("There is no embedded database any more.", highlight=False)


@app.command("migrate")
def migrate_(json: Json = False) -> None:
    """Bring the database to the form this version of Obod needs; safe to repeat."""
    from layers.postgres.engine import engine, writing
    from layers.schema.access import staff_key
    from layers.schema.migrate import current_revision, migrate

    if get_settings().database_url is None:
        _cluster().start()
    migrate(engine())
    with writing() as connection:
        staff_key(connection, get_settings().home)
        revision = current_revision(connection)
    if json:
        print_json({"revision": revision})
    else:
        out.print(f"The database is up to date (revision {revision}).", highlight=False)


@app.command()
def url(json: Json = False) -> None:
    """Print a connection string that psql and QGIS accept; it holds the password."""
    external = get_settings().database_url
    cluster = Cluster(get_settings().home)
    if external is None and not cluster.made:
        raise DatabaseUnavailable("There is no embedded database yet; obod db start makes it.")
    answer = cluster.url() if external is None else external.get_secret_value()
    if json:
        print_json({"url": answer})
    else:
        out.print(answer, highlight=False, markup=False)


def _cluster() -> Cluster:
    if get_settings().database_url is not None:
        raise DatabaseUnavailable(
            "OBOD_DATABASE_URL names a database of its own; start and stop it where it runs, or unset the variable."
        )
    return Cluster(get_settings().home)


def _say_external(json: bool) -> None:
    from layers.postgres.engine import server_version, writing
    from layers.schema.migrate import current_revision

    with writing() as connection:
        version = server_version(connection)
        answer = {"embedded": False, "running": True, "postgresql": version, "at": current_revision(connection)}
    if json:
        print_json(answer)
    else:
        out.print(f"The database of OBOD_DATABASE_URL answers: PostgreSQL {version}.", highlight=False)


def _say(status: Status, json: bool) -> None:
    if json:
        print_json({"embedded": True, **asdict(status)})
    elif not status.made:
        out.print("There is no embedded database yet; obod db start makes it.", highlight=False)
    elif status.running:
        out.print(f"The database runs on port {status.port} (PostgreSQL {status.postgresql}).", highlight=False)
    else:
        out.print("The database is stopped; obod db start starts it.", highlight=False)
