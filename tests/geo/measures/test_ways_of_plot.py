"""The ways of one plot on ground where they are known by hand: out and back, round a danger, to services."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.contract.criterion import Block
from geo.criteria import BY_ID
from geo.errors import NotAssessed
from geo.measures.ways_of_plot import SERVICE_KINDS, HomeWay, ServiceMinutes, home_way, service_minutes
from geo.routing.walking import irmischer_clarke_m_s
from tests.worlds import valley
from tests.worlds.valley import line, zones

OFF_PATH_M_S = float(irmischer_clarke_m_s(0.0, off_path=True))
COARSEST_M = 120.0  # m, as criteria A1 and A2 have it
HOME, PLOT = (315.0, 1_515.0), (1_515.0, 1_515.0)  # 1,200 m apart, both in the middle of a cell


def place(x: float, y: float, **columns: Any) -> dict[str, Any]:
    return {**columns, "geometry": shapely.Point(valley.X + x, valley.Y + y)}


def plots(*xy: tuple[float, float], settlement: str | None = "home") -> gpd.GeoDataFrame:
    boxes = [shapely.box(valley.X + x - 10, valley.Y + y - 10, valley.X + x + 10, valley.Y + y + 10) for x, y in xy]
    rows = valley.plots().iloc[: len(xy)]
    return rows.assign(geometry=boxes, settlement=settlement).reset_index(drop=True)


def block(of: gpd.GeoDataFrame, **layers: Any) -> Block:
    whole = shapely.box(valley.X, valley.Y, valley.X + valley.SIDE_M, valley.Y + valley.SIDE_M)
    around = {
        "settlements": valley.frame([place(*HOME, code="home", kind="village")]),
        "dem": valley.level(1_000.0),
        "hazard_extents": valley.hazard_extents().assign(geometry=whole),
        "services": valley.layers()["services"],
        **layers,
    }
    return Block(of, {name: layer for name, layer in around.items() if layer is not None}, valley.judgement(len(of)))


def found_way(**layers: Any) -> HomeWay:
    found = home_way(block(plots(PLOT), **layers), COARSEST_M)
    assert found is not None
    return found


def track(half_m: float, level: str = "high", months: str | None = "12-4") -> gpd.GeoDataFrame:
    """An avalanche track one cell wide across the straight way, reaching ``half_m`` to either side of it."""
    x, y = valley.X + 900.0, valley.Y + HOME[1]
    strip = shapely.box(x + 1, y - half_m + 1, x + 29, y + half_m - 1)
    return zones({"geometry": strip, "level": level, "process": "avalanche", "months": months})


def test_without_danger_the_way_is_the_straight_one_and_needs_no_safer() -> None:
    found = found_way()
    assert found.home == "home"
    assert not found.assumed
    assert found.quickest.minutes_out == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=1e-4)
    assert found.quickest.minutes_back == pytest.approx(found.quickest.minutes_out)
    assert found.quickest.exposure_m.tolist() == [0.0] * 12
    assert found.safer is None
    assert found.unmapped_m == 0.0
    assert shapely.get_coordinates(found.quickest.out)[[0, -1]].tolist() == [
        [valley.X + HOME[0], valley.Y + HOME[1]],
        [valley.X + PLOT[0], valley.Y + PLOT[1]],
    ]


def test_the_safer_way_goes_round_the_end_of_an_avalanche_track() -> None:
    found = found_way(hazard_zones=track(195.0))
    # Straight on: 30 m in a high zone, counted four times, in the months of avalanches only.
    assert found.quickest.exposure_m == pytest.approx([120.0] * 4 + [0.0] * 7 + [120.0])
    assert found.quickest.yearly_m == pytest.approx(120.0)
    assert found.processes == (("avalanche", "12-4"),)
    # Round the end, 210 m aside: 71 m longer, which is less than the 120 m that are saved.
    assert found.safer is not None
    assert found.safer.yearly_m == 0.0
    longer_m = 2 * np.hypot(600.0, 210.0) - 1_200.0
    extra = found.safer.minutes_out - found.quickest.minutes_out
    assert extra == pytest.approx(longer_m / OFF_PATH_M_S / 60.0, rel=0.15)  # ways turn in steps of 16 directions
    assert not found.safer.out.intersects(track(195.0).geometry.iloc[0])
    assert found.safer.out.length > found.quickest.out.length


def test_a_detour_longer_than_what_it_saves_is_not_called_safer() -> None:
    found = found_way(hazard_zones=track(405.0))
    assert found.quickest.yearly_m == pytest.approx(120.0)
    assert found.safer is None  # 2 x hypot(600, 420) is 265 m longer
    assert found_way(hazard_zones=track(195.0, level="low")).safer is None  # 30 m for 71 m


def test_the_quickest_minutes_are_those_the_plot_is_judged_by() -> None:
    tilted = valley.level(0.0)
    tilted.values[:] = 1_000.0 + 0.1 * 30.0 * np.arange(tilted.shape[1])
    of = block(plots(PLOT), dem=tilted, hazard_zones=track(195.0))
    found = home_way(of, COARSEST_M)
    assert found is not None
    judged = BY_ID["walk_minutes"].measured(of).value[0]
    exposure = BY_ID["way_exposure_m"].measured(of).value[0]
    quickest = found.quickest
    assert (quickest.minutes_out + quickest.minutes_back) / 2.0 == pytest.approx(judged, rel=1e-5)
    assert quickest.yearly_m == pytest.approx(exposure, rel=1e-5)
    up, down = (1_200.0 / float(irmischer_clarke_m_s(s, off_path=True)) / 60.0 for s in (0.1, -0.1))
    assert quickest.minutes_out == pytest.approx(up, rel=1e-3)
    assert quickest.minutes_back == pytest.approx(down, rel=1e-3)
    assert quickest.minutes_out > quickest.minutes_back
    coordinates = shapely.get_coordinates(quickest.back)
    assert coordinates[0].tolist() == [valley.X + PLOT[0], valley.Y + PLOT[1]]


def test_an_unmapped_stretch_is_said_and_an_unrecorded_home_assumed() -> None:
    whole = valley.hazard_extents().assign(
        geometry=shapely.box(valley.X, valley.Y, valley.X + 915.0, valley.Y + 3_000.0)
    )
    assert found_way(hazard_extents=whole).unmapped_m == pytest.approx(600.0, abs=30.0)
    assert found_way(hazard_extents=None).unmapped_m == pytest.approx(1_200.0)
    assumed = home_way(block(plots(PLOT, settlement=None)), COARSEST_M)
    assert assumed is not None
    assert assumed.assumed
    assert assumed.home == "home"


def test_no_known_home_or_no_way_is_none_and_no_settlement_at_all_not_assessed() -> None:
    assert home_way(block(plots(PLOT, settlement="elsewhere")), COARSEST_M) is None
    wall = valley.level(1_000.0)
    wall.values[:, 28:32] = np.nan
    assert home_way(block(plots(PLOT), dem=wall), COARSEST_M) is None
    with pytest.raises(NotAssessed):
        home_way(block(plots(PLOT), settlements=None), COARSEST_M)


def services() -> gpd.GeoDataFrame:
    return valley.frame(
        [
            place(315.0, 1_485.0, code="bazaar", kind="market"),
            place(2_745.0, 1_485.0, code="far bazaar", kind="market"),
            place(1_485.0, 315.0, code="post", kind="health"),
            place(1_485.0, 1_485.0, code="school", kind="school"),
        ]
    )


def minutes_of(of: Block) -> dict[str, ServiceMinutes]:
    return {found.kind: found for found in service_minutes(of, COARSEST_M)}


def test_minutes_to_services_are_those_of_the_criterion_and_a_kind_without_any_is_not_known() -> None:
    of = block(plots(PLOT), services=services())
    found = minutes_of(of)
    assert tuple(found) == SERVICE_KINDS
    market = found["market"]
    assert market.dry[0] == pytest.approx(BY_ID["market_minutes"].measured(of).value[0], rel=1e-4)
    assert market.dry[0] == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=0.08)  # on cells of 90 m
    assert market.winter[0] == pytest.approx(market.dry[0] / 0.6, rel=1e-4)  # snow or mud
    assert market.nearest.tolist() == ["bazaar"]
    assert found["school"].dry[0] == pytest.approx(0.0)
    for kind in ("registry", "legal_aid", "psychosocial", "drinking_water", "processor"):
        assert not found[kind].loaded
        assert np.isnan(found[kind].dry).all()
        assert np.isnan(found[kind].winter).all()
        assert found[kind].nearest.tolist() == [None]


def test_roads_closed_in_winter_are_walked_around_and_what_is_out_of_reach_has_no_minutes() -> None:
    road = valley.frame([{"code": "r", "kind": "paved", "closed_months": "12-3", "geometry": line(1_485.0)}])
    market = minutes_of(block(plots(PLOT), services=services(), roads=road))["market"]
    assert market.dry[0] == pytest.approx(1_200.0 / (40.0 / 3.6) / 60.0, rel=0.15)
    assert market.winter[0] == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0 / 0.6, rel=0.08)
    wall = valley.level(1_000.0)
    wall.values[:, 27:33] = np.nan
    wall.values[:, 66:72] = np.nan
    cut_off = minutes_of(block(plots(PLOT), services=services(), dem=wall))["market"]
    assert cut_off.loaded
    assert np.isnan(cut_off.dry[0])
    assert cut_off.nearest.tolist() == [None]


def test_many_plots_at_once_give_what_each_gives_alone() -> None:
    tilted = valley.level(0.0)
    tilted.values[:] = (
        1_000.0 + 0.15 * 30.0 * np.arange(tilted.shape[1]) + 0.05 * 30.0 * np.arange(tilted.shape[0])[:, None]
    )
    xy = [(1_515.0, 1_515.0), (2_415.0, 615.0), (615.0, 2_415.0)]
    together = minutes_of(block(plots(*xy), services=services(), dem=tilted))
    for number, at in enumerate(xy):
        alone = minutes_of(block(plots(at), services=services(), dem=tilted))
        for kind in ("market", "health", "school"):
            assert alone[kind].dry[0] == pytest.approx(together[kind].dry[number], rel=1e-4)
            assert alone[kind].winter[0] == pytest.approx(together[kind].winter[number], rel=1e-4)
            assert alone[kind].nearest[0] == together[kind].nearest[number]
