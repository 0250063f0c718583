"""A backup brings everything back as it was, or refuses and changes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Text, cast, func, literal_column, select, text

from layers.catalogue.base import STAFF
from layers.errors import DataRefused, NotAllowed
from layers.schema.access import create_key, holder_of, public_half, revoke
from layers.schema.backup import MANIFEST, backup, restore

SQUARE = "SRID=4326;MULTIPOLYGON(((70 39,70.01 39,70.01 39.01,70 39.01,70 39)))"
SCENARIO_TABLES = ("scenarios", "scenario_runs", "scenario_areas", "scenario_reaches", "scenario_plots")
KEPT = (
    *("loads", "plots", "settlements", "suitability", "scoring_runs", "publications", "api_keys"),
    *SCENARIO_TABLES,
)


@pytest.fixture(scope="module")
def key(database: Engine) -> str:
    with database.begin() as connection:
        return _fill(connection)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rasters = tmp_path / "rasters" / "dem"
    rasters.mkdir(parents=True)
    (rasters / "one.tif").write_bytes(b"II*\0cells")
    return tmp_path


@pytest.fixture
def archive(key: str, home: Path) -> Path:
    assert key
    return home / "obod.zip"


def test_everything_comes_back(database: Engine, key: str, home: Path, archive: Path) -> None:
    before = _state(database)
    made = backup(database, home, archive)
    assert made.rows["plots"] == 2
    assert made.rasters == 1
    with database.begin() as connection:
        connection.execute(text("DELETE FROM plots WHERE plot_no = 2"))
        connection.execute(text("UPDATE plots SET cadastral_no = 'wrong'"))
        connection.execute(text("DELETE FROM api_keys"))
        connection.execute(text("DROP TABLE suitability_run_7"))
        connection.execute(text("DELETE FROM scenarios"))  # its run goes with it
        assert connection.execute(text("SELECT count(*) FROM scenario_plots")).scalar() == 0
    (home / "rasters" / "dem" / "one.tif").write_bytes(b"spoilt")
    (home / "rasters" / "later.tif").touch()

    restore(database, home, archive)

    assert _state(database) == before
    assert (home / "rasters" / "dem" / "one.tif").read_bytes() == b"II*\0cells"
    assert not (home / "rasters" / "later.tif").exists()
    with database.begin() as connection:
        assert holder_of(connection, key).audience is STAFF
        # Numbers given out before are not given out again.
        new = text("INSERT INTO loads (layer, kind, mode) VALUES ('plots', 'load', 'add') RETURNING load_id")
        assert connection.execute(new).scalar() == 42
        connection.rollback()


def test_no_backup_revives_a_key(database: Engine, home: Path, archive: Path) -> None:
    backup(database, home, archive)  # knows neither of the keys made below
    with database.begin() as connection:
        revoked, shortened, good = (create_key(connection, STAFF, name) for name in ("revoked", "shortened", "good"))
    alive = home / "alive.zip"
    backup(database, home, alive)
    with database.begin() as connection:
        revoke(connection, revoked)
        shorten = text("UPDATE api_keys SET expires_at = now() WHERE key_id = :key_id")
        connection.execute(shorten, {"key_id": public_half(shortened)})
    restore(database, home, alive)
    with database.connect() as connection:
        with pytest.raises(NotAllowed, match="was revoked"):
            holder_of(connection, revoked)
        with pytest.raises(NotAllowed, match="has expired"):
            holder_of(connection, shortened)
        assert holder_of(connection, good).label == "good"
    restore(database, home, archive)  # the revocation outlives a backup that never knew the key
    restore(database, home, alive)
    with database.connect() as connection, pytest.raises(NotAllowed, match="was revoked"):
        holder_of(connection, revoked)


def test_a_revocation_of_before_keys_expired_outlives_a_restore(database: Engine, home: Path, archive: Path) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "early")
    backup(database, home, archive)
    with database.begin() as connection:
        revoke(connection, key)
        connection.execute(text("ALTER TABLE api_keys DROP COLUMN expires_at, DROP COLUMN last_used_at"))
    restore(database, home, archive)
    with database.connect() as connection, pytest.raises(NotAllowed, match="was revoked"):
        holder_of(connection, key)


def test_an_unknown_criterion_of_an_old_run_is_kept(database: Engine, home: Path, archive: Path) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE suitability ADD COLUMN forgotten_m real"))
        connection.execute(text("UPDATE suitability SET forgotten_m = 2.5"))
    backup(database, home, archive)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE suitability DROP COLUMN forgotten_m"))
    restore(database, home, archive)
    with database.begin() as connection:
        assert connection.execute(text("SELECT DISTINCT forgotten_m FROM suitability")).scalars().all() == [2.5]
        connection.execute(text("ALTER TABLE suitability DROP COLUMN forgotten_m"))


@pytest.mark.parametrize("damage", ["truncated", "one byte", "no archive", "a table cut short", "a table missing"])
def test_a_damaged_archive_is_refused_and_nothing_changes(
    database: Engine, home: Path, archive: Path, damage: str
) -> None:
    backup(database, home, archive)
    before = _state(database)
    whole = archive.read_bytes()
    if damage == "truncated":
        archive.write_bytes(whole[: len(whole) // 2])
    elif damage == "one byte":
        middle = whole.index(b"tables/plots.csv") + 60
        archive.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    elif damage == "no archive":
        archive.write_text("plot_id,class\n")
    else:
        _tamper(archive, "tables/plots.csv", None if damage == "a table missing" else _without_last_line)

    with pytest.raises(DataRefused, match="nothing was restored"):
        restore(database, home, archive)

    assert _state(database) == before
    assert (home / "rasters" / "dem" / "one.tif").read_bytes() == b"II*\0cells"
    assert not (home / "rasters.restored").exists()


def test_a_newer_archive_is_refused(database: Engine, home: Path, archive: Path) -> None:
    backup(database, home, archive)
    _tamper(archive, MANIFEST, lambda old: json.dumps({**json.loads(old), "revision": "9999"}).encode())
    with pytest.raises(DataRefused, match="newer version"):
        restore(database, home, archive)


def test_a_raster_outside_its_folder_is_refused(database: Engine, home: Path, archive: Path) -> None:
    backup(database, home, archive)
    _tamper(archive, MANIFEST, lambda old: json.dumps({**json.loads(old), "rasters": ["../staff.key"]}).encode())
    with pytest.raises(DataRefused, match="outside its folder"):
        restore(database, home, archive)
    assert not (home / "staff.key").exists()


def test_the_archive_is_readable_by_its_owner_alone(database: Engine, home: Path, archive: Path) -> None:
    backup(database, home, archive)
    assert archive.stat().st_mode & 0o777 == 0o600


def _fill(connection: Connection) -> str:
    connection.execute(
        text(
            "INSERT INTO loads (load_id, layer, kind, mode, report) OVERRIDING SYSTEM VALUE "
            """VALUES (1, 'plots', 'load', 'add', '{"rejected": ["a, \\"quoted\\" reason"]}')"""
        )
    )
    connection.execute(text("SELECT setval(pg_get_serial_sequence('loads', 'load_id'), 41)"))
    for number, cadastral in ((1, None), (2, "05-11, строка\nдва")):
        connection.execute(
            text(
                "INSERT INTO plots (plot_id, plot_no, district, area_ha, land_form, availability, cadastral_no, "
                "load_id, row_hash, geom) VALUES (:id, :number, 'TJ.RR.GA', 95.123456789012345, 'household', "
                "'unknown', :cadastral, 1, '\\x00ff', ST_GeomFromEWKT(:geom))"
            ),
            {"id": f"p{number}", "number": number, "cadastral": cadastral, "geom": SQUARE},
        )
    connection.execute(
        text(
            "INSERT INTO settlements (code, name_en, name_tg, kind, load_id, row_hash, geom) "
            "VALUES ('s1', '', 'Қабодиён', 'village', 1, '', ST_GeomFromEWKT('SRID=4326;POINT(70.3 39.1)'))"
        )
    )
    connection.execute(
        text(
            "INSERT INTO scoring_runs (run_id, scheme, scheme_text, scheme_sha256, districts, status, as_of, "
            "as_of_load, layer_versions, criteria, code_version) OVERRIDING SYSTEM VALUE VALUES (7, 'default', "
            "'name = \"default\"', 'ab', '{TJ.RR.GA}', 'complete', '2026-05-01', 1, '{}', '{slope_pct}', '0.1.0')"
        )
    )
    connection.execute(text("CREATE TABLE suitability_run_7 PARTITION OF suitability FOR VALUES IN (7)"))
    connection.execute(
        text(
            "INSERT INTO suitability (base_run, plot_no, district, area_ha, score, class, class_low, class_high, "
            "not_assessed, memberships, evidence, slope_pct) VALUES (7, 1, 'TJ.RR.GA', 95.1, 71.23457, 'S2', 'S3', "
            "'S1', '{}', '{0.3,NaN}', 'A-', 3.3333333)"
        )
    )
    connection.execute(text("INSERT INTO publications (district, scheme, run_id) VALUES ('TJ.RR.GA', 'default', 7)"))
    _fill_scenario(connection)
    return create_key(connection, STAFF, "test", ["TJ.RR.GA"])


def _fill_scenario(connection: Connection) -> None:
    for row in (
        "scenarios (name, title, cost_usd, file, sha256) VALUES ('wet', 'Оби бештар', 9.5, E'name = \"wet\"\n', 'cd')",
        "scenario_runs (run, scenario, sha256, year_type, rule, split, rain_method, crop_table, as_of_load, "
        "code_version, report) OVERRIDING SYSTEM VALUE VALUES "
        "(5, 'wet', 'cd', 'dry', 'max-min', 'month', 'scs', '1998', 1, '0.2.0', "
        """'{"gain": {"area_ha": 0.1, "areas": []}}')""",
        "scenario_areas (run, area, month, part, counts, counts_with, ratio, ratio_with) "
        "VALUES (5, 'a1', 7, 0, true, true, 0.7071068, NULL)",
        "scenario_reaches (run, reach, month, part, flow_m3_s, lost_m3_s) VALUES (5, 'r1', 7, 0, 1.1, 1e-7)",
        "scenario_plots (run, plot_no, district, area_ha, before, before_settled, after, after_settled) "
        "VALUES (5, 1, 'TJ.RR.GA', 95.1, 'S3', true, 'NE', false)",
    ):
        connection.execute(text(f"INSERT INTO {row}"))


def _state(database: Engine) -> dict[str, list[str]]:
    """Every kept row as text by column, with the Web Mercator copy the database makes itself."""
    with database.connect() as connection:
        return {
            table: sorted(
                connection.execute(
                    select(cast(func.to_jsonb(literal_column(table)), Text)).select_from(text(table))
                ).scalars()
            )
            for table in KEPT
        }


def _tamper(archive: Path, name: str, change: Callable[[bytes], bytes] | None) -> None:
    """Write the archive again with one member changed or left out: well-formed, but not what was backed up."""
    with zipfile.ZipFile(archive) as old:
        members = {item: old.read(item) for item in old.namelist()}
    with zipfile.ZipFile(archive, "w") as new:
        for item, content in members.items():
            if item != name:
                new.writestr(item, content)
            elif change is not None:
                new.writestr(item, change(content))


def _without_last_line(table: bytes) -> bytes:
    return b"\n".join(table.rstrip(b"\n").split(b"\n")[:-1]) + b"\n"
