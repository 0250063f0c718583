"""Whoever opens the database itself reads what is served, as far as it is for them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience, Base
from layers.postgres.roles import VIEWERS
from layers.runs.parts import partition_name
from layers.schema.access import grant
from tests.worlds.three_districts import CANARY, CANARY_COUNT, DEFAULT, OTHER, PARTNERS_CANARY, RASHT, Land

ON_OFFER = ("offered", "reserve")  # contract


def rows(connection: Connection, audience: Audience, statement: str) -> list[dict[str, Any]]:
    with connection.begin_nested() as nested:
        connection.execute(text(f"SET LOCAL ROLE {VIEWERS[audience]}"))
        found = [dict(row) for row in connection.execute(text(statement)).mappings()]
        nested.rollback()
    return found


def test_the_public_view_tells_use_and_potential_of_no_plot_that_is_not_on_offer(
    connection: Connection, land: Land
) -> None:
    seen = rows(connection, PUBLIC, "SELECT * FROM qgis.plots ORDER BY plot_no")
    expected = {row["plot_id"]: row for row in land.rows}
    assert len(seen) == len(expected)
    assert {row["availability"] for row in seen} == {*ON_OFFER, "unknown"}
    for row in seen:
        assert row["availability"] == expected[row["plot_id"]]["availability"]
        assert (row["potential_class"] is None) == (expected[row["plot_id"]]["potential_class"] is None)
        assert [row[name] for name in ("cadastral_no", "right_class", "missing_documents", "disputes")] == [None] * 4
    assert any(row["potential_class"] for row in seen)


@pytest.mark.usefixtures("land")
def test_partners_are_told_both_and_staff_everything(connection: Connection) -> None:
    asked = "SELECT availability, potential_class, score, cadastral_no, disputes FROM qgis.plots"
    partners, staff = rows(connection, PARTNER, asked), rows(connection, STAFF, asked)
    for seen in (partners, staff):
        assert {row["availability"] for row in seen} == {*ON_OFFER, "fallow", "in_use", "unknown"}
        assert all((row["potential_class"] is None) == (row["score"] is None) for row in seen)
    assert {row["disputes"] for row in partners} == {None}
    assert {row["disputes"] for row in staff} == {CANARY_COUNT}
    assert all(row["cadastral_no"].startswith(CANARY) for row in staff)
    pastures = "SELECT name FROM qgis.pastures"
    assert [row["name"] for row in rows(connection, PARTNER, pastures)] == [f"{PARTNERS_CANARY}-pasture"]
    with pytest.raises(DBAPIError, match="permission denied"):
        rows(connection, PUBLIC, pastures)


@pytest.mark.parametrize("audience", Audience)
def test_no_table_is_open_to_them_so_that_no_draft_and_no_former_row_is(
    connection: Connection, land: Land, audience: Audience
) -> None:
    tables = [*Base.metadata.tables, partition_name(land.runs[DEFAULT]), partition_name(land.runs[OTHER])]
    for table in tables:
        asked = "SELECT has_any_column_privilege(:role, :table, 'SELECT, INSERT, UPDATE, REFERENCES')"
        assert not connection.execute(text(asked), {"role": VIEWERS[audience], "table": table}).scalar(), table
    shown = {row["run_id"] for row in rows(connection, audience, "SELECT DISTINCT run_id FROM qgis.plots")}
    assert shown == {None, land.runs[DEFAULT]}  # the other run is stored, and not what is served


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE FUNCTION pg_temp.mine(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE mine (n int)",
        "SELECT * FROM api_key_holder('x')",
        "SELECT note_reading('list', null, 'staff', 'plots', null, 1)",
        "UPDATE qgis.plots SET availability = 'offered'",
    ],
)
@pytest.mark.usefixtures("land")
def test_they_can_make_and_call_nothing(connection: Connection, audience: Audience, statement: str) -> None:
    grant(connection)  # what holds for a whole database is no part of the copy that a test gets
    with pytest.raises(DBAPIError, match="permission denied"):
        rows(connection, audience, statement)


@pytest.mark.usefixtures("land")
def test_an_edit_of_what_only_staff_see_leaves_no_trace_for_others(database: Engine) -> None:
    asked = f"SELECT gid, plot_id FROM qgis.plots WHERE district = '{RASHT}' ORDER BY gid"
    edit = (
        "WITH ended AS (UPDATE plots SET ended_by = load_id WHERE plot_no = 1010 AND ended_by IS NULL RETURNING *) "
        "INSERT INTO plots (plot_id, plot_no, district, jamoat, settlement, area_ha, land_form, availability, "
        "irrigated, terraced, cadastral_no, right_class, missing_documents, disputes, geom, load_id, row_hash) "
        "SELECT plot_id, plot_no, district, jamoat, settlement, area_ha, land_form, availability, irrigated, terraced, "
        "cadastral_no, right_class, missing_documents, disputes + 1, geom, load_id, row_hash FROM ended"
    )
    with database.connect() as connection, connection.begin() as transaction:
        before = rows(connection, PUBLIC, asked)
        connection.execute(text("DROP INDEX uq_plots_current"))  # both rows are current within the one statement
        connection.execute(text(edit))
        assert rows(connection, PUBLIC, asked) == before
        transaction.rollback()
