"""Who may see what: database roles and grants computed from the declarations, and keys that prove an audience.

The rule is enforced by PostgreSQL. Each audience has a role, and computing has one of its own; a role may read a column
when both the layer and the attribute are declared for its audience. Nothing above the database has to remember what is
restricted.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from psycopg import errors, sql
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import DBAPIError

from layers.cache.files import write_whole
from layers.catalogue import BY_NAME
from layers.catalogue.base import PUBLIC, STAFF, Audience, Base
from layers.errors import DatabaseUnavailable, NotAllowed, NotFound
from layers.postgres.roles import API_LOGIN, QGIS_SCHEMA, READERS, ROLES, Role
from layers.records.runs import ApiKey

SYSTEM_COLUMNS = ("gid", "load_id", "ended_by", "geom", "tile_geom")
# Of loads, what the report and the file say may quote restricted rows or the name of a person's file.
STAFF_COLUMNS_OF_RESULTS: Mapping[str, frozenset[str]] = {"loads": frozenset({"file_name", "sha256", "report"})}
CLOSED_TABLES = frozenset({"api_keys"})
STAFF_TABLES = frozenset({"fit_profiles", "household_fit"})  # what a kind of household meets, plot by plot
KEY_PREFIX = "obod"
KEY_ID_BYTES, SECRET_BYTES = 8, 32  # random bytes; 256 bits need no slow hash, since they cannot be guessed


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for; ``districts`` None means all."""

    key_id: str
    audience: Audience
    districts: tuple[str, ...] | None
    label: str


def readable_columns(table: str, role: Role) -> list[str]:
    """Return the columns of a table that a role may read, in the table's order; empty = closed to it."""
    audience = role.audience
    columns = [column.name for column in Base.metadata.tables[table].columns]
    if table in CLOSED_TABLES:
        return []
    if layer := BY_NAME.get(table):
        if table in role.also:
            audience = max(audience, layer.card.audience)
        if audience < layer.card.audience:
            return []
        shown = layer.attributes(audience).keys() | SYSTEM_COLUMNS
        return [column for column in columns if column in shown]
    if audience < STAFF and table in STAFF_TABLES:
        return []
    if audience < STAFF:
        return [column for column in columns if column not in STAFF_COLUMNS_OF_RESULTS.get(table, ())]
    return columns


def grant(connection: Connection) -> None:
    """Give each role exactly the columns it may read, and take everything else away.

    Raises
    ------
    DatabaseUnavailable : the roles do not exist and the database user may not create them.
    """
    _make_roles(connection)
    roles, audiences = (_names(role.name for role in of) for of in (READERS, ROLES.values()))
    schema = sql.Identifier(QGIS_SCHEMA)

    def run(statement: LiteralString, *parts: sql.Composable) -> None:
        connection.exec_driver_sql(sql.SQL(statement).format(*parts).as_string())

    run("REVOKE ALL ON {} FROM PUBLIC, {}", _names(Base.metadata.tables), roles)
    for table in Base.metadata.tables:
        for role in READERS:
            if columns := readable_columns(table, role):
                run("GRANT SELECT ({}) ON {} TO {}", _names(columns), sql.Identifier(table), sql.Identifier(role.name))
    run("GRANT USAGE ON SCHEMA {} TO {}", schema, audiences)  # views are for people, not for computing
    for name, layer in BY_NAME.items():
        view = sql.Identifier(QGIS_SCHEMA, name)
        readers = _names(role.name for role in ROLES.values() if role.audience >= layer.card.audience)
        run("REVOKE ALL ON {} FROM PUBLIC, {}", view, roles)
        run("GRANT SELECT ON {} TO {}", view, readers)
    run("REVOKE ALL ON FUNCTION api_key_holder FROM PUBLIC, {}", roles)
    run("GRANT EXECUTE ON FUNCTION api_key_holder TO {}", audiences)


