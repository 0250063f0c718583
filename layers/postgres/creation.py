"""Making a database: data files with an identity, then roles, the database and its extension."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from layers.errors import DatabaseUnavailable, DiskRefused
from layers.postgres.identity import Record, Tag
from layers.postgres.installation import Installation
from layers.postgres.roles import API_LOGIN, DATABASE, OWNER, SUPERUSER
from layers.postgres.server import MB, ServerUser, utf8_locale

SETTINGS = "obod.conf"  # file in the data directory, written anew at each start
LOAD_SETTING = "session_replication_role"  # what a load sets, so that one check of a reference stands for a million
ROOM_FOR_NEW_MB = 256  # MB; initdb writes 40, the first log segments and PostGIS as much again


def initialise(
    place: Path, home: Path, record: Record, installation: Installation, account: ServerUser, *, durable: bool
) -> None:
    """Make the data files in ``place``, with the record's identity in them, whole or not at all.

    Raises
    ------
    DatabaseUnavailable : the disk has no room, or initdb says no.
    """
    free_mb = shutil.disk_usage(place).free // MB
    if free_mb < ROOM_FOR_NEW_MB:
        raise DiskRefused(
            f"The disk of {place} is full: {free_mb} MB are free, a new database needs {ROOM_FOR_NEW_MB}; make room "
            "and start it again."
        )
    unfinished = place / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    descriptor, password_file = tempfile.mkstemp(dir=place)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(record.passwords[SUPERUSER])
        account.own(Path(password_file))
        result = account.run(
            [
                installation.program("initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                f"--locale={utf8_locale()}",
                "--data-checksums",
                *(() if durable else ("--no-sync",)),
            ]
        )
    finally:
        os.unlink(password_file)
    if result.returncode != 0:
        raise DatabaseUnavailable(f"The embedded database could not be made: {_reason(result.stderr)}")
    # What initdb found out about the machine (shared memory, locale) stays; ours comes after it.
    with (unfinished / "postgresql.conf").open("a") as file:
        file.write(f"include_if_exists = '{SETTINGS}'\n")
    Tag(str(record.identity), home).write(unfinished)
    unfinished.rename(place / "data")


def ensure_database(superuser_url: str, url: str, record: Record) -> None:
    """Make what is missing of roles, database and extension.

    Parameters
    ----------
    superuser_url : address of the database ``postgres`` as its superuser.
    url : address of our own database as that superuser.
    record : has the passwords of the roles.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, rights in ((OWNER, "CREATEROLE CREATEDB"), (API_LOGIN, "NOINHERIT")):
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
                verifier = connection.pgconn.encrypt_password(
                    record.passwords[role].encode(), role.encode(), b"scram-sha-256"
                )
                statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
                connection.execute(
                    statement.format(sql.Identifier(role), sql.SQL(rights), sql.Literal(verifier.decode()))
                )
        # For superusers otherwise; it opens nothing to the owner, who may drop any check of its own tables anyway.
        held = connection.execute("SELECT has_parameter_privilege(%s, %s, 'SET')", [OWNER, LOAD_SETTING]).fetchone()
        if held != (True,):
            grant = sql.SQL("GRANT SET ON PARAMETER {} TO {}")
            connection.execute(grant.format(sql.Identifier(LOAD_SETTING), sql.Identifier(OWNER)))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone() is None:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _reason(printed: str) -> str:
    """Return the first fault a program printed; what it says after that is how it cleans up."""
    lines = [line for line in printed.splitlines() if line.strip()]
    faults = [line for line in lines if any(mark in line for mark in ("FATAL", "PANIC", "error:", "could not"))]
    return (faults or lines or ["no reason was given"])[0]
