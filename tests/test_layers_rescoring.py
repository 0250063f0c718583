"""After an edit only what it touches is scored again, and the result is that of scoring everything, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import valley
from shapely import affinity
from sqlalchemy import Engine, select, text
from stored_valley import NUROBOD, RASHT, REQUIRED, load_valley, plots_of, stored
from test_layers_workers import kept

from geo.scheme import load_scheme
from layers.database import writing
from layers.errors import NotFound
from layers.loading import load_frame
from layers.replay import replay
from layers.rescoring import score_changed
from layers.results import Publication
from layers.scoring import score

SCHEME = load_scheme()
X, Y = valley.X, valley.Y


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


def load(layer: str, frame: gpd.GeoDataFrame | pd.DataFrame, mode: str = "add") -> None:
    with writing() as connection:
        load_frame(connection, layer, stored(frame), source="made up", synthetic=True, mode=mode)


def plot(name: str, x: float, y: float) -> gpd.GeoDataFrame:
    """One plot of Rasht with its corner at (x, y) in the valley."""
    frame = plots_of(RASHT).iloc[[0]].assign(plot_id=name)
    return frame.set_geometry([shapely.MultiPolygon([shapely.box(X + x, Y + y, X + x + 50.0, Y + y + 50.0)])])


def plot_added() -> None:
    load("plots", plot("new", 1_700.0, 1_500.0))


def plot_moved() -> None:
    load("plots", plot("clean", 1_500.0, 1_900.0), mode="update")


def plot_removed() -> None:
    with writing() as connection:
        statement = "SELECT plot_id, district, settlement, land_form, irrigated, terraced, geom FROM plots"
        current = text(f"{statement} WHERE ended_by IS NULL AND plot_id <> 'steep'")
        left = gpd.read_postgis(current, connection, geom_col="geom")
        frame = left.rename_geometry("geometry")
        load_frame(connection, "plots", frame, source="made up", synthetic=True, mode="replace")


def zone_added() -> None:
    square = shapely.box(X + 1_350.0, Y + 1_650.0, X + 1_450.0, Y + 1_700.0)
    zone = valley.hazard_zones().assign(code="slide", process="landslide", intensity="strong", level="high")
    load("hazard_zones", zone.set_geometry([square]))


def canal_repaired() -> None:
    canals = valley.canals()
    load("canals", canals[canals["code"] == "lower"].assign(condition=2), mode="update")


def surveyed() -> None:
    row = valley.plot_surveys().iloc[[3]].assign(code="survey later", survey_date=date(2026, 5, 1), salinity_ds_m=6.0)
    load("plot_surveys", row)


def road_added() -> None:
    road = {"code": "road", "kind": "path", "geometry": shapely.MultiLineString([valley.line(1_750.0)])}
    load("roads", valley.frame([road]))


def command_area_changed() -> None:
    areas = valley.command_areas()
    load("command_areas", areas[areas["code"] == "lower command"].assign(sdr=0.6), mode="update")


LAYERS = ("plots", "districts", "roads", "rasters", *REQUIRED)
EDITS: list[Callable[[], None]] = [
    plot_added,
    plot_moved,
    plot_removed,
    zone_added,
    canal_repaired,
    surveyed,
    road_added,
    command_area_changed,
]


def shown(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(Publication.district, Publication.run_id).where(Publication.shown))
        return {row.district: row.run_id for row in rows}


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.heavy), pytest.param(3, marks=pytest.mark.heavy)]
)
def test_edits_in_any_order_give_what_scoring_everything_gives(valley_database: Engine, seed: int) -> None:
    random.seed(seed)
    with writing() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(LAYERS)} CASCADE"))
        load_valley(connection)
    score(valley_database, SCHEME, day=valley.AS_OF)
    for edit in random.sample(EDITS, len(EDITS)):
        edit()
        found = score_changed(valley_database)
        everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
        assert kept(valley_database, found.run_id) == kept(valley_database, everything.run_id), edit.__name__
        assert found.classes == everything.classes
        again = replay(valley_database, found.run_id)
        assert again.identical
        assert again.changed == (), edit.__name__
        assert shown(valley_database)[RASHT] == found.run_id
        with pytest.raises(NotFound, match="Nothing that a result depends on has changed"):
            score_changed(valley_database)


def test_only_what_an_edit_touches_is_scored_again(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    row = valley.plot_surveys().iloc[[0]].assign(code="one more", survey_date=date(2026, 5, 2), salinity_ds_m=5.0)
    load("plot_surveys", row)
    found = score_changed(valley_database)
    assert found.notes == (f"{RASHT}: 1 plots scored again, because of plot_surveys.",)
    assert shown(valley_database) == {RASHT: found.run_id, NUROBOD: first.run_id}


def test_a_run_of_other_code_is_scored_anew(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    with writing() as connection:
        connection.execute(
            text("UPDATE scoring_runs SET code_version = 'older' WHERE run_id = :run"), {"run": first.run_id}
        )
    found = score_changed(valley_database)
    assert found.plots == first.plots
    assert "was computed by older" in found.notes[0]


def test_a_road_out_of_sight_touches_no_district(valley_database: Engine) -> None:
    here = {"code": "here", "kind": "path", "geometry": shapely.MultiLineString([valley.line(1_700.0)])}
    load("roads", valley.frame([here]))  # the first row of a layer would touch every plot
    score(valley_database, SCHEME, day=valley.AS_OF)
    far = affinity.translate(valley.line(0.0), xoff=200_000.0)
    load("roads", valley.frame([{"code": "far", "kind": "path", "geometry": shapely.MultiLineString([far])}]))
    with pytest.raises(NotFound, match="Nothing that a result depends on"):
        score_changed(valley_database)
