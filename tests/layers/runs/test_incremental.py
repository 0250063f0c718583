"""After an edit only what it touches is scored again, and the result is that of scoring everything, byte for byte."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from math import floor, isnan
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import affinity
from sqlalchemy import Connection, Engine, func, select, text

from geo.panel.scheme import load_scheme
from layers.catalogue.base import PUBLIC
from layers.errors import NotFound
from layers.features.plots import in_district, scored_plots
from layers.loading import load_frame
from layers.postgres.engine import reading, writing
from layers.records.rows_of_run import in_run
from layers.records.runs import Publication, suitability
from layers.records.snapshot import Choice, Run, read_runs, run_of
from layers.runs.incremental import score_changed
from layers.runs.listing import diff_runs
from layers.runs.replay import replay
from layers.runs.score import publish_run, score
from layers.tiles.results_in_memory import DistrictResults, results_of_district
from tests.worlds import valley
from tests.worlds.stored_run import rows_of
from tests.worlds.valley_in_database import NUROBOD, RASHT, REQUIRED, load_valley, plots_of, stored

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
        before = {run: rows_of(valley_database, run) for run in shown(valley_database).values()}
        edit()
        reports = score_changed(valley_database)
        for found in reports:
            everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
            assert rows_of(valley_database, found.run_id) == rows_of(valley_database, everything.run_id), edit.__name__
            assert found.classes == everything.classes
            again = replay(valley_database, found.run_id)
            assert again.identical
            assert again.changed == (), edit.__name__
        assert shown(valley_database)[RASHT] in {found.run_id for found in reports}
        assert before == {run: rows_of(valley_database, run) for run in before}, "what was found before has changed"
        with pytest.raises(NotFound, match="Nothing that a result depends on has changed"):
            score_changed(valley_database)


def balance(number: int, ratio: float) -> gpd.GeoDataFrame:
    """Rows of a published balance: the upper area has the ratio in July."""
    areas = valley.command_areas()[["code", "geometry"]]
    months = {f"ratio{best}_{month:02d}": 1.0 for best in ("", "_best") for month in range(1, 13)}
    own = [ratio if code == "upper command" else 0.9 for code in areas["code"]]
    of: dict[str, Any] = {"year_type": "dry", "rule": "proportional", "balance_id": number, "supply": "fair"}
    of["entry"] = areas["code"] + ":dry:proportional"
    return areas.assign(**{**of, **months, "ratio_07": own, "ratio_best_07": own})


def test_a_new_balance_reaches_the_plots_of_the_areas_whose_ratios_it_changes(valley_database: Engine) -> None:
    of_areas = valley.command_areas().assign(sdr=None, sdr_basis="unknown", sdr_date=None)
    load("command_areas", of_areas, mode="replace")
    load("area_balance", balance(1, 0.8), mode="replace")
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    load("area_balance", balance(2, 0.8), mode="replace")
    with pytest.raises(NotFound, match="Nothing that a result depends on has changed"):
        score_changed(valley_database)  # made again, it found the same
    load("area_balance", balance(3, 0.4), mode="replace")
    (found,) = score_changed(valley_database)
    (note,) = [note for note in found.notes if note.startswith(RASHT)]
    assert "because of area_balance" in note
    everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
    assert rows_of(valley_database, found.run_id) == rows_of(valley_database, everything.run_id)
    assert rows_of(valley_database, found.run_id) != rows_of(valley_database, first.run_id)
    with writing() as connection:
        connection.execute(text("TRUNCATE area_balance"))
        load_frame(connection, "command_areas", stored(valley.command_areas()), mode="replace")


def test_only_what_an_edit_touches_is_scored_again(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    row = valley.plot_surveys().iloc[[0]].assign(code="one more", survey_date=date(2026, 5, 2), salinity_ds_m=5.0)
    load("plot_surveys", row)
    (found,) = score_changed(valley_database)
    assert found.notes == (f"{RASHT}: 1 plots scored again, because of plot_surveys.",)
    assert shown(valley_database) == {RASHT: found.run_id, NUROBOD: first.run_id}


def test_a_run_of_other_code_is_scored_anew(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    with writing() as connection:
        connection.execute(
            text("UPDATE scoring_runs SET code_version = 'older' WHERE run_id = :run"), {"run": first.run_id}
        )
    (found,) = score_changed(valley_database)
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


def rows_kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(suitability)).scalar_one()


def survey(name: str, salinity_ds_m: float, on: int = 3) -> None:
    """A later survey of one of the plots that have one."""
    row = valley.plot_surveys().iloc[[on]]
    load("plot_surveys", row.assign(code=name, survey_date=date(2026, 5, 3), salinity_ds_m=salinity_ds_m))


def test_an_edit_writes_the_rows_of_the_plots_it_touches_and_no_others(valley_database: Engine) -> None:
    score(valley_database, SCHEME, day=valley.AS_OF)
    before = rows_kept(valley_database)
    survey("rows", 7.0)
    score_changed(valley_database)
    assert rows_kept(valley_database) == before + 1


def test_every_district_follows_its_own_edits(valley_database: Engine) -> None:
    """An edit in one district gives it a run of its own; the others still follow later edits."""
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    survey("in Rasht", 6.5)
    (rasht,) = score_changed(valley_database)
    with writing() as connection:
        moved = plots_of(NUROBOD).iloc[[0]]
        load_frame(connection, "plots", stored(moved.assign(terraced=True)), mode="update", synthetic=True)
    (nurobod,) = score_changed(valley_database)
    assert nurobod.districts == (NUROBOD,)
    assert shown(valley_database) == {RASHT: rasht.run_id, NUROBOD: nurobod.run_id}
    for found in (rasht, nurobod):
        everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
        assert rows_of(valley_database, found.run_id) == rows_of(valley_database, everything.run_id)
        assert replay(valley_database, found.run_id).identical
    assert replay(valley_database, first.run_id).identical


def test_a_draft_is_not_lost_and_does_not_disturb_what_follows(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    survey("for a draft", 8.0)
    (draft,) = score_changed(valley_database, publish=False)
    assert shown(valley_database)[RASHT] == first.run_id
    (same,) = score_changed(valley_database)
    assert same.notes == (f"{RASHT}: as in run {draft.run_id}, which was kept as a draft; nothing has changed since.",)
    assert rows_of(valley_database, same.run_id) == rows_of(valley_database, draft.run_id)
    with writing() as connection:
        publish_run(connection, first.run_id)
    survey("after going back", 2.5)
    (latest,) = score_changed(valley_database)
    everything = score(valley_database, SCHEME, districts=[RASHT], day=valley.AS_OF, publish=False)
    assert rows_of(valley_database, latest.run_id) == rows_of(valley_database, everything.run_id)
    assert replay(valley_database, first.run_id).identical


def test_a_run_that_breaks_off_leaves_no_row_changed(valley_database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    before = rows_of(valley_database, first.run_id)
    survey("broken", 9.0)

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("layers.runs.incremental.finish_run", broken)
        with pytest.raises(RuntimeError):
            score_changed(valley_database)
    assert rows_of(valley_database, first.run_id) == before
    (found,) = score_changed(valley_database)
    everything = score(valley_database, SCHEME, districts=[RASHT], day=valley.AS_OF, publish=False)
    assert rows_of(valley_database, found.run_id) == rows_of(valley_database, everything.run_id)


def test_what_tiles_show_of_a_later_run_is_made_from_the_earlier_one(valley_database: Engine) -> None:
    score(valley_database, SCHEME, day=valley.AS_OF)

    def shown_now(connection: Connection) -> DistrictResults:
        return results_of_district(connection, read_runs(connection).shown[RASHT].run, RASHT)

    with reading(PUBLIC) as connection:
        shown_now(connection)
    survey("on tiles", 9.5)
    load("plots", plot("new-on-tiles", 1_750.0, 1_550.0))
    (found,) = score_changed(valley_database)
    with reading(PUBLIC) as connection:
        made = shown_now(connection)
        run = read_runs(connection).shown[RASHT].run
        assert run.run_id == found.run_id
        wanted = connection.execute(
            select(suitability.c.plot_no, suitability.c["class"], suitability.c.score)
            .where(in_run(run), suitability.c.district == RASHT)
            .order_by(suitability.c.plot_no)
        ).all()
    assert made.plot_no.tolist() == [row[0] for row in wanted]
    assert made.texts["class"].tolist() == [row[1] for row in wanted]
    assert [None if isnan(score) else score for score in made.score.tolist()] == [
        None if row[2] is None else floor(round(row[2], 4) * 10) / 10 for row in wanted
    ]


def test_results_at_hand_of_a_run_that_is_no_longer_there_are_not_built_upon(valley_database: Engine) -> None:
    """After a restore numbers of runs come again; what memory holds of one is then another run's."""
    score(valley_database, SCHEME, day=valley.AS_OF)
    survey("before restoring", 4.0)
    (found,) = score_changed(valley_database)
    with reading(PUBLIC) as connection:
        run = read_runs(connection).shown[RASHT].run
        before = results_of_district(connection, run, RASHT)
    survey("after restoring", 15.0)
    (later,) = score_changed(valley_database)
    now = datetime.now(UTC)
    with writing() as connection:  # as if the first run made from the base were another one
        connection.execute(
            text("UPDATE scoring_runs SET finished_at = :now WHERE run_id = :run"), {"now": now, "run": found.run_id}
        )
        connection.execute(
            text("UPDATE suitability SET class = 'NE' WHERE plot_no = :plot"), {"plot": int(before.plot_no[0])}
        )
    with reading(PUBLIC) as connection:
        made = results_of_district(connection, run_of(connection, later.run_id), RASHT)
        assert results_of_district(connection, run_of(connection, found.run_id), RASHT).texts["class"][0] == "NE"
    assert made.texts["class"][0] == "NE"


