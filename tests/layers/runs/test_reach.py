"""How far a change reaches is as declared: what lies outside of the declared reach comes out the same, to the last bit.

Every layer whose reach is declared is changed at distances up to that reach and just beyond it, in a world wide enough
for all of them; every criterion that reads it is measured before and after, on the rows of the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, Engine, func, select

from geo.contract.criterion import Block, Criterion, Judgement, Measured
from geo.contract.needs import EVERYTHING, AlongWayHome, NamedPlots, Need, SameCanal, Within
from geo.criteria import LAND_CRITERIA
from geo.criteria.hazard import SLIDE_LEVEL
from geo.measures import exclusion
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess_findings
from geo.suitability.findings import find, needs
from layers.frames.around import Around, district_bounds, read_plots
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.records.loads import Load
from layers.runs.changes import touched_plots
from layers.runs.findings_cache import scoring_cache
from layers.runs.parts import reach_of_layers
from layers.runs.score import score
from tests.worlds import valley, wide_valley
from tests.worlds.valley_in_database import RASHT, stored

SCHEME = load_scheme()
EDGE_M = 1.0  # m; how near to a reach it is tried from within, and beyond the rounding of boxes from without
# Read together with the dangers on the way, which no minute of the walk follows from.
WITHOUT_EFFECT = {
    ("walk_minutes", "hazard_zones"),
    ("walk_minutes", "hazard_extents"),
    ("water_adequacy", "canals"),  # only the end of an interval where the supply is unknown: the value stays
    ("way_exposure_m", "hazard_extents"),  # likewise: metres nobody looked at are an interval
}

Rows = dict[str, np.ndarray]  # name -> (plots,), what was found
Change = tuple[str, gpd.GeoDataFrame | pd.DataFrame, str]  # name of the change, rows, mode of loading


@pytest.fixture(scope="module")
def wide(database: Engine) -> tuple[Engine, int]:
    with writing() as connection:
        wide_valley.load_wide_valley(connection)
    return database, score(database, SCHEME, day=valley.AS_OF).run_id


def beside(number: int, distance_m: float, kind: str, size_m: float = 40.0) -> shapely.Geometry:
    """A shape whose nearest point lies so far east of a plot; at 0 it covers the plot's middle."""
    x_min, y_min, x_max, y_max = wide_valley.plot_box(number).bounds
    x = x_max + distance_m if distance_m > 0 else (x_min + x_max) / 2
    y = (y_min + y_max) / 2
    if kind == "POINT":
        return shapely.Point(x, y)
    if kind == "LINE":
        return shapely.LineString([(x, y - size_m), (x, y + size_m)])
    return shapely.box(x if distance_m > 0 else x - size_m, y - size_m, x + size_m, y + size_m)


def rows_like(layer: str, geometry: shapely.Geometry) -> gpd.GeoDataFrame:
    """New rows of a layer at a place, of the kinds that matter most."""
    like = wide_valley.layers()[layer].iloc[0].to_dict()
    kinds: list[dict[str, object]] = [{}]
    if layer == "hazard_zones":
        strong = {"level": "high", "intensity": "strong", "return_period_y": 10, "months": "4-7"}
        kinds = [{"process": process, **strong} for process in wide_valley.PROCESSES]
    elif layer == "hazard_extents":
        kinds = [{"process": process} for process in (*wide_valley.PROCESSES, "mines", "shut_land")]
    elif layer == "command_areas":
        kinds = [{"sdr": 0.5, "turns_delivered": 5.0, "heavy_turns_pct": 10.0}]
    elif layer == "exclusions":
        kinds = [{"kind": "mine_suspected"}]
    new = [{**like, **kind, "code": f"new {n}", "geometry": geometry} for n, kind in enumerate(kinds)]
    return valley.frame(new)


