"""The revisions lead to exactly what the declarations say, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import REAL, Column, Connection, Engine, Row, create_engine, inspect, select, text

from geo.criteria import LAND_CRITERIA
from layers.catalogue import BY_NAME
from layers.errors import DatabaseUnavailable
from layers.postgres.cluster import Cluster
from layers.postgres.roles import SUPERUSER
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability
from layers.records.snapshot import run_of
from layers.schema.migrate import (
    MIGRATIONS,
    add_result_columns,
    current_revision,
    known_revisions,
    migrate,
    migrate_within,
    upgrade,
)


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Engine]:
    """Give an engine on a database that has nothing but PostGIS."""
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as administration:
        administration.execute("DROP DATABASE IF EXISTS empty WITH (FORCE)")
        administration.execute("CREATE DATABASE empty OWNER obod")
    with psycopg.connect(cluster.url(SUPERUSER, "empty"), autocommit=True) as administration:
        administration.execute("CREATE EXTENSION postgis")
    engine = create_engine(_driver(cluster.url(database="empty")))
    yield engine
    engine.dispose()
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as administration:
        administration.execute("DROP DATABASE empty WITH (FORCE)")


def test_declarations_and_migrated_database_are_the_same(connection: Connection) -> None:
    command.check(_config(connection))


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE canals DROP COLUMN row_hash",
        "ALTER TABLE canals ALTER COLUMN soil DROP NOT NULL",
        "ALTER TABLE canals ALTER COLUMN row_hash TYPE text",
        "COMMENT ON COLUMN canals.soil IS 'something else'",
        "DROP INDEX ix_canals_geom",
        "CREATE TABLE stranger (n int)",
    ],
)
def test_a_difference_would_be_noticed(connection: Connection, change: str) -> None:
    connection.execute(text(change))
    with pytest.raises(CommandError, match="New upgrade operations detected"):
        command.check(_config(connection))


def test_a_run_at_work_is_not_taken_for_a_difference(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE suitability_run_5 (LIKE suitability INCLUDING ALL)"))
    connection.execute(text("CREATE TABLE suitability_run_6 PARTITION OF suitability FOR VALUES IN (6)"))
    command.check(_config(connection))


def test_there_and_back_and_there_again(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP SCHEMA qgis CASCADE"))
        command.downgrade(_config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {
            "alembic_version",
            "spatial_ref_sys",
            "layer_styles",
        }  # others may keep styles there
    migrate(empty)
    with empty.begin() as connection:
        command.check(_config(connection))


def test_migrating_again_changes_nothing(connection: Connection) -> None:
    forms = text(
        "SELECT oid, relname, relacl::text, obj_description(oid) FROM pg_class "
        "WHERE relnamespace IN ('public'::regnamespace, 'qgis'::regnamespace) ORDER BY oid"
    )
    migrate_within(connection)  # the database was copied under another name, which styles for QGIS are kept by
    before = connection.execute(forms).all()
    migrate_within(connection)
    assert [row[:2] for row in connection.execute(forms)] == [row[:2] for row in before]
    assert sorted(map(_acl, connection.execute(forms))) == sorted(map(_acl, before))


def test_results_of_older_databases_hold_in_the_run_of_their_partition(empty: Engine) -> None:
    """Revision 0011 says of every row in which runs it holds; those there belong to the run they were made by."""
    with empty.begin() as connection:
        upgrade(connection, "0010")
        connection.execute(
            text(
                "INSERT INTO scoring_runs (run_id, scheme, scheme_text, scheme_sha256, districts, status, as_of,"
                " as_of_load, layer_versions, criteria, code_version) OVERRIDING SYSTEM VALUE"
                " VALUES (7, 'default', '', '', '{D}', 'complete', '2026-01-01', 1, '{}', '{}', 'older')"
            )
        )
        connection.execute(text("CREATE TABLE suitability_run_7 PARTITION OF suitability FOR VALUES IN (7)"))
        connection.execute(
            text(
                "INSERT INTO suitability (run_id, plot_no, district, area_ha, class, class_low, class_high,"
                " not_assessed, memberships, evidence)"
                " SELECT 7, n, 'D', 1, 'S1', 'S1', 'S1', '{}', '{}', '' FROM generate_series(1, 3) AS n"
            )
        )
    migrate(empty)
    with empty.begin() as connection:
        assert run_of(connection, 7).base_run == 7
        found = connection.execute(select(suitability.c.plot_no).where(of_run(connection, 7)).order_by("plot_no"))
        assert found.scalars().all() == [1, 2, 3]
        command.downgrade(_config(connection), "0010")
        assert connection.execute(text("SELECT run_id, count(*) FROM suitability GROUP BY run_id")).all() == [(7, 3)]


def test_every_table_column_and_view_says_what_it_holds(connection: Connection) -> None:
    inspector = inspect(connection)
    for name, layer in BY_NAME.items():
        assert inspector.get_table_comment(name)["text"] == layer.card.title
        assert [c["name"] for c in inspector.get_columns(name) if not c["comment"]] == []
        assert [c["name"] for c in inspector.get_columns(name, schema="qgis") if not c["comment"]] == []
    assert [c["name"] for c in inspector.get_columns("suitability") if not c["comment"]] == []


def test_every_criterion_has_a_column_that_may_be_empty(connection: Connection) -> None:
    columns = {column["name"]: column for column in inspect(connection).get_columns("suitability")}
    for criterion in LAND_CRITERIA:
        assert columns[criterion.id]["nullable"]
        assert str(columns[criterion.id]["type"]) == "REAL"


def test_a_new_criterion_gets_its_column_beside_the_old_results(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE suitability_run_9 PARTITION OF suitability FOR VALUES IN (9)"))
    connection.execute(
        text(
            "INSERT INTO suitability (base_run, plot_no, district, area_ha, class, class_low, class_high, "
            "not_assessed, memberships, evidence) VALUES (9, 1, 'D', 1, 'S1', 'S1', 'S1', '{}', '{}', '')"
        )
    )
    assert add_result_columns(connection, [Column("wind_m_s", REAL, comment="Wind [m/s]")]) == ["wind_m_s"]
    assert add_result_columns(connection, [Column("wind_m_s", REAL, comment="Wind [m/s]")]) == []
    assert connection.execute(text("SELECT plot_no, wind_m_s FROM suitability")).all() == [(1, None)]
    columns = {column["name"]: column for column in inspect(connection).get_columns("suitability")}
    assert columns["wind_m_s"]["comment"] == "Wind [m/s]"


def test_geometry_columns_are_indexed_and_know_their_crs(connection: Connection) -> None:
    known = connection.execute(
        text(
            "SELECT f_table_name, srid FROM geometry_columns "
            "WHERE f_geometry_column = 'geom' AND f_table_schema = 'public'"
        )
    )
    found = {row.f_table_name: row.srid for row in known}
    assert found == {name: 4326 for name, layer in BY_NAME.items() if layer.geometry_kind}
    for name in found:
        indexed = [
            i["column_names"]
            for i in inspect(connection).get_indexes(name)
            if i["dialect_options"].get("postgresql_using") == "gist"
        ]
        assert ["geom"] in indexed


def test_a_database_of_newer_code_is_refused(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(DatabaseUnavailable, match="newer version"):
        migrate_within(connection)


def test_revisions_are_one_line(connection: Connection) -> None:
    assert current_revision(connection) == max(known_revisions())


def test_an_owner_without_the_right_to_make_roles_is_told_what_to_ask_for(cluster: Cluster, empty: Engine) -> None:
    with psycopg.connect(cluster.url(SUPERUSER, "empty"), autocommit=True) as administration:
        administration.execute("DROP ROLE IF EXISTS limited")
        administration.execute("CREATE ROLE limited LOGIN PASSWORD 'limited'")
        administration.execute("ALTER DATABASE empty OWNER TO limited")
    limited = create_engine(empty.url.set(username="limited", password="limited"))
    try:
        with pytest.raises(DatabaseUnavailable, match="obod_public, obod_partner, obod_staff, obod_science") as refusal:
            migrate(limited)
        assert "\n" not in str(refusal.value)
        with psycopg.connect(cluster.url(SUPERUSER, "empty"), autocommit=True) as administration:
            administration.execute("GRANT obod_public, obod_partner, obod_staff, obod_science TO limited")
        migrate(limited)
    finally:
        limited.dispose()
        with psycopg.connect(cluster.url(SUPERUSER, "empty"), autocommit=True) as administration:
            administration.execute("REASSIGN OWNED BY limited TO obod")
            administration.execute("DROP OWNED BY limited")
            administration.execute("DROP ROLE limited")


def test_a_database_without_postgis_is_explained(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(database="postgres"), autocommit=True) as administration:
        administration.execute("DROP DATABASE IF EXISTS bare")
        administration.execute("CREATE DATABASE bare")
        bare = create_engine(_driver(cluster.url(database="bare")))
        try:
            with pytest.raises(DatabaseUnavailable, match="CREATE EXTENSION postgis"):
                migrate(bare)
        finally:
            bare.dispose()
            administration.execute("DROP DATABASE bare")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _acl(row: Row[Any]) -> tuple[str, ...]:
    return (row.relname, *sorted((row.relacl or "").strip("{}").split(",")))


def test_revisions_are_numbered_in_their_order_without_a_fork() -> None:
    numbers = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
