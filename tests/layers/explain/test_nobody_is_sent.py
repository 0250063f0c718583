"""Nobody is sent over mined ground, and nothing is to be built on land that could not be judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, select

from geo.criteria import LAND_CRITERIA
from geo.geometry.crs import to_working
from geo.panel.scheme import Scheme, load_scheme
from layers.errors import NotFound
from layers.explain.plot import explain_plot
from layers.explain.remedies import lift_of_plot, values_of_plot
from layers.explain.surroundings import read_plot
from layers.explain.ways import way_lines, ways_of_plot
from layers.loading import load_frame
from layers.records.runs import suitability
from layers.records.snapshot import read_runs
from tests.worlds import valley

WITHHELD = "the quickest leads over ground that may be mined; do not take it, ask the mine action centre"
ORDER = [criterion.id for criterion in LAND_CRITERIA]


def _suspect(connection: Connection, outline: shapely.Polygon) -> None:
    area = {"code": "answer", "kind": "mine_suspected", "status_date": "2026-05-04", "geometry": outline}
    load_frame(connection, "exclusions", valley.frame([area]).to_crs(4326), source="Made up", synthetic=True)


def test_no_way_is_shown_to_a_mined_plot(connection: Connection) -> None:
    found = ways_of_plot(connection, "mined", read_runs(connection))
    assert found["way"] is None
    assert found["why_no_way"] == WITHHELD
    with pytest.raises(NotFound, match="may be mined"):
        way_lines(connection, "mined", read_runs(connection))


@pytest.mark.parametrize(("off_m", "shown"), [(0.0, False), (95.0, False), (110.0, True)])
def test_no_way_is_shown_that_comes_within_a_hundred_metres_of_suspected_mines(
    connection: Connection, off_m: float, shown: bool
) -> None:
    """The distance of domain reference 4 for suspected areas: 100 m."""
    ways = way_lines(connection, "clean", read_runs(connection))
    assert ways["features"]
    line = shapely.union_all([shapely.LineString(_metres(way)) for way in ways["features"]])
    west = line.bounds[0]
    # A square to the west of the plot and of all its ways: the nearest of it is as far off as the test says.
    _suspect(connection, shapely.box(west - off_m - 20.0, line.bounds[1], west - off_m, line.bounds[3]))
    found = ways_of_plot(connection, "clean", read_runs(connection))
    assert (found["way"] is not None) == shown
    assert found["why_no_way"] == (None if shown else WITHHELD)


def _metres(feature: dict[str, Any]) -> np.ndarray:
    line = shapely.LineString(feature["geometry"]["coordinates"])
    return shapely.get_coordinates(to_working(np.array([line], dtype=object))[0])


def _row(connection: Connection, name: str) -> dict[str, Any]:
    number = int(read_plot(connection, name, None)["plot_no"].iloc[0])
    return dict(connection.execute(select(suitability).where(suitability.c.plot_no == number)).mappings().one())


def _lift(connection: Connection, row: dict[str, Any], scheme: Scheme, name: str) -> dict[str, Any]:
    served = read_runs(connection)
    return lift_of_plot(
        connection,
        row,
        scheme,
        order=ORDER,
        served=served,
        plots=read_plot(connection, name, None),
        as_of_load=max(served.loads.values()),
        day=valley.AS_OF,
    )


def test_nothing_is_to_be_built_nor_grown_where_hazards_and_part_of_the_way_are_unknown(connection: Connection) -> None:
    """A way of which nothing is known as its run tells it: with its metres taken as known, the plot seemed judged."""
    scheme, way, told = load_scheme(), ORDER.index("way_exposure_m"), 0
    for name in valley.NAMES:
        row = _row(connection, name) | dict.fromkeys(("flood_level", "avalanche_level", "slide_level"))
        row |= {"way_exposure_m": 0.0}
        for ends in ("memberships", "memberships_high"):
            row[ends] = [1.0 if place == way else end for place, end in enumerate(row[ends])]
        told += bool(_lift(connection, row, scheme, name)["best_crops"])
        assert _lift(connection, row | {"class": "NE"}, scheme, name)["best_crops"] == []
        for ends in ("memberships", "memberships_high"):
            row[ends] = [None if place == way else end for place, end in enumerate(row[ends])]
        found = _lift(connection, row | {"class": "NE"}, scheme, name)
        assert found["remedies"] is None
        assert found["best_crops"] == []
    assert told


def test_nothing_is_to_be_built_on_land_judged_otherwise_than_its_run_did(connection: Connection) -> None:
    row = _row(connection, "cut_off") | {"class": "N1"}
    found = _lift(connection, row, load_scheme(), "cut_off")
    assert found["remedies"] is None
    assert found["bears"] is None


def test_a_way_partly_unmapped_is_as_uncertain_as_in_its_run(connection: Connection) -> None:
    """H4 by its knots 0, 100, 300, 800, 1,500 m: membership 0.25 is 800 m, 0.75 is 100 m (domain reference 4)."""
    row, served = _row(connection, "clean"), read_runs(connection)
    place = ORDER.index("way_exposure_m")
    row["memberships"] = [0.25 if k == place else end for k, end in enumerate(row["memberships"])]
    row["memberships_high"] = [0.75 if k == place else end for k, end in enumerate(row["memberships_high"])]
    row["way_exposure_m"] = 100.0
    values, _ = values_of_plot(
        connection,
        row,
        load_scheme(),
        order=ORDER,
        served=served,
        plots=read_plot(connection, "clean", None),
        as_of_load=max(served.loads.values()),
        day=valley.AS_OF,
    )
    way = values["way_exposure_m"]
    assert way.worst is not None
    assert way.best is not None
    assert (way.value[0], way.worst[0], way.best[0]) == (100.0, 800.0, 100.0)


def test_every_plot_is_judged_again_as_its_run_judged_it(connection: Connection) -> None:
    for name in valley.NAMES:
        found = explain_plot(connection, name)
        if found["class"] == "NE":
            assert found["remedies"] is None
            assert found["best_crops"] == []
