"""Everything of one installation in one file: tables, raster files, digests of keys.

The file is a ZIP archive of plain CSV tables, raster files as they are and a manifest. A dump of PostgreSQL's own
would tie it to programs at least as new as the server and could not go back to an older one; tables as text, with
the form of the database rebuilt from the revision they belong to, go to any version this code runs on.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import REAL, Column, Connection, Engine, text

from layers.cache.files import write_whole
from layers.catalogue.base import Base
from layers.errors import DataRefused
from layers.postgres.roles import QGIS_SCHEMA
from layers.records.audit import Act, note
from layers.records.jobs import Job
from layers.records.runs import household_fit, robustness, suitability
from layers.records.sign_ins import SignIn
from layers.runs.parts import partition_name
from layers.schema.access import end_key_logins
from layers.schema.migrate import add_result_columns, current_revision, known_revisions, migrate_within, upgrade

FORM = 1  # of the archive; a reader refuses a higher one
MANIFEST = "manifest.json"
COMPRESSION = 3  # zlib level; 6 takes twice the time for a tenth less
CHUNK = 1024 * 1024  # bytes
LOCK_TIMEOUT = "60s"  # how long restoring waits for readers to finish

# Values are written and read the same way whatever the server's own settings are.
SETTINGS = {"datestyle": "ISO, DMY", "timezone": "UTC", "extra_float_digits": "1", "bytea_output": "hex"}

# Tables with a column of each criterion ever judged, or of each outcome ever declared.
RESULTS = (suitability.name, household_fit.name, robustness.name)
# Told by the manifest; of browsers, not of the data; of which the files are in no backup.
NOT_KEPT = ("alembic_version", SignIn.__tablename__, Job.__tablename__)
SCRATCH = re.compile(r"suitability_run_\d+")  # results of a run at work or killed, not yet a partition

# Both read the keys of before as a JSON array; of a form without expiry they only tell revocations.
KEEP_SHORTENED = """
    UPDATE api_keys SET revoked_at = least(api_keys.revoked_at, former.revoked_at),
        expires_at = least(api_keys.expires_at, former.expires_at),
        last_used_at = greatest(api_keys.last_used_at, former.last_used_at)
    FROM jsonb_populate_recordset(NULL::api_keys, CAST(:before AS jsonb)) AS former
    WHERE former.key_id = api_keys.key_id
"""
KEEP_REVOKED = """
    INSERT INTO api_keys SELECT revoked.* FROM jsonb_array_elements(CAST(:before AS jsonb)) AS former,
        jsonb_populate_record(NULL::api_keys, jsonb_build_object('expires_at', now()) || former.value) AS revoked
    WHERE revoked.revoked_at IS NOT NULL ON CONFLICT DO NOTHING
"""

# The log only grows, through a restore too.
KEEP_ENTERED = """
    INSERT INTO audit_log (entry_id, at, what, key_id, audience, layer, number, districts, rows)
    SELECT entry_id, at, what, key_id, audience, layer, number, districts, rows
    FROM former_log ORDER BY at, entry ON CONFLICT DO NOTHING
"""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: rows by table, number of raster files, when it was made, tables it could not place."""

    made_at: str
    revision: str
    postgresql: str
    rows: Mapping[str, int]
    rasters: int
    left_out: tuple[str, ...] = ()


def backup(engine: Engine, home: Path, target: Path, progress: Progress = lambda _what: None) -> Contents:
    """Write everything to ``target``, as it stood at one moment; the file appears only when it is complete.

    Raises
    ------
    DataRefused : the file cannot be written, or there is nothing to back up.
    """
    try:
        with engine.connect() as connection, write_whole(target) as file:  # it holds what only staff may read
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, True, COMPRESSION) as archive:
                contents = _write(connection, home / "rasters", archive, progress)
    except OSError as error:
        raise DataRefused(f"The backup could not be written to {target.name}: {error.strerror}.") from error
    return contents


