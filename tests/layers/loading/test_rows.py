"""Rows in the database: ended and added, never changed in place; the same again changes nothing; loads taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from sqlalchemy import Connection, func, literal, select, text
from sqlalchemy.exc import IntegrityError

from layers.catalogue import BY_NAME
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.loading import load_frame, undo
from layers.loading.rows import CHECKED_ONCE, Conflict, Writer
from layers.postgres.copy_columns import Values, columns_of, digests, ewkb
from layers.records.loads import Load


def square(lon: float, lat: float, size: float = 0.001) -> shapely.Polygon:
    return shapely.box(lon, lat, lon + size, lat + size)


def plots(*names: str, size: float = 0.001, **columns: Any) -> gpd.GeoDataFrame:
    """Plots of a row from 70 E, 39 N eastwards, named and otherwise as told."""
    shapes = [square(70 + 0.002 * number, 39, size) for number in range(len(names))]
    return gpd.GeoDataFrame({"plot_id": list(names), **columns}, geometry=shapes, crs=4326)


def current(connection: Connection, layer: str = "plots") -> pd.DataFrame:
    """Current rows of a layer by key, geometry as WKT."""
    table = BY_NAME[layer].__table__
    names = [column for column in table.c if column.name not in ("geom", "tile_geom")]
    shape = [func.ST_AsText(table.c.geom, 9).label("wkt")] if "geom" in table.c else []
    rows = connection.execute(select(*names, *shape).where(table.c.ended_by.is_(None))).mappings().all()
    return pd.DataFrame([dict(row) for row in rows], columns=[c.name for c in names] + ["wkt"] * bool(shape)).set_index(
        BY_NAME[layer].key
    )


def history(connection: Connection) -> list[tuple[str, int, int | None]]:
    rows = connection.execute(select(Plot.plot_id, Plot.load_id, Plot.ended_by).order_by(Plot.gid))
    return [(row.plot_id, row.load_id, row.ended_by) for row in rows]


def test_a_load_says_what_it_did_and_where_it_came_from(connection: Connection) -> None:
    report = load_frame(
        connection,
        "plots",
        plots("a", "b"),
        source="Survey",
        licence="CC0",
        source_date=date(2026, 1, 2),
        synthetic=True,
    )
    assert (report.read, report.added, report.changed, report.ended, report.unchanged) == (2, 2, 0, 0, 0)
    load = connection.execute(select(Load).where(Load.load_id == report.load_id)).mappings().one()
    assert (load["kind"], load["source"], load["licence"], load["source_date"], load["synthetic"], load["added"]) == (
        "generated",
        "Survey",
        "CC0",
        date(2026, 1, 2),
        True,
        2,
    )
    rows = current(connection)
    assert set(rows["land_form"]) == {"unknown"}
    assert set(rows["load_id"]) == {report.load_id}


def test_the_same_again_changes_nothing_and_leaves_no_load(connection: Connection) -> None:
    first = load_frame(connection, "plots", plots("a", "b", disputes=[1, None]))
    before = history(connection)
    for mode in ("add", "update", "replace"):
        again = load_frame(connection, "plots", plots("a", "b", disputes=[1, None]), mode=mode)
        assert (again.load_id, again.unchanged, again.added) == (None, 2, 0)
    assert history(connection) == before
    assert connection.execute(select(func.count()).select_from(Load)).scalar_one() == 1
    assert first.load_id is not None


def test_add_refuses_rows_that_differ_lists_them_and_stores_nothing(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", "b", "c"))
    before = history(connection)
    with pytest.raises(Conflict) as conflict:
        load_frame(connection, "plots", plots("a", "b", "c", "d", size=0.0011))
    assert conflict.value.keys == ("a", "b", "c")
    assert "3 rows differ" in str(conflict.value)
    assert "(a, b, c)" in str(conflict.value)
    assert history(connection) == before


def test_update_ends_what_changed_and_keeps_what_the_file_does_not_have(connection: Connection) -> None:
    first = load_frame(connection, "plots", plots("a", "b", "c", land_form="dehkan"))
    numbers = current(connection)["plot_no"]
    changed = plots("a", "b", land_form=["dehkan", "reserve"])
    second = load_frame(connection, "plots", changed, mode="update")
    assert (second.changed, second.added, second.unchanged, second.ended) == (1, 0, 1, 0)
    assert history(connection) == [
        ("a", first.load_id, None),
        ("b", first.load_id, second.load_id),
        ("c", first.load_id, None),
        ("b", second.load_id, None),
    ]
    rows = current(connection)
    assert rows.loc["b", "land_form"] == "reserve"
    assert rows["plot_no"].to_dict() == numbers.to_dict()


def test_replace_ends_what_the_file_does_not_have(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", "b", "c"))
    report = load_frame(connection, "plots", plots("a"), mode="replace")
    assert (report.unchanged, report.ended, report.added) == (1, 2, 0)
    assert list(current(connection).index) == ["a"]


def test_a_plot_that_comes_back_has_its_old_number_and_a_new_one_a_number_never_used(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", "b", "c"))
    numbers = current(connection)["plot_no"].to_dict()
    load_frame(connection, "plots", plots("a"), mode="replace")
    load_frame(connection, "plots", plots("a", "b", "new"), mode="replace")
    again = current(connection)["plot_no"].to_dict()
    assert (again["a"], again["b"]) == (numbers["a"], numbers["b"])
    assert again["new"] not in numbers.values()
    assert again["new"] == max(numbers.values()) + 1


def test_a_key_that_stands_twice_alike_counts_once_and_differing_refuses_the_frame(connection: Connection) -> None:
    twice = pd.concat([plots("a", "b"), plots("a")])
    report = load_frame(connection, "plots", twice)
    assert (report.added, report.repeated) == (2, 1)
    with pytest.raises(DataRefused, match="more than one row with different content"):
        load_frame(connection, "plots", pd.concat([plots("x"), plots("x", size=0.002)]))
    assert "x" not in current(connection).index


def test_areas_are_on_the_ellipsoid_whatever_the_frame_says(connection: Connection) -> None:
    report = load_frame(connection, "plots", plots("a", "b", area_ha=[99.0, None]))
    expected = abs(Geod(ellps="WGS84").geometry_area_perimeter(square(70, 39))[0]) / 10_000
    assert current(connection).loc["a", "area_ha"] == pytest.approx(expected, abs=0.5e-6)
    assert report.notes == [
        "1 plots: the file's own area differs by more than 5 % from the area on the ellipsoid, which is stored."
    ]


def test_district_and_jamoat_come_from_the_outline_a_plot_lies_in(connection: Connection) -> None:
    west, east = shapely.box(69, 38, 70.0015, 40), shapely.box(70.0015, 38, 71, 40)
    outlines = gpd.GeoDataFrame({"code": ["W", "E"], "name_en": ["West", "East"]}, geometry=[west, east], crs=4326)
    load_frame(connection, "districts", outlines)
    strip = shapely.box(70.003, 38, 70.0055, 40)
    inner = gpd.GeoDataFrame({"code": ["J"], "name_en": ["J"]}, geometry=[strip], crs=4326)
    load_frame(connection, "jamoats", inner)
    assert current(connection, "jamoats").loc["J", "district"] == "E"
    far = plots("far").assign(geometry=[square(72, 39)])
    load_frame(connection, "plots", pd.concat([plots("a", "b", "c", district=[None, None, "SAID"]), far]))
    rows = connection.execute(select(Plot.plot_id, Plot.district, Plot.jamoat).order_by(Plot.plot_id)).all()
    assert rows == [("a", "W", None), ("b", "E", None), ("c", "SAID", "J"), ("far", None, None)]


def test_rows_that_do_not_fit_refuse_a_frame_whole_since_no_file_keeps_them(
    connection: Connection,
) -> None:
    with pytest.raises(DataRefused, match=r"1 of the first 2 rows for plots cannot be loaded: row 2 \(b\), land_form"):
        load_frame(connection, "plots", plots("a", "b", land_form=["dehkan", "castle"]))
    assert current(connection).empty
    assert connection.execute(select(func.count()).select_from(Load)).scalar_one() == 0


def test_frames_in_another_crs_or_without_geometry_or_columns_are_refused(connection: Connection) -> None:
    with pytest.raises(DataRefused, match="must be in EPSG:4326"):
        load_frame(connection, "plots", plots("a").to_crs(32642))
    with pytest.raises(DataRefused, match="has no geometry"):
        load_frame(connection, "plots", pd.DataFrame({"plot_id": ["a"]}))
    with pytest.raises(DataRefused, match="lacks plot_id"):
        load_frame(connection, "plots", plots("a").drop(columns="plot_id"))
    with pytest.raises(NotFound, match="There is no layer ponds"):
        load_frame(connection, "ponds", plots("a"))
    with pytest.raises(DataRefused, match="no mode merge"):
        load_frame(connection, "plots", plots("a"), mode="merge")


def test_tables_without_geometry_are_loaded_alike(connection: Connection) -> None:
    frame = pd.DataFrame({"code": ["s1"], "plot_id": ["a"], "survey_date": [date(2025, 6, 1)], "ph": [7.5]})
    assert load_frame(connection, "plot_surveys", frame).added == 1
    row = current(connection, "plot_surveys").loc["s1"]
    assert (row["ph"], row["survey_date"], row["esp_pct"]) == (7.5, date(2025, 6, 1), None)


# --- taking loads back


def test_undo_brings_back_what_a_load_ended_and_ends_what_it_brought(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", "b", "c", land_form="dehkan"))
    before = current(connection)
    second = load_frame(connection, "plots", plots("a", "new", land_form="reserve"), mode="replace")
    report = undo(connection, second.load_id or 0)
    assert (report.kind, report.ended, report.added) == ("undo", 2, 3)
    after = current(connection)
    keep = [name for name in before.columns if name not in ("gid", "load_id")]
    pd.testing.assert_frame_equal(after[keep].sort_index(), before[keep].sort_index())
    # a replay as of each load sees what stood then
    for load_id, names in ((1, {"a", "b", "c"}), (2, {"a", "new"}), (3, {"a", "b", "c"})):
        loads = connection.execute(select(Load.load_id).order_by(Load.load_id)).scalars().all()
        at = loads[load_id - 1]
        seen = connection.execute(
            select(Plot.plot_id).where(Plot.load_id <= at, Plot.ended_by.is_(None) | (Plot.ended_by > at))
        ).scalars()
        assert set(seen) == names


def test_an_undo_can_be_undone(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", land_form="dehkan"))
    second = load_frame(connection, "plots", plots("a", land_form="reserve"), mode="update")
    first_undo = undo(connection, second.load_id or 0)
    assert current(connection).loc["a", "land_form"] == "dehkan"
    undo(connection, first_undo.load_id or 0)
    assert current(connection).loc["a", "land_form"] == "reserve"


def test_undo_is_refused_when_a_later_load_touched_the_rows(connection: Connection) -> None:
    first = load_frame(connection, "plots", plots("a", "b"))
    second = load_frame(connection, "plots", plots("a", land_form="reserve"), mode="update")
    with pytest.raises(DataRefused, match=f"load {second.load_id} has since ended 1 of its rows in plots"):
        undo(connection, first.load_id or 0)
    undo(connection, second.load_id or 0)
    with pytest.raises(DataRefused, match="taken back already"):
        undo(connection, second.load_id or 0)
    with pytest.raises(NotFound, match="There is no load 999999"):
        undo(connection, 999_999)


def test_undo_is_refused_when_a_row_it_ended_was_loaded_again(connection: Connection) -> None:
    load_frame(connection, "plots", plots("a", "b"))
    replaced = load_frame(connection, "plots", plots("a"), mode="replace")
    again = load_frame(connection, "plots", plots("a", "b"))
    with pytest.raises(DataRefused, match=f"load {again.load_id} has since loaded 1 of the rows it ended"):
        undo(connection, replaced.load_id or 0)
    assert sorted(current(connection).index) == ["a", "b"]


# --- digests


def digest_of_one_plot() -> str:
    table = {
        "plot_id": Values(np.array(["a"], dtype=object), np.array([False])),
        "area_ha": Values(np.array([0.25]), np.array([False])),
        "irrigated": Values(np.array([True]), np.array([False])),
        "disputes": Values(np.array([0]), np.array([True])),
        "geom": Values.known(ewkb(np.array([square(70, 39)], dtype=object), "MULTIPOLYGON")),
    }
    return digests(table, [columns_of(Plot)[name] for name in table])[0].hex()


def test_a_digest_is_the_same_in_every_process_and_release() -> None:
    """Stored digests are compared with new ones for years: this one may never change."""
    assert digest_of_one_plot() == "7a844f198b9650b75cb6571ea9127f10"


def test_a_column_added_to_a_layer_later_changes_no_digest_while_it_is_empty() -> None:
    known = Values(np.array(["a"], dtype=object), np.array([False]))
    empty = Values(np.array([0], dtype=np.int64), np.array([True]))
    columns = columns_of(Plot)
    without = digests({"plot_id": known}, [columns["plot_id"]])
    assert digests({"plot_id": known, "disputes": empty}, [columns["plot_id"], columns["disputes"]]) == without


def test_values_in_other_columns_and_shifted_between_columns_have_other_digests() -> None:
    def digest(**values: str) -> bytes:
        table = {name: Values(np.array([value], dtype=object), np.array([False])) for name, value in values.items()}
        return digests(table, [columns_of(Plot)[name] for name in table])[0]

    seen = {digest(plot_id="ab", district="c"), digest(plot_id="a", district="bc"), digest(plot_id="ab", jamoat="c")}
    assert len(seen) == 3


# --- what goes in comes out

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).map(str.strip)
text_or_none = st.none() | names.filter(bool)
row = st.fixed_dictionaries(
    {
        "name": text_or_none,
        "canal": text_or_none,
        "condition": st.none() | st.integers(1, 5),
        "capacity_m3_s": st.none() | st.floats(0, 1_000),
        "flow_known": st.booleans(),
        "pumped": st.none() | st.booleans(),
        "geometry": st.lists(
            st.tuples(st.floats(67, 75), st.floats(36.5, 41)), min_size=2, max_size=5, unique_by=lambda xy: xy[0]
        ).map(shapely.LineString),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(row, min_size=1, max_size=8))
def test_what_is_loaded_is_what_is_read(connection: Connection, rows: list[dict[str, Any]]) -> None:
    frame = gpd.GeoDataFrame([{"code": str(number), **fields} for number, fields in enumerate(rows)], crs=4326)
    savepoint = connection.begin_nested()
    load_frame(connection, "canals", frame)
    found = connection.execute(
        text(
            "SELECT *, ST_AsBinary(geom) AS shape, ST_SRID(geom) AS srid, tile_geom IS NOT NULL AS tiled "
            "FROM canals ORDER BY code"
        )
    ).mappings()
    for before, after in zip(rows, found, strict=True):
        for field in ("name", "canal", "condition", "capacity_m3_s", "flow_known", "pumped"):
            assert after[field] == before[field]
        assert after["lining"] == "unknown"
        assert after["srid"] == 4326
        assert after["tiled"]
        assert shapely.from_wkb(bytes(after["shape"])).equals_exact(shapely.MultiLineString([before["geometry"]]), 0)
    again = load_frame(connection, "canals", frame)
    assert (again.unchanged, again.load_id) == (len(rows), None)
    savepoint.rollback()


def test_many_rows_into_an_empty_layer_leave_it_with_its_indexes(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.loading.rows.REBUILD_FROM", 1_000)
    dropped = "SELECT count(*) FROM pg_indexes WHERE tablename = 'settlements'"
    indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'settlements' ORDER BY 1"
    keys = "SELECT conname FROM pg_constraint WHERE conrelid = 'settlements'::regclass AND contype = 'p'"
    before = connection.execute(text(indexes)).all()
    seen: list[int] = []
    monkeypatch.setattr(Writer, "_rebuild_indexes", counted(Writer._rebuild_indexes, seen, dropped))
    count = 2_000
    shapes = shapely.points(67 + np.arange(count) % 50 * 0.02, 37 + np.arange(count) // 50 * 0.01)
    frame = gpd.GeoDataFrame({"code": [f"s{n}" for n in range(count)], "name_en": "x"}, geometry=shapes, crs=4326)
    assert load_frame(connection, "settlements", frame).added == count
    assert seen == [0]  # none while rows came in
    assert connection.execute(text(indexes)).all() == before
    assert connection.execute(text(keys)).all() == [("pk_settlements",)]
    assert load_frame(connection, "settlements", frame.iloc[:100]).unchanged == 100


def test_a_fault_found_while_earlier_rows_are_being_stored_takes_those_back_too(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.loading.load.CHUNK", 2)
    frame = plots("a", "b", "c", "d", disputes=[0, 0, 0, -1])
    with pytest.raises(DataRefused, match="disputes"):
        load_frame(connection, "plots", frame)
    assert history(connection) == []
    assert load_frame(connection, "plots", frame.iloc[:3]).added == 3
    assert [key for key, _, _ in history(connection)] == ["a", "b", "c"]


def counted(method: Callable[[Writer], None], seen: list[int], query: str) -> Callable[[Writer], None]:
    """Return the method, noting first what a query counts."""

    def noting(writer: Writer) -> None:
        seen.append(writer.connection.execute(text(query)).scalar_one())
        method(writer)

    return noting


def test_two_loads_at_once_wait_for_each_other(connection: Connection) -> None:
    """Load ids become visible in their order, so that *as of load L* means one state for ever."""
    load_frame(connection, "plots", plots("a"))
    with connection.engine.connect() as other:
        free = other.execute(select(func.pg_try_advisory_xact_lock(0x10AD))).scalar_one()
        other.rollback()
    assert not free


@pytest.mark.parametrize("may_set", [True, False])
def test_rows_refer_to_their_load_whether_that_is_checked_once_or_row_by_row(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, may_set: bool
) -> None:
    monkeypatch.setattr("layers.loading.rows.CHECKED_ONCE", literal(may_set))
    report = load_frame(connection, "plots", plots("a", "b"))
    assert connection.execute(text("SHOW session_replication_role")).scalar() == "origin"
    assert set(current(connection)["load_id"]) == {report.load_id}
    with pytest.raises(IntegrityError, match="fk_plots_load_id_loads"), connection.begin_nested():
        connection.execute(text("UPDATE plots SET load_id = load_id + 1000"))


def test_the_owner_of_the_embedded_database_may_have_references_checked_once(connection: Connection) -> None:
    assert connection.execute(select(CHECKED_ONCE)).scalar() is True
    rows = select(Plot.load_id).where(Plot.load_id.not_in(select(Load.load_id)))
    load_frame(connection, "plots", plots("a", "b"))
    assert connection.execute(rows).all() == []
