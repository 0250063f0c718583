"""The demo region: the same from the same seed, consistent with itself, all of it marked synthetic."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from scipy.io import netcdf_file
from sqlalchemy import Engine, Integer, cast, func, select, update
from typer.testing import CliRunner

import scripts.demo_region.ground.fetch_relief
import scripts.verbs.demo
from geo.contract.criterion import Judgement
from geo.hazard.levels import INTENSITIES, LEVELS, level
from geo.household.profile import profile_names
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from geo.terrain.grid import north_up
from layers.catalogue import BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.balances import AreaBalance
from layers.catalogue.base import STAFF
from layers.catalogue.hazards import HazardEvent
from layers.catalogue.irrigation import CommandArea
from layers.catalogue.land import Plot
from layers.catalogue.services import EnergyPoint
from layers.errors import DataRefused, NotFound
from layers.features.household_fit import lights_of_run
from layers.loading.listing import list_layers
from layers.postgres.engine import reading, writing
from layers.records.loads import Load
from layers.records.runs import Publication
from scripts.demo_region import Region, generate
from scripts.demo_region.farmland.blocks import Blocks
from scripts.demo_region.farmland.farms import Farm
from scripts.demo_region.farmland.mesh import Mesh
from scripts.demo_region.farmland.plots import Plots
from scripts.demo_region.ground.canals import MainCanal
from scripts.demo_region.ground.fields import at, cells_of, halved
from scripts.demo_region.layers.ways import field_ways
from scripts.demo_region.on_real import load_real
from scripts.demo_region.places import AREAS, DISTRICTS
from scripts.demo_region.write import mark, take_back, write
from scripts.main import app
from tests.worlds.promises import bears_leaching, broken, leached, salty

# Sixteen by twenty-four kilometres around Gharm: the whole generator in about a second.
GHARM = replace(
    AREAS[0],
    bounds=(605_760.0, 4_311_360.0, 629_760.0, 4_327_680.0),
    courses=AREAS[0].courses[:1],
    districts=AREAS[0].districts[:1],
)
PLOTS = 1_500
SMALL = partial(generate, areas=(GHARM,))


@pytest.fixture(scope="module")
def region() -> Region:
    return SMALL(PLOTS, 7)


@pytest.fixture(scope="module")
def plots(region: Region) -> gpd.GeoDataFrame:
    frame = region.frames["plots"]
    assert isinstance(frame, gpd.GeoDataFrame)
    return frame


def same(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Whether two frames hold the same rows, geometries to the last bit."""
    plain = [pd.DataFrame(frame.drop(columns="geometry", errors="ignore")) for frame in (a, b)]
    if not plain[0].equals(plain[1]):
        return False
    if "geometry" not in a:
        return True
    return bool(np.array_equal(shapely.to_wkb(a.geometry.to_numpy()), shapely.to_wkb(b.geometry.to_numpy())))


def test_the_same_seed_gives_the_same_region(region: Region) -> None:
    again = SMALL(PLOTS, 7)
    assert again.frames.keys() == region.frames.keys()
    assert all(same(again.frames[name], region.frames[name]) for name in region.frames)
    for name, grids in region.grids.items():
        assert all(np.array_equal(a.values, b.values) for a, b in zip(grids, again.grids[name], strict=True))


def test_another_seed_gives_another_region(region: Region) -> None:
    other = SMALL(PLOTS, 8)
    assert not same(other.frames["plots"], region.frames["plots"])
    assert not np.array_equal(other.grids["dem"][0].values, region.grids["dem"][0].values)


@pytest.mark.parametrize("wanted", [500, 501, 3_000])
def test_it_has_exactly_the_plots_asked_for(wanted: int) -> None:
    assert len(SMALL(wanted, 3).frames["plots"]) == wanted


def test_more_plots_than_the_land_holds_are_refused() -> None:
    with pytest.raises(DataRefused, match="plots at most"):
        SMALL(900_000, 3)


