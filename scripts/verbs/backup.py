"""``obod backup`` and ``obod restore``: everything of one installation in one file, and back."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from layers.audience import STAFF
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, writing
from layers.records.audit import Act, note
from layers.records.loads import has_loads
from layers.schema.access import staff_key
from layers.schema.backup import Contents
from layers.schema.backup import backup as write_backup
from layers.schema.backup import restore as read_backup
from layers.schema.migrate import current_revision
from layers.settings import get_settings
from scripts.output import err, out, print_json, tell

File = Annotated[Path, typer.Argument(help="The backup, one ZIP archive.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before replacing what is there.")]


def backup(file: File, json: Json = False) -> None:
    """Write everything to one file: layers, runs, keys, raster files."""
    contents = write_backup(engine(), get_settings().home, file, _progress)
    with writing() as connection:
        note(connection, Act.BACKUP, audience=STAFF, rows=sum(contents.rows.values()))
    _say(contents, json, f"Backed up to {file.name}")


def restore(file: File, yes: Yes = False, json: Json = False) -> None:
    """Put everything back as the file has it, in place of what is there; all of it or nothing."""
    settings = get_settings()
    if settings.database_url is None:
        Cluster(settings.home).start(tell)
    if sys.stdin.isatty() and not yes and _holds_something():
        typer.confirm("The database holds data; replace all of it?", abort=True)
    contents = read_backup(engine(), settings.home, file, _progress)
    with writing() as connection:
        staff_key(connection, settings.home)
    _say(contents, json, f"Restored the backup of {contents.made_at}")
    for table in contents.left_out:
        err.print(f"Table {table} is not one of Obod's and stays in the archive only.", highlight=False)


def _holds_something() -> bool:
    with writing() as connection:
        made = current_revision(connection) is not None
        return made and has_loads(connection)


def _progress(what: str) -> None:
    err.print(what, highlight=False, markup=False)


def _say(contents: Contents, json: bool, done: str) -> None:
    if json:
        print_json(asdict(contents))
    else:
        rows = sum(contents.rows.values())
        out.print(f"{done}: {rows:,} rows, {contents.rasters} raster files.", highlight=False)
