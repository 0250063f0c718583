"""Plots under a scenario: those of scoring afresh what is changed and balanced; both ways; what is unknown stays so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, select, text

from geo.suitability.assess import Assessment
from layers.loading import load_frame
from layers.postgres.engine import computing, writing
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability
from layers.runs.scenario_plots import assess_sides, judge_plots, read_served
from layers.runs.score import score
from layers.water.balances import make_balance
from layers.water.scenario_runs import Choice, Computed, compute_run
from layers.water.scenarios import add_scenario, read_scenario
from tests.layers.runs.test_incremental import SCHEME
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley
from tests.worlds.watered_valley import OFFERED, canals, command_areas, flows, load_water

HEAD = 'name = "one"\n[[works]]\nname = "w"\ncost_usd = 100\n'
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
    "fields": (
        HEAD + '[[works.fields]]\narea = "upper command"\nirrigation_method = "drip"\n',
        {"command_areas": lambda: command_areas(irrigation_method="drip")},
    ),
    "river": ('name = "one"\n[river]\nfactor = 0.5\n', {"intake_flows": lambda: flows(OFFERED * 0.5)}),
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
        plots, sides = assess_sides(connection, run, served, only)
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


@pytest.mark.parametrize("by", ["month", "decade"])
@pytest.mark.parametrize("kind", CHANGES)
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
