"""Water of a plot by the published balance: the canals of ``tests.worlds.two_canals``, whose July was computed by hand.

In proportion each area gets .4666 of its need in July: (.017 / AT_HEAD). With a second reach of .012 m3/s from 1,500 m
on, in class 3, no more than .75 x .012 = .009 goes on: the last area gets .009 x HALF / NEED = .5879, if as much comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, Engine, text

from layers.audience import PARTNER, PUBLIC, STAFF
from layers.explain import water as module
from layers.explain.surroundings import read_plot
from layers.explain.water import WhyUnknown, is_shut, is_withheld, told_water, water_of_plot
from layers.frames import windows
from layers.loading import load_frame
from layers.records.snapshot import read_runs
from tests.clients.command import run
from tests.worlds.two_canals import AT_HEAD, CANAL, HALF, LEFT, NEED, X, Y, flows, frame, plant_canals

SPOTS = {"first": 1_500, "last": 3_000, "other": 2_000, "away": 6_000}


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> Engine:
    plant_canals(database)
    plots = [
        {"plot_id": name, "district": "TJ.RR.GA", "land_form": "household", "availability": "unknown"}
        | {"geometry": shapely.box(X + at + 100, Y - 500, X + at + 150, Y - 450)}
        for name, at in SPOTS.items()
    ]
    with database.begin() as connection:
        load_frame(connection, "plots", frame(plots), mode="replace")
        connection.execute(text("UPDATE command_areas SET reach = canal || '-1' WHERE ended_by IS NULL"))
    assert run("water", "balance") == 0
    return database


@pytest.fixture(name="connection")
def _connection(planted: Engine) -> Iterator[Connection]:
    windows._KEPT.clear()
    with planted.connect() as opened:
        yield opened
        opened.rollback()
    windows._KEPT.clear()


def water(connection: Connection, name: str, **asked: Any) -> dict[str, Any]:
    found = water_of_plot(connection, read_runs(connection), read_plot(connection, name, None), **asked)
    assert found is not None
    return found


def two_reaches(database: Engine, most: float | None, state: int | None = 3, first: float = 1.0) -> None:
    """The canal cut at its first area; neither reach takes in more than it can, in class 3 .75 of its capacity."""
    rows = [
        {"code": code, "canal": "C1", **CANAL, "condition": 3 if code == "C1-1" else state, "flow_known": True}
        | {"capacity_m3_s": first if code == "C1-1" else most}
        | {"geometry": shapely.LineString([(X + at, Y), (X + at + 1_500, Y)])}
        for code, at in (("C1-1", 0), ("C1-2", 1_500))
    ]
    with database.begin() as connection:
        load_frame(connection, "canals", frame(rows), mode="replace")
        connection.execute(text("UPDATE outlets SET reach = 'C1-2' WHERE code = 'b-o' AND ended_by IS NULL"))
    assert run("water", "balance") == 0


def test_the_worst_month_is_that_of_the_balance_and_too_little_comes_in(connection: Connection) -> None:
    found = water(connection, "last")
    assert (found["area"], found["canal"], found["year"], found["rule"]) == ("b", "C1", "dry", "proportional")
    july = found["months"][6]
    assert july["ratio"] == pytest.approx(LEFT / AT_HEAD, abs=1e-4)
    assert not found["months"][0]["needed"]
    assert found["worst_month"] == 7
    assert found["short"] == {
        **{"month": 7, "at": "head", "reach": "C1-1", "full": False, "further": None},
        "most": pytest.approx(LEFT / AT_HEAD, abs=1e-4),
    }
    assert found["why_unknown"] is None


def test_the_month_asked_for_is_the_month_that_is_explained(connection: Connection) -> None:
    assert water(connection, "last", month=6)["short"]["month"] == 6
    assert water(connection, "last", month=1)["short"] is None  # nothing is needed


def test_a_repair_brings_what_potential_and_remedies_reckon(connection: Connection) -> None:
    """From class 3 to class 1: 1 / .75 over the whole canal (domain reference 6.4)."""
    repair = water(connection, "last")["repair"]
    assert repair == {"canal": "C1", "reach": "C1-1", "gain": pytest.approx(1 / 0.75, abs=1e-4), "known": True}


def test_of_a_canal_whose_direction_nobody_knows_nothing_is_told_but_why(connection: Connection) -> None:
    found = water(connection, "other")
    assert (found["ratio"], found["short"], found["why_unknown"]) == (None, None, WhyUnknown.NO_WAY)
    assert found["repair"]["known"] is False


def test_a_plot_in_no_command_area_has_none(connection: Connection) -> None:
    assert water_of_plot(connection, read_runs(connection), read_plot(connection, "away", None)) is None


def test_the_reach_that_can_carry_no_more_is_named(planted: Engine) -> None:
    two_reaches(planted, 0.012)
    windows._KEPT.clear()
    with planted.begin() as connection:
        load_frame(connection, "intake_flows", flows(0.040), mode="replace")
    assert run("water", "balance") == 0
    with planted.connect() as connection:
        last, first = water(connection, "last"), water(connection, "first")
    assert last["months"][6]["ratio"] == pytest.approx(0.009 * HALF / NEED, abs=1e-4)
    assert last["short"] == {
        **{"month": 7, "at": "reach", "reach": "C1-2", "full": True, "further": None},
        "most": pytest.approx(0.009 * HALF / NEED, abs=1e-4),
    }
    assert first["short"] is None  # nothing is short above it


def test_a_river_that_is_short_is_not_taken_for_a_reach_that_is_narrow_and_both_are_said(planted: Engine) -> None:
    """.009 are asked for beyond 1,500 m and NEED there: (NEED + .009) / HALF at the head, of which four fifths come."""
    two_reaches(planted, 0.012)
    windows._KEPT.clear()
    offered = (0.8 * (NEED + 0.009) / HALF + 86.4 / 86_400) / 0.9  # the river keeps a tenth, and people drink
    with planted.begin() as connection:
        load_frame(connection, "intake_flows", flows(offered), mode="replace")
    assert run("water", "balance") == 0
    with planted.connect() as connection:
        last, first = water(connection, "last"), water(connection, "first")
    narrow = 0.8 * 0.009 * HALF / NEED
    assert [one["months"][6]["ratio"] for one in (first, last)] == [
        pytest.approx(0.8, abs=1e-4),
        pytest.approx(narrow, abs=1e-4),
    ]
    at_head = {"month": 7, "at": "head", "reach": "C1-1", "full": False, "most": pytest.approx(0.8, abs=1e-4)}
    assert first["short"] == {**at_head, "further": None}
    assert last["short"] == {**at_head, "further": {"reach": "C1-2", "most": pytest.approx(narrow, abs=1e-4)}}


def test_a_first_reach_that_can_carry_no_more_is_not_taken_for_a_river_that_is_short(planted: Engine) -> None:
    two_reaches(planted, 0.5, first=0.012)
    windows._KEPT.clear()
    with planted.begin() as connection:
        load_frame(connection, "intake_flows", flows(0.040), mode="replace")
    assert run("water", "balance") == 0
    with planted.connect() as connection:
        found = water(connection, "last")["short"]
    assert (found["at"], found["reach"], found["full"]) == ("head", "C1-1", True)
    assert found["most"] == pytest.approx(0.009 / AT_HEAD, abs=1e-4)


@pytest.mark.parametrize(("most", "state"), [(None, 3), (0.012, None)])
def test_where_something_of_the_canal_is_not_known_no_reach_is_blamed(
    planted: Engine, most: float | None, state: int | None
) -> None:
    two_reaches(planted, most, state)
    windows._KEPT.clear()
    with planted.connect() as connection:
        found = water(connection, "last")
    assert found["short"] is None or found["short"]["at"] is None
    if state is None:
        assert found["repair"]["known"] is False


def test_a_balance_that_is_newer_than_the_judgement_says_so(planted: Engine) -> None:
    with planted.connect() as connection:
        loads = read_runs(connection).loads
        assert water(connection, "last", seen=loads["area_balance"] - 1)["newer"]
        assert not water(connection, "last", seen=loads["area_balance"])["newer"]
        assert not water(connection, "last")["newer"]


def test_without_a_balance_of_a_dry_year_that_is_the_reason(planted: Engine) -> None:
    with planted.begin() as connection:
        connection.execute(text("DELETE FROM area_balance"))
    with planted.connect() as connection:
        found = water(connection, "last")
    assert (found["why_unknown"], found["months"], found["short"]) == (WhyUnknown.NO_BALANCE, [], None)


def test_the_network_is_kept_until_one_of_its_layers_is_loaded(planted: Engine) -> None:
    with planted.connect() as connection:
        served = read_runs(connection)
        one = module._ways(connection, served)
        assert module._ways(connection, served) is one
    with planted.begin() as connection:
        load_frame(connection, "intake_flows", flows(0.040), mode="replace")
        assert module._ways(connection, read_runs(connection)) is one
    two_reaches(planted, 0.5)
    with planted.connect() as connection:
        other = module._ways(connection, read_runs(connection))
    assert other is not one


def test_what_a_repair_would_bring_is_told_as_a_remedy_is() -> None:
    assert is_withheld("in_use", PUBLIC)
    assert is_withheld(None, PUBLIC)
    for state, audience in (("offered", PUBLIC), ("reserve", PUBLIC), ("in_use", PARTNER), ("in_use", STAFF)):
        assert not is_withheld(state, audience)
    found = {"area": "b", "repair": {"gain": 2.0}}
    assert told_water(found, withheld=True) == {"area": "b", "repair": None}
    assert told_water(found, withheld=False) == found


def test_only_land_that_is_shut_is_shut() -> None:
    assert is_shut({"class": "N2", "score": None})
    assert not is_shut({"class": "N2", "score": 3.0})
    assert not is_shut({"class": "NE", "score": None})
