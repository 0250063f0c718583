"""Plots under a scenario: those of scoring afresh what is changed and balanced; both ways; what is unknown stays so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from sqlalchemy import Engine, select, text

from geo.contract.classes import CLASSES
from geo.suitability.assess import Assessment, evaluate
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from layers.postgres.engine import computing, writing
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability
from layers.runs.scenario_plots import COLUMNS, areas_that_fall, assess_sides, judge_plots, read_served, tell_plots
from layers.runs.score import score
from layers.water.balances import make_balance
from layers.water.scenario_plot_text import tell_better, tell_worse
from layers.water.scenario_runs import Choice, Computed, compute_run, store_run
from layers.water.scenarios import add_scenario, changed_plots, read_scenario
from tests.layers.runs.test_incremental import SCHEME
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley, stored
from tests.worlds.watered_valley import OFFERED, canals, command_areas, flows, load_water

HEAD = 'name = "one"\n[[works]]\nname = "w"\ncost_usd = 100\n'
BESIDE = shapely.LineString([(valley.X + x, valley.Y + y) for x, y in ((1_203, 1_900), (1_600, 1_200), (1_205, 610))])
DUG = {"code": "dug", "lining": "concrete", "soil": "loam", "condition": 2, "capacity_m3_s": 2.0}


def dug() -> gpd.GeoDataFrame:
    """A canal from the middle of the upper reach to where the lower command takes its water."""
    return stored(valley.frame([{**DUG, "geometry": BESIDE}]))


def with_dug() -> gpd.GeoDataFrame:
    plain = {"type": "unknown", "level_basis": "unknown", "position": "unknown", "flow_known": True}
    return gpd.GeoDataFrame(pd.concat([canals(), dug().assign(**plain)], ignore_index=True), crs=4326)


def outlet_on_dug() -> gpd.GeoDataFrame:
    plain = {"level_basis": "unknown", "position": "unknown"}
    places = {"u": ("upper", "upper command", 1_350), "l": ("dug", "lower command", 600)}
    rows: list[dict[str, object]] = [
        {"code": code, "reach": reach, "command_area": area, **plain}
        | {"geometry": shapely.Point(valley.X + 1_200, valley.Y + y)}
        for code, (reach, area, y) in places.items()
    ]
    return stored(valley.frame(rows))


def digging() -> str:
    columns = "".join(f"{name} = {json.dumps(value)}\n" for name, value in DUG.items())
    line = [list(xy) for xy in dug().geometry[0].coords]
    return HEAD + f'[[works.new_canals]]\nline = {line}\n{columns}outlets = ["l"]\n'


SLIDE: Mapping[str, Any] = {"process": "landslide", "level": "medium", "return_period_y": 30}


def over(*names: str) -> shapely.Polygon:
    """An outline of longitudes and latitudes that holds plots."""
    outline = shapely.union_all([valley.square(name, 5.0) for name in names]).envelope
    return stored(valley.frame([{"geometry": outline}])).geometry[0]


def zones(**changes: Mapping[str, Any] | None) -> gpd.GeoDataFrame:
    """The stored zone; ``changes`` name it or others, with columns, None without it. Another lies far off."""
    far = {"process": "flood", "level": "high", "source_class": "unknown", "intensity": "unknown"}
    frame = stored(valley.hazard_zones().assign(intensity="medium"))
    rows = {"fan": frame.iloc[0].to_dict(), "far": {"code": "far", **far, "geometry": shapely.box(70, 38, 70.1, 38.1)}}
    for code, columns in changes.items():
        if columns is None:
            del rows[code]
            continue
        base = {"code": code, "source_class": "unknown", "intensity": "unknown", "geometry": over("clean", "steep")}
        rows[code] = {**rows.get(code, base), **columns}
    return gpd.GeoDataFrame([*rows.values()], geometry="geometry", crs=4326)


DRAWING = (
    HEAD
    + f"""[[works.hazard_zones]]
