"""Judgements of people on the spot beside the classes of a run: to staff, by rule, and no class changes by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.loading import load_frame
from layers.schema.access import create_key
from tests.worlds.three_districts import NUROBOD, RASHT, Land

ORDER = ("S1", "S2", "S3", "N1", "N2")
ADDRESS = f"/districts/{RASHT}/disagreements"


def judged(plot_id: str, name: str, *, role: str = "jamoat", day: int = 1, why: str = "water") -> dict[str, Any]:
    code = f"j-{plot_id}-{role}-{day}"
    said = {"judged_class": name, "why": why, "by_role": role, "judged_on": date(2026, 6, day)}
    return {"code": code, "plot_id": plot_id, **said}


@pytest.fixture(scope="module")
def world(database: Engine, land: Land) -> dict[str, Any]:
    """One judgement of each kind; of one role an older one that no longer counts."""
    rows = land.of(RASHT)
    settled = [row for row in rows if row["class"] != "NE" and row["class_low"] == row["class_high"] == row["class"]]
    good = next(row for row in settled if row["class"] == "S1")
    poor = next(row for row in settled if row["class"] in ("S3", "N1"))
    unjudged = next(row for row in rows if row["class"] == "NE")
    elsewhere = land.of(NUROBOD)[0]
    frame = pd.DataFrame(
        [
            judged(good["plot_id"], "N1", day=1, why="hazard"),
            judged(good["plot_id"], "S1", role="field_school"),
            judged(poor["plot_id"], poor["class"], day=1),
            judged(poor["plot_id"], "S1", day=2, why="soil"),
            judged(unjudged["plot_id"], "S2"),
            judged(elsewhere["plot_id"], "N2"),
        ]
    )
    with database.begin() as connection:
        load_frame(connection, "judgements", frame)
        keys = {
            "staff": create_key(connection, STAFF, "staff", [RASHT]),
            "partner": create_key(connection, PARTNER, "partner"),
            "elsewhere": create_key(connection, STAFF, "staff", [NUROBOD]),
        }
    return {"good": good, "poor": poor, **{name: {"X-API-Key": key} for name, key in keys.items()}}


@pytest.fixture(scope="module")
def client(world: dict[str, Any]) -> Iterator[TestClient]:
    assert world
    with TestClient(create_app()) as opened:
        yield opened


def test_they_stand_by_the_rule_that_limits_the_plot(client: TestClient, world: dict[str, Any]) -> None:
    found = client.get(f"{ADDRESS}?f=json", headers=world["staff"]).json()
    assert (found["agreeing"], found["unjudged"]) == (1, 1)
    cases = {(rule["rule"], case["plot_id"]): (rule, case) for rule in found["rules"] for case in rule["cases"]}
    expected = {(world[name]["limiting"] or "", world[name]["plot_id"]) for name in ("good", "poor")}
    assert set(cases) == expected
    rule, case = cases[world["good"]["limiting"] or "", world["good"]["plot_id"]]
    assert (rule["worse"] >= 1, case["why"], case["by_role"]) == (True, "Natural hazards", "Jamoat")
    assert (case["computed"].endswith("(S1)"), case["judged"].endswith("(N1)")) == (True, True)
    rule, case = cases[world["poor"]["limiting"] or "", world["poor"]["plot_id"]]
    assert (rule["better"] >= 1, case["judged"].endswith("(S1)")) == (True, True)  # the newest of the role counts


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "judgements and rules"), ("tg", "баҳои мардуми маҳал ва қоидаҳо"), ("ru", "суждения и правила")],
)
def test_the_page_leads_to_each_plot(client: TestClient, world: dict[str, Any], lang: str, said: str) -> None:
    answer = client.get(f"{ADDRESS}?lang={lang}", headers=world["staff"])
    assert (answer.status_code, said in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "private, no-store"
    for name in ("good", "poor"):
        plot = world[name]["plot_id"]
        assert f"plot={plot}&amp;lang={lang}" in answer.text


@pytest.mark.parametrize("who", ["public", "partner", "elsewhere"])
@pytest.mark.parametrize("form", ["html", "json"])
def test_nobody_else_is_told(client: TestClient, world: dict[str, Any], who: str, form: str) -> None:
    answer = client.get(f"{ADDRESS}?f={form}", headers=world.get(who, {}))
    assert answer.status_code == 403
    assert world["good"]["plot_id"] not in answer.text


def test_it_is_entered_and_no_class_changes(
    client: TestClient, world: dict[str, Any], database: Engine, land: Land
) -> None:
    before = client.get(f"/districts/{RASHT}/plots?limit=all").json()["features"]
    assert client.get(ADDRESS, headers=world["staff"]).status_code == 200
    classes = {row["plot_id"]: row["class"] for row in land.of(RASHT)}
    assert {one["properties"]["plot_id"]: one["properties"]["class"] for one in before} == classes
    with database.connect() as connection:
        asked = text("SELECT max(rows) FROM audit_log WHERE what = 'list' AND layer = 'judgements'")
        assert connection.execute(asked).scalar_one() == 2
