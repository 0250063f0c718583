"""Logins below the owner's on a real server: each reads the views of its audience, no table, and ends with its key."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text

from layers.catalogue import BY_NAME
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience, Base
from layers.errors import LayersError, NotAllowed
from layers.postgres.cluster import Cluster
from layers.postgres.engine import noting, reading
from layers.postgres.login_file import LOGINS
from layers.postgres.roles import OWNER
from layers.schema.access import create_key, end_key_logins, public_half, revoke, rotate_key
from layers.schema.backup import backup, restore
from layers.schema.logins import Login, key_login, make_service_login, require_own_login, view_login
from layers.settings import get_settings
from tests.clients.process import forget_settings
from tests.worlds.three_districts import CANARY, PARTNERS_CANARY, Land

FOR_PARTNERS = {"plot_surveys", "pastures", "wells", "intake_flows", "command_months", "command_crops", "judgements"}
FOR_STAFF = {"jamoat_households", "fields", "august_greenness"}


@pytest.fixture(scope="module")
def address(cluster: Cluster, database: Engine) -> URL:
    """Give the address of the database."""
    return make_url(cluster.url(database=str(database.url.database)))


def opened(address: URL, login: Login) -> psycopg.Connection[tuple[object, ...]]:
    url = address.set(username=login.name, password=login.password)
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def key_of(database: Engine, audience: Audience, expires_at: datetime | None = None) -> str:
    with database.begin() as connection:
        return create_key(connection, audience, "of a test", None, expires_at)


def login_of(database: Engine, key: str, audience: Audience) -> Login:
    with database.begin() as connection:
        return key_login(connection, key, audience)


def public_login(database: Engine, address: URL) -> Login:
    with database.begin() as connection:
        return view_login(connection, address, get_settings().home)


@pytest.mark.parametrize("audience", Audience)
def test_each_login_reads_the_views_of_its_audience_and_no_table(
    database: Engine, land: Land, address: URL, audience: Audience
) -> None:
    login = (
        public_login(database, address)
        if audience is PUBLIC
        else login_of(database, key_of(database, audience), audience)
    )
    closed = {PUBLIC: FOR_PARTNERS | FOR_STAFF, PARTNER: FOR_STAFF, STAFF: set[str]()}[audience]
    with opened(address, login) as connection:
        for layer in BY_NAME:
            if layer in closed:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT * FROM qgis.{layer}")
            else:
                connection.execute(f"SELECT * FROM qgis.{layer}")
        for table in Base.metadata.tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM public.{table}")
        seen = str(connection.execute("SELECT * FROM qgis.plots").fetchall())
        assert (CANARY in seen) == (audience is STAFF)
        idle = connection.execute("SELECT count(*) FROM qgis.plots WHERE availability = 'fallow'").fetchone()
        assert (idle != (0,)) == (audience is not PUBLIC)
        if audience is not PUBLIC:
            assert PARTNERS_CANARY in str(connection.execute("SELECT * FROM qgis.pastures").fetchall())
        assert connection.execute("SELECT count(*) FROM layer_styles").fetchone() != (0,)
        connection.execute("SET default_transaction_read_only = off")
        for statement in ("DELETE FROM qgis.plots", "CREATE TABLE public.mine (n int)", "SET ROLE obod_staff"):
            with pytest.raises(psycopg.Error, match=r"denied|read-only"):
                connection.execute(statement)
    assert len(land.rows) > 0


def test_the_login_of_the_public_is_made_once_and_kept_closed(database: Engine, address: URL) -> None:
    first, again = public_login(database, address), public_login(database, address)
    assert first == again
    kept = get_settings().home / LOGINS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with database.begin() as connection:  # somebody else's password: the login of the file opens nothing any more
        connection.exec_driver_sql(f"ALTER ROLE {first.name} PASSWORD 'another'")
    renewed = public_login(database, address)
    assert renewed != first
    opened(address, renewed).close()


def test_the_same_key_gives_the_same_login_and_a_narrower_audience(database: Engine, address: URL) -> None:
    key = key_of(database, STAFF)
    assert login_of(database, key, STAFF) == login_of(database, key, STAFF)
    partner = login_of(database, key, PARTNER)
    with opened(address, partner) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM qgis.jamoat_households")
    assert key.rpartition("_")[2] not in (partner.password, partner.name)


def test_a_key_opens_no_more_than_itself(database: Engine) -> None:
    partner = key_of(database, PARTNER)
    with pytest.raises(NotAllowed, match="This key is for partner"):
        login_of(database, partner, STAFF)
    with pytest.raises(NotAllowed, match="not known or was revoked"):
        login_of(database, f"{partner[:-1]}{'1' if partner[-1] == '0' else '0'}", PARTNER)
    with database.begin() as connection:
        local = create_key(connection, STAFF, "of one district", ["TJ.RR.GA"])
    with pytest.raises(NotAllowed, match="for some districts"):
        login_of(database, local, STAFF)


@pytest.mark.parametrize("end", [revoke, rotate_key])
def test_a_login_ends_with_its_key_and_so_do_its_sessions(database: Engine, address: URL, end: object) -> None:
    key, other = key_of(database, STAFF), key_of(database, STAFF)
    login, staying = login_of(database, key, STAFF), login_of(database, other, STAFF)
    session = opened(address, login)
    assert callable(end)
    with database.begin() as connection:
        end(connection, public_half(key))
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1 FROM qgis.plots")
    with pytest.raises(psycopg.OperationalError):
        opened(address, login)
    opened(address, staying).close()


def test_a_login_expires_with_its_key_and_a_service_cuts_its_sessions(database: Engine, address: URL) -> None:
    key = key_of(database, PARTNER, datetime.now(UTC) + timedelta(hours=1))
    login = login_of(database, key, PARTNER)
    session = opened(address, login)
    with database.begin() as connection:
        until = text("SELECT rolvaliduntil - now() < interval '1 hour' FROM pg_roles WHERE rolname = :name")
        assert connection.execute(until, {"name": login.name}).scalar() is True
        past = "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE key_id = :key"
        connection.execute(text(past), {"key": public_half(key)})
    with noting() as connection:  # as a service does every minute
        end_key_logins(connection)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        opened(address, login)


def test_a_login_that_owns_something_elsewhere_is_shut(cluster: Cluster, database: Engine, address: URL) -> None:
    key = key_of(database, STAFF)
    login = login_of(database, key, STAFF)
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA of_a_login AUTHORIZATION {login.name}")
    try:
        with database.begin() as opened_:
            revoke(opened_, public_half(key))
        with pytest.raises(psycopg.OperationalError):
            opened(address, login)
    finally:
        with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("DROP SCHEMA of_a_login")


def test_a_restore_brings_no_login_back(database: Engine, address: URL, tmp_path: Path) -> None:
    home = get_settings().home
    revoked = key_of(database, STAFF)
    before = login_of(database, revoked, STAFF)
    backup(database, home, tmp_path / "all.zip")
    later = login_of(database, key_of(database, STAFF), STAFF)  # of a key the backup does not know
    with database.begin() as connection:
        revoke(connection, public_half(revoked))
    restore(database, home, tmp_path / "all.zip")
    for login in (before, later):
        with pytest.raises(psycopg.OperationalError):
            opened(address, login)
    with pytest.raises(NotAllowed):
        login_of(database, revoked, STAFF)


def test_the_service_logs_in_as_itself_and_serves(land: Land, address: URL) -> None:
    assert land.rows
    make_service_login()
    make_service_login()
    forget_settings()
    try:
        with noting() as connection:
            user = str(connection.execute(text("SELECT session_user")).scalar_one())
            require_own_login(connection)
        assert user.startswith("obod_service_")
        for audience in Audience:
            with reading(audience) as connection:
                connection.execute(text("SELECT count(*) FROM plots"))
        with pytest.raises(NotAllowed), reading(PUBLIC) as connection:
            connection.execute(text("SELECT cadastral_no FROM plots"))
    finally:
        (get_settings().home / LOGINS).unlink()
        forget_settings()
    assert address.username == OWNER


@pytest.mark.parametrize("role", [OWNER, "postgres"])
def test_the_owner_and_a_superuser_do_not_serve(cluster: Cluster, address: URL, role: str) -> None:
    url = make_url(cluster.url(role, str(address.database))).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection, pytest.raises(LayersError, match="does not log in as the owner"):
        require_own_login(connection)
