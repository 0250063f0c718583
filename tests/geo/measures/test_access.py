"""Walks, dangers on the way, and minutes to services on level ground, where a formula gives the answer."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.contract.criterion import Block, Measured
from geo.criteria import BY_ID
from geo.measures.access import CROSSES_HIGH, MOST_TRAVEL_MIN, MOST_WALK_MIN, NEAREST_HOME, TOO_FAR
from geo.routing.walking import irmischer_clarke_m_s
from tests.worlds import valley
from tests.worlds.valley import line, zones

OFF_PATH_M_S = float(irmischer_clarke_m_s(0.0, off_path=True))
ON_PATH_M_S = float(irmischer_clarke_m_s(0.0))


def village(x: float, y: float, code: str = "village") -> dict[str, Any]:
    return {"code": code, "kind": "village", "geometry": shapely.Point(valley.X + x, valley.Y + y)}


def one_plot(x: float, y: float, settlement: str | None = "village") -> gpd.GeoDataFrame:
    box = shapely.box(valley.X + x - 10, valley.Y + y - 10, valley.X + x + 10, valley.Y + y + 10)
    return valley.plots().iloc[[0]].assign(geometry=[box], settlement=settlement).reset_index(drop=True)


def way(name: str, plot: gpd.GeoDataFrame, **layers: Any) -> Measured:
    nearby = {key: layer for key, layer in {**valley.layers(), **layers}.items() if layer is not None}
    return BY_ID[name].measured(Block(plot, nearby, valley.judgement(1)))


def test_a_level_walk_takes_its_length_over_the_speed_off_and_on_a_path() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    plot = one_plot(1_515.0, 1_515.0)  # 1,200 m due east, from cell centre to cell centre
    found = way("walk_minutes", plot, settlements=homes)
    assert found.value[0] == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=1e-4)
    path = valley.frame([{"code": "p", "kind": "path", "closed_months": "12-3", "geometry": line(1_515.0)}])
    assert way("walk_minutes", plot, settlements=homes, roads=path).value[0] == pytest.approx(
        1_200.0 / ON_PATH_M_S / 60.0, rel=1e-4
    )
    shut = path.assign(closed_months="5-9")
    assert way("walk_minutes", plot, settlements=homes, roads=shut).value[0] == pytest.approx(found.value[0])


def test_home_is_the_recorded_settlement_and_only_without_one_the_nearest() -> None:
    homes = valley.frame([village(315.0, 1_515.0, "far"), village(1_215.0, 1_515.0, "near")])
    minutes = {}
    for settlement in ("far", "near", None, "gone"):
        found = way("walk_minutes", one_plot(1_515.0, 1_515.0, settlement), settlements=homes)
        minutes[settlement] = found.value[0]
        assert bool(found.notes[NEAREST_HOME][0]) is (settlement is None)
    assert minutes["far"] == pytest.approx(4 * minutes["near"], rel=1e-4)
    assert minutes[None] == minutes["near"]
    assert np.isnan(minutes["gone"])


def test_walks_beyond_two_hours_are_two_hours_and_ground_without_height_is_unknown() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    wall = valley.level(1_000.0)
    wall.values[:, 30] = np.nan
    found = way("walk_minutes", one_plot(1_515.0, 1_515.0), settlements=homes, dem=wall)
    assert found.value[0] == MOST_WALK_MIN
    assert found.notes[TOO_FAR][0]
    wall.values[:, 40:60] = np.nan
    assert np.isnan(way("walk_minutes", one_plot(1_515.0, 1_515.0), settlements=homes, dem=wall).value[0])


def test_a_large_river_bars_the_way_where_bridges_are_on_record() -> None:
    homes = valley.frame([village(1_515.0, 315.0)])
    across = shapely.LineString([(valley.X - 100, valley.Y + 900), (valley.X + 3_100, valley.Y + 900)])
    river = valley.frame([{"code": "r", "stream_class": 1, "geometry": across}])
    bridge = shapely.LineString([(valley.X + 2_415, valley.Y + 800), (valley.X + 2_415, valley.Y + 1_000)])
    roads = valley.frame([{"code": "b", "kind": "footbridge", "geometry": bridge}])
    plot = one_plot(1_515.0, 1_515.0)
    straight = way("walk_minutes", plot, settlements=homes).value[0]
    assert way("walk_minutes", plot, settlements=homes, rivers=river).value[0] == straight
    detour = way("walk_minutes", plot, settlements=homes, rivers=river, roads=roads).value[0]
    assert detour > 1.5 * straight
    brook = river.assign(stream_class=4)
    assert way("walk_minutes", plot, settlements=homes, rivers=brook, roads=roads).value[0] == pytest.approx(straight)


def test_exposure_on_the_way_is_metres_times_the_factor_of_the_level() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    plot = one_plot(1_515.0, 1_515.0)
    band = shapely.box(valley.X + 601, valley.Y, valley.X + 899, valley.Y + 3_000)  # ten cells of 30 m on the way
    whole = shapely.box(valley.X, valley.Y, valley.X + 3_000, valley.Y + 3_000)
    everywhere = valley.hazard_extents().assign(geometry=whole)
    for level, factor in (("residual", 0.0), ("low", 1.0), ("medium", 2.0), ("high", 4.0)):
        zone = zones({"geometry": band, "level": level, "months": "4-6"})
        found = way("way_exposure_m", plot, settlements=homes, hazard_zones=zone, hazard_extents=everywhere)
        assert found.value[0] == pytest.approx(300.0 * factor, rel=1e-4)
        assert bool(found.notes[CROSSES_HIGH][0]) is (level == "high")
        winter = zone.assign(months="12-3")
        found = way("way_exposure_m", plot, settlements=homes, hazard_zones=winter, hazard_extents=everywhere)
        assert not found.notes[CROSSES_HIGH][0]
    gap = everywhere.assign(geometry=everywhere.geometry.difference(band))
    unmapped = way("way_exposure_m", plot, settlements=homes, hazard_zones=zone, hazard_extents=gap)
    # Nobody looked on 300 m of the way: what is mapped there counts, and anything up to the most dangerous beside it.
    assert unmapped.best is not None
    assert unmapped.worst is not None
    assert unmapped.best[0] == pytest.approx(1_200.0, rel=1e-4)
    assert unmapped.worst[0] == pytest.approx(1_200.0 + 4.0 * 300.0, rel=0.12)  # cells on either edge are unmapped too


def test_minutes_to_market_drive_on_roads_and_walk_off_them() -> None:
    plot = one_plot(1_515.0, 1_515.0)
    bazaar = shapely.Point(valley.X + 315, valley.Y + 1_485)
    market = valley.frame([{"code": "m", "kind": "market", "geometry": bazaar}])
    walked = way("market_minutes", plot, services=market).value[0]
    assert walked == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=0.08)  # on cells of 90 m
    road = valley.frame([{"code": "r", "kind": "paved", "geometry": line(1_485.0)}])
    driven = way("market_minutes", plot, services=market, roads=road).value[0]
    assert driven == pytest.approx(1_200.0 / (40.0 / 3.6) / 60.0, rel=0.15)
    none = market.assign(kind="school")
    assert np.isnan(way("market_minutes", plot, services=none).value[0])
    wall = valley.level(1_000.0)
    wall.values[:, 27:33] = np.nan
    assert way("market_minutes", plot, services=market, dem=wall).value[0] == MOST_TRAVEL_MIN


def test_help_is_a_health_post_or_a_road_that_carries_cars() -> None:
    plot = one_plot(1_515.0, 1_515.0)
    post = valley.frame([{"code": "h", "kind": "health", "geometry": shapely.Point(valley.X + 315, valley.Y + 1_485)}])
    walked = way("health_minutes", plot, services=post).value[0]
    assert walked == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=0.08)
    for kind, helps in (("gravel", True), ("path", False)):
        road = valley.frame([{"code": "r", "kind": kind, "geometry": line(1_215.0)}])
        minutes = way("health_minutes", plot, services=post, roads=road).value[0]
        assert bool(minutes == pytest.approx(300.0 / OFF_PATH_M_S / 60.0, rel=0.3)) is helps
        alone = way("health_minutes", plot, services=None, roads=road)
        assert np.isnan(alone.value[0]) == (not helps)