def changes_of(need: Need) -> Iterator[Change]:
    """Changes of one layer at distances up to its reach and just beyond."""
    match need.touches:
        case Within() if need.layer == "area_balance":  # its rows lie where their areas do
            months = {f"ratio{best}_{month:02d}": 0.4 for best in ("", "_best") for month in range(4, 10)}
            yield "another balance", wide_valley.layers()[need.layer].assign(**months), "update"
        case Within(metres):
            plot = 6 if need.layer == "hazard_extents" else 7
            for distance in sorted({0.0, EDGE_M, metres / 2, max(metres - EDGE_M, 0.0), metres + EDGE_M, metres + 3e3}):
                shape = beside(plot, distance, "POLYGON", 60.0)
                yield f"{distance:.0f} m from plot {plot}", rows_like(need.layer, shape), "add"
        case AlongWayHome(metres):
            for distance in (0.0, metres / 2, metres - EDGE_M, metres + EDGE_M, 1_500.0, 5_000.0):
                x, y = wide_valley.X + 5_950.0, wide_valley.Y + wide_valley.MIDDLE_M + distance
                shape = shapely.box(x - 80.0, y - 80.0, x + 80.0, y + 80.0)
                yield f"{distance:.0f} m beside the way to plot 4", rows_like(need.layer, shape), "add"
        case NamedPlots():
            row = wide_valley.layers()[need.layer].iloc[[3]]
            later = {"code": "later", "survey_date": date(2026, 5, 1), "salinity_ds_m": 6.0, "soil_depth_cm": 30.0}
            later |= {"groundwater_m": 0.5, "turns_scheduled": 9.0, "turns_delivered": 3.0, "highest_ground_m": 1_002.0}
            yield "a later survey of plot 3", row.assign(**later), "add"
        case SameCanal(within_m):
            canals = wide_valley.layers()["canals"]
            for code in canals["code"]:
                yield f"state of {code}", canals[canals["code"] == code].assign(condition=5.0), "update"
            for distance in (0.0, within_m - EDGE_M, within_m + EDGE_M, within_m + 1_000.0):
                shape = beside(8, distance, "LINE")
                new = canals.iloc[[2]].assign(code="new", canal="new", condition=4.0).set_geometry([shape])
                yield f"a reach {distance:.0f} m from plot 8", new, "add"


def block_of(connection: Connection, load_id: int) -> Block:
    plots = read_plots(connection, RASHT, load_id)
    bounds = district_bounds(connection, RASHT, load_id)
    around = Around(connection, RASHT, bounds, reach_of_layers(), load_id, cache=scoring_cache())
    crop = np.full(len(plots), SCHEME.crop_of(RASHT))
    return Block(plots, around, Judgement(as_of=valley.AS_OF, crop=crop))


def differing(before: Measured, after: Measured) -> set[int]:
    """Places of the plots a criterion says anything else of, to the last bit."""
    n = len(before.value)
    found = np.zeros(n, dtype=bool)
    for name in ("value", "table", "sigma", "evidence"):
        old, new = (getattr(measured, name) for measured in (before, after))
        if old is None or new is None:
            assert old is new
            continue
        found |= np.array([a.tobytes() != b.tobytes() for a, b in zip(old, new, strict=True)])
    for name in before.notes:
        found |= before.notes[name] != after.notes[name]
    return set(np.flatnonzero(found).tolist())


