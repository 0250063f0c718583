"""Priority for support over HTTP: bands by jamoat for everybody, small cells left out, plots for staff alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.postgres.roles import ROLES
from layers.schema.access import create_key
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT, stored
from tests.worlds.valley_with_households import MOTHER, plant_fits

ADDRESS = f"/districts/{RASHT}/priority"
COUNTS = {"west": (200, 60), "middle": (300, 7), "east": (250, 3), "far": (9, 0)}
# Plots of the valley stand in three columns; each column lies in a jamoat of its own, two jamoats hold no plot.
COLUMNS = {"west": 0, "middle": 1, "east": 2}


@pytest.fixture(scope="module")
def run(database: Engine) -> int:
    number = plant_fits(database)
    outlines = [
        {
            "code": code,
            "district": RASHT,
            "name_en": code.title(),
            "geometry": shapely.box(valley.X + 500 * k, valley.Y, valley.X + 500 * k + 400, valley.Y + 400),
        }
        for k, code in enumerate((*COUNTS, "silent"))
    ]
    rows = [{"code": code, "households": of, "households_led_by_women": led} for code, (of, led) in COUNTS.items()]
    with writing() as connection:
        load_frame(connection, "jamoats", stored(valley.frame(outlines)), source="made up", synthetic=True)
        load_frame(connection, "jamoat_households", pd.DataFrame(rows), source="made up", synthetic=True)
        for code, column in COLUMNS.items():
            named = [name for k, name in enumerate(valley.NAMES) if k % 3 == column]
            connection.execute(
                text("UPDATE plots SET jamoat = :code WHERE plot_id = ANY(:names)"), {"code": code, "names": named}
            )
    return number


@pytest.fixture(scope="module")
def client(run: int) -> Iterator[TestClient]:
    assert run
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(scope="module")
def keys(database: Engine, run: int) -> dict[str, dict[str, str]]:
    assert run
    with database.begin() as connection:
        made = {
            "partner": create_key(connection, PARTNER, "partner"),
            "staff": create_key(connection, STAFF, "staff"),
            "staff_elsewhere": create_key(connection, STAFF, "staff of Nurobod", [NUROBOD]),
        }
    return {"public": {}, **{name: {"X-API-Key": key} for name, key in made.items()}}


def jamoats(client: TestClient, headers: dict[str, str]) -> dict[str | None, dict[str, Any]]:
    answer = client.get(ADDRESS, headers=headers)
    assert answer.status_code == 200, answer.text
    return {row["jamoat"]: row for row in answer.json()["jamoats"]}


def test_everybody_sees_bands_of_cells_that_are_large_enough(client: TestClient) -> None:
    found = jamoats(client, {})
    assert found.keys() == {*COUNTS, "silent"}
    assert found["west"]["suppressed"] is False
    assert found["west"]["need"] == "high"  # 60 of 200 households: .30, need in full
    assert found["west"]["band"] in ("low", "medium", "high")
    for code in ("middle", "east"):
        row = found[code]
        assert row["suppressed"] is True
        assert (row["band"], row["lowest"], row["highest"], row["need"]) == (None, None, None, None)
    assert found["silent"]["need_known"] is False


@pytest.mark.usefixtures("run")
def test_bands_are_computed_without_the_role_of_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, STAFF, replace(ROLES[STAFF], name="nobody_made_this_role"))
    with TestClient(create_app()) as fresh:
        assert jamoats(fresh, {})["west"]["need"] == "high"


@pytest.mark.parametrize("caller", ["public", "partner", "staff_elsewhere"])
def test_below_staff_no_count_and_no_number_leaves(
    client: TestClient, keys: dict[str, dict[str, str]], caller: str
) -> None:
    for row in jamoats(client, keys[caller]).values():
        assert not {"households", "households_led_by_women", "need_index", "priority_low"} & row.keys()
    assert "jamoat_households" not in client.get("/layers", headers=keys[caller]).text


def test_a_partner_is_told_of_cells_of_five_and_staff_of_all(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    partner, staff = jamoats(client, keys["partner"]), jamoats(client, keys["staff"])
    assert [code for code, row in partner.items() if row["suppressed"]] == ["east"]
    assert not any(row["suppressed"] for row in staff.values())
    assert (staff["east"]["households_led_by_women"], staff["east"]["need_index"]) == (3, 0.04)


def test_the_numbers_of_staff_are_the_formula_on_what_is_served(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    plots = client.get(f"{ADDRESS}?by=plot&limit=1000", headers=keys["staff"]).json()["plots"]
    assert [plot["priority_low"] for plot in plots] == sorted((p["priority_low"] for p in plots), reverse=True)
    features = client.get(f"/districts/{RASHT}/plots?limit=all", headers=keys["staff"]).json()["features"]
    served = {feature["id"]: feature["properties"] for feature in features}
    need = {"west": 1.0, "middle": 7 / 300 / 0.30, "east": 0.04}
    for plot in plots:
        shown = served[plot["plot_id"]]
        potential, score = shown["potential_score"], shown["score"] or 0.0
        if potential is None:
            continue
        gain = min(max((potential - score) / 100 / 0.25, 0.0), 1.0)
        expected = potential / 100 * gain * need[shown["jamoat"]]
        assert plot["priority_low"] == pytest.approx(expected, abs=0.01), plot
    cut_off = next(plot for plot in plots if plot["plot_id"] == "cut_off")
    assert cut_off["improvement"] == 1.0  # its canal is destroyed: repair brings all there is
    assert next(plot for plot in plots if plot["plot_id"] == "mined")["priority_high"] == 0.0
    assert next(plot for plot in plots if plot["plot_id"] == "mudflow")["settle_first"] is True


@pytest.mark.parametrize("caller", ["public", "partner", "staff_elsewhere"])
def test_plots_are_for_staff_alone(client: TestClient, keys: dict[str, dict[str, str]], caller: str) -> None:
    answer = client.get(f"{ADDRESS}?by=plot", headers=keys[caller])
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:obod:problem:not-allowed")


def test_it_stands_beside_the_other_two_results(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    address = "/plots/cut_off/explanation"
    found = client.get(address, params={"profile": MOTHER.name}, headers=keys["staff"]).json()
    assert {"score", "fit", "priority"} <= found.keys()
    assert found["priority"]["priority_low"] > 0
    assert "no part of a score" in found["priority"]["note"]
    assert "priority" not in client.get(address, headers=keys["staff"]).json()


def test_fit_and_papers_are_no_part_of_it(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    before = jamoats(client, keys["staff"])
    with writing() as connection:
        connection.execute(text("UPDATE household_fit SET light = 'red', labour_low = 0"))
        connection.execute(text("UPDATE plots SET right_class = 'O9', disputes = 0 WHERE right_class = 'O12'"))
    assert jamoats(client, keys["staff"]) == before


def test_it_says_what_it_is_in_the_reader_s_language(client: TestClient) -> None:
    answer = client.get(ADDRESS, params={"lang": "ru"})
    assert "отдельный результат" in answer.json()["note"]
    assert answer.json()["smallest_cell"] == 10
    assert answer.json()["synthetic"] is True


def test_what_cannot_be_asked_is_a_problem(client: TestClient) -> None:
    assert client.get("/districts/TJ.XX/priority").status_code == 404
    assert client.get(f"{ADDRESS}?by=household").status_code == 400
    assert client.get(f"{ADDRESS}?scheme=nowhere").status_code == 404
    # In Nurobod no jamoat is drawn: its plots stand together, need unknown, the band an interval.
    (row,) = client.get(f"/districts/{NUROBOD}/priority").json()["jamoats"]
    assert (row["jamoat"], row["need_known"], row["lowest"]) == (None, False, "low")
