"""Kinds of shut land that are on record in a district: told from areas that lie in it, as they stood after a load."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection, Engine, func, select

from layers.loading import load_frame
from layers.records.loads import Load
from layers.runs.exclusion_records import KINDS, find_unrecorded
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import LAKHSH, QUBODIYON, RASHT


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    """The small region, which has no record of shut land; rolled back."""
    with database.connect() as opened:
        region_on_the_page.fill(opened)
        yield opened
        opened.rollback()


def last_load(connection: Connection) -> int:
    return connection.execute(select(func.max(Load.load_id))).scalar_one()


def record(connection: Connection, layer: str, x: float, y: float, **values: object) -> None:
    frame = gpd.GeoDataFrame([values], geometry=[shapely.box(x, y, x + 0.01, y + 0.01)], crs="EPSG:4326")
    load_frame(connection, layer, frame, source="Made up for the tests", synthetic=True)


def test_without_a_record_every_kind_is_missing(connection: Connection) -> None:
    assert find_unrecorded(connection, RASHT, last_load(connection)) == KINDS
    assert KINDS == ("mines", "inundation", "river_bed", "water_body", "built_up", "protected", "border_strip")


@pytest.mark.parametrize("kind", ["mine_suspected", "mine_confirmed", "mine_cleared"])
def test_any_answer_of_the_mine_action_centre_is_a_record_in_its_district_alone(
    connection: Connection, kind: str
) -> None:
    before = last_load(connection)
    record(connection, "exclusions", 70.3, 39.0, code="m1", kind=kind)
    assert "mines" not in find_unrecorded(connection, RASHT, last_load(connection))
    assert find_unrecorded(connection, RASHT, before) == KINDS  # as a run before that load saw it
    for other in (LAKHSH, QUBODIYON):
        assert find_unrecorded(connection, other, last_load(connection)) == KINDS


def test_a_lake_is_a_record_of_water(connection: Connection) -> None:
    record(connection, "lakes", 70.3, 39.0, code="l1")
    assert set(KINDS) - set(find_unrecorded(connection, RASHT, last_load(connection))) == {"water_body"}
