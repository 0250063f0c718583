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
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

from psycopg import errors, sql
from sqlalchemy import Connection, case, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from layers.cache.files import write_whole
from layers.catalogue import BY_NAME
from layers.catalogue.base import PUBLIC, STAFF, Audience, Base
from layers.errors import DatabaseUnavailable, NotAllowed, NotFound
from layers.postgres.roles import API_LOGIN, MEMBERSHIPS, QGIS_SCHEMA, READERS, ROLES, VIEWERS, Role
from layers.records.audit import Act, note
from layers.records.runs import ApiKey
from layers.records.sign_ins import SignIn
from layers.schema.views import CALLED_BY_THEM, OF_SERVICE, styles_are_ours

SYSTEM_COLUMNS = ("gid", "load_id", "ended_by", "geom", "tile_geom")
# Of loads, what the report and the file say may quote restricted rows or the name of a person's file.
STAFF_COLUMNS_OF_RESULTS: Mapping[str, frozenset[str]] = {"loads": frozenset({"file_name", "sha256", "report"})}
CLOSED_TABLES = frozenset({"api_keys", "audit_log", "sign_ins", "jobs"})
# What a kind of household meets, plot by plot; balances of water, drafts among them (what is published is in layers);
# scenarios, which say what is planned and not what is; remarks on plots; schemes nobody has
# scored yet.
STAFF_TABLES = frozenset(
    {
        *("fit_profiles", "household_fit", "water_balances", "balance_areas", "balance_reaches"),
        *("scenarios", "scenario_runs", "scenario_areas", "scenario_reaches", "scenario_plots"),
        *("plot_remarks", "stored_schemes"),
    }
)
KEY_PREFIX = "obod"
EXPIRED = "This key has expired; ask whoever gave it to you for a new one."
KEY_ID_BYTES, SECRET_BYTES = 8, 32  # random bytes; 256 bits need no slow hash, since they cannot be guessed


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for and until when; ``districts`` None means all."""

    key_id: str
    audience: Audience
    districts: tuple[str, ...] | None
    label: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key; ``state`` is good, expired or revoked, ``districts`` None means all."""

    key_id: str
    audience: str
    districts: list[str] | None
    label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: str


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
    roles = _names([*(role.name for role in READERS), *VIEWERS.values()])
    audiences = _names(role.name for role in ROLES.values())
    schema = sql.Identifier(QGIS_SCHEMA)

    def run(statement: LiteralString, *parts: sql.Composable) -> None:
        connection.exec_driver_sql(sql.SQL(statement).format(*parts).as_string())

    run("REVOKE ALL ON {} FROM PUBLIC, {}", _names(Base.metadata.tables), roles)
    for table in Base.metadata.tables:
        for role in READERS:
            if columns := readable_columns(table, role):
                run("GRANT SELECT ({}) ON {} TO {}", _names(columns), sql.Identifier(table), sql.Identifier(role.name))
    name_of_database = connection.execute(text("SELECT current_database()")).scalar_one()
    # Nobody but the owner makes functions or tables here, not temporary ones either: a function of the reader that is
    # called in a condition would be shown rows that a view leaves out.
    run("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", sql.Identifier(name_of_database))
    run("GRANT USAGE ON SCHEMA {} TO {}", schema, _names(VIEWERS.values()))  # for people, not for computing
    for name, layer in BY_NAME.items():
        view = sql.Identifier(QGIS_SCHEMA, name)
        run("REVOKE ALL ON {} FROM PUBLIC, {}", view, roles)
        run("GRANT SELECT ON {} TO {}", view, sql.Identifier(VIEWERS[layer.card.audience]))
    if styles_are_ours(connection):
        run("GRANT SELECT ON public.layer_styles TO {}", _names(VIEWERS.values()))  # colours, for QGIS
    run("REVOKE ALL ON FUNCTION api_key_holder FROM PUBLIC, {}", roles)
    run("GRANT EXECUTE ON FUNCTION api_key_holder TO {}", audiences)
    # Of the login itself, not of a role it takes: what reads as an audience writes nothing at all.
    for function in CALLED_BY_THEM:
        run("REVOKE ALL ON FUNCTION {} FROM PUBLIC, {}", sql.Identifier(function), roles)
    for function in OF_SERVICE:
        run("REVOKE ALL ON FUNCTION {} FROM PUBLIC, {}", sql.Identifier(function), roles)
        run("GRANT EXECUTE ON FUNCTION {} TO {}", sql.Identifier(function), sql.Identifier(API_LOGIN))


