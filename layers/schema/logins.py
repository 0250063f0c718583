"""Logins of the database that are less than the owner's: for whoever looks at the views, for a key, for the service.

None of them reads a table. What opens a login of the public views and of a service is kept in ``OBOD_HOME`` (mode 600),
so that a project of QGIS still opens tomorrow; that of a key follows from the key and is kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, Connection, select, text
from sqlalchemy.exc import DBAPIError

from layers.audience import PUBLIC, Audience
from layers.cache.files import write_whole
from layers.errors import DatabaseUnavailable, LayersError, NotAllowed
from layers.postgres.engine import address_of, writing
from layers.postgres.login_file import LOGINS, place_of, read_logins
from layers.postgres.roles import API_LOGIN, KEY_LOGIN, SERVICE_LOGIN, VIEW_LOGIN, VIEWERS
from layers.records.runs import ApiKey
from layers.schema.access import KeyHolder, end_key_logins, holder_of, note_use, public_half
from layers.settings import get_settings

PASSWORD_BYTES = 24
NAME_BYTES = 4
TRIAL_S = 5  # seconds to find out whether a login still opens the database
VIEWING = {"default_transaction_read_only": "on", "statement_timeout": "10min", "idle_session_timeout": "12h"}
"""Settings of a login that only looks; whoever has it may change them, and still writes nothing."""
MAY_NOT = (
    "The database user may not make logins; give it CREATEROLE, or let the administrator of the database make one that "
    "is granted {group} and nothing else."
)
OWNER_SERVES = (
    "The service does not log in as the owner of the database: `obod db migrate` with the same OBOD_HOME makes a login "
    "for it, or name one that is granted obod_api and nothing else in OBOD_SERVICE_DATABASE_URL."
)


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of a role that may log in."""

    name: str
    password: str


def view_login(connection: Connection, url: URL, home: Path) -> Login:
    """Return the login of ``home`` for the public views, made if there is none that opens the database.

    Parameters
    ----------
    connection : the owner's. url : address of the database; whose login it names is no matter.

    Raises
    ------
    LayersError : the database user may not make logins.
    """
    return _kept(connection, url, home, "public", VIEW_LOGIN, VIEWERS[PUBLIC], VIEWING)


def service_login(connection: Connection, url: URL, home: Path) -> Login:
    """Return the login of ``home`` that serves, made if there is none; parameters and errors as ``view_login``."""
    return _kept(connection, url, home, "service", SERVICE_LOGIN, API_LOGIN, {})


def make_service_login() -> None:
    """Make the login that serves, where the database is not the embedded one and none is named in the settings.

    Where the database user may not make logins the administrator makes one; ``obod serve`` says so.
    """
    settings = get_settings()
    if settings.database_url is None or settings.service_database_url is not None:
        return
    address = address_of(settings.database_url.get_secret_value())
    with suppress(LayersError), writing() as connection:
        service_login(connection, address, settings.home)


def key_login(connection: Connection, key: str, audience: Audience) -> Login:
    """Return the login that belongs to a key, for the views of an audience; the same key gives the same login.

    It ends with the key: when that is revoked or replaced at once, when it expires within a minute of a service.

    Raises
    ------
    NotAllowed : the key is not good, opens less than asked for, or is for some districts, which views do not know.
    LayersError : the database user may not make logins.
    """
    # Whoever ends the key meanwhile waits for this transaction, and then finds the login to end.
    connection.execute(select(ApiKey.key_id).where(ApiKey.key_id == public_half(key)).with_for_update())
    holder = holder_of(connection, key)
    _require(holder, audience)
    name = f"{KEY_LOGIN}{_database(connection)}_{holder.key_id}_{audience.name.lower()}"
    password = hmac.new(key.encode(), f"login of the database: {name}".encode(), hashlib.sha256).hexdigest()
    end_key_logins(connection)
    login = Login(name, password)
    _make(connection, login, VIEWERS[audience], VIEWING, holder.expires_at)
    note_use(connection, holder.key_id)
    return login


def require_own_login(connection: Connection) -> None:
    """Refuse a connection of the service that is logged in as the owner of the database, or may do what an owner may.

    Raises
    ------
    LayersError : says what to do.
    """
    strong = text(
        "SELECT r.rolsuper OR r.rolcreaterole OR coalesce(pg_has_role(r.oid, c.relowner, 'MEMBER'), false) "
        "FROM pg_roles AS r LEFT JOIN pg_class AS c ON c.oid = to_regclass('public.api_keys') "
        "WHERE r.rolname = session_user"
    )
    if connection.execute(strong).scalar_one():
        raise LayersError(OWNER_SERVES)


def _require(holder: KeyHolder, audience: Audience) -> None:
    if audience > holder.audience:
        raise NotAllowed(
            f"This key is for {holder.audience.name.lower()}; it opens nothing of {audience.name.lower()}."
        )
    if holder.districts is not None:
        raise NotAllowed(
            "This key is for some districts, and a login of the database would open all of them; a key of every "
            "district is needed."
        )


def _kept(
    connection: Connection, url: URL, home: Path, what: str, prefix: str, group: str, settings: dict[str, str]
) -> Login:
    place = place_of(url)
    known = read_logins(home)
    found = known.get(place, {}).get(what)
    if found is not None and _opens(url.set(username=found["name"], password=found["password"])):
        return Login(found["name"], found["password"])
    name = f"{prefix}{_database(connection)}_{secrets.token_hex(NAME_BYTES)}"
    login = Login(name, secrets.token_hex(PASSWORD_BYTES))
    _make(connection, login, group, settings)
    known.setdefault(place, {})[what] = {"name": login.name, "password": login.password}
    home.mkdir(parents=True, exist_ok=True)
    with write_whole(home / LOGINS) as file:
        file.write(f"{json.dumps(known, indent=1)}\n".encode())
    return login


def _make(
    connection: Connection, login: Login, group: str, settings: dict[str, str], expires_at: datetime | None = None
) -> None:
    """Make a login, or give it the password it should have."""
    name = sql.Identifier(login.name)
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    # The server is never sent the password itself, which a log of statements would keep.
    verifier = driver.pgconn.encrypt_password(login.password.encode(), login.name.encode(), b"scram-sha-256")
    until = "infinity" if expires_at is None else expires_at.isoformat()
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": login.name}).first()

    def run(statement: LiteralString, *parts: sql.Composable) -> None:
        connection.exec_driver_sql(sql.SQL(statement).format(*parts).as_string())

    try:
        with connection.begin_nested():
            if known is None:
                run("CREATE ROLE {} LOGIN", name)
                run("GRANT {} TO {}", name, sql.SQL("CURRENT_USER"))  # who may end its sessions
            run("ALTER ROLE {} PASSWORD {} VALID UNTIL {}", name, sql.Literal(verifier.decode()), sql.Literal(until))
            run("GRANT {} TO {}", sql.Identifier(group), name)
            for setting, value in settings.items():
                run("ALTER ROLE {} SET {} = {}", name, sql.Identifier(setting), sql.Literal(value))
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.UndefinedObject):
            raise DatabaseUnavailable("The database does not know its roles; run obod db migrate.") from error
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise LayersError(MAY_NOT.format(group=group)) from error


def _database(connection: Connection) -> int:
    """Number of the database: roles are the server's, which may hold several of ours."""
    found = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return int(found.scalar_one())


def _opens(url: URL) -> bool:
    try:
        with psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False), connect_timeout=TRIAL_S
        ):
            return True
    except psycopg.OperationalError:
        return False