def plain(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of a frame, what is missing as None: of a column of text alone pandas writes it as NaN."""
    whole = frame.astype(object)
    yield from whole.where(frame.notna(), None).itertuples(index=False)


def last_load(connection: Connection) -> int:
    return int(connection.execute(select(func.max(Load.load_id))).scalar_one())


def touched(connection: Connection, run: int, before: int, through: Sequence[Need]) -> set[int]:
    """Places of the plots, in order of their numbers, that are scored again."""
    found = touched_plots(connection, [RASHT], run, before, last_load(connection), through)[RASHT]
    numbers = read_plots(connection, RASHT, None)["plot_no"].tolist()
    return {k for k, number in enumerate(numbers) if found.plots is None or number in found.plots}


def outside_of_reach(
    connection: Connection, run: int, change: Change, layer: str, criteria: Sequence[Criterion]
) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Criterion -> places of the plots that changed, and of those among them that its declared reach leaves out."""
    _, rows, mode = change
    before = last_load(connection)
    old_block = block_of(connection, before)
    old = {criterion.id: criterion.measured(old_block) for criterion in criteria}
    load_frame(connection, layer, stored(rows), source="made up", synthetic=True, mode=mode)
    new_block = block_of(connection, last_load(connection))
    changed, missed = {}, {}
    for criterion in criteria:
        changed[criterion.id] = differing(old[criterion.id], criterion.measured(new_block))
        own = [need for need in criterion.needs if need.layer == layer]
        missed[criterion.id] = changed[criterion.id] - touched(connection, run, before, own)
    return changed, missed


DECLARED = sorted({need.layer for need in needs() if need.touches != EVERYTHING})


@pytest.mark.parametrize("layer", DECLARED)
def test_nothing_changes_outside_of_the_declared_reach(wide: tuple[Engine, int], layer: str) -> None:
    engine, run = wide
    criteria = [criterion for criterion in LAND_CRITERIA if layer in criterion.layers]
    read = dict.fromkeys(need for need in needs() if need.layer == layer)
    effective: set[str] = set()
    shut: set[int] = set()
    for need in read:
        for change in changes_of(need):
            with engine.connect() as connection:
                before = last_load(connection)
                found = find(block_of(connection, before))
                old = assess_findings(found, SCHEME).to_frame()
                changed, missed = outside_of_reach(connection, run, change, layer, criteria)
                assert not any(missed.values()), (change[0], missed)
                effective |= {name for name, plots in changed.items() if plots}
                after = find(block_of(connection, last_load(connection)))
                shut |= set(np.flatnonzero(after.excluded.reason != found.excluded.reason).tolist())
                new = assess_findings(after, SCHEME).to_frame()
                rows = zip(plain(old), plain(new), strict=True)
                whole = {k for k, (a, b) in enumerate(rows) if repr(a) != repr(b)}
                assert whole <= touched(connection, run, before, tuple(read)), change[0]
                connection.rollback()
    expected = {criterion.id for criterion in criteria if _declares(criterion, layer)}
    assert {name for name in expected - effective if (name, layer) not in WITHOUT_EFFECT} == set()
    if layer in {need.layer for need in exclusion.NEEDS} - {"hazard_extents"}:  # extents say what was looked for
        assert shut == {7}


def _declares(criterion: Criterion, layer: str) -> bool:
    return any(need.layer == layer and need.touches != EVERYTHING for need in criterion.needs)


def distance_to_danger(block: Block, criterion: Criterion) -> Measured:
    """Metres to the nearest hazard zone, at most ``reach_m``."""
    zones = shapely.union_all(block.layer("hazard_zones").geometry.to_numpy())
    return Measured(np.minimum(shapely.distance(block.polygons, zones), criterion.reach_m))


@pytest.mark.parametrize(
    ("need", "right"),
    [
        (Need("hazard_zones"), True),
        (Need("hazard_zones", touches=Within(3_000.0)), True),
        (Need("hazard_zones", touches=Within(600.0)), False),
        (Need("hazard_zones", touches=Within(0.0)), False),
    ],
)
def test_a_reach_that_is_declared_too_short_is_found(wide: tuple[Engine, int], need: Need, right: bool) -> None:
    """A criterion that reads zones out to 3 km: one new zone changes plots far from it."""
    engine, run = wide
    far = replace(SLIDE_LEVEL, id="to_danger_m", needs=(need,), measure=distance_to_danger, reach_m=3_000.0, limits=())
    missed: set[int] = set()
    with engine.connect() as connection:
        change = ("a zone in the middle", rows_like("hazard_zones", beside(5, 700.0, "POLYGON")), "add")
        changed, outside = outside_of_reach(connection, run, change, "hazard_zones", [far])
        missed |= outside[far.id]
        connection.rollback()
    assert len(changed[far.id]) == 4
    assert (not missed) is right


def test_a_change_beyond_what_is_read_touches_nothing(wide: tuple[Engine, int]) -> None:
    engine, run = wide
    with engine.connect() as connection:
        before = last_load(connection)
        far = beside(8, 60_000.0, "LINE")
        road = valley.frame([{"code": "out of sight", "kind": "path", "geometry": shapely.multilinestrings([far])}])
        load_frame(connection, "roads", stored(road), source="made up", synthetic=True)
        assert touched(connection, run, before, tuple(needs())) == set()
        connection.rollback()


def test_results_follow_from_the_needs_that_are_declared() -> None:
    read: set[str] = set()

    class Recording(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            read.add(key)
            return super().get(key, default)

        def __getitem__(self, key: str) -> object:
            read.add(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            read.add(str(key))
            return super().__contains__(key)

    around = Recording(valley.layers())
    find(Block(valley.plots(), around, valley.judgement()))
    assert read <= {need.layer for need in needs()}