def test_differences_of_runs_made_from_each_other_are_those_of_the_plots_touched(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    survey("another", 12.0, on=0)
    (found,) = score_changed(valley_database)
    with valley_database.connect() as connection:
        compared = diff_runs(connection, first.run_id, found.run_id)
    assert compared["plots"] == found.plots
    assert len(compared["moved_most"]) == 1


def test_lists_and_the_view_show_every_plot_once_with_the_run_it_is_served_from(valley_database: Engine) -> None:
    first = score(valley_database, SCHEME, day=valley.AS_OF)
    survey("in lists", 11.0, on=0)
    (found,) = score_changed(valley_database)
    runs = {RASHT: found.run_id, NUROBOD: first.run_id}
    with reading(PUBLIC) as connection:
        served = read_runs(connection)
        now = listed(connection, served.runs_of(Choice()))
        alone = listed(connection, {RASHT: served.runs[found.run_id]}, RASHT)
        before = listed(connection, served.runs_of(Choice(run=first.run_id)))
    with valley_database.connect() as connection:
        view = connection.execute(text("SELECT plot_id, district, run_id, class FROM qgis.plots ORDER BY plot_id"))
        assert [tuple(row) for row in view] == now
        plots = connection.execute(text("SELECT count(*) FROM plots WHERE ended_by IS NULL")).scalar_one()
    assert len(now) == len(before) == plots
    assert {(row[1], row[2]) for row in now} == set(runs.items())
    assert {row[2] for row in before} == {first.run_id}
    assert alone == [row for row in now if row[1] == RASHT]


def listed(connection: Connection, runs: Mapping[str, Run], district: str | None = None) -> list[tuple[object, ...]]:
    """Plot, district, run and class of every plot as lists give them, in order of plots."""
    features = scored_plots(PUBLIC, runs)
    shown = [features.property(name).value for name in ("plot_id", "district", "run", "class")]
    statement = select(*shown).select_from(features.source).where(*features.where).order_by(features.key)
    if district is not None:
        statement = statement.where(in_district(district))
    return [tuple(row) for row in connection.execute(statement)]


def test_a_plot_that_moved_to_another_district_is_not_evaluated_there_until_it_is_scored(
    valley_database: Engine,
) -> None:
    score(valley_database, SCHEME, day=valley.AS_OF)
    mine = plots_of(RASHT).iloc[[0]]
    name = mine["plot_id"].iloc[0]

    def shown_of_it() -> tuple[object, ...]:
        with reading(PUBLIC) as connection:
            (row,) = [row for row in listed(connection, read_runs(connection).runs_of(Choice())) if row[0] == name]
        return row[1:]

    load("plots", mine.assign(district=NUROBOD, settlement=None), mode="update")
    try:
        assert shown_of_it() == (NUROBOD, None, "NE")
        reports = score_changed(valley_database)
        assert {district for found in reports for district in found.districts} == {RASHT, NUROBOD}
        district, run, judged_as = shown_of_it()
        assert district == NUROBOD
        assert run in {found.run_id for found in reports}
        assert judged_as != "NE"
        for found in reports:
            everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
            assert rows_of(valley_database, found.run_id) == rows_of(valley_database, everything.run_id)
    finally:
        load("plots", mine, mode="update")


def test_a_run_from_one_of_before_keeps_no_finer_cells_than_that(valley_database: Engine) -> None:
    with writing() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(LAYERS)} CASCADE"))
        load_valley(connection)
    base = score(valley_database, SCHEME, day=valley.AS_OF)
    with valley_database.begin() as connection:
        connection.execute(text("DELETE FROM suitability_cells WHERE zoom > 12"))
    surveyed()
    (found,) = score_changed(valley_database)
    everything = score(valley_database, SCHEME, districts=found.districts, day=valley.AS_OF, publish=False)
    kept = {run: rows_of(valley_database, run)["suitability_cells"] for run in (found.run_id, everything.run_id)}
    with valley_database.connect() as connection:
        asked = text("SELECT run_id, max(zoom) FROM suitability_cells GROUP BY run_id")
        finest = {row[0]: row[1] for row in connection.execute(asked)}
    assert (finest[base.run_id], finest[found.run_id], finest[everything.run_id]) == (12, 12, 14)
    whole = [row for row in kept[everything.run_id] if json.loads(row)["zoom"] <= 12]
    assert kept[found.run_id] == whole