def test_a_relief_that_does_not_reach_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.tif"
    profile = {"driver": "GTiff", "crs": "EPSG:4326", "count": 1, "dtype": "int16", "width": 10, "height": 10}
    with rasterio.open(file, "w", **profile, transform=north_up(10, 50, 0.1, 0.1)) as target:
        target.write(np.full((10, 10), 100, dtype=np.int16), 1)
    with pytest.raises(DataRefused, match=r"elsewhere\.tif does not cover"):
        SMALL(PLOTS, 1, file)


def test_plots_are_valid_strips_of_plausible_size_that_do_not_overlap(plots: gpd.GeoDataFrame) -> None:
    shapes = plots.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    area_ha = shapely.area(shapes) / 1e4
    assert area_ha.min() >= 0.03  # domain reference 2.3, the smallest household plot
    assert area_ha.max() <= 15.0  # the largest family farm
    medians = {form: float(np.median(area_ha[plots["land_form"] == form])) for form in plots["land_form"].unique()}
    assert medians["household"] == pytest.approx(0.12, rel=0.35)
    assert medians["presidential"] == pytest.approx(0.20, rel=0.35)
    assert 0.5 <= medians["dehkan"] <= 5.0
    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    assert len(shared) == 0 or shared.max() < 1.0


def test_a_canal_that_doubles_back_keeps_its_road() -> None:
    x = np.concatenate([np.arange(0.0, 200.0, 20.0), [200.0], np.arange(180.0, 400.0, 20.0)])
    canal = MainCanal(x, np.zeros(len(x)), np.linspace(10.0, 9.0, len(x)), 1, 0)
    lines = Mesh(np.tile(x[:, None], 8), np.tile(-15.0 * np.arange(8.0), (len(x), 1)), np.full(len(x), 90.0))
    one = Blocks(*(np.array([k]) for k in (0, 0)), *(np.array([v]) for v in (0.0, len(x) - 1.0, 0.0, 90.0, 0.5)))
    plot = Plots(np.array([shapely.box(0, -90, 50, 0)]), *(np.array([v]) for v in (0.4, 2, 0, 5.0, 45.0)))
    none = plot.take(np.zeros(1, dtype=bool))
    farm = Farm(canal, lines, lines, one, one.take(np.zeros(1, dtype=bool)), plot, none, np.empty((0, 2)), np.empty(0))
    along = [shape for kind, shape in field_ways(farm) if kind == "gravel"]
    assert len(along) == 1  # with a position that is no number it has no length, and would be left out as too short
    assert np.isfinite(shapely.get_coordinates(along)).all()


def test_every_geometry_is_finite_and_valid(region: Region) -> None:
    for name, frame in region.frames.items():
        if isinstance(frame, gpd.GeoDataFrame):
            shapes = frame.geometry.to_numpy()
            assert np.isfinite(shapely.get_coordinates(shapes)).all(), name
            assert shapely.is_valid(shapes).all(), name


def test_household_plots_lie_nearer_to_villages_than_farms_do(region: Region, plots: gpd.GeoDataFrame) -> None:
    homes = region.frames["settlements"].geometry.union_all()
    away = shapely.distance(shapely.centroid(plots.geometry.to_numpy()), homes)
    form = plots["land_form"].to_numpy()
    assert np.median(away[form == "household"]) < np.median(away[form == "presidential"])
    assert np.median(away[form == "presidential"]) < np.median(away[form == "dehkan"])


def test_main_canals_follow_the_contour_and_fall(region: Region) -> None:
    canals = region.frames["canals"]
    main = canals[canals["type"] == "main"]
    length = shapely.length(main.geometry.to_numpy())
    fall = (main["head_level_m"] - main["tail_level_m"]).to_numpy() / length
    assert (fall > 0).all()
    assert np.median(fall) < 0.004  # a river here falls 0.7 %, the ground beside it more
    points = [shapely.get_point(main.geometry.to_numpy(), index) for index in (0, -1)]
    for ends, column in zip(points, ("head_level_m", "tail_level_m"), strict=True):
        ground = at(region.grids["dem"][0], shapely.get_x(ends), shapely.get_y(ends))
        assert np.median(np.abs(main[column].to_numpy() - ground)) < 3.0
    side = canals[canals["type"] != "main"]
    assert {"secondary", "distributary"} == set(side["type"])
    assert (side["head_level_m"] > side["tail_level_m"]).all()