code = "slide"
process = "landslide"
level = "medium"
return_period_y = 30
outline = {[list(xy) for xy in over("clean", "steep").exterior.coords]}
"""
)
FAR_OFF = "[[70.0, 38.0], [70.1, 38.0], [70.1, 38.1]]"
MINED: Mapping[str, Any] = {"process": "landslide", "level": "low", "geometry": over("mined")}
CHANGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "conveyance": (
        HEAD + '[[works.repairs]]\nreach = "upper"\nconveyance = 1.0\n',
        {"canals": lambda: canals(upper={"conveyance": 1.0})},
    ),
    "condition": (
        HEAD + '[[works.repairs]]\nreach = "lower"\ncondition = 1\nconveyance = 0.9\n',
        {"canals": lambda: canals(lower={"condition": 1, "conveyance": 0.9})},
    ),
    "lining": (
        HEAD + '[[works.repairs]]\ncanal = "canal"\nlining = "concrete"\nconveyance = 0.95\n',
        {
            "canals": lambda: canals(
                upper={"lining": "concrete", "conveyance": 0.95}, lower={"lining": "concrete", "conveyance": 0.95}
            )
        },
    ),
    "new canal": (digging(), {"canals": with_dug, "outlets": outlet_on_dug}),
    "fields": (
        HEAD + '[[works.fields]]\narea = "upper command"\nirrigation_method = "drip"\n',
        {"command_areas": lambda: command_areas(irrigation_method="drip")},
    ),
    "river": ('name = "one"\n[river]\nfactor = 0.5\n', {"intake_flows": lambda: flows(OFFERED * 0.5)}),
    "check dam": (HEAD + '[[works.check_dams]]\nzone = "fan"\n', {"hazard_zones": lambda: zones(fan={"level": "low"})}),
    "zone left out": (HEAD + '[[works.hazard_zones]]\nleft_out = "fan"\n', {"hazard_zones": lambda: zones(fan=None)}),
    "zone drawn": (DRAWING, {"hazard_zones": lambda: zones(slide=SLIDE)}),
    "land and water": (
        DRAWING + '[[works.repairs]]\nreach = "upper"\nconveyance = 1.0\n',
        {"hazard_zones": lambda: zones(slide=SLIDE), "canals": lambda: canals(upper={"conveyance": 1.0})},
    ),
}


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


@pytest.fixture
def watered(valley_database: Engine) -> Iterator[Engine]:
    with writing() as connection:
        load_water(connection)
        load_frame(connection, "hazard_zones", zones(), mode="replace")
        publish(connection)
    score(valley_database, SCHEME, day=valley.AS_OF)
    yield valley_database
    with writing() as connection:
        for table in ("area_balance", "reach_balance", "water_balances", "scenarios"):
            connection.execute(text(f"TRUNCATE {table} CASCADE"))


def publish(connection: Any, by: str = "month") -> None:
    make_balance(connection, year="dry", rule="proportional", by=by, draft=False, code="test")


def computed(content: str, choice: Choice = Choice("dry", "proportional", "month")) -> Computed:
    with writing() as connection:
        add_scenario(connection, content, source="one.toml", replace=True)
        kept = read_scenario(connection, "one")
    with computing() as connection:
        return judge_plots(connection, compute_run(connection, kept, choice))


def assessed(run: Computed, only: set[int] | None = None) -> tuple[gpd.GeoDataFrame, list[Assessment]]:
    with computing() as connection:
        (served,) = (one for one in read_served(connection) if one.district == RASHT)
        plots, sides, _ = assess_sides(connection, run, served, only)
    return plots, [found for _, found in sides]


def kept(engine: Engine, run_id: int) -> pd.DataFrame:
    with engine.connect() as connection:
        rows = connection.execute(
            select(suitability).where(of_run(connection, run_id), suitability.c.district == RASHT).order_by("plot_no")
        )
        return pd.DataFrame([dict(row) for row in rows.mappings()])


def exact(value: Any) -> Any:
    """A cell in a form that two of the same bits alone are equal in; reals as results keep them."""
    if isinstance(value, list | np.ndarray):
        return [exact(one) for one in value]
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, bool | np.bool_ | str):
        return value
    return np.float32(value).tobytes()


def require_same(found: pd.DataFrame, full: pd.DataFrame) -> None:
    """Every column of every plot."""
    for name in found:
        assert [*map(exact, found[name])] == [*map(exact, full[name])], name


@pytest.mark.parametrize(("kind", "by"), [*((kind, "month") for kind in CHANGES), ("river", "decade")])
def test_it_is_what_scoring_afresh_gives(watered: Engine, kind: str, by: str) -> None:
    """For every plot of the district: those a scenario reaches, and those it does not."""
    content, frames = CHANGES[kind]
    with writing() as connection:
        publish(connection, by)
    now = score(watered, SCHEME, districts=[RASHT], day=valley.AS_OF)
    run = computed(content, Choice("dry", "proportional", by))
    plots, (before, after) = assessed(run)
    require_same(before.to_frame(), kept(watered, now.run_id))
    with writing() as connection:
        for name, frame in frames.items():
            load_frame(connection, name, frame(), mode="replace")
        publish(connection, by)
    then = score(watered, SCHEME, districts=[RASHT], day=valley.AS_OF, publish=False)
    full = kept(watered, then.run_id)
    require_same(after.to_frame(), full)
    # What is told of the plots it reaches makes of the classes that are served those of scoring afresh.
    changed = kept(watered, now.run_id).set_index("plot_no")[["class", "settled"]]
    assert run.plots is not None
    for row in run.plots.to_dict("records"):
        assert changed.loc[row["plot_no"], "class"] == row["before"]
        changed.loc[row["plot_no"], "class"] = row["after"]
    assert changed["class"].tolist() == full["class"].tolist()
    assert plots["plot_no"].tolist() == full["plot_no"].tolist()


def test_an_area_falls_where_any_month_gets_a_smaller_share() -> None:
    """Less at best alone is less; what is unknown without or with is not said to fall, nor is what stays or grows."""
    columns = ("code", "ratio_07", "ratio_best_07")
    before = pd.DataFrame(
        [
            ("less", 0.5, 0.5),
            ("at best", 0.5, 0.9),
            ("same", 0.5, 0.5),
            ("more", 0.5, 0.5),
            ("unknown", np.nan, np.nan),
        ],
        columns=columns,
    )
    after = pd.DataFrame(
        [("less", 0.4, 0.4), ("at best", 0.5, 0.8), ("same", 0.5, 0.5), ("more", 0.6, 0.6), ("unknown", 0.1, 0.1)],
        columns=columns,
    )
    assert areas_that_fall(before, after) == {"less", "at best"}


def shown(run: Computed) -> list[str]:
    return [*tell_better(run.report["plots"]), *tell_worse(run.report["plots"])]


def test_both_ways_and_what_is_unknown(watered: Engine) -> None:
    """Half the water of the upper command, then all of it, then a quarter; on record, none of that counts."""
    repaired = computed(CHANGES["conveyance"][0]).report["plots"]
    assert repaired["better"]["plots"] > 0
    assert repaired["worse"]["plots"] == 0
    assert (repaired["otherwise_served"], repaired["by_recorded_ratio"], repaired["districts_untold"]) == (0, 0, {})
    (place,) = [row for row in repaired["by_area"] if row["area"] == "upper command"]
    assert place["better"]["plots"] <= 7
    assert place["better"]["area_ha"] == pytest.approx(0.36 * place["better"]["plots"], abs=0.01)
    drier = computed(CHANGES["river"][0])
    assert drier.report["plots"]["better"]["plots"] == 0
    assert drier.report["plots"]["worse"]["plots"] > 0
    worse = drier.report["plots"]["by_area"]
    assert drier.report["plots"]["worse_by_water"] == sum(row["worse"]["plots"] for row in worse if row["area"]) > 0
    assert drier.plots is not None
    for row in drier.plots.to_dict("records"):
        gained = CLASSES.index(row["after"]) < CLASSES.index(row["before"]) and row["before_settled"]
        assert not (gained and row["after_settled"])
    # Of another year or rule nothing is said of plots.
    other = computed(CHANGES["conveyance"][0], Choice("dry", "max-min", "month"))
    assert other.plots is None
    assert shown(other) == [
        "Land is judged by the balance of a dry year, shared in proportion to need: this run says nothing of "
        "classes of plots."
    ]
    # A ratio on record wins, and the plots stay as they are.
    recorded = {"sdr": 0.4, "sdr_basis": "surveyed", "sdr_date": "Apr-Sep 2025", "turns_scheduled": 10.0}
    with writing() as connection:
        load_frame(connection, "command_areas", command_areas(**recorded, turns_delivered=9.0), mode="replace")
        publish(connection)
    surveyed = computed(CHANGES["conveyance"][0])
    found = surveyed.report["plots"]
    assert found["by_recorded_ratio"] == 7
    assert found["otherwise_served"] > 0  # what is served was made before the survey
    assert [row for row in found["by_area"] if row["area"] == "upper command"] == []
    assert "On 7 plots a surveyed or loaded ratio counts, not the balance: it stays as it is on record." in shown(
        surveyed
    )
    # What is served was made without a balance.
    with writing() as connection:
        connection.execute(text("TRUNCATE area_balance, reach_balance, water_balances CASCADE"))
    score(watered, SCHEME, districts=[RASHT], day=valley.AS_OF)
    with writing() as connection:
        publish(connection)
    dry = computed(CHANGES["conveyance"][0])
    assert dry.report["plots"]["districts_untold"][RASHT] == "no balance"
    assert dry.report["plots"]["judged"] == {"plots": 0, "area_ha": 0.0}
    assert shown(dry)[0].startswith("Nothing is said of classes of plots in ")


def test_unknown_never_gains() -> None:
    """By hand: six plots of 1 ha, of which one gains and two lose."""
    cases = [
        ("S2", True, "S1", True),  # better
        ("S2", False, "S1", True),  # settled with it
        ("S2", True, "S1", False),  # no longer settled
        ("S1", True, "N1", False),  # what is sure of it falls
        ("S3", False, "N2", True),
        ("NE", False, "S1", True),
    ]
    plots = pd.DataFrame(cases, columns=["before", "before_settled", "after", "after_settled"])
    plots = plots.assign(district="d", jamoat=None, area="a", area_ha=1.0)
    found = tell_plots(plots)
    counted = {kind: found[kind]["plots"] for kind in ("better", "worse", "settled_with", "unsettled_with")}
    assert counted == {"better": 1, "worse": 2, "settled_with": 2, "unsettled_with": 1}
    assert (found["not_settled"]["plots"], found["not_evaluated"]["plots"], found["judged"]["area_ha"]) == (0, 0, 6.0)
    one, two = {"plots": 1, "area_ha": 1.0}, {"plots": 2, "area_ha": 2.0}
    assert found["by_area"] == [{"area": "a", "better": one, "worse": two}]
    assert found["by_jamoat"] == [{"district": "d", "jamoat": None, "better": one, "worse": two}]


@pytest.mark.usefixtures("watered")
def test_they_are_stored_with_the_run_and_listed() -> None:
    run = computed(CHANGES["river"][0])
    with writing() as connection:
        number = store_run(connection, run, code="test")
        rows = changed_plots(connection, number)
        assert changed_plots(connection, number, 1) == rows[:1]
    assert run.plots is not None
    assert len(rows) == len(run.plots) > 0
    assert {row["plot_id"] for row in rows} <= set(valley.NAMES)
    assert set(rows[0]) == {"plot_id", "district", "jamoat", "area", "area_ha", *COLUMNS}


def classes_of(plots: gpd.GeoDataFrame, found: Assessment) -> dict[str, str]:
    names = np.array(CLASSES, dtype=object)[found.land.classes]
    return dict(zip(plots["plot_id"], names, strict=True))


@pytest.mark.usefixtures("watered")
def test_assumed_hazards_reach_the_plots_they_meet_and_no_others() -> None:
    """A slide on two plots that no water stands in for: both fall to S3; nothing is judged where it reaches nobody."""
    content = DRAWING.replace('level = "medium"', 'level = "high"')
    run = computed(content)
    assert run.report["areas"] == 0
    plots, sides = assessed(run)
    before, after = (classes_of(plots, found) for found in sides)
    assert {name for name in before if before[name] != after[name]} == {"clean", "steep"}
    assert (after["clean"], after["steep"]) == ("N2", "N2")
    assert run.report["plots"]["worse"]["plots"] == 2
    assert run.report["land"]["drawn"] == [{"zone": "slide", "process": "landslide", "level": "high"}]
    # As another balance than that of the judged kind says nothing of plots, so does none of one that changes no water.
    assert computed(content, Choice("dry", "max-min", "month")).report["plots"] == run.report["plots"]
    far = computed(DRAWING.replace(str([list(xy) for xy in over("clean", "steep").exterior.coords]), FAR_OFF))
    assert far.report["plots"]["judged"]["plots"] == 0


def test_land_that_is_shut_and_unknown_danger_stay(watered: Engine) -> None:
    """No zone is left: the mudflow is not on the map, mines are, and what nobody looked at is as unknown as before."""
    with writing() as connection:
        load_frame(connection, "hazard_zones", zones(mines=MINED), mode="replace")
    score(watered, SCHEME, districts=[RASHT], day=valley.AS_OF)
    run = computed(HEAD + "".join(f'[[works.hazard_zones]]\nleft_out = "{code}"\n' for code in ("fan", "mines")))
    plots, (before, after) = assessed(run)
    row = {name: k for k, name in enumerate(plots["plot_id"])}
    assert before.findings.excluded.reason.tolist() == after.findings.excluded.reason.tolist()
    assert classes_of(plots, before)["mined"] == classes_of(plots, after)["mined"] == "N2"
    levels = after.findings.values["flood_level"].value
    assert np.isnan(levels[row["unmapped"]])
    assert levels[row["mudflow"]] == 0.0


def test_levelling_halves_gentle_slopes_of_one_command_area(watered: Engine) -> None:
    """A plane of 6 %: seven plots of the upper command are levelled, and judged as plots of 3 % are."""
    plane = valley.level(0.0).values + 1_000 + 0.06 * valley.CELL_M * np.arange(round(valley.SIDE_M / valley.CELL_M))
    to = Affine(valley.CELL_M, 0.0, valley.X, 0.0, -valley.CELL_M, valley.Y + valley.SIDE_M)
    with writing() as connection:
        store_grid(connection, "dem", plane.astype(np.float32), to, "EPSG:32642", mode="replace")
    score(watered, SCHEME, districts=[RASHT], day=valley.AS_OF)
    run = computed(HEAD + '[[works.levelling]]\narea = "upper command"\n')
    plots, (before, after) = assessed(run)
    upper = ~plots["plot_id"].isin(["cut_off", "outside"]).to_numpy()
    slopes = before.findings.values["slope_pct"]
    assert slopes.value == pytest.approx(6.0, abs=0.01)
    by_hand = np.where(upper, slopes.value * 0.5, slopes.value)
    assert after.findings.values["slope_pct"].value.tolist() == by_hand.tolist()
    judged = {**before.findings.values, "slope_pct": replace(slopes, value=by_hand)}
    oracle = evaluate(judged, before.findings.excluded, SCHEME)
    assert after.land.classes.tolist() == oracle.classes.tolist()
    assert before.land.score.tolist() != after.land.score.tolist()
    assert run.report["plots"]["levelled"] == {"plots": 7, "steep": 0, "unknown": 0}