def restore(engine: Engine, home: Path, source: Path, progress: Progress = lambda _what: None) -> Contents:
    """Put everything back as the archive has it, in place of what is there; all of it or nothing.

    Raises
    ------
    DataRefused : the file is no backup, is damaged, or was made by a newer version of Obod.
    """
    progress("checking the archive")
    with _opened(source) as archive:
        manifest = _manifest(archive, source.name)
        rasters, fresh = home / "rasters", home / "rasters.restored"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            _unpack_rasters(archive, manifest, fresh, progress)
            with engine.begin() as connection:
                left_out = _rebuild(connection, archive, manifest, progress)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        former = home / "rasters.former"
        shutil.rmtree(former, ignore_errors=True)
        if rasters.exists():
            rasters.rename(former)
        fresh.rename(rasters)
        shutil.rmtree(former, ignore_errors=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return _contents(manifest, left_out)


# -- writing --------------------------------------------------------------------------------------------


def _write(connection: Connection, rasters: Path, archive: zipfile.ZipFile, progress: Progress) -> Contents:
    revision = current_revision(connection)
    if revision is None:
        raise DataRefused("There is nothing to back up yet: the database is empty.")
    _fix_settings(connection)
    tables = []
    for table in _tables(connection):
        progress(table)
        columns = _columns(connection, table)
        with archive.open(f"tables/{table}.csv", "w", force_zip64=True) as member:
            rows = _copy_out(connection, table, columns, member)
        tables.append({"name": table, "columns": columns, "rows": rows})
    files = []
    for path in sorted(rasters.rglob("*")) if rasters.is_dir() else ():
        if path.is_file():
            name = path.relative_to(rasters).as_posix()
            progress(name)
            archive.write(path, f"rasters/{name}", compress_type=zipfile.ZIP_STORED)  # compressed inside already
            files.append(name)
    manifest = {
        "form": FORM,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision,
        "postgresql": str(connection.execute(text("SHOW server_version")).scalar()),
        "tables": tables,
        "runs": _runs(connection),
        "sequences": _sequences(connection),
        "rasters": files,
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return _contents(manifest, ())


def _copy_out(connection: Connection, table: str, columns: list[str], member: IO[bytes]) -> int:
    # Naming the parent of partitions needs a query; it gives the rows of all of them.
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    with _driver(connection).cursor() as cursor:
        with cursor.copy(statement) as copy:
            for chunk in copy:
                member.write(chunk)
        return cursor.rowcount


def _tables(connection: Connection) -> list[str]:
    """Tables to keep, referenced before referencing: ours, and any a user added."""
    order = [table.name for table in Base.metadata.sorted_tables]
    kept = [name for name in _own_tables(connection) if name not in NOT_KEPT and not SCRATCH.fullmatch(name)]
    return sorted(kept, key=lambda name: (order.index(name) if name in order else len(order), name))


def _own_tables(connection: Connection) -> list[str]:
    """Tables of the schema that no extension brought, partitions left out."""
    found = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d "
            "WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname"
        )
    )
    return list(found.scalars())


def _columns(connection: Connection, table: str) -> list[str]:
    found = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(quote_ident(:table) AS regclass) "
            "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        ),
        {"table": table},
    )
    return list(found.scalars())


def _runs(connection: Connection) -> list[int]:
    """Runs that have a partition of results."""
    found = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'public.suitability'::regclass")
    )
    return sorted(int(name.rpartition("_")[2]) for name in found.scalars())


def _sequences(connection: Connection) -> list[dict[str, Any]]:
    found = connection.execute(
        text(
            "SELECT d.refobjid::regclass::text AS table, a.attname AS column, "
            "pg_sequence_last_value(d.objid) AS last FROM pg_depend d JOIN pg_class s ON s.oid = d.objid "
            "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
            "WHERE s.relkind = 'S' AND d.deptype = 'i' AND s.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    )
    return [dict(row) for row in found.mappings()]


# -- reading --------------------------------------------------------------------------------------------


def _rebuild(
    connection: Connection, archive: zipfile.ZipFile, manifest: Mapping[str, Any], progress: Progress
) -> tuple[str, ...]:
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    _fix_settings(connection)
    ended = _keys(connection)
    entered = _set_log_aside(connection)
    ours = {*Base.metadata.tables, "alembic_version", *(table["name"] for table in manifest["tables"])}
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QGIS_SCHEMA} CASCADE")
    for name in _own_tables(connection):
        if name in ours or SCRATCH.fullmatch(name):
            _run(connection, sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(name)))
    upgrade(connection, manifest["revision"])
    present = set(_tables(connection))
    for run in manifest["runs"]:
        statement = sql.SQL("CREATE TABLE {} PARTITION OF suitability FOR VALUES IN ({})")
        _run(connection, statement.format(sql.Identifier(partition_name(run)), sql.Literal(int(run))))
    for table in manifest["tables"]:
        if table["name"] in present:
            progress(table["name"])
            _copy_back(connection, archive, table)
    for sequence in manifest["sequences"]:
        if sequence["last"] is not None and sequence["table"] in present:
            connection.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), sequence)
    migrate_within(connection)
    _keep_ended(connection, ended)
    end_key_logins(connection)
    if entered:
        connection.exec_driver_sql(KEEP_ENTERED)
    note(connection, Act.RESTORE, rows=sum(int(table["rows"]) for table in manifest["tables"]))
    return tuple(table["name"] for table in manifest["tables"] if table["name"] not in present)


