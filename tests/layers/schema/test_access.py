"""Each audience reads what is declared for it and nothing else, because PostgreSQL says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from layers.catalogue import BY_NAME
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience, Base
from layers.errors import NotAllowed, NotFound
from layers.postgres.cluster import Cluster
from layers.postgres.engine import computing, noting, reading, writing
from layers.postgres.roles import API_LOGIN, READERS, ROLES, Role
from layers.schema.access import (
    audience_of,
    create_key,
    grant,
    holder_of,
    list_keys,
    note_use,
    public_half,
    revoke,
    rotate_key,
    staff_key,
)
from layers.schema.migrate import migrate
from layers.schema.views import make_views, view_statements

# The contract, written out: staff only on every surface.
STAFF_ONLY = {"right_class", "missing_documents", "disputes", "cadastral_no"}
CANARY = "canary-05-11"


@pytest.fixture(scope="module")
def plot(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO loads (layer, kind, mode, file_name) VALUES ('plots', 'load', 'add', :canary)"),
            {"canary": CANARY},
        )
        connection.execute(
            text(
                "INSERT INTO plots (plot_id, plot_no, area_ha, land_form, availability, cadastral_no, right_class, "
                "missing_documents, disputes, load_id, row_hash, geom) VALUES ('p1', 1, 0.5, 'household', 'unknown', "
                ":canary, 'O3', 2, 1, 1, '', "
                "ST_GeomFromEWKT('SRID=4326;MULTIPOLYGON(((70 39,70.01 39,70.01 39.01,70 39)))'))"
            ),
            {"canary": CANARY},
        )


@pytest.mark.parametrize("audience", Audience)
def test_readable_columns_are_the_declared_ones(database: Engine, audience: Audience) -> None:
    with database.connect() as connection:
        for name, layer in BY_NAME.items():
            for column in layer.__table__.columns:
                about = column.info.get("about")
                needed = max(layer.card.audience, about.audience if about else PUBLIC)
                allowed = audience >= needed and column.name != "row_hash"
                assert _may_read(connection, audience, name, column.name) == allowed, (name, column.name)


def test_what_the_contract_keeps_for_staff_is_declared_so(database: Engine) -> None:
    with database.connect() as connection:
        for column in STAFF_ONLY:
            granted = [audience for audience in Audience if _may_read(connection, audience, "plots", column)]
            assert granted == [STAFF]
        for audience in Audience:
            assert not any(_may_read(connection, audience, "api_keys", name) for name in ("key_id", "digest"))
            assert _may_read(connection, audience, "loads", "report") == (audience is STAFF)


@pytest.mark.parametrize("column", sorted(STAFF_ONLY))
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT {} FROM plots",
        "SELECT plot_id FROM plots WHERE {} IS NOT NULL",
        "SELECT plot_id FROM plots ORDER BY {}",
        "SELECT ST_AsMVT(plots) FROM plots",
    ],
)
@pytest.mark.usefixtures("plot")
def test_hidden_columns_can_be_neither_read_nor_filtered_nor_sorted_by(statement: str, column: str) -> None:
    for audience in (PUBLIC, PARTNER):
        with pytest.raises(NotAllowed), reading(audience) as connection:
            connection.execute(text(statement.format(column)))
    if "ST_AsMVT" not in statement:
        with reading(STAFF) as connection:
            assert len(connection.execute(text(statement.format(column))).all()) == 1


@pytest.mark.parametrize("role", READERS, ids=lambda role: role.name)
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM plots", "UPDATE plots SET disputes = 0", "TRUNCATE plots CASCADE", "CREATE TABLE mine (n int)"],
)
@pytest.mark.usefixtures("plot")
def test_no_reader_may_write(database: Engine, role: Role, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(text(f"SET ROLE {role.name}"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))


SCIENCE_READS = {"plot_surveys", "pastures", "jamoat_households"}  # layers that are not public, from the contract
SCIENCE_NEVER = {
    ("plots", "right_class"),
    ("plots", "missing_documents"),
    ("plots", "disputes"),
    ("plots", "cadastral_no"),
    ("loads", "file_name"),
    ("loads", "report"),
    ("api_keys", "digest"),
    ("fit_profiles", "profile_text"),
    ("household_fit", "light"),
}


def test_the_role_for_computing_reads_surveys_and_counts_and_no_persons_record(database: Engine) -> None:
    with database.connect() as connection:
        for table, column in SCIENCE_NEVER:
            assert not _may_read(connection, "obod_science", table, column), (table, column)
        for table in SCIENCE_READS:
            named = set(Base.metadata.tables[table].columns.keys()) - {"row_hash"}
            assert all(_may_read(connection, "obod_science", table, column) for column in named)
        assert _may_read(connection, "obod_science", "plots", "area_ha")
        views = connection.execute(text("SELECT has_schema_privilege('obod_science', 'qgis', 'USAGE')")).scalar()
        assert not views
        keys = text("SELECT has_function_privilege('obod_science', 'api_key_holder(text)', 'EXECUTE')")
        assert not connection.execute(keys).scalar()
        # Being a member of another role would open what that role reads.
        member = text("SELECT count(*) FROM pg_auth_members WHERE member = CAST('obod_science' AS regrole)")
        assert connection.execute(member).scalar() == 0


@pytest.mark.parametrize("column", sorted(STAFF_ONLY))
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT {} FROM plots",
        "SELECT plot_id FROM plots WHERE {} IS NOT NULL",
        "SELECT plots::text FROM plots",
        "SELECT {} FROM qgis.plots",
    ],
)
@pytest.mark.usefixtures("plot")
def test_computing_is_refused_a_persons_record(statement: str, column: str) -> None:
    with pytest.raises(NotAllowed), computing() as connection:
        connection.execute(text(statement.format(column)))
    with computing() as connection:
        assert connection.execute(text("SELECT plot_id, area_ha FROM plots")).all() == [("p1", 0.5)]


def test_a_database_that_knew_no_role_for_computing_is_given_its_rights(connection: Connection) -> None:
    connection.execute(text("DROP OWNED BY obod_science"))  # of this database: it is as it was before there was one
    assert not _may_read(connection, "obod_science", "jamoat_households", "households")
    grant(connection)
    assert _may_read(connection, "obod_science", "jamoat_households", "households")
    assert not _may_read(connection, "obod_science", "plots", "right_class")


@pytest.mark.usefixtures("plot")
def test_the_login_of_the_service_may_nothing_by_itself(cluster: Cluster, database: Engine) -> None:
    url = cluster.url(API_LOGIN, str(make_url(str(database.url)).database))
    with psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT plot_id FROM plots")
        connection.execute("SET ROLE obod_public")
        assert connection.execute("SELECT plot_id FROM plots").fetchall() == [("p1",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT cadastral_no FROM plots")


@pytest.mark.usefixtures("plot")
def test_views_for_qgis_hide_values_not_columns() -> None:
    statement = text("SELECT * FROM qgis.plots")
    seen = {}
    for audience in Audience:
        with reading(audience) as connection:
            seen[audience] = connection.execute(statement).mappings().one()
    for column in STAFF_ONLY:
        assert [seen[audience][column] is None for audience in Audience] == [True, True, False]
    assert CANARY not in str(dict(seen[PUBLIC])) + str(dict(seen[PARTNER]))
    with pytest.raises(NotAllowed), reading(PUBLIC) as connection:
        connection.execute(text("SELECT * FROM qgis.pastures"))
    with reading(PARTNER) as connection:
        assert connection.execute(text("SELECT * FROM qgis.pastures")).all() == []


@pytest.mark.usefixtures("plot")
def test_a_view_shows_current_rows_with_the_served_result(database: Engine) -> None:
    with database.connect() as connection:
        connection.execute(text("UPDATE plots SET district = 'D1'"))
        connection.execute(text("CREATE TABLE suitability_run_7 PARTITION OF suitability FOR VALUES IN (7)"))
        connection.execute(text("CREATE TABLE suitability_run_8 PARTITION OF suitability FOR VALUES IN (8)"))
        for run, name in ((7, "S2"), (8, "N1")):
            connection.execute(
                text(
                    "INSERT INTO scoring_runs (run_id, scheme, scheme_text, scheme_sha256, districts, status, as_of, "
                    "as_of_load, layer_versions, criteria, code_version) OVERRIDING SYSTEM VALUE VALUES "
                    "(:run, 'default', '', '', '{D1}', 'complete', '2026-05-01', 1, '{}', '{}', '0')"
                ),
                {"run": run},
            )
            connection.execute(
                text(
                    "INSERT INTO suitability (base_run, plot_no, district, area_ha, class, class_low, class_high, "
                    "not_assessed, memberships, evidence) "
                    "VALUES (:run, 1, 'D1', 1, :name, :name, :name, '{}', '{}', '')"
                ),
                {"run": run, "name": name},
            )
        connection.execute(text("INSERT INTO publications (district, scheme, run_id) VALUES ('D1', 'default', 7)"))
        assert connection.execute(text("SELECT plot_id, class, run_id FROM qgis.plots")).all() == [("p1", "S2", 7)]
        connection.execute(text("UPDATE plots SET ended_by = load_id"))
        assert connection.execute(text("SELECT plot_id FROM qgis.plots")).all() == []
        connection.rollback()


@pytest.mark.parametrize("view", BY_NAME)
@pytest.mark.parametrize(
    "statement", ["INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET gid = gid", "DELETE FROM {}"], ids=lambda one: one[:6]
)
@pytest.mark.usefixtures("plot")
def test_no_view_can_be_written_through_even_by_the_owner(database: Engine, view: str, statement: str) -> None:
    refused = f'"obod layer load {view} FILE --mode update"'
    with database.connect() as connection, pytest.raises(OperationalError, match=refused):
        connection.execute(text(statement.format(f"qgis.{view}")))
    for role in READERS:
        with database.connect() as connection:
            connection.execute(text(f"SET ROLE {role.name}"))
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(statement.format(f"qgis.{view}")))


def test_every_view_is_of_a_layer(database: Engine) -> None:
    with database.connect() as connection:
        views = text("SELECT viewname FROM pg_views WHERE schemaname = 'qgis'")
        assert set(connection.execute(views).scalars()) == set(BY_NAME)


def test_a_right_given_by_hand_does_not_open_a_view_to_edits(connection: Connection) -> None:
    connection.execute(text("GRANT ALL ON qgis.plots TO obod_staff"))
    connection.execute(text("SET ROLE obod_staff"))
    with pytest.raises(OperationalError, match="read-only"):
        connection.execute(text("UPDATE qgis.plots SET right_class = NULL"))


def test_views_carry_the_declared_titles(database: Engine) -> None:
    with database.connect() as connection:
        comment = text(
            "SELECT col_description('qgis.canals'::regclass, attnum) FROM pg_attribute "
            "WHERE attrelid = 'qgis.canals'::regclass AND attname = 'capacity_m3_s'"
        )
        assert connection.execute(comment).scalar() == "Capacity [m3/s]"
    assert all(len(view_statements(layer)) > 3 for layer in BY_NAME.values())


def test_a_grant_made_by_hand_does_not_outlive_the_next_migration(connection: Connection) -> None:
    connection.execute(text("GRANT SELECT ON api_keys, plots TO obod_public"))
    connection.execute(text("GRANT SELECT (right_class) ON plots TO PUBLIC"))
    grant(connection)
    assert not _may_read(connection, PUBLIC, "api_keys", "digest")
    assert not _may_read(connection, PUBLIC, "plots", "right_class")
    assert _may_read(connection, PUBLIC, "plots", "area_ha")


def test_a_key_proves_its_audience_until_it_is_revoked(connection: Connection) -> None:
    key = create_key(connection, PARTNER, "an organisation", ["TJ.RR.GA"])
    holder = holder_of(connection, key)
    assert (holder.audience, holder.districts, holder.label) == (PARTNER, ("TJ.RR.GA",), "an organisation")
    assert audience_of(connection, create_key(connection, STAFF, "staff")) is STAFF
    revoke(connection, key)
    with pytest.raises(NotAllowed):
        holder_of(connection, key)
    with pytest.raises(NotFound):
        revoke(connection, holder.key_id)


def test_only_a_digest_of_a_key_is_kept(connection: Connection) -> None:
    key = create_key(connection, STAFF, "staff")
    secret = key.rpartition("_")[2]
    kept = connection.execute(text("SELECT api_keys::text FROM api_keys")).scalars().all()
    assert len(secret) == 64  # 256 bits in hexadecimal
    assert not any(secret in row for row in kept)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda k: k[:-1] + ("0" if k[-1] != "0" else "1"),
        lambda _k: "",
        lambda _k: "obod_a_b",
        lambda k: k.replace("obod", "other"),
        lambda k: k.rpartition("_")[0] + "_",
    ],
)
def test_a_wrong_key_proves_nothing(connection: Connection, spoil: object) -> None:
    assert callable(spoil)
    key = create_key(connection, STAFF, "staff")
    with pytest.raises(NotAllowed, match="not known or was revoked"):
        audience_of(connection, spoil(key))


def test_the_public_gets_no_key(connection: Connection) -> None:
    with pytest.raises(NotAllowed):
        create_key(connection, PUBLIC, "anybody")


def test_a_key_is_good_for_a_year_unless_told_otherwise(connection: Connection) -> None:
    now = datetime.now(UTC)
    year = holder_of(connection, create_key(connection, STAFF, "a year")).expires_at - now
    assert timedelta(days=364) < year < timedelta(days=367)
    day = now + timedelta(days=3)
    assert holder_of(connection, create_key(connection, STAFF, "short", expires_at=day)).expires_at == day


def test_an_expired_key_is_refused_in_its_own_words_but_not_to_who_has_no_secret(connection: Connection) -> None:
    key = create_key(connection, PARTNER, "old")
    connection.execute(text("UPDATE api_keys SET expires_at = now()"))
    with pytest.raises(NotAllowed, match="has expired"):
        holder_of(connection, key)
    with pytest.raises(NotAllowed, match="not known"):
        holder_of(connection, key[:-1] + ("0" if key[-1] != "0" else "1"))
    revoke(connection, key)
    with pytest.raises(NotAllowed, match="was revoked"):
        holder_of(connection, key)


@pytest.mark.parametrize("wrong", [{"districts": []}, {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_a_key_that_opens_nothing_is_not_made(connection: Connection, wrong: dict[str, object]) -> None:
    before = len(list_keys(connection))
    with pytest.raises(NotAllowed):
        create_key(connection, STAFF, "nothing", **wrong)  # type: ignore[arg-type]
    assert len(list_keys(connection)) == before


def test_a_rotated_key_opens_the_same_and_the_former_one_nothing(connection: Connection) -> None:
    former = create_key(connection, PARTNER, "an organisation", ["TJ.RR.GA"])
    connection.execute(text("UPDATE api_keys SET expires_at = now()"))  # an expired one is renewed so as well
    new = rotate_key(connection, public_half(former))
    holder = holder_of(connection, new)
    assert (holder.audience, holder.districts, holder.label) == (PARTNER, ("TJ.RR.GA",), "an organisation")
    with pytest.raises(NotAllowed):
        holder_of(connection, former)
    with pytest.raises(NotFound):
        rotate_key(connection, former)
    states = {kept.key_id: kept.state for kept in list_keys(connection)}
    assert (states[public_half(former)], states[public_half(new)]) == ("revoked", "good")


def test_the_last_use_is_written_at_most_once_a_minute(connection: Connection) -> None:
    key_id = public_half(create_key(connection, STAFF, "used"))
    last = text("SELECT last_used_at, now() FROM api_keys WHERE key_id = :key_id")
    assert connection.execute(last, {"key_id": key_id}).one()[0] is None
    for seconds, written in ((59, False), (60, True)):
        aged = text("UPDATE api_keys SET last_used_at = now() - make_interval(secs => :age) WHERE key_id = :key_id")
        connection.execute(aged, {"age": seconds, "key_id": key_id})
        note_use(connection, key_id)
        noted, now = connection.execute(last, {"key_id": key_id}).one()
        assert (noted == now) is written


def test_the_login_of_the_service_may_note_a_use_and_no_audience_may(database: Engine, cluster: Cluster) -> None:
    with database.begin() as connection:
        key_id = public_half(create_key(connection, STAFF, "noted"))
    url = cluster.url(API_LOGIN, str(make_url(str(database.url)).database))
    with psycopg.connect(url, autocommit=True) as login:
        login.execute("SELECT note_key_use(%s)", [key_id])
        for reader in READERS:
            login.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(reader.name)))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute("SELECT note_key_use(%s)", [key_id])
            login.execute("RESET ROLE")
    with noting() as connection:
        note_use(connection, key_id)
    with database.connect() as connection:
        used = [kept.last_used_at for kept in list_keys(connection) if kept.key_id == key_id]
    assert used != [None]


@pytest.mark.usefixtures("database")
def test_keys_can_be_checked_as_the_public() -> None:
    with writing() as connection:
        key = create_key(connection, STAFF, "staff")
    with reading(PUBLIC) as connection:
        assert audience_of(connection, key) is STAFF


def test_the_staff_key_is_made_once_and_kept_private(connection: Connection, tmp_path: Path) -> None:
    home = tmp_path / "not there yet"
    key = staff_key(connection, home)
    assert staff_key(connection, home) == key
    assert (home / "staff.key").stat().st_mode & 0o777 == 0o600
    revoke(connection, key)
    assert audience_of(connection, staff_key(connection, home)) is STAFF


def _may_read(connection: Connection, reader: Audience | str, table: str, column: str) -> bool:
    assert column in Base.metadata.tables[table].columns
    asked = text("SELECT has_column_privilege(:role, :table, :column, 'SELECT')")
    names = {"role": reader if isinstance(reader, str) else ROLES[reader].name, "table": table, "column": column}
    return bool(connection.execute(asked, names).scalar())


def test_qgis_finds_the_colours_of_the_maps_beside_the_views(database: Engine) -> None:
    migrate(database)  # it was copied under another name, and QGIS asks for the styles of a database by its name
    found = text(
        "SELECT f_table_name, styleqml::text FROM layer_styles "
        "WHERE f_table_catalog = current_database() AND f_table_schema = 'qgis' AND useasdefault"
    )
    for role in ROLES.values():
        with database.connect() as connection:
            connection.execute(text(f"SET ROLE {role.name}"))
            styles = {row[0]: row[1] for row in connection.execute(found)}
        assert styles.keys() == {name for name, layer in BY_NAME.items() if layer.geometry_kind is not None}
    assert 'value="mine_confirmed"' in styles["exclusions"]
    assert "128,0,58," in styles["exclusions"]  # #80003a
    assert 'k="style" v="f_diagonal"' in styles["hazard_zones"]  # level unknown


def test_styles_of_others_stay_and_ours_are_there_once(connection: Connection) -> None:
    count = text("SELECT count(*) FROM layer_styles")
    before = connection.execute(count).scalar_one()
    connection.execute(
        text("INSERT INTO layer_styles (f_table_schema, f_table_name, owner) VALUES ('qgis', 'x', 'me')")
    )
    connection.execute(text("COMMENT ON SCHEMA qgis IS 'of an earlier form'"))
    make_views(connection)
    assert connection.execute(count).scalar_one() == before + 1
