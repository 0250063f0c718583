"""The audit log: every act is in it, in the transaction of the act; nobody rewrites it; it never holds content."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pytest
from fastapi.testclient import TestClient
from shapely import box
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from layers.catalogue.base import PARTNER, STAFF
from layers.errors import NotFound
from layers.loading import load_frame, undo
from layers.postgres.engine import noting, reading
from layers.postgres.roles import API_LOGIN, READERS
from layers.records.audit import Act, list_entries, note, note_reading
from layers.runs.score import publish_run
from layers.schema.access import create_key, public_half, revoke, rotate_key
from layers.schema.backup import backup, restore
from scripts.main import app
from tests.worlds.three_districts import CANARY, COUNTS, PARTNERS_CANARY, RASHT, Land

NAMED = {"entry", "at", "what", "key_id", "audience", "layer", "number", "districts", "rows"}


def entries(database: Engine, **asked: object) -> list[dict[str, object]]:
    with database.connect() as connection:
        return list_entries(connection, **asked)  # type: ignore[arg-type]


def last(connection: Connection) -> dict[str, object]:
    return list_entries(connection)[0]


def test_keys_made_replaced_and_ended_are_entered(connection: Connection) -> None:
    made = public_half(create_key(connection, PARTNER, "a colleague", [RASHT]))
    entry = last(connection)
    assert set(entry) == NAMED
    assert (entry["what"], entry["key_id"], entry["audience"], entry["districts"]) == (
        "key-made",
        made,
        "partner",
        [RASHT],
    )
    renewed = public_half(rotate_key(connection, made))
    assert [(row["what"], row["key_id"]) for row in list_entries(connection)[:2]] == [
        ("key-made", renewed),
        ("key-rotated", made),
    ]
    revoke(connection, renewed)
    assert (last(connection)["what"], last(connection)["key_id"]) == ("key-revoked", renewed)
    assert "a colleague" not in repr(list_entries(connection))


def test_a_load_and_its_undo_are_entered_with_district_and_rows(connection: Connection) -> None:
    shapes = [box(70.3 + k / 1000, 39.0, 70.3005 + k / 1000, 39.0004) for k in range(3)]
    frame = gpd.GeoDataFrame(
        {"plot_id": ["a", "b", "c"], "district": ["TJ.X", "TJ.X", "TJ.Y"], "land_form": "dehkan"},
        geometry=shapes,
        crs=4326,
    ).assign(availability="unknown")
    report = load_frame(connection, "plots", frame)
    entry = last(connection)
    told = {name: entry[name] for name in ("what", "layer", "number", "districts", "rows", "key_id")}
    assert told == {
        "what": "load",
        "layer": "plots",
        "number": report.load_id,
        "districts": ["TJ.X", "TJ.Y"],
        "rows": 3,
        "key_id": None,
    }
    before = len(list_entries(connection))
    load_frame(connection, "plots", frame)  # changes nothing
    assert len(list_entries(connection)) == before
    undone = undo(connection, report.load_id or 0)
    assert (last(connection)["what"], last(connection)["number"], last(connection)["rows"]) == (
        "undo",
        undone.load_id,
        3,
    )


def test_a_publication_is_entered_and_goes_with_its_transaction(database: Engine, land: Land) -> None:
    before = len(entries(database))
    with database.connect() as connection, connection.begin() as transaction:
        publish_run(connection, land.runs["other"])
        assert (last(connection)["what"], last(connection)["number"]) == ("publication", land.runs["other"])
        assert last(connection)["districts"] == [RASHT]
        transaction.rollback()
    assert len(entries(database)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET key_id = NULL",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM audit_log WHERE false",
        "SET LOCAL session_replication_role = replica; DELETE FROM audit_log",
    ],
)
def test_not_even_the_owner_rewrites_it(connection: Connection, statement: str) -> None:
    note(connection, Act.BACKUP)
    with pytest.raises(DBAPIError, match="only grows"), connection.begin_nested():
        connection.exec_driver_sql(statement)


def test_no_reader_sees_it_and_the_service_enters_only_reading(database: Engine) -> None:
    with database.connect() as connection:
        for role in (*(role.name for role in READERS), API_LOGIN):
            rights = "SELECT has_table_privilege(:role, 'audit_log', 'SELECT, INSERT, UPDATE, DELETE')"
            columns = "SELECT has_any_column_privilege(:role, 'audit_log', 'SELECT')"
            for asked in (rights, columns):
                assert not connection.execute(text(asked), {"role": role}).scalar()
    with pytest.raises(DBAPIError, match="only reading"), noting() as connection:
        note_reading(connection, Act.PURGE, None, STAFF, "plots", None, 1)


def test_lists_files_and_maps_of_a_key_are_entered_and_public_ones_are_not(
    service: TestClient, database: Engine
) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "staff")
    asked = {"X-API-Key": key}
    known = public_half(key)
    plots = f"/districts/{RASHT}/plots"
    plot = service.get(plots, params={"limit": 1}).json()["features"][0]["properties"]["plot_id"]
    assert entries(database, key_id=known) == entries(database, key_id=known, what="key-made")
    for path, params, expected in (
        (plots, {"limit": "7"}, ("list", "plots", [RASHT], 7)),
        (plots, {"limit": "all"}, ("export", "plots", [RASHT], COUNTS[RASHT])),
        (plots, {"f": "csv"}, ("export", "plots", [RASHT], COUNTS[RASHT])),
        (plots, {"f": "gpkg", "limit": "5"}, ("export", "plots", [RASHT], 5)),
        (f"/plots/{plot}", {}, ("list", "plots", [RASHT], 1)),
        ("/tiles/pastures/7/89/48.mvt", {}, ("map", "pastures", None, None)),
    ):
        answer = service.get(path, params=params, headers=asked)
        assert answer.status_code in (200, 204), answer.text
        entry = entries(database, key_id=known)[0]
        assert (entry["what"], entry["layer"], entry["districts"], entry["rows"]) == expected
        assert entry["audience"] == "staff"
    before = len(entries(database))
    service.get("/tiles/pastures/7/88/48.mvt", headers=asked)  # the same map
    for path in (plots, f"/plots/{plot}", f"/districts/{RASHT}"):
        assert service.get(path).status_code == 200
    assert len(entries(database)) == before


def test_what_cannot_be_entered_is_not_given_out(
    service: TestClient, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "staff")
        connection.exec_driver_sql("REVOKE EXECUTE ON FUNCTION note_reading FROM PUBLIC")
    monkeypatch.setattr("api.deps.note_reading", _refuse)
    with pytest.raises(RuntimeError, match="log is away"):
        service.get(f"/districts/{RASHT}/plots", headers={"X-API-Key": key})
    assert service.get(f"/districts/{RASHT}/plots").status_code == 200


def _refuse(*_: object) -> None:
    raise RuntimeError("the log is away")


def test_it_can_be_asked_by_day_key_and_act(database: Engine, land: Land) -> None:
    assert land.rows
    now = datetime.now(UTC)
    with database.begin() as connection:
        key = public_half(create_key(connection, PARTNER, "for the list"))
    assert [row["what"] for row in entries(database, key_id=key, since=now - timedelta(minutes=1))] == ["key-made"]
    assert entries(database, since=now + timedelta(days=1)) == []
    assert {row["what"] for row in entries(database, what="key-made")} == {"key-made"}
    with pytest.raises(NotFound, match="there are: key-made, key-rotated"):
        entries(database, what="keys")
    answer = CliRunner().invoke(app, ["audit", "--key", key, "--json"])
    (told,) = json.loads(answer.output)
    assert (told["what"], told["key_id"]) == ("key-made", key)
    assert key in CliRunner().invoke(app, ["audit", "--what", "key-made"]).output
    assert CliRunner().invoke(app, ["audit", "--since", "soon"]).exit_code == 2


def test_an_export_for_staff_is_entered_before_there_is_a_file(database: Engine, land: Land, tmp_path: Path) -> None:
    assert land.rows
    target = tmp_path / "plots.csv"
    answer = CliRunner().invoke(app, ["export", "plots", "-o", str(target), "--for", "staff", "--district", RASHT])
    assert answer.exit_code == 0, answer.output
    entry = entries(database)[0]
    assert (entry["what"], entry["audience"], entry["layer"], entry["districts"], entry["rows"]) == (
        "export",
        "staff",
        "plots",
        [RASHT],
        COUNTS[RASHT],
    )
    assert CANARY in target.read_text(encoding="utf-8-sig")
    logged = repr(entries(database))
    assert CANARY not in logged
    assert PARTNERS_CANARY not in logged


def test_a_restore_forgets_no_entry(database: Engine, land: Land, tmp_path: Path) -> None:
    assert land.rows
    archive = tmp_path / "backup.zip"
    backup(database, tmp_path, archive)
    with database.begin() as connection:
        key = public_half(create_key(connection, PARTNER, "made after the backup"))
    before = entries(database)
    restore(database, tmp_path, archive)
    after = entries(database)
    assert after[0]["what"] == "restore"

    def told(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
        return {tuple(repr(row[name]) for name in sorted(NAMED - {"entry"})) for row in rows}

    assert told(after[1:]) == told(before)
    assert len(after) == len(before) + 1
    assert [row["what"] for row in entries(database, key_id=key)] == ["key-made"]
    with pytest.raises(DBAPIError, match="only grows"), database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_log")
    with reading(STAFF) as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT * FROM audit_log"))