def _keys(connection: Connection) -> str:
    """Keys there are before restoring, as a JSON array; of any revision."""
    if connection.execute(text("SELECT to_regclass('public.api_keys')")).scalar() is None:
        return "[]"
    return str(connection.execute(text("SELECT coalesce(json_agg(to_jsonb(k)), '[]')::text FROM api_keys k")).scalar())


def _set_log_aside(connection: Connection) -> bool:
    """Keep the audit log there is before restoring until the end of the transaction; tell whether there is one."""
    if connection.execute(text("SELECT to_regclass('public.audit_log')")).scalar() is None:
        return False
    connection.exec_driver_sql("CREATE TEMPORARY TABLE former_log ON COMMIT DROP AS TABLE audit_log")
    return True


def _keep_ended(connection: Connection, before: str) -> None:
    """Let no key live longer than it did before restoring: the earlier of two ends holds, of revocation and expiry.

    A key that was revoked and is not in this backup is kept too, else a third backup could revive it.
    """
    connection.execute(text(KEEP_SHORTENED), {"before": before})
    connection.execute(text(KEEP_REVOKED), {"before": before})


def _copy_back(connection: Connection, archive: zipfile.ZipFile, table: Mapping[str, Any]) -> None:
    present = set(_columns(connection, table["name"]))
    new = [name for name in table["columns"] if name not in present]
    if new and table["name"] not in RESULTS:
        raise DataRefused(
            f"The backup's table {table['name']} has columns this version does not know: {', '.join(new)}."
        )
    # Results keep a column of each criterion ever judged, also of those no longer declared.
    declared = Base.metadata.tables[table["name"]].columns
    missing = [declared[name] if name in declared else Column(name, REAL) for name in new]
    add_result_columns(connection, missing, table["name"])
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER)").format(
        sql.Identifier(table["name"]), sql.SQL(", ").join(map(sql.Identifier, table["columns"]))
    )
    incomplete = f"The backup's table {table['name']} is not complete or not consistent; nothing was restored."
    try:
        with _driver(connection).cursor() as cursor, archive.open(f"tables/{table['name']}.csv") as member:
            with cursor.copy(statement) as copy:
                while chunk := member.read(CHUNK):
                    copy.write(chunk)
            if cursor.rowcount != table["rows"]:
                raise DataRefused(incomplete)
    except (psycopg.DataError, psycopg.IntegrityError, KeyError) as error:
        raise DataRefused(incomplete) from error


def _unpack_rasters(archive: zipfile.ZipFile, manifest: Mapping[str, Any], folder: Path, progress: Progress) -> None:
    folder.mkdir(parents=True)
    for name in manifest["rasters"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataRefused("The backup names a raster file outside its folder; nothing was restored.")
        progress(name)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(f"rasters/{name}") as member, target.open("wb") as file:
            shutil.copyfileobj(member, file, CHUNK)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except FileNotFoundError:
        raise DataRefused(f"There is no file {source.name}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataRefused(f"{source.name} is not a complete backup of Obod; nothing was restored.") from error


def _manifest(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """Return the manifest after reading every byte of the archive against its checksums."""
    if MANIFEST not in archive.namelist() or archive.testzip() is not None:
        raise zipfile.BadZipFile
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest.keys() < {"form", "revision", "tables", "runs", "sequences", "rasters"}:
        raise zipfile.BadZipFile
    if manifest["form"] > FORM or manifest["revision"] not in known_revisions():
        raise DataRefused(f"{name} was made by a newer version of Obod; update Obod first.")
    return manifest


def _contents(manifest: Mapping[str, Any], left_out: tuple[str, ...]) -> Contents:
    return Contents(
        made_at=manifest["made_at"],
        revision=manifest["revision"],
        postgresql=manifest["postgresql"],
        rows={table["name"]: table["rows"] for table in manifest["tables"]},
        rasters=len(manifest["rasters"]),
        left_out=left_out,
    )


def _fix_settings(connection: Connection) -> None:
    for name, value in SETTINGS.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def _run(connection: Connection, statement: sql.Composed) -> None:
    connection.exec_driver_sql(statement.as_string())


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