def create_key(
    connection: Connection,
    audience: Audience,
    label: str,
    districts: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it; only its digest is kept, so it can be shown this once.

    Parameters
    ----------
    connection : may write.
    audience : partners or staff.
    label : who holds it or what it is for.
    districts : codes of the districts the key is good for; None = all.
    expires_at : first moment it is not good; None = a year from now.

    Raises
    ------
    NotAllowed : a key for the public, who need none, for no district at all, or one that is over already.
    """
    if audience is PUBLIC:
        raise NotAllowed("The public needs no key; a key is for partners or staff.")
    if districts is not None and not districts:
        raise NotAllowed("A key for no district opens nothing; name districts, or none for a key of all of them.")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise NotAllowed("A key expires in the future; name a later day.")
    key_id, secret = secrets.token_hex(KEY_ID_BYTES), secrets.token_hex(SECRET_BYTES)
    values = {
        "key_id": key_id,
        "digest": _digest(secret),
        "audience": audience.name.lower(),
        "districts": None if districts is None else list(districts),
        "label": label,
    }
    connection.execute(insert(ApiKey).values(values if expires_at is None else values | {"expires_at": expires_at}))
    note(connection, Act.KEY_MADE, key_id=key_id, audience=audience, districts=districts)
    return f"{KEY_PREFIX}_{key_id}_{secret}"


def list_keys(connection: Connection) -> list[KeyRecord]:
    """Return what is kept of every key but its digest, newest first; ``connection`` is the owner's."""
    kept = select(
        ApiKey.key_id,
        ApiKey.audience,
        ApiKey.districts,
        ApiKey.label,
        ApiKey.created_at,
        ApiKey.expires_at,
        ApiKey.last_used_at,
        ApiKey.revoked_at,
        case((ApiKey.revoked_at.is_not(None), "revoked"), (ApiKey.expires_at <= func.now(), "expired"), else_="good"),
    )
    return [KeyRecord(*row) for row in connection.execute(kept.order_by(ApiKey.created_at.desc(), ApiKey.key_id))]


def rotate_key(connection: Connection, key_id: str, expires_at: datetime | None = None) -> str:
    """End a key and return a new one for the same audience and districts; also of one that has expired.

    Raises
    ------
    NotFound : there is no such key in use.
    NotAllowed : the new one would be over already.
    """
    former = _end(connection, key_id)
    note(connection, Act.KEY_ROTATED, key_id=former)
    kept = select(ApiKey.audience, ApiKey.label, ApiKey.districts).where(ApiKey.key_id == former)
    audience, label, districts = connection.execute(kept).one()
    return create_key(connection, Audience[audience.upper()], label, districts, expires_at)


def public_half(key: str) -> str:
    """Return the part of a key that names it and may be written down."""
    return _halves(key)[0]


def revoke(connection: Connection, key_id: str) -> str:
    """End a key, named by its public half or by the whole key; return the public half.

    Raises
    ------
    NotFound : there is no such key in use.
    """
    ended = _end(connection, key_id)
    note(connection, Act.KEY_REVOKED, key_id=ended)
    return ended


def _end(connection: Connection, key_id: str) -> str:
    wanted = public_half(key_id) if key_id.startswith(f"{KEY_PREFIX}_") else key_id
    ended = connection.execute(
        update(ApiKey)
        .where(ApiKey.key_id == wanted, ApiKey.revoked_at.is_(None))
        .values(revoked_at=text("now()"))
        .returning(ApiKey.key_id)
    )
    if ended.first() is None:
        raise NotFound("There is no such key in use.")
    connection.execute(delete(SignIn).where(SignIn.key_id == wanted))
    end_key_logins(connection)
    return wanted


def end_key_logins(connection: Connection) -> None:
    """End the logins of the database, and their sessions, that belong to keys which are not good any more.

    ``connection`` is one of ``noting``, or the owner's.
    """
    connection.execute(text("SELECT end_key_logins()"))


def holder_of(connection: Connection, key: str) -> KeyHolder:
    """Return whom a key speaks for; works on a connection of any audience.

    Raises
    ------
    NotAllowed : the key is malformed, unknown or revoked, where the message does not say which, or has expired.
    """
    key_id, secret = _halves(key)
    record = connection.execute(text("SELECT * FROM api_key_holder(:key_id)"), {"key_id": key_id}).first()
    # An unknown key is compared too, so that the time taken does not tell it from a wrong secret.
    digest = bytes(record.digest) if record is not None else bytes(hashlib.sha256().digest_size)
    if not hmac.compare_digest(digest, _digest(secret)) or record is None:
        raise NotAllowed("This key is not known or was revoked.")
    if record.expired:
        raise NotAllowed(EXPIRED)
    districts = None if record.districts is None else tuple(record.districts)
    return KeyHolder(key_id, Audience[record.audience.upper()], districts, record.label, record.expires_at)


def note_use(connection: Connection, key_id: str) -> None:
    """Keep that a key was used now, unless that was kept less than a minute ago.

    ``connection`` is one of ``noting``, or the owner's.
    """
    connection.execute(text("SELECT note_key_use(:key_id)"), {"key_id": key_id})


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
            pass  # of another database, expired or revoked: a new one follows
    key = create_key(connection, STAFF, "made with the database")
    home.mkdir(parents=True, exist_ok=True)
    with write_whole(kept) as file:
        file.write(f"{key}\n".encode())
    return key


def _make_roles(connection: Connection) -> None:
    present = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    groups = [*(role.name for role in READERS), *VIEWERS.values()]
    user = str(connection.execute(text("SELECT current_user")).scalar())
    for group in groups:
        if group not in present:
            _make_role(connection, f"CREATE ROLE {group} NOLOGIN", groups)
    if API_LOGIN not in present:
        _make_role(connection, f"CREATE ROLE {API_LOGIN} LOGIN NOINHERIT", groups)
    readers = [role.name for role in READERS]
    taken = [*((group, API_LOGIN) for group in readers), *((group, user) for group in groups), *MEMBERSHIPS]
    for group, member in taken:
        if not _is_member(connection, member, group):
            statement = sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member))
            _make_role(connection, statement.as_string(), groups)


def _make_role(connection: Connection, statement: str, groups: Sequence[str]) -> None:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        inner = "; ".join(f"{group} to {member}" for group, member in MEMBERSHIPS)
        raise DatabaseUnavailable(
            "The database user may not make roles; ask the administrator of the database to create the roles "
            f"{', '.join(groups)} (no login) and {API_LOGIN} (login, noinherit), to grant all but the last to "
            f"both {API_LOGIN} and this user, and {inner}."
        ) from error


def _is_member(connection: Connection, member: str, group: str) -> bool:
    held = text("SELECT pg_has_role(CAST(:member AS name), CAST(:group AS name), 'MEMBER')")
    return bool(connection.execute(held, {"member": member, "group": group}).scalar())


def _names(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _halves(key: str) -> tuple[str, str]:
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == KEY_PREFIX else ("", "")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
