"""A file says of its rows where they come from; what is typed stands before it, and undo knows all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from layers.catalogue.irrigation import Canal
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, load_file, undo
from layers.loading.mapping import Mapping
from layers.records.loads import Load
from layers.schema.erasure import purge_load

LINE = '"LINESTRING (70.1 38.1, 70.1 38.2)",false'
HEADING = "code,wkt,flow_known,data_source,data_licence,data_date,synthetic"
OFFICE = "Office of Gharm,CC BY 4.0,2024-05-01,false"
DRAWN = "Drawn,,,true"
Origin = tuple[str | None, str | None, date | None, bool]
FROM_OFFICE: Origin = ("Office of Gharm", "CC BY 4.0", date(2024, 5, 1), False)
FROM_DRAWN: Origin = ("Drawn", None, None, True)


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection
        connection.rollback()


def write(tmp_path: Path, *rows: str, heading: str = HEADING, name: str = "canals.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join((heading, *rows)) + "\n", encoding="utf-8")
    return path


def load(connection: Connection, path: Path, **options: Any) -> LoadReport:
    return load_file(connection, "canals", path, Options(crs="EPSG:4326", **options))


def origins(connection: Connection) -> dict[str, Origin]:
    """Code -> source, licence, date and mark of the canals in force."""
    wanted = select(Canal.code, Load.source, Load.licence, Load.source_date, Load.synthetic)
    rows = connection.execute(wanted.join(Load, Load.load_id == Canal.load_id).where(Canal.ended_by.is_(None)))
    return {code: (source, licence, day, made_up) for code, source, licence, day, made_up in rows}


def mixed(tmp_path: Path) -> Path:
    return write(tmp_path, f"a,{LINE},{OFFICE}", f"b,{LINE},{DRAWN}", f"c,{LINE},,,,", f"d,{LINE},{OFFICE}")


def test_each_row_keeps_where_it_comes_from(connection: Connection, tmp_path: Path) -> None:
    report = load(connection, mixed(tmp_path))
    nothing: Origin = (None, None, None, False)
    assert origins(connection) == {"a": FROM_OFFICE, "b": FROM_DRAWN, "c": nothing, "d": FROM_OFFICE}
    assert report.ignored == ()
    assert report.notes[-2:] == [
        "2 rows come from Office of Gharm, 2024-05-01 (CC BY 4.0), as the file says of its rows.",
        "1 row comes from Drawn (licence not stated; made up), as the file says of its rows.",
    ]


def test_what_is_typed_and_a_mapping_file_stand_before_it_but_made_up_stays_made_up(
    connection: Connection, tmp_path: Path
) -> None:
    told = Mapping(layer="canals", licence="ODbL", fields={"code": "code", "flow_known": "flow_known"})
    load(connection, mixed(tmp_path), source="Typed", declared=told)
    assert origins(connection) == {
        "a": ("Typed", "ODbL", date(2024, 5, 1), False),
        "b": ("Typed", "ODbL", None, True),
        "c": ("Typed", "ODbL", None, False),
        "d": ("Typed", "ODbL", date(2024, 5, 1), False),
    }


def test_all_rows_of_a_file_said_to_be_made_up_are(connection: Connection, tmp_path: Path) -> None:
    load(connection, mixed(tmp_path), synthetic=True)
    assert [made_up for *_, made_up in origins(connection).values()] == [True] * 4


def test_loading_the_file_again_changes_nothing(connection: Connection, tmp_path: Path) -> None:
    path = mixed(tmp_path)
    load(connection, path)
    loads = select(Load.load_id).order_by(Load.load_id)
    before = connection.execute(loads).scalars().all()
    report = load(connection, path, mode="update")
    assert (report.unchanged, report.load_id) == (4, None)
    assert connection.execute(loads).scalars().all() == before


@pytest.mark.parametrize("named", [0, 1, 2], ids=["the first", "a part", "the last part"])
def test_undo_takes_back_all_rows_of_the_file_and_brings_again_what_it_ended(
    connection: Connection, tmp_path: Path, named: int
) -> None:
    load(connection, write(tmp_path, f"a,{LINE},{DRAWN}", f"x,{LINE},{OFFICE}"))
    before = origins(connection)
    changed = mixed(tmp_path)
    changed.write_text(changed.read_text().replace("38.2", "38.3"), encoding="utf-8")
    first = load(connection, changed, mode="update").load_id
    after = origins(connection)
    assert first is not None
    loads = connection.execute(select(Load.load_id).where(Load.load_id >= first).order_by(Load.load_id)).scalars().all()
    assert len(loads) == 3

    undone = undo(connection, loads[named])
    assert (undone.ended, undone.added) == (4, 1)
    assert origins(connection) == before

    assert undone.load_id is not None
    again = undo(connection, undone.load_id)
    assert (again.ended, again.added) == (1, 4)
    assert origins(connection) == after


def test_a_load_that_was_taken_back_by_one_part_is_not_taken_back_by_another(
    connection: Connection, tmp_path: Path
) -> None:
    first = load(connection, mixed(tmp_path)).load_id
    assert first is not None
    undo(connection, first + 1)
    with pytest.raises(DataRefused, match=f"Load {first} was taken back already"):
        undo(connection, first)


def test_a_purge_erases_what_all_parts_brought(connection: Connection, tmp_path: Path) -> None:
    first = load(connection, mixed(tmp_path)).load_id
    assert first is not None
    purge_load(connection, first + 1, with_current=True)
    assert origins(connection) == {}


def test_a_row_whose_date_is_none_is_rejected_unless_one_is_typed(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path, f"a,{LINE},Office,,in spring,false", f"b,{LINE},{OFFICE}")
    [rejection] = load(connection, path).rejections
    assert str(rejection) == (
        "row 1 (a), data_date is 'in spring': expected a date as YYYY-MM-DD; or say one for all rows with --date"
    )
    assert set(origins(connection)) == {"b"}
    assert load(connection, path, mode="update", source_date=date(2024, 1, 1)).rejections == []


def test_names_that_a_shapefile_cut_are_known(connection: Connection, tmp_path: Path) -> None:
    load(
        connection,
        write(tmp_path, f"a,{LINE},{OFFICE}", heading="code,wkt,flow_known,data_sourc,data_licen,data_date,synthetic"),
    )
    assert origins(connection) == {"a": FROM_OFFICE}


def test_a_column_that_fills_a_field_says_nothing_of_where_rows_come_from(
    connection: Connection, tmp_path: Path
) -> None:
    path = write(tmp_path, f"a,{LINE},Shohob", heading="code,wkt,flow_known,data_source")
    load(connection, path, assigned={"name": "data_source"})
    assert origins(connection) == {"a": (None, None, None, False)}


def test_a_file_of_very_many_sources_is_refused(connection: Connection, tmp_path: Path) -> None:
    rows = [f"c{number},{LINE},Office {number},,,false" for number in range(101)]
    with pytest.raises(DataRefused, match=r"canals\.csv names more than 100 sources in data_source, data_licence"):
        load(connection, write(tmp_path, *rows))
    assert origins(connection) == {}


def test_rows_under_one_key_from_two_sources_that_differ_are_both_rejected(
    connection: Connection, tmp_path: Path
) -> None:
    other = LINE.replace("38.2", "38.3")
    path = write(tmp_path, f"a,{LINE},{OFFICE}", f"b,{LINE},{DRAWN}", f"b,{other},{OFFICE}", f"a,{LINE},{DRAWN}")
    report = load(connection, path)
    assert {rejection.key for rejection in report.rejections} == {"b"}
    assert (report.added, report.repeated) == (1, 1)
    assert origins(connection) == {"a": FROM_OFFICE}


@pytest.mark.parametrize(
    ("heading", "cells", "options", "found"),
    [
        # nothing is said: the source stays, and so does the mark
        ("code,name", "Нав", {}, {"a": FROM_OFFICE, "b": FROM_DRAWN}),
        # a patch has its own source, and does not make real what was made up
        (
            "code,name",
            "Нав",
            {"source": "Patch"},
            {"a": ("Patch", None, None, False), "b": ("Patch", None, None, True)},
        ),
        ("code,name,data_source", "Нав,NGO", {}, {"a": ("NGO", None, None, False), "b": ("NGO", None, None, True)}),
        # unless it says so of the row
        (
            *("code,name,synthetic", "Нав,false", {}),
            {"a": FROM_OFFICE, "b": ("Drawn", None, None, False)},
        ),
        ("code,name", "Нав", {"synthetic": True}, {"a": (*FROM_OFFICE[:3], True), "b": FROM_DRAWN}),
    ],
)
def test_an_update_changes_of_the_source_what_it_says(
    connection: Connection, tmp_path: Path, heading: str, cells: str, options: dict[str, Any], found: dict[str, Origin]
) -> None:
    load(connection, write(tmp_path, f"a,{LINE},{OFFICE}", f"b,{LINE},{DRAWN}"))
    path = write(tmp_path, *(f"{code},{cells}" for code in "ab"), heading=heading, name="patch.csv")
    report = load(connection, path, mode="update", **options)
    assert report.changed == 2
    assert origins(connection) == found


def test_rows_that_an_update_adds_have_the_source_it_says(connection: Connection, tmp_path: Path) -> None:
    load(connection, write(tmp_path, f"b,{LINE},{DRAWN}"))
    path = write(tmp_path, f"b,{LINE},Нав", f"new,{LINE},Нав", heading="code,wkt,flow_known,name", name="patch.csv")
    load(connection, path, mode="update")
    assert origins(connection) == {"b": FROM_DRAWN, "new": (None, None, None, False)}


def test_a_purge_follows_values_into_rows_that_a_part_of_an_update_carries_on(
    connection: Connection, tmp_path: Path
) -> None:
    first = load(connection, write(tmp_path, f"a,{LINE},{OFFICE}", f"b,{LINE},{DRAWN}")).load_id
    assert first is not None
    path = write(tmp_path, "a,Нав", "b,Боло", heading="code,name", name="patch.csv")
    second = load(connection, path, mode="update").load_id
    assert second is not None
    parts = select(Load.load_id).where(Load.part_of == second)
    assert connection.execute(parts).scalars().all() == [second + 1]
    purge_load(connection, first, with_current=True)
    assert connection.execute(select(Canal.code)).scalars().all() == []
