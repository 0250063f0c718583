"""``obod db``: the embedded PostGIS, and the form of whichever database is used.

Starting, stopping and looking at the server need none of the declarations of what is in it, which take two seconds to
import: the two commands that ask the database something import them.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from layers.errors import DatabaseUnavailable, LayersError, OperatorNeeded
from layers.postgres.cluster import NO_OWNER, NOT_MADE, Cluster, Status
from layers.postgres.contents import bytes_in, count_rows
from layers.postgres.roles import SUPERUSER
from layers.settings import get_settings
from scripts.output import out, print_json, tell

app = typer.Typer(help="The embedded PostGIS: start, stop, look at it, bring it up to date.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def start(json: Json = False) -> None:
    """Start the embedded PostGIS, making it on first use."""
    cluster = _cluster()
    cluster.start(tell)
    _say(cluster.status(), json)


@app.command()
def stop(json: Json = False) -> None:
    """Stop the embedded PostGIS; the data stay, and a service leaves it stopped."""
    cluster = _cluster()
    cluster.stop()
    _say(cluster.status(), json)


@app.command()
def status(json: Json = False) -> None:
    """Say whether the database runs, where its data are, and what is wrong if anything is."""
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
    """Stop the embedded PostGIS and delete it with all its data: rasters and what is kept of answers too.

    Rows, size and place are named first. Data of another home are never deleted.
    """
    cluster = _cluster()
    ran, made = cluster.status().running, cluster.made
    folders = [folder for folder in get_settings().made_from_data if folder.is_dir()]
    if made or folders:
        out.print(_what_goes(cluster, folders), highlight=False, markup=False)
        if not yes and not typer.confirm("Delete all of it?"):
            if not ran:
                cluster.stop()
            raise typer.Abort
        cluster.remove()
        for folder in folders:
            shutil.rmtree(folder)
    out.print("There is no embedded database any more.", highlight=False)


@app.command("migrate")
def migrate_(json: Json = False) -> None:
    """Bring the database to the form this version of Obod needs; safe to repeat."""
    from api.language.translate import LANGUAGES, translate
    from api.language.wording import EARLIER_RULE
    from layers.postgres.engine import engine, writing
    from layers.records.snapshot import read_runs
    from layers.schema.access import staff_key
    from layers.schema.logins import make_service_login
    from layers.schema.migrate import current_revision, migrate

    if get_settings().database_url is None:
        _cluster().start(tell)
    migrate(engine())
    with writing() as connection:
        staff_key(connection, get_settings().home)
    make_service_login()
    with writing() as connection:
        revision = current_revision(connection)
        earlier = sorted(name for name, shown in read_runs(connection).shown.items() if shown.run.earlier_rule)
    if json:
        print_json({"revision": revision, "earlier_rule": earlier})
        return
    out.print(f"The database is up to date (revision {revision}).", highlight=False)
    if earlier:
        for lang in LANGUAGES:  # whoever migrates may read any of the three
            out.print(f"{', '.join(earlier)}: {translate(EARLIER_RULE, lang)}", highlight=False)
        out.print("`obod score` judges their plots anew.", highlight=False)


class Viewer(StrEnum):
    """Whom a login of the database is for."""

    PUBLIC = "public"
    PARTNER = "partner"
    STAFF = "staff"


@app.command()
def url(
    context: typer.Context,
    for_: Annotated[
        Viewer, typer.Option("--for", help="Whom the login is for; partner and staff need a key.")
    ] = Viewer.PUBLIC,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            envvar="OBOD_KEY",
            show_envvar=True,
            help="Key the login belongs to; asked for where it is missing.",
        ),
    ] = None,
    owner: Annotated[bool, typer.Option("--owner", help="The login of the owner, who may change everything.")] = False,
    json: Json = False,
) -> None:
    """Print a connection string that psql and QGIS accept, password included: a login that reads the views of `qgis`.

    It is for the public views unless `--for` says otherwise. A login for partners or staff belongs to a key, and ends
    when that is revoked, replaced or expires. None of them reads a table or writes.
    """
    if owner and for_ is not Viewer.PUBLIC:
        raise typer.BadParameter("--owner and --for exclude each other.")
    source = context.get_parameter_source("key")  # OBOD_KEY may be there for other commands
    if for_ is Viewer.PUBLIC and source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter("--key goes with --for partner or --for staff.")
    if not get_settings().knows_owner:
        raise OperatorNeeded(NO_OWNER)
    external = get_settings().database_url
    cluster = Cluster(get_settings().home)
    if external is None and not cluster.made:
        raise DatabaseUnavailable(NOT_MADE)
    answer = cluster.url() if external is None else external.get_secret_value()
    if owner:
        tell(
            "This is the owner's login: whoever has it may read, change and delete everything. Keep it to this machine."
        )
    else:
        answer = _login(answer, for_, key)
    if json:
        print_json({"url": answer, "for": "owner" if owner else for_.value})
    else:
        out.print(answer, highlight=False, markup=False, soft_wrap=True)


def _login(address: str, viewer: Viewer, key: str | None) -> str:
    """Return the address with a login for the views of an audience."""
    from layers.audience import Audience
    from layers.postgres.engine import address_of, writing
    from layers.schema.logins import key_login, view_login

    at = address_of(address)
    if viewer is not Viewer.PUBLIC and not key:
        if not sys.stdin.isatty():
            raise LayersError(f"A login for {viewer.value} belongs to a key; name it in --key or OBOD_KEY.")
        key = typer.prompt("Key", hide_input=True, err=True)
    with writing() as connection:
        if key is None or viewer is Viewer.PUBLIC:
            login = view_login(connection, at, get_settings().home)
        else:
            login = key_login(connection, key, Audience[viewer.name])
    plain = at.set(drivername="postgresql", username=login.name, password=login.password)
    return plain.render_as_string(hide_password=False)


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
        return
    lines = []
    if status.running:
        lines.append(f"The database runs on port {status.port} (PostgreSQL {status.postgresql}).")
    elif status.place is not None:
        lines.append(
            "The database is stopped." if status.problem else "The database is stopped; obod db start starts it."
        )
    elif not status.problem:
        lines.append(NOT_MADE)
    if status.problem:
        lines.append(status.problem)
    elif status.place is not None:
        elsewhere = not status.place.is_relative_to(get_settings().home.resolve())
        why = ", since the account that runs the database cannot reach OBOD_HOME" if elsewhere else ""
        lines.append(f"Its data are in {status.place}{why}.")
    for line in lines:
        out.print(line, highlight=False, markup=False)


def _what_goes(cluster: Cluster, folders: Sequence[Path]) -> str:
    """Say what a removal deletes: rows, bytes and places."""
    found = cluster.status()
    beside = f"{_size(bytes_in(folders))} of raster files and finished answers in {cluster.home}"
    if not found.made:
        return f"There is no embedded database here. This deletes {beside}."
    if not cluster.owns_data():
        return f"{found.problem} This deletes no data but what {cluster.home} knows of them, and {beside}."
    try:
        cluster.start(tell)
        rows = count_rows(cluster.socket_url(SUPERUSER))
        most = ", ".join(f"{table} {rows[table]:,}" for table in sorted(rows, key=rows.__getitem__, reverse=True)[:5])
        counted = f"{sum(rows.values()):,} rows in all" + (f" ({most}{', …' if len(rows) > 5 else ''})" if rows else "")
    except LayersError as error:
        counted = f"rows that cannot be counted, since it does not start ({str(error).rstrip('.')})"
    size = _size(bytes_in([cluster.files]))
    return f"This deletes the database of {cluster.home} with {counted}, {size} in {cluster.files}, and {beside}."


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