def test_reaches_of_a_canal_join_end_to_end(region: Region) -> None:
    canals = region.frames["canals"]
    for _, reaches in canals[canals["type"] == "main"].groupby("canal", sort=False):
        shapes = reaches.geometry.to_numpy()
        gap = shapely.distance(shapely.get_point(shapes[:-1], -1), shapely.get_point(shapes[1:], 0))
        assert (gap < 1e-6).all()


def test_every_outlet_command_and_month_names_what_is_there(region: Region) -> None:
    frames = region.frames
    commands = set(frames["command_areas"]["code"])
    reaches = set(frames["canals"]["code"])
    assert set(frames["command_areas"]["reach"]) <= reaches
    assert set(frames["outlets"]["reach"]) <= reaches
    assert set(frames["outlets"]["command_area"]) == commands
    assert set(frames["command_crops"]["command_area"]) == commands
    assert set(frames["plot_surveys"]["plot_id"]) <= set(frames["plots"]["plot_id"])
    assert set(frames["plots"]["settlement"].dropna()) <= set(frames["settlements"]["code"])


def test_irrigated_plots_lie_in_a_command_area_and_rainfed_ones_do_not(region: Region, plots: gpd.GeoDataFrame) -> None:
    commanded = region.frames["command_areas"].geometry.union_all()
    inside = shapely.contains(commanded, shapely.centroid(plots.geometry.to_numpy()))
    irrigated = plots["irrigated"].to_numpy(dtype=bool)
    assert inside[irrigated].mean() > 0.97
    assert inside[~irrigated].mean() < 0.03


def test_ratios_are_measured_in_a_few_areas_and_made_up_in_none(region: Region) -> None:
    """How much of its need an area gets comes out of the balance of its canal."""
    areas = region.frames["command_areas"]
    assert "command_months" not in region.frames
    assert set(areas.loc[areas["sdr"].notna(), "sdr_basis"]) <= {"surveyed"}
    assert set(areas.loc[areas["sdr"].isna(), "sdr_basis"]) == {"unknown"}
    assert areas["sdr"].notna().mean() < 0.25


def test_intakes_offer_what_their_rivers_bring(region: Region) -> None:
    frames = region.frames
    intakes, flows = frames["intakes"], frames["intake_flows"]
    assert set(intakes["reach"]) <= set(frames["canals"]["code"])
    assert set(flows["intake"]) == set(intakes["code"])
    assert len(flows) == len(intakes) * 12 * 3
    by_year = flows.pivot(index=["intake", "month"], columns="year_type", values="flow_m3_s")
    assert (by_year > 0.0).all(axis=None)
    assert (by_year["dry"] <= by_year["normal"]).all()
    assert (by_year["normal"] <= by_year["wet"]).all()
    of_normal = by_year["normal"].unstack("month")
    assert set(of_normal.idxmax(axis=1)) <= {5, 6, 7}  # snow melts in May, glaciers in June and July; domain 2.4
    assert set(of_normal.idxmin(axis=1)) <= {1, 2, 9, 10, 11, 12}
    mains = frames["canals"][frames["canals"]["type"] == "main"].groupby("canal")["capacity_m3_s"].max()
    taken = flows.groupby("intake")["flow_m3_s"].max() * 0.9  # a tenth of the flow stays in the river
    canal = frames["canals"].set_index("code")["canal"].loc[intakes.set_index("code")["reach"].loc[taken.index]]
    assert (taken.to_numpy() <= 1.2 * 1.05 * mains.loc[canal].to_numpy() + 1e-3).all()


def test_the_end_of_a_main_canal_holds_less_for_each_hectare_than_its_head(region: Region) -> None:
    """Silt: what a reach takes in for the land beyond it, as a part of what it was built for."""
    canals, areas = region.frames["canals"], region.frames["command_areas"]
    hectares = areas.geometry.area / 1e4
    shares = []
    for name, reaches in canals[canals["type"] == "main"].groupby("canal"):
        codes = sorted(reaches["code"])
        below = [hectares[(areas["canal"] == name) & (areas["code"].str[-3:-1] >= code[-2:])].sum() for code in codes]
        held = reaches.set_index("code")["capacity_m3_s"].loc[codes].to_numpy() / np.array(below)
        shares.append(held[-1] / held[0])
    assert np.median(shares) < 0.6