def create_key(connection: Connection, audience: Audience, label: str, districts: Sequence[str] | None = None) -> str:
    """Make a key and return it; only its digest is kept, so it can be shown this once.

    ``districts`` are the codes the key is good for; None = all.

    Raises
    ------
    NotAllowed : a key for the public, who need none.
    """
    if audience is PUBLIC:
        raise NotAllowed("The public needs no key; a key is for partners or staff.")
    key_id, secret = secrets.token_hex(KEY_ID_BYTES), secrets.token_hex(SECRET_BYTES)
    connection.execute(
        insert(ApiKey).values(
            key_id=key_id,
            digest=_digest(secret),
            audience=audience.name.lower(),
            districts=None if districts is None else list(districts),
            label=label,
        )
    )
    return f"{KEY_PREFIX}_{key_id}_{secret}"


def revoke(connection: Connection, key_id: str) -> None:
    """End a key, named by its public half or by the whole key.

    Raises
    ------
    NotFound : there is no such key in use.
    """
    wanted = _halves(key_id)[0] if key_id.startswith(f"{KEY_PREFIX}_") else key_id
    ended = connection.execute(
        update(ApiKey)
        .where(ApiKey.key_id == wanted, ApiKey.revoked_at.is_(None))
        .values(revoked_at=text("now()"))
        .returning(ApiKey.key_id)
    )
    if ended.first() is None:
        raise NotFound("There is no such key in use.")


def holder_of(connection: Connection, key: str) -> KeyHolder:
    """Return whom a key speaks for; works on a connection of any audience.

    Raises
    ------
    NotAllowed : the key is malformed, unknown or revoked; the message does not say which.
    """
    key_id, secret = _halves(key)
    record = connection.execute(
        text("SELECT digest, audience, districts, label FROM api_key_holder(:key_id)"), {"key_id": key_id}
    ).first()
    # An unknown key is compared too, so that the time taken does not tell it from a wrong secret.
    digest = bytes(record.digest) if record is not None else bytes(hashlib.sha256().digest_size)
    if not hmac.compare_digest(digest, _digest(secret)) or record is None:
        raise NotAllowed("This key is not known or was revoked.")
    districts = None if record.districts is None else tuple(record.districts)
    return KeyHolder(key_id, Audience[record.audience.upper()], districts, record.label)


def audience_of(connection: Connection, key: str) -> Audience:
    """Return the audience a key proves; errors as ``holder_of``."""
    return holder_of(connection, key).audience


def staff_key(connection: Connection, home: Path) -> str:
    """Return the staff key kept in ``OBOD_HOME/staff.key`` (mode 600), making one if none there is good.

    ``connection`` may write.
    """
    kept = home / "staff.key"
    if kept.is_file():
        key = kept.read_text().strip()
        try:
            if audience_of(connection, key) is STAFF:
                return key
        except NotAllowed:
            pass  # of another database, or revoked: a new one follows
    key = create_key(connection, STAFF, "made with the database")
    home.mkdir(parents=True, exist_ok=True)
    with write_whole(kept) as file:
        file.write(f"{key}\n".encode())
    return key


def _make_roles(connection: Connection) -> None:
    present = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    statements = [f"CREATE ROLE {role.name} NOLOGIN" for role in READERS if role.name not in present]
    if API_LOGIN not in present:
        statements.append(f"CREATE ROLE {API_LOGIN} LOGIN NOINHERIT")
    groups = ", ".join(role.name for role in READERS)
    for statement in (*statements, f"GRANT {groups} TO {API_LOGIN}", f"GRANT {groups} TO CURRENT_USER"):
        try:
            with connection.begin_nested():
                connection.execute(text(statement))
        except DBAPIError as error:
            if not isinstance(error.orig, errors.InsufficientPrivilege):
                raise
            if statement.startswith("CREATE") or not _may_take_roles(connection):
                raise DatabaseUnavailable(
                    "The database user may not make roles; ask the administrator of the database to create the roles "
                    f"{groups} (no login) and {API_LOGIN} (login, noinherit) and to grant all but the last to "
                    f"both {API_LOGIN} and this user."
                ) from error


def _may_take_roles(connection: Connection) -> bool:
    held = text("SELECT bool_and(pg_has_role(role, 'MEMBER')) FROM unnest(CAST(:roles AS name[])) AS role")
    return bool(connection.execute(held, {"roles": [role.name for role in READERS]}).scalar())


def _names(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _halves(key: str) -> tuple[str, str]:
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == KEY_PREFIX else ("", "")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
