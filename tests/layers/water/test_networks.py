"""Canals in PostGIS as a network: what is stored is what is built, faults have places, rosters have numbers alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import Connection

from geo.water.network.ways import canal_lengths_m
from layers.errors import NotFound
from layers.loading import load_frame
from layers.water.networks import faults_frame, read_network
from layers.water.turns import plots_in_order
from tests.worlds import valley
from tests.worlds.canals_by_hand import INTAKES, LINES, OUTLETS

X, Y = valley.X, valley.Y


def load_canals(connection: Connection) -> None:
    """The canals drawn by hand, in the valley; s1 begins where its row says, 60 m off the drawing."""
    away = shapely.LineString([(500, 60), (500, 800)])
    shapes = [away if code == "s1" else shapely.LineString(line) for code, _, line in LINES]
    nothing = {"level_basis": "unknown", "position": "unknown"}
    base = {"type": "main", "lining": "earth", "soil": "loam", "level_basis": "unknown", "flow_known": True}
    canals = gpd.GeoDataFrame(
        [{"code": code, "canal": canal, "position": "unknown", **base} for code, canal, _ in LINES],
        geometry=shapely.transform(np.array(shapes), lambda xy: xy + np.array([X, Y])),
        crs=32642,
    )
    outlets = gpd.GeoDataFrame(
        [{"code": code, "reach": reach or None, "command_area": area, **nothing} for code, reach, area, _ in OUTLETS],
        geometry=[shapely.Point(X + x, Y + y) for *_, (x, y) in OUTLETS],
        crs=32642,
    )
    intakes = gpd.GeoDataFrame(
        [{"code": code, "reach": reach, "source": "river"} for code, reach, *_ in INTAKES],
        geometry=[shapely.Point(X + x, Y + y) for *_, (x, y) in INTAKES],
        crs=32642,
    )
    for name, frame in (("canals", canals), ("outlets", outlets), ("intakes", intakes)):
        load_frame(connection, name, frame.to_crs(4326))


def test_the_stored_network_and_its_faults(connection: Connection) -> None:
    with pytest.raises(NotFound, match="No canal is mapped"):
        read_network(connection)
    load_canals(connection)
    stored = read_network(connection)
    assert stored.counts() == {"reaches": 4, "outlets": 3, "intakes": 1, "systems": 2, "systems_left_out": 0}
    lengths = dict(zip(stored.reaches.code.tolist(), canal_lengths_m(stored.reaches, stored.network), strict=True))
    assert lengths["m1"] == pytest.approx(3_993, abs=0.01)
    faults = stored.faults()
    assert {fault.kind for fault in faults} == {"capacity missing", "dangling", "no intake", "outlet without area"}
    frame = faults_frame(faults)
    place = frame[frame["kind"] == "dangling"].to_crs(32642).geometry.iloc[0]
    assert (place.x - X, place.y - Y) == pytest.approx((500, 60), abs=0.01)


def test_no_roster_for_what_is_not_there(connection: Connection) -> None:
    with pytest.raises(NotFound, match="'nowhere' is not mapped"):
        plots_in_order(connection, "nowhere")