def test_scarce_water_comes_at_night_more_often(region: Region) -> None:
    areas = region.frames["command_areas"].dropna(subset=["heavy_turns_pct"])
    assert areas["heavy_turns_pct"].between(0, 100).all()
    scarce = areas["position"] != "head"
    assert areas[scarce]["heavy_turns_pct"].mean() > areas[~scarce]["heavy_turns_pct"].mean() + 2


def test_households_are_counted_in_jamoats_that_have_villages(region: Region) -> None:
    counted, homes = region.frames["jamoat_households"], region.frames["settlements"]
    assert set(counted["code"]) == set(homes["jamoat"].dropna()) & set(region.frames["jamoats"]["code"])
    assert (counted["households_led_by_women"] <= counted["households"]).all()
    assert (counted["households"] > 0).all()


def test_rivers_run_downhill_on_the_elevation_that_is_loaded(region: Region) -> None:
    rivers = region.frames["rivers"]
    assert rivers["name_en"].str.contains("Vakhsh", na=False).sum() == 1
    dem = region.grids["dem"][0]
    inner = shapely.box(*dem.bounds).buffer(-500.0)  # at the edge of the area there is no ground to run down to
    inside = [shape for shape in rivers.geometry if inner.contains(shapely.get_point(shape, -1))]
    assert len(inside) >= 8
    for shape in inside:
        level_m = dem.values[cells_of(dem, *shapely.get_coordinates(shape).T)]
        assert level_m[0] > level_m[-1] - 1.0
        assert (level_m - np.minimum.accumulate(level_m)).max() < 10.0


def test_farmed_ground_is_gentler_than_the_hills(region: Region, plots: gpd.GeoDataFrame) -> None:
    dem = region.grids["dem"][0]
    slope = np.hypot(*np.gradient(dem.values, dem.cell_m))
    middle = shapely.centroid(plots.geometry.to_numpy()[plots["irrigated"].to_numpy(dtype=bool)])
    grid = replace(dem, values=slope.astype(np.float32))
    farmed = at(grid, shapely.get_x(middle), shapely.get_y(middle))
    assert np.median(farmed) < 0.06
    assert np.median(slope) > 0.2


def test_hazard_levels_are_those_of_the_matrices(region: Region) -> None:
    zones = region.frames["hazard_zones"]
    assert len(zones) > 3
    asked = (zones[name].tolist() for name in ("process", "intensity", "return_period_y", "level"))
    for process, intensity, period, expected in zip(*asked, strict=True):
        assert LEVELS[int(level(process, INTENSITIES.index(intensity), period))] == expected
    assert set(zones["source_class"]) == {"derived"}
    assert zones["method"].str.startswith("Synthetic").all()


def test_scores_are_a_believable_mixture(region: Region, plots: gpd.GeoDataFrame) -> None:
    nearby = {**region.frames, **{name: grids[0] for name, grids in region.grids.items()}}
    dem = region.grids["dem"][0]
    slope = 100.0 * np.hypot(*np.gradient(dem.values, dem.cell_m))
    nearby["slope"] = replace(dem, values=slope.astype(np.float32))
    judged = Judgement(date(2026, 11, 1), np.full(len(plots), "potato"))
    results = assess(plots, nearby, judged, load_scheme("default"))
    assert not results.land.not_assessed
    share = results.land.to_frame()["class"].value_counts(normalize=True)
    assert {"S2", "S3", "N2"} <= set(share.index)
    assert share.max() < 0.8


def test_halving_cells_keeps_a_plane_a_plane() -> None:
    plane = np.add.outer(np.arange(6.0), 2.0 * np.arange(8.0)).astype(np.float32)
    fine = halved(plane)
    assert fine.shape == (12, 16)
    assert np.diff(fine, axis=0)[2:-2] == pytest.approx(0.5)
    assert np.diff(fine, axis=1)[:, 2:-2] == pytest.approx(1.0)


def test_shares_and_areas_fit_together() -> None:
    assert sum(district.share for district in DISTRICTS) == pytest.approx(1.0)
    for area in AREAS:
        assert all(value % 960 == 0 for value in area.bounds)
    assert {"TJ.RR.GA", "TJ.RR.DZ", "TJ.RR.TJ", "TJ.RR.DA", "TJ.RR.TV", "TJ.KL.KA"} == {d.code for d in DISTRICTS}


def counts() -> dict[str, int]:
    """Current rows of every layer."""
    with reading(STAFF) as connection:
        return {
            name: connection.execute(
                select(func.count()).select_from(layer).where(layer.ended_by.is_(None))
            ).scalar_one()
            for name, layer in BY_NAME.items()
        }


def loads() -> int:
    with reading(STAFF) as connection:
        return connection.execute(select(func.count()).select_from(Load)).scalar_one()


@pytest.fixture
def small_demo(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give a database without a demo, and a command that generates the small region."""
    monkeypatch.setattr(scripts.verbs.demo, "generate", SMALL)
    yield database
    with writing() as connection:
        take_back(connection)


def run(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(app, ["demo", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def keeps_its_promises(run: int) -> None:
    """Whatever else is true of a region, nothing in it is said that harms whoever acts on it."""
    with reading(STAFF) as connection:
        assert broken(connection, run) == {}
        for plot in salty(connection, run, 15):
            assert not leached(connection, plot) or bears_leaching(connection, plot), plot


@pytest.mark.usefixtures("small_demo")
def test_the_command_loads_scores_and_changes_nothing_the_second_time(region: Region) -> None:
    first = run("--plots", str(PLOTS), "--seed", "7")
    assert first["changed"] is True
    held = counts()
    for name, frame in region.frames.items():
        assert held[name] == len(frame), name
    with reading(STAFF) as connection:
        current = [holding for holding in list_layers(connection) if holding.rows]
        served = connection.execute(select(Publication.district).where(Publication.shown)).scalars().all()
        fitted = lights_of_run(connection, int(str(first["run"])))
    assert {"dem", "slope", "soil_depth", "mean_temperature", "plots"} <= {holding.layer for holding in current}
    source = {"area_balance": "Water balance", "reach_balance": "Water balance"}
    assert {"area_balance", "reach_balance"} <= {holding.layer for holding in current}
    for holding in current:
        assert holding.synthetic, holding.layer
        assert source.get(holding.layer, "Synthetic demo region, seed 7") in str(holding.source), holding.layer
    with reading(STAFF) as connection:
        balanced = connection.execute(select(AreaBalance.year_type, AreaBalance.rule).distinct()).all()
    assert sorted(map(tuple, balanced)) == [("dry", "proportional"), ("normal", "proportional")]
    assert served == ["TJ.RR.GA"]
    assert {name: sum(lights.values()) for name, lights in fitted.items()} == dict.fromkeys(profile_names(), PLOTS)
    keeps_its_promises(int(str(first["run"])))

    before = loads()
    again = run("--plots", str(PLOTS), "--seed", "7")
    assert again == {**first, "changed": False}
    assert (counts(), loads()) == (held, before)

    other = run("--plots", "600", "--seed", "8")
    assert other["changed"] is True
    assert other["run"] != first["run"]
    assert counts()["plots"] == 600
    with reading(STAFF) as connection:
        sources = {holding.source for holding in list_layers(connection) if holding.rows}
        codes = set(connection.execute(select(AreaBalance.code).where(AreaBalance.ended_by.is_(None))).scalars())
        areas = set(connection.execute(select(CommandArea.code).where(CommandArea.ended_by.is_(None))).scalars())
    others = {str(source) for source in sources} - {"Synthetic demo region, seed 8"}
    assert all(source.startswith("Water balance ") for source in others), others
    assert codes == areas  # none is left of the demo before


def test_a_demo_is_not_drawn_over_real_districts(small_demo: Engine, region: Region) -> None:
    known_as = mark(PLOTS, 7, "on generated relief")
    with writing() as connection:
        write(connection, region, known_as)
        connection.execute(update(Load).values(synthetic=False, file_name="districts.gpkg"))
    done = CliRunner().invoke(app, ["demo", "--plots", "600"])
    assert isinstance(done.exception, DataRefused)
    assert "districts.gpkg" in str(done.exception)
    with small_demo.begin() as connection:
        connection.execute(update(Load).values(synthetic=True, file_name=known_as))


def netcdf(path: Path) -> bytes:
    """Return a small grid of the form the relief has: south first, one degree cells over Tajikistan and beyond."""
    with netcdf_file(path, "w") as target:
        for name, values in (("lat", np.arange(35.5, 44.0)), ("lon", np.arange(65.5, 78.0))):
            target.createDimension(name, len(values))
            target.createVariable(name, "d", (name,))[:] = values
        elevation = target.createVariable("elevation", "h", ("lat", "lon"))
        elevation[:] = 100 * np.arange(9)[:, None] + np.arange(13)
    return path.read_bytes()


def test_relief_keeps_place_and_height(tmp_path: Path) -> None:
    file = scripts.demo_region.ground.fetch_relief.keep_relief(
        netcdf(tmp_path / "grid.nc"), tmp_path / "home" / "relief" / "kept.tif"
    )
    with rasterio.open(file) as source:
        assert source.crs.to_epsg() == 4326
        (height,) = next(source.sample([(70.5, 38.5)]))
    assert height == 305  # row of 38.5 N is the fourth from the south, column of 70.5 E the sixth from the west


def test_only_the_relief_that_was_checked_is_taken(tmp_path: Path) -> None:
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(scripts.demo_region.ground.fetch_relief.MEMBER, b"something else")
    assert scripts.demo_region.ground.fetch_relief.data_of(wheel) is None
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("elsewhere.nc", BytesIO().getvalue())
    assert scripts.demo_region.ground.fetch_relief.data_of(wheel) is None


def test_without_a_package_index_there_is_no_true_relief(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: subprocess.CompletedProcess[bytes] = subprocess.CompletedProcess((), returncode=1)
    monkeypatch.setattr("scripts.demo_region.ground.fetch_relief.subprocess.run", lambda *_, **__: refused)
    assert scripts.demo_region.ground.fetch_relief.fetch(tmp_path) is None
    assert scripts.demo_region.ground.fetch_relief.true_relief(tmp_path) is None


def test_a_folder_without_real_layers_is_refused_by_name(database: Engine, tmp_path: Path) -> None:
    with database.begin() as connection, pytest.raises(NotFound, match=r"adm2_districts_osm2017\.geojson"):
        load_real(connection, tmp_path)


@pytest.mark.real_data
@pytest.mark.usefixtures("small_demo")
def test_the_demo_is_laid_on_real_layers() -> None:
    answer = run("--plots", str(PLOTS), "--on", os.environ["OBOD_REAL_DATA"])
    assert answer["changed"] is True
    held = counts()
    assert held["districts"] == 58  # as many as the file has
    assert held["settlements"] > 2_000
    assert held["plots"] == PLOTS
    with reading(STAFF) as connection:
        current = {(holding.layer, holding.synthetic) for holding in list_layers(connection) if holding.rows}
        inside = connection.execute(
            select(func.avg(cast(func.ST_Intersects(Plot.__table__.c.geom, District.__table__.c.geom), Integer)))
            .join(District, District.code == Plot.district)
            .where(Plot.ended_by.is_(None), District.ended_by.is_(None))
        ).scalar_one()
    assert {("districts", False), ("settlements", False), ("rivers", False), ("dem", False)} <= current
    assert {("plots", True), ("canals", True), ("command_areas", True)} <= current
    assert {(layer, False) for layer in ("hazard_events", "energy_points", "glaciers", "lakes", "faults")} <= current
    with writing() as connection:
        for layer in (HazardEvent, EnergyPoint):  # real ones, and nothing made up among them
            made_up = select(func.count()).select_from(layer).join(Load, Load.load_id == layer.load_id)
            assert connection.execute(made_up.where(layer.ended_by.is_(None), Load.synthetic)).scalar_one() == 0
    assert inside > 0.99
    keeps_its_promises(int(str(answer["run"])))
